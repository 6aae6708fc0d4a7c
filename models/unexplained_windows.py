"""Where a fit explains the counts worst: windows of pixels whose own spectrum differs from the model's.

A phase of a dozen pixels vanishes among thousands in any global fit, but a window that it fills has counts
that the clusters there do not explain. Such windows found clusters of their own.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange
from scipy import sparse

from data.block_passes import per_pixel
from models.count_bins import BinnedCounts

_RADIUS = 1  # windows of 3 x 3 pixels
_APART = 3  # pixels between the windows that are picked
_LEAST_SCORE = 5.0
_PRIOR_COUNTS = 30.0


def surprise(binned: BinnedCounts, label: np.ndarray, spectra: np.ndarray) -> np.ndarray:
    """Log-likelihood ratio of every window's own spectrum against the model, as a robust score.

    Parameters
    ----------
    binned : counts in bins
    label : (n_pixels,) the spectrum of every pixel
    spectra : (n_spectra, n_bins), rows sum to 1, positive

    Returns
    -------
    (n_y, n_x) float64, about standard normal where the model holds: the ratio of mere noise grows with the
    counts of the window, and is therefore compared with windows of as many counts
    """
    n_y, n_x = binned.shape
    arrays = (binned.total, label.astype(np.int32, copy=False))
    settings = (np.ascontiguousarray(spectra, np.float32), n_x)
    ratio, held = per_pixel(binned.counts, _ratios, arrays, settings, halo=_RADIUS).T
    groups = np.array_split(np.argsort(held, kind="stable"), max(1, min(20, held.size // 50)))
    centre = np.array([np.median(ratio[group]) for group in groups])
    spread = np.array(
        [1.4826 * np.median(np.abs(ratio[group] - np.median(ratio[group]))) for group in groups]
    )
    at = np.array([np.median(held[group]) for group in groups])
    score = (ratio - np.interp(held, at, centre)) / np.maximum(np.interp(held, at, spread), 1e-6)
    return score.reshape(n_y, n_x)


def _ratios(
    counts: sparse.csr_matrix, total: np.ndarray, label: np.ndarray, spectra: np.ndarray, n_x: int
) -> np.ndarray:
    """Log-likelihood ratio and counts of the window around every pixel, (n_pixels, 2) float32."""
    n_y = counts.shape[0] // n_x
    found = _window_ratio(counts.indptr, counts.indices, counts.data, total, label, spectra, n_y, n_x)
    return np.stack(found, axis=1)


def spectra_of_worst(binned: BinnedCounts, score: np.ndarray, most: int, mean: np.ndarray) -> np.ndarray:
    """Spectra of the worst windows, apart from each other: (n <= most, n_bins), rows sum to 1."""
    n_y, n_x = binned.shape
    score = score.copy()
    found = []
    while len(found) < most:
        y, x = np.unravel_index(int(score.argmax()), score.shape)
        if score[y, x] < _LEAST_SCORE:
            break
        rows = np.arange(max(y - _RADIUS, 0), min(y + _RADIUS + 1, n_y))
        columns = np.arange(max(x - _RADIUS, 0), min(x + _RADIUS + 1, n_x))
        pixels = (rows[:, None] * n_x + columns).ravel()
        spectrum = (
            np.asarray(binned.counts[pixels].sum(axis=0), dtype=np.float64).ravel() + _PRIOR_COUNTS * mean
        )
        found.append(spectrum / spectrum.sum())
        score[max(y - _APART, 0) : y + _APART + 1, max(x - _APART, 0) : x + _APART + 1] = -np.inf
    return np.array(found).reshape(-1, binned.n_bins)


@njit(parallel=True, cache=True, nogil=True)
def _window_ratio(indptr, indices, data, total, label, spectra, n_y, n_x):
    n_bins = spectra.shape[1]
    ratio = np.zeros(n_y * n_x, np.float32)
    held = np.zeros(n_y * n_x, np.float32)
    for y in prange(n_y):
        seen = np.zeros(n_bins, np.float32)
        expected = np.zeros(n_bins, np.float32)
        for x in range(n_x):
            seen[:] = 0
            expected[:] = 0
            whole = np.float32(0)
            for dy in range(-_RADIUS, _RADIUS + 1):
                for dx in range(-_RADIUS, _RADIUS + 1):
                    if not (0 <= y + dy < n_y and 0 <= x + dx < n_x):
                        continue
                    pixel = (y + dy) * n_x + x + dx
                    for event in range(indptr[pixel], indptr[pixel + 1]):
                        seen[indices[event]] += data[event]
                    counts = total[pixel]
                    whole += counts
                    spectrum = spectra[label[pixel]]
                    for c in range(n_bins):
                        expected[c] += counts * spectrum[c]
            statistic = np.float32(0)
            for c in range(n_bins):
                if seen[c] > 0:
                    statistic += seen[c] * np.log(seen[c] / expected[c])
            ratio[y * n_x + x] = statistic
            held[y * n_x + x] = whole
    return ratio, held
