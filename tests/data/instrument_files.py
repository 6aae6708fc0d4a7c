"""Small files as instruments write them: Ripple, EDAX, TIA, DigitalMicrograph, JEOL and Velox."""

from __future__ import annotations

import struct
from pathlib import Path

import h5py
import numpy as np


def write_rpl(path: Path, data, record_by="vector", header="") -> Path:
    """A Ripple pair of (n_y, n_x, n_channels) unsigned counts."""
    n_y, n_x, n_channels = data.shape
    stored = data if record_by == "vector" else data.transpose(2, 0, 1)
    np.ascontiguousarray(stored).tofile(path.with_suffix(".raw"))
    order = "dont-care" if data.dtype.itemsize == 1 else "little-endian"
    path.write_text(
        f"key\tvalue\nwidth\t{n_x}\nheight\t{n_y}\ndepth\t{n_channels}\noffset\t0\n"
        f"data-length\t{data.dtype.itemsize}\ndata-type\tunsigned\nbyte-order\t{order}\n"
        f"record-by\t{record_by}\n{header}"
    )
    return path


def write_spd(path: Path, data, calibrated: bool = True) -> Path:
    """An EDAX .spd of uint16 counts; with its .spc (10 eV per channel, 20 kV, Fe, Si) and .ipr (0.25 um)."""
    n_y, n_x, n_channels = data.shape
    head = b"MAPSPECTRA_DATA\0" + struct.pack("<iiiIIIII", 70, n_y * n_x, n_x, n_y, n_channels, 2, 1080, 1)
    head += b"image.bmp".ljust(120, b"\0")
    path.write_bytes(head.ljust(1080, b"\0") + data.astype("<u2").tobytes())
    if calibrated:
        from rsciio.edax._api import get_ipr_dtype_list, get_spc_dtype_list

        spc = np.zeros(1, get_spc_dtype_list(load_all=False, version=0.61))
        spc["evPerChan"], spc["startEnergy"], spc["kV"], spc["liveTime"] = 10, 0.0, 20.0, 4.0
        spc["numElem"], spc["at"][0, :2] = 2, (26, 14)
        path.with_suffix(".spc").write_bytes(spc.tobytes())
        ipr = np.zeros(1, get_ipr_dtype_list(version=333))
        ipr["version"], ipr["mppX"], ipr["mppY"] = 333, 0.25, 0.25
        path.with_name("image.ipr").write_bytes(ipr.tobytes())
    return path


def write_ser(path: Path, data) -> Path:
    """A TIA .ser series of spectra, 10 eV per channel from -20 eV, 5 nm pixels."""
    n_y, n_x, n_channels = data.shape

    def dimension(size):
        name, units = b"Position", b"meters"
        return (
            struct.pack("<IddI", size, 0.0, 5e-9, 0)
            + struct.pack("<I", len(name)) + name + struct.pack("<I", len(units)) + units
        )  # fmt: skip

    n = n_y * n_x
    head = struct.pack("<HHHIIII", 0x4949, 0x0197, 0x0210, 16672, 16706, n, n)
    dimensions = dimension(n_x) + dimension(n_y)
    offsets_at = len(head) + 8 + len(dimensions)
    head += struct.pack("<II", offsets_at, 2) + dimensions
    length = 26 + 4 * n_channels + 24
    start = offsets_at + 8 * n
    records = []
    for i, spectrum in enumerate(data.reshape(n, n_channels)):
        y, x = divmod(i, n_x)
        records.append(
            struct.pack("<ddIHI", -20.0, 10.0, 0, 3, n_channels) + spectrum.astype("<u4").tobytes()
        )
        records.append(struct.pack("<HHIdd", 16706, 0, 0, x * 5e-9, y * 5e-9))
    offsets = [start + i * length for i in range(n)]
    tags = [offset + length - 24 for offset in offsets]
    path.write_bytes(head + struct.pack(f"<{2 * n}I", *offsets, *tags) + b"".join(records))
    return path


EMI = (
    b"JT" + bytes(20) + b"<ObjectInfo><AcquireDate>Mon Jan 01 10:00:00 2024</AcquireDate>"
    b"<ExperimentalDescription><Root><Data><Label>High tension</Label><Value>200</Value><Unit>kV</Unit>"
    b"</Data></Root></ExperimentalDescription></ObjectInfo>" + bytes(9)
)


