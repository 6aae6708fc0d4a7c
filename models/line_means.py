"""Mean line intensities of some pixels against the whole map, with what they are uncertain by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit, prange

from data.elemental_maps import ElementalMaps


@dataclass(frozen=True, eq=False)
class LineMeans:
    """Mean intensity of every line over a set of pixels.

    Attributes
    ----------
    lines : names
    mean : (n_lines,) float64, per pixel
    error : (n_lines,) standard error of the mean, from the spread of the pixels
    n_pixels : pixels that were averaged
    """

    lines: tuple[str, ...]
    mean: np.ndarray
    error: np.ndarray
    n_pixels: int


@dataclass(frozen=True, eq=False)
class LineRatios:
    """Means of some pixels by the means of the map that they are part of.

    Attributes
    ----------
    ratio, error : (n_lines,); NaN where the map has none of the line
    """

    ratio: np.ndarray
    error: np.ndarray


def line_means(maps: ElementalMaps, mask: np.ndarray | None = None) -> LineMeans:
    """Mean and standard error of every line over the pixels of a mask, or of the whole map.

    Pixels that take no part in the map (outside the sample) are left out, as are values that are NaN.

    Parameters
    ----------
    maps : line maps
    mask : (n_pixels,) or (n_y, n_x) bool, or None for all

    Raises
    ------
    ValueError
        The mask is of another size than the map, or leaves no pixel.
    """
    chosen = np.ones(maps.n_pixels, bool) if mask is None else np.asarray(mask, bool).ravel()
    if chosen.size != maps.n_pixels:
        raise ValueError(f"A mask of {chosen.size} pixels does not fit a map of {maps.n_pixels}.")
    if maps.valid is not None:
        chosen = chosen & maps.valid.ravel()
    places = np.flatnonzero(chosen)
    if places.size == 0:
        raise ValueError("None of these pixels takes part in the map. Select pixels on the sample.")
    values = maps.intensity.reshape(maps.n_pixels, len(maps.lines))
    n, total, squares = _moments(values, places)
    n = np.maximum(n, 1)
    mean = total / n
    spread = np.maximum(squares / n - mean**2, 0) * n / np.maximum(n - 1, 1)
    return LineMeans(maps.lines, mean, np.sqrt(spread / n), int(places.size))


def ratios(part: LineMeans, whole: LineMeans) -> LineRatios:
    """Part by whole with standard errors, for a part that is counted in the whole too.

    To first order var(p / w) = (p / w)^2 (s_p^2 / p^2 + s_w^2 / w^2 - 2 cov / (p w)), and for n of N pixels
    cov = n / N s_p^2: the errors of both are partly the same.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(whole.mean > 0, part.mean / whole.mean, np.nan)
        covariance = part.n_pixels / whole.n_pixels * part.error**2
        variance = (
            part.error**2 - 2 * ratio * covariance + ratio**2 * whole.error**2
        ) / whole.mean**2  # the same, written without a division by the part
    return LineRatios(ratio, np.sqrt(np.maximum(variance, 0)))


@njit(cache=True, nogil=True, parallel=True)
def _moments(values, places):
    """Number, sum and sum of squares of the finite values of every line."""
    n_lines, n_chunks = values.shape[1], 16
    n = np.zeros((n_chunks, n_lines))
    total, squares = np.zeros((n_chunks, n_lines)), np.zeros((n_chunks, n_lines))
    size = (places.size + n_chunks - 1) // n_chunks
    for chunk in prange(n_chunks):
        for i in range(chunk * size, min((chunk + 1) * size, places.size)):
            for line in range(n_lines):
                value = np.float64(values[places[i], line])
                if np.isfinite(value):
                    n[chunk, line] += 1
                    total[chunk, line] += value
                    squares[chunk, line] += value * value
    return n.sum(axis=0), total.sum(axis=0), squares.sum(axis=0)
