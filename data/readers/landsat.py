"""A folder with one GeoTIFF per band, as Landsat scenes come: its bands in the order of their wavelengths."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from data.elemental_maps import ElementalMaps
from data.readers.assembly import with_id
from data.readers.band_maps import band_axis, band_names, check_memory
from data.readers.dense_blocks import Progress
from data.readers.unreadable import UnreadableFile

_BAND = re.compile(r"(.*?)_?B(?:AND)?_?(\d{1,2}A?)\.tiff?", re.IGNORECASE)
_FEWEST_BANDS = 3
# Centres of the bands, nm. Landsat: USGS, "What are the band designations for the Landsat satellites?";
# Sentinel-2: ESA, Sentinel-2 MSI spectral response functions.
_TM = {"1": 485, "2": 560, "3": 660, "4": 830, "5": 1650, "6": 11_450, "7": 2215}
_OLI = {
    "1": 443, "2": 482, "3": 561, "4": 655, "5": 865, "6": 1609, "7": 2201, "9": 1373, "10": 10_895,
    "11": 12_005,
}  # fmt: skip
_MSI = {
    "01": 443, "02": 490, "03": 560, "04": 665, "05": 705, "06": 740, "07": 783, "08": 842, "8A": 865,
    "09": 945, "10": 1375, "11": 1610, "12": 2190,
}  # fmt: skip
_SENSORS = {"TM": _TM, "ETM": _TM, "ETM+": _TM, "OLI": _OLI, "OLI_TIRS": _OLI, "MSI": _MSI}


def band_files(names: Sequence[str]) -> dict[str, str]:
    """Band ("3", "8A") -> file, of the images of a folder; {} where they are no bands of one scene."""
    found: dict[str, dict[str, str]] = {}
    for name in names:
        if match := _BAND.fullmatch(name):
            found.setdefault(match.group(1), {})[match.group(2).upper()] = name
    scene = max(found.values(), key=len, default={})
    return scene if len(scene) >= _FEWEST_BANDS else {}


def read(folder: Path, progress: Progress) -> tuple[ElementalMaps, ...]:
    """The bands of a scene; those of another resolution are left out with a note.

    Raises
    ------
    UnreadableFile
        The bands cannot be read, or differ in size.
    """
    files = band_files([one.name for one in folder.iterdir() if one.is_file()])
    sensor = _sensor(folder)
    wavelength = _SENSORS.get(sensor, {})
    notes: list[str] = []
    images: dict[str, np.ndarray] = {}
    side_um, nodata_seen = None, None
    for number, (band, name) in enumerate(sorted(files.items())):
        progress(number / len(files), name)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", NotGeoreferencedWarning)
                with rasterio.open(folder / name) as scene:
                    check_memory(folder.name, scene.width * scene.height, len(files))
                    values = scene.read(1)
                    nodata_seen = scene.nodata if scene.nodata is not None else nodata_seen
                    if scene.crs is not None and scene.crs.is_projected:
                        side_um = abs(scene.transform.a) * float(scene.crs.linear_units_factor[1]) * 1e6
        except RasterioError as error:
            raise UnreadableFile(f"{name} is damaged or no GeoTIFF. Copy it again.") from error
        images[band] = values
    shapes = [image.shape for image in images.values()]
    shape = max(set(shapes), key=shapes.count)
    other = [band for band, image in images.items() if image.shape != shape]
    if other:
        notes.append(f"Of another resolution, and left out: bands {', '.join(other)}.")
    kept = [band for band in images if band not in other]
    unknown = [band for band in kept if band not in wavelength]
    if wavelength and unknown:
        notes.append(f"Without a wavelength (panchromatic), and left out: bands {', '.join(unknown)}.")
        kept = [band for band in kept if band in wavelength]
    if not wavelength:
        notes.append(
            "No file says which sensor this is (_MTL.txt): bands have their numbers, no wavelengths."
        )
        axis, order = band_axis(np.arange(1, len(kept) + 1), "")
    else:
        notes.append(f"Bands of the sensor {sensor}; values are digital numbers, no reflectance.")
        axis, order = band_axis([wavelength[band] for band in kept], "nm")
    kept = [kept[place] for place in order]
    valid = np.ones(shape, bool)
    for band in kept:
        if nodata_seen is not None:
            valid &= images[band] != nodata_seen
    intensity = np.stack([images[band].astype(np.float32) for band in kept], axis=-1)
    valid &= (intensity != 0).any(axis=2)
    if not valid.any():
        raise UnreadableFile(f"No pixel of {folder.name} is measured in all bands.")
    if not valid.all():
        notes.append(f"{int((~valid).sum()):,} pixels without data in some band are left out.")
    intensity[~valid] = 0
    maps = ElementalMaps(
        intensity=intensity,
        lines=band_names(axis, [f"Band {band}" for band in kept]),
        pixel_size_um=side_um,
        title=folder.name,
        valid=None if valid.all() else valid,
        axis=axis,
        quantity="Intensity",
        notes=tuple(notes),
    )
    return (with_id(maps),)


def _sensor(folder: Path) -> str:
    """The sensor that the metadata of a Landsat scene name, or that the names of Sentinel-2 show; "" else."""
    for path in sorted(folder.glob("*_MTL.txt")):
        found = re.search(r'SENSOR_ID\s*=\s*"([^"]+)"', path.read_text(encoding="latin-1"))
        if found:
            return found.group(1).strip().upper()
    names = [one.name for one in folder.iterdir()]
    return "MSI" if any(re.match(r"(T\d\d[A-Z]{3}_|S2[AB]_)", name) for name in names) else ""
