"""Masks in and out of image files."""

from __future__ import annotations

import io

import numpy as np
import tifffile
from PIL import Image

from models.exports_tiff import image_tiff

_MOST_PIXELS = 2**28


def read_mask(content: bytes, name: str) -> np.ndarray:
    """The mask in an image file: what is not zero (in a colour image, not black) is selected.

    Parameters
    ----------
    content : of a TIFF or PNG file; of several pages the first is taken
    name : of the file, for messages and for its format

    Returns
    -------
    (n_y, n_x) bool

    Raises
    ------
    ValueError
        The file is no image, is damaged, or has no or no unselected pixel.
    """
    try:
        image = _pixels(content, name)
    except Exception as error:  # a damaged file makes its reader fail in any way
        raise ValueError(
            f"{name} cannot be read as an image: {error}. Give a mask as TIFF or PNG, of as many pixels as "
            "the map."
        ) from error
    while image.ndim > 3 or (image.ndim == 3 and image.shape[2] not in (3, 4)):
        image = image[0]
    if image.ndim == 3:
        image = image[:, :, :3].any(axis=2)  # the fourth channel says how opaque a pixel is
    if image.ndim != 2 or image.size == 0:
        raise ValueError(f"{name} holds no image of rows and columns.")
    mask = np.nan_to_num(image) != 0
    if not mask.any():
        raise ValueError(f"{name} selects nothing: all of its {mask.size:,} pixels are zero.")
    return mask


def mask_tiff(mask: np.ndarray, pixel_size_um: float | None) -> bytes:
    """A mask (n_y, n_x) as TIFF: 255 where selected, else 0."""
    return image_tiff(np.where(mask, np.uint8(255), np.uint8(0)), pixel_size_um)


def _pixels(content: bytes, name: str) -> np.ndarray:
    if name.lower().endswith((".tif", ".tiff")) or content[:2] in (b"II", b"MM"):
        with tifffile.TiffFile(io.BytesIO(content)) as file:
            if not file.pages:
                raise ValueError("it has no page")
            page = file.pages[0]
            if int(np.prod(page.shape)) > _MOST_PIXELS:
                raise ValueError(f"its {page.shape} pixels are too many")
            return page.asarray()
    with Image.open(io.BytesIO(content)) as image:
        if image.mode in ("P", "1"):
            image = image.convert("L")
        return np.asarray(image)
