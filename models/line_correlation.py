"""How two lines go together: a histogram of all pixels in their plane, and the coefficients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

#: of the pixels, the share at each end of an axis that the first view leaves outside
_OUTLIERS = 0.001
#: at most so many bins on a side
MOST_BINS = 160


@dataclass(frozen=True, eq=False)
class JointHistogram:
    """Pixels counted in the plane of two lines.

    Attributes
    ----------
    pixels : (n_bins_y, n_bins_x) int32; row 0 at the low end of y
    selected : (n_bins_y, n_bins_x) int32, those of the selection; None without one
    x0, x1, y0, y1 : edges of the histogram, in the units of the lines
    pearson : linear correlation of all pixels that take part; NaN where a line is the same everywhere
    n_pixels : pixels that take part, in the histogram or outside
    """

    pixels: np.ndarray
    selected: np.ndarray | None
    x0: float
    x1: float
    y0: float
    y1: float
    pearson: float
    n_pixels: int

    @property
    def n_inside(self) -> int:
        """Pixels within the edges."""
        return int(self.pixels.sum())


def joint_limits(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float, float]:
    """x0, x1, y0, y1 of a view of two images that leaves out a few outliers; with a little room around."""
    limits: list[float] = []
    for image in (x, y):
        values = image.ravel()[:: max(1, image.size // 200_000)]
        values = values[np.isfinite(values)]
        if values.size == 0:
            limits += [0.0, 1.0]
            continue
        low, high = (float(limit) for limit in np.quantile(values, [_OUTLIERS, 1 - _OUTLIERS]))
        room = 0.04 * (high - low) or 0.5
        limits += [low - room, high + room]
    return limits[0], limits[1], limits[2], limits[3]


def joint_histogram(
    x: np.ndarray,
    y: np.ndarray,
    limits: tuple[float, float, float, float],
    valid: np.ndarray | None = None,
    selected: np.ndarray | None = None,
    bins: int = MOST_BINS,
) -> JointHistogram:
    """Count pixels in the plane of two line maps.

    Counts are whole numbers: where a map holds such, a bin is a whole number of counts wide, else the
    histogram would show stripes that are not in the data.

    Parameters
    ----------
    x, y : (n_y, n_x) intensities
    limits : x0, x1, y0, y1 of the view; the outer bins may reach beyond it by less than a bin
    valid : (n_y, n_x) bool, pixels that take part; None for all
    selected : (n_pixels,) or (n_y, n_x) bool, or None
    bins : at most so many on a side

    Raises
    ------
    ValueError
        The images differ in shape, or the view has no extent.
    """
    if x.shape != y.shape:
        raise ValueError(f"Maps of {x.shape} and {y.shape} pixels cannot be compared pixel by pixel.")
    x0, x1, y0, y1 = limits
    if not (np.isfinite(limits).all() and x0 < x1 and y0 < y1):
        raise ValueError(f"The view x {x0:g} to {x1:g}, y {y0:g} to {y1:g} is not a rectangle.")
    x0, x1, n_x = _edges(x, x0, x1, bins)
    y0, y1, n_y = _edges(y, y0, y1, bins)
    nothing = np.zeros(0, np.bool_)
    flat = [np.ascontiguousarray(image, np.float32).ravel() for image in (x, y)]
    chosen = nothing if selected is None else np.ascontiguousarray(selected, np.bool_).ravel()
    taking_part = nothing if valid is None else np.ascontiguousarray(valid, np.bool_).ravel()
    pixels, of_selected, sums = _count(*flat, taking_part, chosen, x0, x1, n_x, y0, y1, n_y)
    n, sum_x, sum_y, sum_xx, sum_yy, sum_xy = (float(value) for value in sums)
    n = max(n, 1.0)
    spread = (sum_xx - sum_x**2 / n) * (sum_yy - sum_y**2 / n)
    return JointHistogram(
        pixels=pixels,
        selected=None if selected is None else of_selected,
        x0=x0,
        x1=x1,
        y0=y0,
        y1=y1,
        pearson=(sum_xy - sum_x * sum_y / n) / spread**0.5 if spread > 1e-9 * n else float("nan"),
        n_pixels=int(sums[0]),
    )


def _edges(image: np.ndarray, low: float, high: float, bins: int) -> tuple[float, float, int]:
    """Edges of equal bins that cover low to high, and their number."""
    sample = image.ravel()[:: max(1, image.size // 20_000)]
    whole = bool((sample == np.rint(sample)).all())
    width = (high - low) / bins
    if not whole:
        return low, high, bins
    width = max(1.0, np.ceil(width))
    # values lie in the middle of their bins
    first = (np.floor((low + 0.5) / width)) * width - 0.5
    n = int(np.ceil((high - first) / width))
    return float(first), float(first + n * width), max(n, 1)


@njit(cache=True, nogil=True)
def _count(x, y, valid, selected, x0, x1, n_x, y0, y1, n_y):
    pixels = np.zeros((n_y, n_x), np.int32)
    chosen = np.zeros((n_y, n_x), np.int32)
    sums = np.zeros(6)
    per_x, per_y = n_x / (x1 - x0), n_y / (y1 - y0)
    for i in range(x.size):
        a, b = np.float64(x[i]), np.float64(y[i])
        if not (np.isfinite(a) and np.isfinite(b)) or (valid.size > 0 and not valid[i]):
            continue
        sums[0] += 1
        sums[1] += a
        sums[2] += b
        sums[3] += a * a
        sums[4] += b * b
        sums[5] += a * b
        if a < x0 or a > x1 or b < y0 or b > y1:
            continue
        column, row = min(int((a - x0) * per_x), n_x - 1), min(int((b - y0) * per_y), n_y - 1)
        pixels[row, column] += 1
        if selected.size > 0 and selected[i]:
            chosen[row, column] += 1
    return pixels, chosen, sums
