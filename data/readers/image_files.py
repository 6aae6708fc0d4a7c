"""One image file -> intensities, the size of its pixels where the file tells it, and what was assumed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from data.readers.unreadable import UnreadableFile

_UM = {"um": 1.0, "µm": 1.0, "micron": 1.0, "microns": 1.0, "nm": 1e-3, "mm": 1e3, "cm": 1e4, "m": 1e6}
_INCH_UM = 25_400.0
# up to here a resolution is one for printing (1200 dpi), not the scale of a micrograph
_FINEST_PRINT_UM = 21.0
_COLOUR_TOLERANCE = 3.0  # of 255: what JPEG-like rounding does to a tint


@dataclass(frozen=True, eq=False)
class ImageFile:
    """An image, (height, width) float32 with NaN where nothing was measured; pixel size in um or None."""

    values: np.ndarray
    side_um: float | None
    notes: tuple[str, ...] = ()


def read_image(path: Path) -> ImageFile:
    """Read a TIFF, PNG, BMP or JPEG image, or a matrix of numbers as text.

    Raises
    ------
    UnreadableFile
        The file is no such image, or holds several.
    """
    suffix = path.suffix.lower()
    try:
        if suffix in (".tif", ".tiff"):
            return _read_tiff(path)
        if suffix in (".csv", ".tsv", ".txt"):
            return ImageFile(read_matrix(path), None)
        return _read_picture(path)
    except (UnreadableFile, PermissionError):
        raise
    except Exception as error:
        raise UnreadableFile(
            f"{path.name} cannot be read as an image: it is damaged or of another kind than its name says. "
            f"Export it again, or move it out of the folder."
        ) from error


def _read_tiff(path: Path) -> ImageFile:
    import tifffile

    with tifffile.TiffFile(path) as tiff:
        sizes = {page.shape[:2] for page in tiff.pages}
        if len(tiff.pages) > 1 and len(sizes) == 1:
            raise UnreadableFile(
                f"{path.name} holds {len(tiff.pages)} images; one per file was expected. Save its slices as "
                f"single images, named after their elements."
            )
        page = tiff.pages[0]  # further pages of other sizes are thumbnails
        values = page.asarray()
        if page.planarconfig == 2 and values.ndim == 3:
            values = np.moveaxis(values, 0, -1)
        tags = {tag.name: tag.value for tag in page.tags}
        described = {"ome": tiff.ome_metadata, "fei": tiff.fei_metadata}
        # 0 is white in some images of scanners; in maps low counts are low
        inverted = page.photometric == 0 and values.dtype.kind == "u"
    if inverted:
        values = np.iinfo(values.dtype).max - values
    values, notes = _intensity(values, path.name)
    return ImageFile(values, _tiff_side_um(tags, described), notes)


def _read_picture(path: Path) -> ImageFile:
    from PIL import Image

    with Image.open(path) as picture:
        if picture.mode in ("P", "PA", "CMYK", "YCbCr", "HSV", "LAB"):
            picture = picture.convert("RGB")
        values = np.asarray(picture)
    values, notes = _intensity(values, path.name)
    if path.suffix.lower() in (".jpg", ".jpeg"):
        notes += (f"{path.name} is a JPEG: its compression has changed the intensities.",)
    return ImageFile(values, None, notes)


def read_matrix(path: Path) -> np.ndarray:
    """Numbers in rows as (n_y, n_x) float32; lines of text before them are skipped.

    Separated by commas, semicolons, tabs or blanks; a decimal comma is understood beside any of them
    but the comma. Empty fields are NaN.
    """
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    sample = "\n".join(lines[-20:])
    separator = next((one for one in (";", "\t", ",") if one in sample), None)
    rows: list[list[float]] = []
    for number, line in enumerate(lines):
        fields = line.split(separator) if separator else line.split()
        if separator and fields and not fields[-1].strip():
            fields = fields[:-1]  # a separator at the end of the line
        row = [_number(field, separator) for field in fields]
        if None in row or not row:
            if rows:
                raise UnreadableFile(
                    f"{path.name} is no matrix of numbers: line {number + 1} reads {line[:40]!r}. Export "
                    f"the map as rows of numbers alone."
                )
            continue
        rows.append(row)
    if not rows or len({len(row) for row in rows}) != 1:
        lengths = sorted({len(row) for row in rows})
        found = f"rows of {lengths[0]} to {lengths[-1]} numbers" if rows else "no numbers"
        raise UnreadableFile(
            f"{path.name} is no matrix: it has {found}. Export the map as rows of equal length."
        )
    return np.asarray(rows, np.float32)


def _number(field: str, separator: str | None) -> float | None:
    field = field.strip().strip('"')
    if not field:
        return np.nan
    if separator != ",":
        field = field.replace(",", ".")
    try:
        return float(field)
    except ValueError:
        return None


def _intensity(values: np.ndarray, name: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Grey levels of an image; of a tinted one (black to one colour) the depth of the tint."""
    values = np.squeeze(values)
    if values.dtype.kind == "c" or values.ndim not in (2, 3):
        raise UnreadableFile(f"{name} is no image of height and width: it has the shape {values.shape}.")
    if values.ndim == 2:
        return values.astype(np.float32), ()
    if values.shape[-1] in (2, 4):
        values = values[..., :-1]  # opacity
    colours = (
        np.squeeze(values.astype(np.float32), axis=-1) if values.shape[-1] == 1 else values.astype(np.float32)
    )
    if colours.ndim == 2:
        return colours, ()
    if colours.shape[-1] != 3:
        raise UnreadableFile(
            f"{name} holds {colours.shape[-1]} images; one per file was expected. Save them as single "
            f"images, named after their elements."
        )
    brightest = colours.max(axis=-1)
    peak = colours.reshape(-1, 3)[brightest.argmax()]
    if peak.max() == 0:
        return brightest, ()
    scale = 255.0 if values.dtype == np.uint8 else float(brightest.max())
    tinted = np.abs(colours - brightest[..., None] * (peak / peak.max())).max()
    if tinted <= _COLOUR_TOLERANCE / 255 * scale:
        return brightest, ()
    note = f"{name} is drawn in colours: its brightness was taken. Export it in grey to be exact."
    return colours.mean(axis=-1), (note,)


