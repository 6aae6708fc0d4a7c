"""Where the end-members of a map do not explain its counts, pixel by pixel or in windows of several pixels.

A pixel of few counts can hide a foreign phase; the sum of its neighbourhood can not. Counts and expectation
are summed over windows and compared by the Poisson deviance, in units of what chance makes of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit, prange
from scipy import ndimage

from data.spectrum_image import SpectrumImage
from models import poisson_shares
from models.endmembers import Unmixing

WINDOWS = (1, 3, 5)
_BAND_PIXELS = 1 << 17
_CHANCE_PIXELS = 20_000


@dataclass(frozen=True, eq=False)
class Residual:
    """What is left unexplained.

    Attributes
    ----------
    surprise : (n_y, n_x) float32; of counts, the Poisson deviance beyond chance in standard deviations; of
        element maps, the norm of the misfit relative to that of the intensities; NaN where nothing was
        measured
    by_chance : (n,) float32, the same of pixels drawn at random whose counts were drawn from what the
        end-members expect: what explained pixels look like; empty where chance is unknown
    window : side of the windows, pixels
    """

    surprise: np.ndarray
    by_chance: np.ndarray
    window: int

    @property
    def in_deviations(self) -> bool:
        """Whether it is in standard deviations of counting noise; else relative to the intensities."""
        return self.by_chance.size > 0


def taken_channels(endmembers: np.ndarray) -> slice:
    """The channels that took part in an unmixing: outside of them all end-members are empty."""
    taken = np.flatnonzero(endmembers.any(axis=0))
    return slice(int(taken[0]), int(taken[-1]) + 1) if taken.size else slice(0, endmembers.shape[1])


def of_counts(image: SpectrumImage, unmixing: Unmixing, window: int, seed: int = 0) -> Residual:
    """The residual of a spectrum image.

    Parameters
    ----------
    image : the map that was unmixed
    unmixing : its end-members and abundances
    window : side of the windows over which counts are summed, pixels, odd
    seed : of the pixels that stand for chance

    Raises
    ------
    ValueError
        The window is even, or the unmixing is of another map.
    """
    if window < 1 or window % 2 == 0:
        raise ValueError(f"A window is 1, 3, 5 ... pixels wide; {window} was asked for.")
    if unmixing.abundances.shape[:2] != image.shape:
        raise ValueError("The end-members are of another map; find them again.")
    (n_y, n_x), channels = image.shape, taken_channels(unmixing.endmembers)
    pure = poisson_shares.positive(unmixing.endmembers[:, channels])
    total = image.sum_spectrum()[channels]
    bin_of_channel = np.full(image.energy.n_channels, -1, np.int64)
    bin_of_channel[channels] = poisson_shares.equal_bins(total)
    n_bins = int(bin_of_channel.max()) + 1
    binned = np.zeros((n_bins, len(pure)), np.float64)
    np.add.at(binned, bin_of_channel[channels], pure.T)
    table = poisson_shares.deviance_table()
    surprise = np.full((n_y, n_x), np.nan, np.float32)
    random = np.random.default_rng(seed)
    chance, reach = [], window // 2
    rows = max(1, _BAND_PIXELS // n_x)
    for top in range(0, n_y, rows):
        stop = min(top + rows, n_y)
        first, last = max(top - reach, 0), min(stop + reach, n_y)
        part = image.counts[first * n_x : last * n_x]
        seen = _binned_rows(part.indptr, part.indices, part.data, bin_of_channel, n_bins)
        share = unmixing.abundances[first:last].reshape(-1, len(pure)).astype(np.float64)
        expected = (seen.sum(axis=1, keepdims=True) * (share @ binned.T)).reshape(last - first, n_x, n_bins)
        seen = seen.reshape(last - first, n_x, n_bins)
        if window > 1:
            seen, expected = _window_sums(seen, window), _window_sums(expected, window)
        inside = slice(top - first, stop - first)
        seen = np.ascontiguousarray(seen[inside].reshape(-1, n_bins), np.float32)
        expected = np.ascontiguousarray(expected[inside].reshape(-1, n_bins), np.float32)
        surprise[top:stop] = _deviation(seen, expected, *table).reshape(stop - top, n_x)
        measured = np.flatnonzero(seen.sum(axis=1) > 0)
        if measured.size:
            some = random.choice(measured, -(-_CHANCE_PIXELS * (stop - top) // n_y))
            drawn = random.poisson(np.maximum(expected[some], 0)).astype(np.float32)
            chance.append(_deviation(drawn, expected[some], *table))
    by_chance = np.concatenate(chance) if chance else np.zeros(0, np.float32)
    return Residual(surprise, by_chance[np.isfinite(by_chance)], window)


def of_maps(unmixing: Unmixing, valid: np.ndarray | None, window: int = 1) -> Residual:
    """The residual of element maps: the relative misfit; what chance would make of it is not known.

    Parameters
    ----------
    valid : (n_y, n_x) bool, or None where every pixel counts
    window : side of the windows over which the misfit is averaged, pixels, odd
    """
    misfit = unmixing.residual.astype(np.float32)
    measured = np.ones(misfit.shape, bool) if valid is None else valid
    if window > 1:
        # averages over what was measured: the edge of the sample is no misfit
        held = ndimage.uniform_filter(measured.astype(np.float32), window, mode="constant")
        mean = ndimage.uniform_filter(np.where(measured, misfit, 0), window, mode="constant")
        misfit = np.divide(mean, held, out=np.zeros_like(mean), where=held > 1e-6)
    return Residual(np.where(measured, misfit, np.nan), np.zeros(0, np.float32), window)


def _window_sums(values: np.ndarray, window: int) -> np.ndarray:
    """Sums over windows, (n_y, n_x, n_bins); what lies outside counts as empty."""
    for axis in (0, 1):
        values = ndimage.uniform_filter1d(values, window, axis=axis, mode="constant")
    return np.maximum(values * window**2, 0)


@njit(parallel=True, cache=True, nogil=True)
def _binned_rows(indptr, indices, data, bin_of_channel, n_bins):
    """Counts of every pixel in bins, (n_pixels, n_bins); channels of bin -1 are left out."""
    result = np.zeros((indptr.size - 1, n_bins), np.float64)
    for pixel in prange(indptr.size - 1):
        for event in range(indptr[pixel], indptr[pixel + 1]):
            group = bin_of_channel[indices[event]]
            if group >= 0:
                result[pixel, group] += data[event]
    return result


@njit(parallel=True, cache=True, nogil=True)
def _deviation(seen, expected, log_mean, deviance_mean, deviance_variance):
    """Poisson deviance of every row beyond chance in standard deviations; NaN where nothing was counted."""
    step = log_mean[1] - log_mean[0]
    result = np.empty(len(seen), np.float32)
    for row in prange(len(seen)):
        beyond, variance, total = 0.0, 0.0, 0.0
        for b in range(seen.shape[1]):
            mean = max(expected[row, b], 1e-6)
            total += seen[row, b]
            deviance = mean - seen[row, b]
            if seen[row, b] > 0:
                deviance += seen[row, b] * np.log(seen[row, b] / mean)
            place = min(max((np.log(mean) - log_mean[0]) / step, 0.0), log_mean.size - 1.001)
            low = int(place)
            part = place - low
            beyond += 2 * deviance - (deviance_mean[low] * (1 - part) + deviance_mean[low + 1] * part)
            variance += deviance_variance[low] * (1 - part) + deviance_variance[low + 1] * part
        result[row] = beyond / np.sqrt(variance) if total > 0 else np.nan
    return result
