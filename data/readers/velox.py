"""Velox .emd: images through rosettasciio, the EDS event streams decoded straight into sparse counts.

A stream is a list of 16-bit numbers: 65535 goes on to the next pixel, any other is the channel of one
X-ray. Every detector has a stream of its own; they are summed, and so are the frames. rosettasciio
spends 100 bytes per event on its sparse way, and takes the size of the map from whichever image it
read last: of a map beside a larger overview, only the first lines are then filled. The size is taken
from the scanned area here, and from the number of pixels in the streams.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numba import njit

from data.readers.assembly import Found, datasets
from data.readers.dense_blocks import Progress, Spectra, sparse_spectra
from data.readers.lazy_files import opened_lazily
from data.readers.metadata import find
from data.readers.navigation import grey, is_image
from data.readers.signals import Axis, Signal, energy_dimension, signal_of, spectra_kind
from data.readers.sparse_rows import check_size, from_events
from data.readers.symbols import SYMBOLS
from data.readers.unreadable import UnreadableFile
from data.spectrum_image import SpectrumImage

log = logging.getLogger(__name__)

_NEXT_PIXEL = 65535
_WORDS = 2**21  # words read at once


def is_velox(path: Path) -> bool:
    """Whether an .emd file is of the Velox kind (the other one is the Berkeley kind)."""
    with h5py.File(path, "r") as file:
        return "Version" in file and "Data" in file


def read(path: Path, progress: Progress) -> tuple[SpectrumImage, ...]:
    """The EDS map of a Velox file, with its images (mean of the frames) and element maps for navigation.

    Raises
    ------
    UnreadableFile
        The file has no EDS streams (it was "pruned", or holds images alone).
    """
    with h5py.File(path, "r") as file:
        data = file["Data"]
        streams = [data["SpectrumStream"][key] for key in data.get("SpectrumStream", {})]
        streams = [one for one in streams if "Data" in one and one["Data"].shape[0] > 0]
        if not streams:
            raise UnreadableFile(_no_streams(path, data))
        described = _described(data)
        n_channels = int(_json(streams[0]["AcquisitionSettings"][0])["bincount"])
        check_size(1, 1, n_channels)
        n_pixels = [_count_pixels(one["Data"]) for one in streams]
        shape = _shape(data, described, max(n_pixels), n_channels)
        n_events = np.zeros(shape[0] * shape[1], np.int64)
        cursor, channel = n_events, np.empty(0, np.uint16)
        for stage in (0, 1):
            if stage == 1:
                cursor = np.concatenate([[0], np.cumsum(n_events[:-1])])
                channel = np.empty(int(n_events.sum()), np.uint16)
            for number, one in enumerate(streams):
                position = np.zeros(1, np.int64)
                for words in _words(one["Data"]):
                    _collect(words, n_channels, stage, position, cursor, channel)
                progress(
                    (stage * len(streams) + number + 1) / (2 * len(streams)),
                    f"detector {number + 1} of {len(streams)}",
                )
        counts = from_events(n_events, channel, n_channels)
        y, x = _map_axes(described, shape)
        energy, notes = _energy(described, n_channels)
        metadata = _metadata(file, described)
        has_losses = any(key.startswith("Eels") for key in data)
    images = _images(path)
    spectra = Spectra(counts, shape, y, x, energy, notes=())
    if len(streams) > 1:
        notes += (f"The counts of {len(streams)} detectors were summed.",)
    found = [Found(spectra, metadata, images, "EDS", notes)]
    said: tuple[str, ...] = ()
    if has_losses:
        losses = _losses(path, images)
        found += losses
        said = () if losses else ("The EELS signal of the file could not be read and was left out.",)
    return datasets(path, found, said)


def _no_streams(path: Path, data: h5py.Group) -> str:
    if "SpectrumImage" in data:
        return (
            f"{path.name} has no EDS events: it was pruned, or converted by another program, and keeps its "
            f"map in a form that only Velox reads. Open the original file, or export the map from Velox."
        )
    kinds = ", ".join(sorted(data)) or "nothing"
    return f"{path.name} has no EDS signal: it holds {kinds}. Open the file in which the X-ray map was saved."


def _described(data: h5py.Group) -> dict[str, Any]:
    """What Velox wrote about the spectrum image; {} where it wrote nothing."""
    for kind in ("SpectrumImage", "SpectrumStream"):
        for one in data.get(kind, {}).values():
            if "Metadata" in one:
                return _json(one["Metadata"][:, 0].tobytes())
    return {}


def _json(raw: Any) -> dict[str, Any]:
    raw = raw.encode() if isinstance(raw, str) else bytes(raw)
    return json.loads(raw.split(b"\0", 1)[0].decode("utf-8", "replace"))


def _words(dataset: h5py.Dataset) -> Iterator[np.ndarray]:
    for start in range(0, dataset.shape[0], _WORDS):
        yield dataset[start : start + _WORDS, 0]


def _count_pixels(dataset: h5py.Dataset) -> int:
    """Pixels (of all frames) in a stream; after the last one a mark may stand or not."""
    n_marks, last = 0, _NEXT_PIXEL
    for words in _words(dataset):
        n_marks += int(np.count_nonzero(words == _NEXT_PIXEL))
        last = int(words[-1])
    return n_marks + (last != _NEXT_PIXEL)


def _shape(data: h5py.Group, described: dict[str, Any], n_pixels: int, n_channels: int) -> tuple[int, int]:
    """(n_y, n_x) of the map: the scanned area, or the image whose pixels the streams fill."""
    shapes = []
    size, area = find(described, "Scan.ScanSize"), find(described, "Scan.ScanArea")
    if size and area:
        shapes.append(
            (
                round((float(area["bottom"]) - float(area["top"])) * float(size["height"])),
                round((float(area["right"]) - float(area["left"])) * float(size["width"])),
            )
        )
    shapes += [one["Data"].shape[:2] for one in data.get("Image", {}).values() if "Data" in one]
    shapes = [shape for shape in shapes if min(shape) > 0]
    if not shapes:
        raise UnreadableFile("The file does not say how many pixels its map has; export it again from Velox.")
    # the last pixels of a frame may lack their marks, so that a whole number of frames need not come out
    fitting = [
        one for one in shapes if (n_pixels + 1) % (one[0] * one[1]) <= 1 and one[0] * one[1] <= n_pixels + 1
    ]
    n_y, n_x = (int(n) for n in (fitting or shapes)[0])
    check_size(n_y, n_x, n_channels)
    return n_y, n_x


def _map_axes(described: dict[str, Any], shape: tuple[int, int]) -> tuple[Axis, Axis]:
    axes = []
    for name, key, n in (("y", "height", shape[0]), ("x", "width", shape[1])):
        scale = find(described, f"BinaryResult.PixelSize.{key}")
        units = find(described, f"BinaryResult.PixelUnit{name.upper()}")
        axes.append(Axis(name, n, 0.0, float(scale or 1.0), str(units or "") if scale else "", navigate=True))
    return axes[0], axes[1]


def _energy(described: dict[str, Any], n_channels: int) -> tuple[Axis, tuple[str, ...]]:
    """The energy axis of the detector that the map names (its segments are calibrated alike)."""
    wanted = str(find(described, "BinaryResult.Detector") or "")
    detectors = [one for one in (described.get("Detectors") or {}).values() if "Dispersion" in one]
    named = [one for one in detectors if wanted and wanted in str(one.get("DetectorName"))]
    used = named or [one for one in detectors if one.get("Inserted") != "false"]
    if not used:
        return Axis("Energy", n_channels, 0.0, 1.0, "", navigate=False), ()
    calibrations = {(float(one["OffsetEnergy"]), float(one["Dispersion"])) for one in used}
    notes = ()
    if len(calibrations) > 1:
        notes = ("The detectors are calibrated differently; the calibration of the first was taken for all.",)
    offset_ev, scale_ev = float(used[0]["OffsetEnergy"]), float(used[0]["Dispersion"])
    return Axis("Energy", n_channels, offset_ev, scale_ev, "eV", navigate=False), notes


def _metadata(file: h5py.File, described: dict[str, Any]) -> dict[str, Any]:
    voltage = find(described, "Optics.AccelerationVoltage")
    lives = [one.get("LiveTime") for one in (described.get("Detectors") or {}).values()]
    lives = [float(one) for one in lives if one and float(one) > 0]
    return {
        "Acquisition_instrument": {
            "TEM": {
                "beam_energy": float(voltage) / 1e3 if voltage else None,
                "Detector": {"EDS": {"live_time": float(np.mean(lives)) if lives else None}},
            }
        },
        "Sample": {"elements": _elements(file)},
    }


def _elements(file: h5py.File) -> tuple[str, ...]:
    """Elements that were chosen for quantification."""
    for place in (
        "SharedProperties/EDSSpectrumQuantificationSettings",
        "Operations/ImageQuantificationOperation",
    ):
        for one in file.get(place, {}).values():
            numbers = _json(one[0]).get("elementSelection") or []
            symbols = tuple(SYMBOLS[int(z) - 1] for z in numbers if 0 < int(z) <= len(SYMBOLS))
            if symbols:
                return symbols
    return ()


def _losses(path: Path, images: list[Signal]) -> list[Found]:
    """The energy-loss maps of the file; none where they cannot be read, for the X-rays must open."""
    from rsciio.emd import file_reader

    found = []
    try:
        with opened_lazily(file_reader, path, select_type="spectrum_image") as dictionaries:
            for signal in map(signal_of, (one for one in dictionaries if "data" in one)):
                dimension = energy_dimension(signal)
                if dimension is not None and spectra_kind(signal, dimension) == "loss":
                    counts = sparse_spectra(signal, dimension, lambda *_: None)
                    axis = signal.axes[dimension]
                    title = f"EELS from {axis.offset:.0f} {axis.units}"
                    found.append(Found(counts, signal.metadata, images, title, kind="loss"))
    except Exception:
        log.info("the energy losses of %s could not be read", path.name, exc_info=True)
    return found


def _images(path: Path) -> list[Signal]:
    """The images of the file: means of their frames, or first frames where those cannot be read."""
    from rsciio.emd import file_reader

    for stacks in (True, False):
        try:
            with opened_lazily(
                file_reader, path, select_type="images", load_SI_image_stack=stacks
            ) as dictionaries:
                images = [one for one in map(signal_of, dictionaries) if is_image(one)]
                return [replace(one, data=grey(one.data), axes=one.axes[-2:]) for one in images]
        except Exception:  # images that cannot be read must not keep the map from opening
            log.info("the images of %s could not be read (frames: %s)", path.name, stacks, exc_info=True)
    return []


@njit(cache=True, nogil=True)
def _collect(words, n_channels, stage, position, cursor, channel):
    """Stage 0 counts the events of every pixel in ``cursor``; stage 1 puts their channels in place."""
    pixel = position[0]
    for word in words:
        if word == 65535:
            pixel += 1
            if pixel == cursor.size:  # the next frame
                pixel = 0
        elif word < n_channels:
            if stage == 1:
                channel[cursor[pixel]] = word
            cursor[pixel] += 1
    position[0] = pixel
