"""Maps as TIFF with their pixel size, as ImageJ, HyperSpy, GIS programs and plain viewers read it.

32 bit and labels: OME-TIFF, the values as they are. 16 bit: ImageJ's own layout, whose linear calibration
(c0 + c1 x) gives the values back, so that "16 bit" costs resolution and never the scale.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import tifffile

Target = Path | BinaryIO
_HIGHEST = 65535


def image_tiff(
    image: np.ndarray, pixel_size_um: float | None, bits: int | None = None, unit: str = "counts"
) -> bytes:
    """One map as TIFF.

    Parameters
    ----------
    image : (n_y, n_x) numbers; labels keep their integer type (unassigned pixels are -1)
    pixel_size_um : side of a pixel in um, or None where it is not known
    bits : 32 for float, 16 for integers with ImageJ's calibration, None to keep the type
    unit : of the values, for ImageJ (16 bit)

    Raises
    ------
    ValueError
        The image is not (n_y, n_x), or ``bits`` is neither 16 nor 32.
    """
    if image.ndim != 2 or image.size == 0:
        raise ValueError(f"A map of shape {image.shape} cannot be a TIFF; (n_y, n_x) was expected.")
    buffer = io.BytesIO()
    if bits == 16:
        _write_calibrated(buffer, [image], None, pixel_size_um, unit)
    else:
        write_image(buffer, image if bits is None else _floats(image, bits), pixel_size_um)
    return buffer.getvalue()


def stack_tiff(
    images: Sequence[np.ndarray],
    names: Sequence[str],
    pixel_size_um: float | None,
    bits: int = 32,
    unit: str = "counts",
) -> bytes:
    """Named maps of one shape as the pages of one TIFF; ``bits`` as in :func:`image_tiff`.

    Raises
    ------
    ValueError
        There is no image, they differ in shape, or there is not one name for each.
    """
    shapes = {image.shape for image in images}
    if len(shapes) != 1 or len(images) != len(names):
        raise ValueError(
            f"A stack needs images of one shape and a name for each; these are {len(images)} images of "
            f"shapes {sorted(shapes)} with {len(names)} names."
        )
    buffer = io.BytesIO()
    if bits == 16:
        _write_calibrated(buffer, images, names, pixel_size_um, unit)
    else:
        pages = (_floats(image, bits) for image in images)
        write_stack(buffer, pages, (len(images), *shapes.pop()), names, pixel_size_um)
    return buffer.getvalue()


def write_image(target: Target, image: np.ndarray, pixel_size_um: float | None) -> None:
    """One (n_y, n_x) image as OME-TIFF, in its own type."""
    tifffile.imwrite(target, image, ome=True, **_ome("YX", pixel_size_um, {}))


def write_stack(
    target: Target,
    pages: Iterable[np.ndarray],
    shape: tuple[int, int, int],
    names: Sequence[str],
    pixel_size_um: float | None,
) -> None:
    """Named float32 pages of ``shape`` (n, n_y, n_x), one by one, as OME-TIFF."""
    layout = _ome("CYX", pixel_size_um, {"Channel": {"Name": list(names)}})
    tifffile.imwrite(target, iter(pages), ome=True, shape=shape, dtype=np.float32, **layout)


def _floats(image: np.ndarray, bits: int) -> np.ndarray:
    if bits != 32:
        raise ValueError(f"A TIFF of {bits} bit is not offered; choose 16 or 32.")
    return np.ascontiguousarray(image, np.float32)


def _write_calibrated(
    target: Target,
    images: Sequence[np.ndarray],
    names: Sequence[str] | None,
    pixel_size_um: float | None,
    unit: str,
) -> None:
    """Pages of uint16 with one linear calibration; counts that fit are stored as they are."""
    lows, highs, whole = [], [], True
    for image in images:
        values = image[np.isfinite(image)] if np.issubdtype(image.dtype, np.floating) else image
        lows.append(float(values.min()) if values.size else 0.0)
        highs.append(float(values.max()) if values.size else 0.0)
        whole &= bool((values == np.floor(values)).all())
    low, high = min(lows), max(highs)
    if whole and low >= 0 and high <= _HIGHEST:
        low, step = 0.0, 1.0
    else:
        step = (high - low) / _HIGHEST or 1.0
    stored = np.empty((len(images), *images[0].shape), np.uint16)
    for page, image in zip(stored, images, strict=True):
        scaled = np.rint((np.nan_to_num(image, nan=low) - low) / step)
        page[:] = np.clip(scaled, 0, _HIGHEST)
    metadata: dict[str, Any] = {"axes": "ZYX" if names else "YX"}
    if (low, step) != (0.0, 1.0):
        metadata |= {"cf": 0, "c0": low, "c1": step, "vunit": unit}
    if names:
        metadata["Labels"] = list(names)
    size: dict[str, Any] = {}
    if pixel_size_um is not None:
        metadata["unit"] = "um"
        size = {"resolution": (1 / pixel_size_um, 1 / pixel_size_um)}
    tifffile.imwrite(target, stored if names else stored[0], imagej=True, metadata=metadata, **size)


def _ome(axes: str, pixel_size_um: float | None, metadata: dict[str, Any]) -> dict[str, Any]:
    """Axes and pixel size as OME metadata and as the TIFF tags that programs without OME read."""
    described = {"axes": axes, **metadata}
    if pixel_size_um is None:
        return {"photometric": "minisblack", "metadata": described}
    for axis in "XY":
        described[f"PhysicalSize{axis}"] = pixel_size_um
        described[f"PhysicalSize{axis}Unit"] = "µm"
    per_cm = 1e4 / pixel_size_um
    return {
        "photometric": "minisblack",
        "metadata": described,
        "resolution": (per_cm, per_cm),
        "resolutionunit": "CENTIMETER",
    }
