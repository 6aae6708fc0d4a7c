"""Intensities as bytes for the browser: contrast limits, a byte per pixel, three maps as one colour image."""

from __future__ import annotations

import numpy as np
from numba import njit, prange

_MOST_LOOKED_AT = 2**20


def contrast_limits(image: np.ndarray, clip: float = 0.99) -> tuple[float, float]:
    """Values between which the central share ``clip`` of the pixels lies; NaN pixels do not count.

    Where that share is one value (a line that few pixels show), the limits are the extremes, and for a
    constant image that value and the next whole one above, so that low < high always.
    """
    # of a very large map a grid of a million pixels stands for all: percentiles of these differ by nothing
    # that could be seen, and are there at once
    step = max(1, int(np.sqrt(image.size / _MOST_LOOKED_AT))) if image.ndim == 2 else 1
    image = image[::step, ::step] if step > 1 else image
    values = image[np.isfinite(image)]
    if values.size == 0:
        return 0.0, 1.0
    tail = 50 * (1 - clip)
    low, high = (float(limit) for limit in np.percentile(values, (tail, 100 - tail)))
    if not low < high:
        low, high = float(values.min()), float(values.max())
    return (low, high) if low < high else (low, low + 1)


def to_uint8(image: np.ndarray, low: float, high: float, gamma: float = 1.0) -> np.ndarray:
    """Values from low to high as 1 to 255, after a power ``gamma``; 0 marks pixels without a value (NaN).

    Parameters
    ----------
    image : (height, width) array
    low, high : values that become 1 and 255; what lies beyond is clipped
    gamma : below 1 brightens the dark parts

    Returns
    -------
    (height, width) uint8
    """
    if not low < high or not gamma > 0:
        raise ValueError(f"Contrast from {low:g} to {high:g} with gamma {gamma:g} shows nothing.")
    # float32 keeps the pass over the pixels in one type; the limits are exact enough for 255 steps
    image = np.ascontiguousarray(image, np.float32)
    return _to_uint8(image, np.float32(low), np.float32(1 / (high - low)), np.float32(gamma))


def compose_rgb(
    red: np.ndarray | None = None, green: np.ndarray | None = None, blue: np.ndarray | None = None
) -> np.ndarray:
    """Up to three uint8 images of equal shape as one opaque RGBA image for Bokeh's ``image_rgba``.

    Returns
    -------
    (height, width) uint32, bytes R, G, B, A
    """
    shapes = {channel.shape for channel in (red, green, blue) if channel is not None}
    if len(shapes) != 1:
        raise ValueError(
            f"A colour image needs one to three images of one shape; these have {sorted(shapes)}."
        )
    rgba = np.zeros((*shapes.pop(), 4), np.uint8)
    for i, channel in enumerate((red, green, blue)):
        if channel is not None:
            rgba[:, :, i] = channel
    rgba[:, :, 3] = 255
    return rgba.view(np.uint32)[:, :, 0]


@njit(parallel=True, cache=True, nogil=True)
def _to_uint8(image, low, per_value, gamma):
    result = np.empty(image.shape, np.uint8)
    for y in prange(image.shape[0]):
        for x in range(image.shape[1]):
            value = image[y, x]
            if value != value:
                result[y, x] = 0
                continue
            share = min(max((value - low) * per_value, np.float32(0)), np.float32(1))
            if gamma != 1:
                share = share**gamma
            result[y, x] = np.uint8(np.float32(1.5) + np.float32(254) * share)
    return result
