"""How much of every pixel's counts known spectra explain, by maximum likelihood, and what they leave.

Counts of a pixel are n_c ~ Poisson(sum_k a_k s_kc) with spectra s that sum to 1; the most likely a >= 0 is
climbed by a_k <- a_k g_k, g_k = sum_c s_kc n_c / mu_c (Richardson 1972, Lucy 1974). Steps are made longer,
g_k^1.5, which still converges (any power below 2 does: Peters & Walker, SIAM J. Appl. Math. 35, 447, 1978).
Every pixel stands for itself; ``poisson_unmixing`` adds smooth neighbours.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange
from scipy import sparse, stats

_FLOOR = 1e-7  # of a uniform spectrum in every spectrum: a stray count in an empty channel excludes nothing
_SETTLED = np.float32(5e-4)
_RESIDUAL_BINS = 64
_LARGEST_MEAN = 1e4


def shares(counts: sparse.csr_matrix, spectra: np.ndarray, n_steps: int = 100) -> np.ndarray:
    """Most likely counts from every spectrum, as shares of the counts of the row.

    Parameters
    ----------
    counts : (n_rows, n_channels) CSR, not negative
    spectra : (n_spectra, n_channels), rows sum to 1
    n_steps : steps from equal shares, at most; fewer where no share changes by more than 0.0005

    Returns
    -------
    (n_rows, n_spectra) float32; rows sum to 1, or are 0 where nothing was counted
    """
    by_channel = np.ascontiguousarray(positive(spectra).T, dtype=np.float32)
    return _shares(counts.indptr, counts.indices, counts.data, by_channel, n_steps)


def log_likelihood(counts: sparse.csr_matrix, spectra: np.ndarray, share: np.ndarray) -> np.ndarray:
    """ln p of the counts of every row given their sum and the shares of the spectra, (n_rows,) float64."""
    by_channel = np.ascontiguousarray(positive(spectra).T, dtype=np.float32)
    return _log_likelihood(counts.indptr, counts.indices, counts.data, by_channel, share)


def equal_bins(spectrum: np.ndarray) -> np.ndarray:
    """A bin for every channel, 0 ... 63, so that all bins hold about the same counts of a spectrum."""
    place = (np.cumsum(spectrum) - 0.5 * spectrum) / max(float(spectrum.sum()), 1e-300)
    return np.clip((place * _RESIDUAL_BINS).astype(np.int64), 0, _RESIDUAL_BINS - 1)


def surprise(
    counts: sparse.csr_matrix, spectra: np.ndarray, share: np.ndarray, bin_of_channel: np.ndarray
) -> np.ndarray:
    """Poisson deviance of every row beyond what chance explains, in standard deviations.

    Channels are joined into bins of about equal counts first (:func:`equal_bins`), since single counts in
    thousands of channels say little each. About 0 +- 1 where the spectra explain a row; a few and more
    where something else is.

    Returns
    -------
    (n_rows,) float32; 0 where nothing was counted
    """
    binned = np.zeros((_RESIDUAL_BINS, len(spectra)), np.float32)
    np.add.at(binned, bin_of_channel, positive(spectra).T.astype(np.float32))
    return _surprise(
        counts.indptr, counts.indices, counts.data, binned, bin_of_channel, share, *deviance_table()
    )


def positive(spectra: np.ndarray) -> np.ndarray:
    """Spectra with a trace of a uniform one: no channel is impossible in any."""
    return (1 - _FLOOR) * spectra + _FLOOR / spectra.shape[1]


def deviance_table() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean and variance of the deviance of one Poisson count, against ln of its mean."""
    log_mean = np.linspace(np.log(1e-6), np.log(_LARGEST_MEAN), 200)
    mean, variance = np.empty(log_mean.size), np.empty(log_mean.size)
    for i, mu in enumerate(np.exp(log_mean)):
        n = np.arange(max(0, int(mu - 8 * np.sqrt(mu)) - 8), int(mu + 8 * np.sqrt(mu)) + 16)
        chance = stats.poisson.pmf(n, mu)
        deviance = 2 * (np.where(n > 0, n * np.log(np.maximum(n, 1) / mu), 0) - (n - mu))
        mean[i] = chance @ deviance
        variance[i] = chance @ (deviance - mean[i]) ** 2
    return log_mean, mean, variance


@njit(parallel=True, cache=True, nogil=True)
def _shares(indptr, indices, data, by_channel, n_steps):
    n_rows, n_spectra = indptr.size - 1, by_channel.shape[1]
    result = np.zeros((n_rows, n_spectra), np.float32)
    for row in prange(n_rows):
        total = np.float32(0)
        for event in range(indptr[row], indptr[row + 1]):
            total += np.float32(data[event])
        if total <= 0:
            continue
        share = result[row]
        share[:] = np.float32(1) / n_spectra
        gain = np.empty(n_spectra, np.float32)
        for _ in range(n_steps):
            gain[:] = 0
            for event in range(indptr[row], indptr[row + 1]):
                spectrum = by_channel[indices[event]]
                expected = np.float32(0)
                for k in range(n_spectra):
                    expected += share[k] * spectrum[k]
                ratio = np.float32(data[event]) / expected
                for k in range(n_spectra):
                    gain[k] += ratio * spectrum[k]
            changed, left = np.float32(0), np.float32(0)
            for k in range(n_spectra):
                relative = gain[k] / total
                gain[k] = share[k] * relative * np.sqrt(relative)
                left += gain[k]
            for k in range(n_spectra):
                changed = max(changed, abs(share[k] - gain[k] / left))
                share[k] = gain[k] / left
            if changed < _SETTLED:
                break
    return result


@njit(parallel=True, cache=True, nogil=True)
def _log_likelihood(indptr, indices, data, by_channel, share):
    result = np.zeros(indptr.size - 1)
    for row in prange(result.size):
        for event in range(indptr[row], indptr[row + 1]):
            expected = 0.0
            for k in range(share.shape[1]):
                expected += share[row, k] * by_channel[indices[event], k]
            result[row] += data[event] * np.log(max(expected, 1e-30))
    return result


@njit(parallel=True, cache=True, nogil=True)
def _surprise(
    indptr, indices, data, binned, bin_of_channel, share, log_mean, deviance_mean, deviance_variance
):
    n_bins, n_spectra = binned.shape
    step = log_mean[1] - log_mean[0]
    result = np.zeros(indptr.size - 1, np.float32)
    for row in prange(result.size):
        seen = np.zeros(n_bins)
        total = 0.0
        for event in range(indptr[row], indptr[row + 1]):
            seen[bin_of_channel[indices[event]]] += data[event]
            total += data[event]
        if total <= 0:
            continue
        beyond, variance = 0.0, 0.0
        for b in range(n_bins):
            expected = 0.0
            for k in range(n_spectra):
                expected += share[row, k] * binned[b, k]
            expected = max(expected * total, 1e-6)
            deviance = expected - seen[b]
            if seen[b] > 0:
                deviance += seen[b] * np.log(seen[b] / expected)
            place = min(max((np.log(expected) - log_mean[0]) / step, 0.0), log_mean.size - 1.001)
            low = int(place)
            part = place - low
            beyond += 2 * deviance - (deviance_mean[low] * (1 - part) + deviance_mean[low + 1] * part)
            variance += deviance_variance[low] * (1 - part) + deviance_variance[low + 1] * part
        result[row] = beyond / np.sqrt(variance)
    return result