def _tiff_side_um(tags: Mapping[str, Any], described: Mapping[str, Any]) -> float | None:
    """Pixel size from the tags of ImageJ, OME, FEI or a resolution too fine to be one for printing."""
    description = str(tags.get("ImageDescription") or "")
    resolution = tags.get("XResolution")
    per_unit = resolution[0] / resolution[1] if isinstance(resolution, tuple) and resolution[1] else None
    if description.startswith("ImageJ="):
        unit = re.search(r"^unit=(.+)$", description, re.MULTILINE)
        text = unit.group(1).strip().encode().decode("unicode_escape", "replace") if unit else ""
        if text.lower() in _UM and per_unit:
            return _UM[text.lower()] / per_unit
        return None
    if ome := described.get("ome"):
        size = re.search(r'PhysicalSizeX="([\d.eE+-]+)"', ome)
        unit = re.search(r'PhysicalSizeXUnit="([^"]+)"', ome)
        factor = _UM.get(unit.group(1).lower() if unit else "um")
        return float(size.group(1)) * factor if size and factor else None
    if fei := described.get("fei"):
        width_m = (fei.get("Scan") or {}).get("PixelWidth")
        return float(width_m) * 1e6 if width_m else None
    if per_unit:
        unit_um = {2: _INCH_UM, 3: 1e4}.get(int(tags.get("ResolutionUnit") or 0))
        if unit_um and unit_um / per_unit < _FINEST_PRINT_UM:
            return unit_um / per_unit
    return None