def write_dm(path: Path, data, kind="X-ray", units=("nm", "nm", "keV"), scales=(5.0, 5.0, 0.01)) -> Path:
    """A DigitalMicrograph .dm3 or .dm4 of (n_y, n_x, n_channels), stored energy first, zero at channel 20."""
    is_4 = path.suffix == ".dm4"
    number = ">q" if is_4 else ">i"
    stored = np.ascontiguousarray(data.transpose(2, 0, 1))

    def long(value):
        return struct.pack(number, value)

    def tag(kind_of_tag, name, body):
        head = bytes([kind_of_tag]) + struct.pack(">h", len(name)) + name.encode()
        return head + (long(len(body)) if is_4 else b"") + body

    def entry(name, info, payload):
        return tag(21, name, b"%%%%" + long(len(info)) + b"".join(map(long, info)) + payload)

    def integer(name, value):
        return entry(name, [3], struct.pack("<i", value))

    def real(name, value):
        return entry(name, [6], struct.pack("<f", value))

    def text(name, value):
        return entry(name, [20, 4, len(value)], value.encode("utf-16-le"))

    def group(name, items):
        body = b"".join(items)
        head = bytes([20]) + struct.pack(">h", len(name)) + name.encode() + bytes(2)
        return head + (long(len(body)) if is_4 else b"") + long(len(items)) + body

    encoding, data_type = {"uint16": (4, 10), "float32": (6, 2), "int32": (3, 7)}[stored.dtype.name]
    dimensions = [
        group("", [real("Origin", origin), real("Scale", scale), text("Units", unit)])
        for origin, scale, unit in zip((0.0, 0.0, 20.0), scales, units, strict=True)
    ]
    calibrations = group(
        "Calibrations",
        [
            group("Brightness", [real("Origin", 0.0), real("Scale", 1.0), text("Units", "")]),
            group("Dimension", dimensions),
        ],
    )
    image_data = [
        calibrations,
        entry("Data", [20, encoding, stored.size], stored.tobytes()),
        integer("DataType", data_type),
        group("Dimensions", [integer("", size) for size in stored.shape[::-1]]),
        integer("PixelDepth", stored.itemsize),
    ]
    tags = [
        group("Meta Data", [text("Format", "Spectrum image"), text("Signal", kind)]),
        group("Microscope Info", [real("Voltage", 200_000.0), text("Illumination Mode", "STEM")]),
    ]
    image = group("", [group("ImageData", image_data), group("ImageTags", tags), text("Name", "map")])
    body = bytes(2) + long(1) + group("ImageList", [image])
    path.write_bytes(
        struct.pack(">i", 4 if is_4 else 3) + long(len(body)) + struct.pack(">i", 1) + body + bytes(8)
    )
    return path


def jeol_tree(tree: dict) -> bytes:
    """Nested dictionaries as the tagged tree of JEOL files."""

    def entries(group):
        out = b""
        for name, value in group.items():
            raw = name.encode() + b"\0"
            out += b"\x01" + struct.pack("<i", len(raw)) + raw
            if isinstance(value, dict):
                out += struct.pack("<ii", 0, 0) + entries(value)
            else:
                if isinstance(value, str):
                    kind, payload = 12, value.encode("shift_jis") + b"\0"
                elif isinstance(value, float):
                    kind, payload = 5, struct.pack("<d", value)
                elif isinstance(value, int):
                    kind, payload = 3, struct.pack("<i", value)
                else:
                    kind, payload = 8, np.asarray(value, "<i4").tobytes()
                out += struct.pack("<ii", kind, len(payload)) + payload
            out += b"\xff"
        return out

    return entries(tree) + b"\xff\x00"


