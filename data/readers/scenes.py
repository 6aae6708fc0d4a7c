"""Images of imaging spectrometers and satellites: ENVI files and GeoTIFFs of several bands (rasterio).

Wavelengths are those of the ENVI header, of the metadata of the bands, or of the sensor that a Landsat scene
names. A file without any opens with its bands numbered, and says so.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from data.elemental_maps import ElementalMaps
from data.readers.assembly import with_id
from data.readers.band_maps import MOST_BANDS, band_axis, band_names, check_memory
from data.readers.dense_blocks import Progress
from data.readers.unreadable import UnreadableFile

_ENVI_DATA = ("", ".img", ".dat", ".raw", ".bsq", ".bil", ".bip", ".bin", ".cube")
_NUMBER = r"(\d+(?:\.\d+)?)"
_IN_TEXT = re.compile(rf"{_NUMBER}\s*(nm|nanomet\w*|um|µm|μm|micromet\w*|microns?)\b", re.IGNORECASE)
_FEWEST_BANDS = 2
_NO_WAVELENGTHS = (
    "The file gives no wavelengths: bands are numbered in its order. A GeoTIFF says them in the metadata "
    "of each "
    "band (wavelength=650, wavelength_units=nm), an ENVI header in 'wavelength'."
)


def read(path: Path, progress: Progress) -> tuple[ElementalMaps, ...]:
    """The bands of an ENVI image (named by its .hdr) or of a GeoTIFF.

    Raises
    ------
    UnreadableFile
        The image has a single band, its data are missing, or nothing in it is measured.
    """
    data = envi_data(path) if path.suffix.lower() == ".hdr" else path
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(data) as scene:
                return (_maps(scene, path, progress),)
    except RasterioError as error:
        raise UnreadableFile(
            f"{path.name} could not be read as an image of several bands: it is damaged, incomplete or of a "
            "kind that GDAL does not know. Copy or export it again."
        ) from error


def envi_data(header: Path) -> Path:
    """The data file that belongs to an ENVI header.

    Raises
    ------
    UnreadableFile
        There is none beside it.
    """
    stem = header.with_suffix("")
    names = {one.name.lower(): one for one in header.parent.iterdir() if one.is_file()}
    for ending in _ENVI_DATA:
        found = names.get(f"{stem.name}{ending}".lower())
        if found is not None and found != header:
            return found
    raise UnreadableFile(
        f"{header.name} describes an image whose data are not there. Copy the file {stem.name} (or "
        f"{stem.name}.img, "
        ".dat, .bsq, .bil, .bip) to the same folder."
    )


@dataclass(frozen=True)
class _Bands:
    """Which bands of a file are taken (from 1), where they lie, and how they are called."""

    numbers: tuple[int, ...]
    centre: np.ndarray
    units: str
    titles: tuple[str, ...]
    notes: tuple[str, ...]


def _maps(scene: rasterio.DatasetReader, path: Path, progress: Progress) -> ElementalMaps:
    if scene.count < _FEWEST_BANDS:
        raise UnreadableFile(
            f"{path.name} holds one band: there are no spectra in it. Put the bands of a scene into one file "
            "(gdalbuildvrt -separate, gdal_merge.py -separate), or open the folder of a Landsat scene."
        )
    expected = scene.width * scene.height * scene.count * np.dtype(scene.dtypes[0]).itemsize
    stored = Path(scene.name)
    if scene.driver == "ENVI" and stored.stat().st_size < expected:
        raise UnreadableFile(
            f"{path.name} describes {expected:,} bytes of data, {stored.name} holds "
            f"{stored.stat().st_size:,}: it is "
            "damaged or was not copied whole. Copy it again."
        )
    if np.dtype(scene.dtypes[0]).kind == "c":
        raise UnreadableFile(
            f"{path.name} holds complex numbers (radar); images of reflectance or radiance open."
        )
    bands = _bands(scene)
    check_memory(path.name, scene.width * scene.height, len(bands.numbers))
    axis, order = band_axis(bands.centre, bands.units)
    titles = [bands.titles[place] for place in order]
    factor = _scale_factor(scene.tags(ns="ENVI"))
    intensity = np.empty((scene.height, scene.width, len(order)), np.float32)
    valid = np.ones(scene.shape, bool)
    for place, band in enumerate(order):
        number = bands.numbers[band]
        values = scene.read(number)
        valid &= _measured(values, scene.nodatavals[number - 1])
        scale, offset = scene.scales[number - 1], scene.offsets[number - 1]
        intensity[:, :, place] = values.astype(np.float32) * (scale * factor) + offset
        progress((place + 1) / len(order), f"band {place + 1} of {len(order)}")
    # a scene cut along its flight path is zero in every band outside of it
    valid &= (intensity != 0).any(axis=2)
    if not valid.any():
        raise UnreadableFile(f"No pixel of {path.name} is measured in all bands: they are empty or nodata.")
    intensity[~valid] = 0
    notes = list(bands.notes)
    if not valid.all():
        notes.append(f"{int((~valid).sum()):,} pixels without data in some band are left out.")
    side_um, size_notes = _side_um(scene)
    return with_id(
        ElementalMaps(
            intensity=intensity,
            lines=band_names(axis, titles),
            pixel_size_um=side_um,
            title=path.stem,
            valid=None if valid.all() else valid,
            axis=axis,
            quantity=_quantity(intensity, valid, factor != 1, np.dtype(scene.dtypes[0])),
            notes=(*notes, *size_notes),
        )
    )


def _bands(scene: rasterio.DatasetReader) -> _Bands:
    envi = scene.tags(ns="ENVI")
    numbers = list(range(1, scene.count + 1))
    notes: list[str] = []
    good = _list(envi.get("bbl", ""))
    if len(good) == scene.count and 0 < sum(one != "0" for one in good) < scene.count:
        kept = [number for number, flag in zip(numbers, good, strict=True) if float(flag) != 0]
        notes.append(f"{scene.count - len(kept)} of {scene.count} bands are marked as bad and were left out.")
        numbers = kept
    titles = tuple(scene.descriptions[number - 1] or "" for number in numbers)
    centre, units = _wavelengths(scene, envi)
    if centre is None:
        notes.append(_NO_WAVELENGTHS)
        return _thinned(numbers, np.array(numbers, float), "", titles, notes)
    return _thinned(numbers, np.array([centre[number - 1] for number in numbers]), units, titles, notes)


def _thinned(
    numbers: list[int], centre: np.ndarray, units: str, titles: Sequence[str], notes: list[str]
) -> _Bands:
    """At most as many bands as are handled as maps: every second, third ... of more."""
    step = -(-len(numbers) // MOST_BANDS)
    if step > 1:
        notes.append(f"Of {len(numbers)} bands, one of {step} was taken.")
    return _Bands(tuple(numbers[::step]), centre[::step], units, tuple(titles[::step]), tuple(notes))


def _wavelengths(
    scene: rasterio.DatasetReader, envi: Mapping[str, str]
) -> tuple[Sequence[float] | None, str]:
    """Centres of all bands and their unit, or None: from the header, the metadata of bands, their names."""
    listed = _list(envi.get("wavelength", "") or scene.tags().get("wavelength", ""))
    units = envi.get("wavelength_units", "") or scene.tags().get("wavelength_units", "")
    if len(listed) != scene.count:
        listed, units = _of_bands(scene, units)
    try:
        centre = [float(one) for one in listed]
    except ValueError:
        return None, ""
    if len(centre) != scene.count or not np.isfinite(centre).all() or min(centre) <= 0:
        return None, ""
    unit = units.strip().lower()
    if unit in ("", "unknown", "index"):
        # wavelengths of light: below 100 they can only be micrometres
        unit = "um" if max(centre) < 100 else "nm"
    return centre, "um" if unit.startswith(("micro", "um", "µm", "μm")) else unit


def _of_bands(scene: rasterio.DatasetReader, units: str) -> tuple[list[str], str]:
    listed: list[str] = []
    for number in range(1, scene.count + 1):
        tags = {key.lower(): value for key, value in scene.tags(number).items()}
        imagery = {key.lower(): value for key, value in scene.tags(number, ns="IMAGERY").items()}
        if "central_wavelength_um" in imagery:
            listed.append(imagery["central_wavelength_um"])
            units = "um"
        elif "wavelength" in tags:
            listed.append(tags["wavelength"])
            units = tags.get("wavelength_units", tags.get("wavelength_unit", units))
        elif found := _IN_TEXT.search(scene.descriptions[number - 1] or ""):
            listed.append(found.group(1))
            units = "nm" if found.group(2).lower().startswith("n") else "um"
        else:
            return [], ""
    return listed, units


def _list(text: str) -> list[str]:
    """The entries of an ENVI list, "{400, 410, ...}"."""
    return [one.strip() for one in text.strip().strip("{}").split(",") if one.strip()]


def _scale_factor(envi: Mapping[str, str]) -> float:
    """What integers are multiplied by to be reflectance; 1 where the header says nothing."""
    try:
        divisor = float(envi.get("reflectance_scale_factor", "1"))
    except ValueError:
        return 1.0
    return 1.0 / divisor if divisor > 0 else 1.0


def _measured(values: np.ndarray, nodata: float | None) -> np.ndarray:
    measured = np.isfinite(values) if values.dtype.kind == "f" else np.ones(values.shape, bool)
    if nodata is not None and np.isfinite(nodata):
        measured &= values != np.asarray(nodata).astype(values.dtype)
    return measured


def _quantity(intensity: np.ndarray, valid: np.ndarray, scaled: bool, kind: np.dtype) -> str:
    """Reflectance where the header says so, or real numbers lie between 0 and little above 1."""
    if scaled:
        return "Reflectance"
    if kind.kind != "f":
        return "Intensity"
    sample = intensity[valid][:: max(1, int(valid.sum()) // 20_000)]
    low, high = np.quantile(sample, [0.005, 0.995])
    return "Reflectance" if low > -0.1 and 0.02 < high < 1.6 else "Intensity"


def _side_um(scene: rasterio.DatasetReader) -> tuple[float | None, tuple[str, ...]]:
    """Side of a pixel on the ground, um; None where there is no length, as in degrees."""
    width, height = abs(scene.transform.a), abs(scene.transform.e)
    if scene.crs is None or not scene.crs.is_projected or width == 0:
        return None, ("The file has no pixel size in metres: distances are in pixels.",)
    metres = float(scene.crs.linear_units_factor[1])
    notes = ()
    if height and abs(width / height - 1) > 0.02:
        notes = (
            f"The pixels are not square ({width:.4g} by {height:.4g}): they are drawn with square ones.",
        )
    return width * metres * 1e6, notes