def write_pts(path: Path, words, pixels="64x64", aim=(0, 0, 63, 63)) -> Path:
    """A JEOL map from the words of its event stream: 200 kV, 10 eV channels, zero energy at channel 97."""
    page = {"Tpl": {"T3": {"DigZ": 97}}}
    tree = {
        "PTTD Param": {"Params": {"PARAMPAGE1": page, "PARAMPAGE0": {"ScanSize": 128.0}}},
        "PTTD Data": {
            "AnalyzableMap MeasData": {
                "Doc": {"LiveTime": 12.0, "CoefA": 0.01, "CoefB": 0.0},
                "Meas Cond": {"Tpl": "T3", "Pixels": pixels, "Aim Area": aim},
                "MeasCond": {"AccKV": 200.0, "Mag": 2000},
            }
        },
    }
    header = jeol_tree(tree)
    # pages are named by their value: PARAMPAGE1 with the text EDXRF
    for name, value in (("PARAMPAGE1", "EDXRF"), ("PARAMPAGE0", "SEM")):
        plain = name.encode() + b"\0" + struct.pack("<ii", 0, 0)
        named = value.encode() + b"\0"
        header = header.replace(plain, name.encode() + b"\0" + struct.pack("<ii", 12, len(named)) + named)
    head = struct.pack("<I", 304) + bytes(8)
    tree_at = 512
    data_at = tree_at + 12 + len(header)
    words = np.asarray(words, "<u2").tobytes()
    head += struct.pack("<6I", 1, 305, tree_at, len(header), data_at, len(words))
    path.write_bytes(head.ljust(tree_at + 12, b"\0") + header + words)
    return path


def jeol_frame(counts, n_lines=None, units=64, electron_image=False) -> list[int]:
    """The event stream of one sweep over (n_y, n_x, n_channels) counts; positions in steps of ``units``."""
    words = []
    for y, line in enumerate(counts[:n_lines]):
        words.append(0x9000 | y * units)
        for x, spectrum in enumerate(line):
            words.append(0x8000 | x * units)
            if electron_image:
                words.append(0xA000 | (y + x))
            words += [0xB000 | int(c) for c in np.repeat(np.arange(spectrum.size), spectrum)]
    return words


def write_velox(path: Path, frames, area=None, overview=None, pruned=False, eels=False) -> Path:
    """A Velox file: frames of every detector, each a list of (n_y, n_x, n_channels) counts."""
    import json

    n_y, n_x, n_channels = frames[0][0].shape
    area = area or {"top": "0", "bottom": str(n_y / 64), "left": "0", "right": str(n_x / 64)}

    def text(value):
        return np.array([json.dumps(value).encode()], object)

    def metadata(value):
        return np.frombuffer(json.dumps(value).encode().ljust(4000, b"\0"), np.uint8)[:, None]

    described = {
        "BinaryResult": {
            "Detector": "SuperX",
            "PixelSize": {"width": "2e-9", "height": "2e-9"},
            "Offset": {"x": "0", "y": "0"},
            "PixelUnitX": "m",
            "PixelUnitY": "m",
        },
        "Scan": {"ScanSize": {"width": "64", "height": "64"}, "ScanArea": area, "FrameTime": "0.5"},
        "Optics": {"AccelerationVoltage": "300000"},
        "Acquisition": {"AcquisitionStartDatetime": {"DateTime": "0"}},
        "Detectors": {
            "Detector-0": {
                "DetectorName": "SuperX1",
                "Dispersion": "10",
                "OffsetEnergy": "-250",
                "LiveTime": "2.5",
            }
        },
    }
    string = h5py.string_dtype()
    with h5py.File(path, "w") as file:
        file.create_dataset("Version", data=text({"format": "Velox", "version": "11"}), dtype=string)
        file.create_dataset("Displays/ImageDisplay/none", data=text({}), dtype=string)
        file.create_dataset(
            "SharedProperties/EDSSpectrumQuantificationSettings/a",
            data=text({"elementSelection": ["26", "8"]}),
            dtype=string,
        )
        data = file.create_group("Data")
        image = {**described, "BinaryResult": {**described["BinaryResult"], "DetectorIndex": "0"}}
        images = {"haadf": np.arange(n_y * n_x * 2, dtype=np.uint16).reshape(n_y, n_x, 2)}
        if overview is not None:
            images["overview"] = overview[:, :, None]
        for name, values in images.items():
            data.create_dataset(f"Image/{name}/Data", data=values)
            data.create_dataset(f"Image/{name}/Metadata", data=metadata(image))
        data.create_dataset("SpectrumImage/si/Metadata", data=metadata(described))
        if eels:
            data.create_group("EelsSpectrumImage")
        data.create_group("SpectrumStream")
        for number, one in enumerate([] if pruned else frames):
            words = []
            for frame in one:
                for spectrum in frame.reshape(-1, n_channels):
                    words += [*np.repeat(np.arange(n_channels), spectrum), 65535]
            stream = data.create_group(f"SpectrumStream/{number}")
            stream.create_dataset("Data", data=np.array(words, np.uint16)[:, None])
            stream.create_dataset(
                "AcquisitionSettings", data=text({"bincount": str(n_channels)}), dtype=string
            )
    return path
