"""Shares of known or nearly known spectra in every pixel: n_c ~ Poisson(sum_k a_k s_kc), smooth and sparse.

The likelihood of the counts is maximised by expectation-maximisation (Richardson 1972, Lucy 1974), with a
Dirichlet prior for every pixel: pseudo-counts shared out as the neighbours' shares are, less a fixed number
of counts per spectrum, so that a spectrum which explains less than that leaves the pixel.
"""

from __future__ import annotations

import numpy as np
from numba import get_num_threads, njit, prange
from scipy import sparse

from models import potts
from models.count_bins import BinnedCounts

_PRIOR_COUNTS = 30.0  # of the mean spectrum in every spectrum: no bin is impossible anywhere


def shares(
    binned: BinnedCounts,
    spectra: np.ndarray,
    start: np.ndarray,
    iterations: int = 12,
    neighbour_counts: float = 15.0,
    sparsity_counts: float = 1.0,
) -> np.ndarray:
    """Share of every spectrum in the counts of every pixel, (n_pixels, n_spectra) float32, rows sum to 1.

    Parameters
    ----------
    binned : counts in bins
    spectra : (n_spectra, n_bins), rows sum to 1
    start : (n_pixels, n_spectra) shares to start from
    iterations : passes over the map
    neighbour_counts : how many counts the neighbours' shares are worth
    sparsity_counts : counts that a spectrum must explain to stay in a pixel
    """
    share = np.ascontiguousarray(start, dtype=np.float32)
    transposed = np.ascontiguousarray(spectra.T, dtype=np.float32)
    for _ in range(iterations):
        prior = potts.neighbour_share(share, binned.shape)
        share = _expectation(
            binned.counts.indptr,
            binned.counts.indices,
            binned.counts.data,
            transposed,
            share,
            prior,
            np.float32(neighbour_counts),
            np.float32(sparsity_counts),
        )
    return share


def improve_spectra(
    binned: BinnedCounts, spectra: np.ndarray, share: np.ndarray, mean: np.ndarray
) -> np.ndarray:
    """One maximisation step for the spectra at fixed shares, (n_spectra, n_bins), rows sum to 1, positive."""
    better = _explained(
        binned.counts.indptr,
        binned.counts.indices,
        binned.counts.data,
        _no_bin(binned),
        np.ascontiguousarray(spectra.T, dtype=np.float32),
        share,
        binned.n_bins,
        get_num_threads(),
    )
    better += _PRIOR_COUNTS * mean
    return better / better.sum(axis=1, keepdims=True)


def spectra_by_channel(
    counts: sparse.csr_matrix, bin_of_channel: np.ndarray, spectra: np.ndarray, share: np.ndarray
) -> np.ndarray:
    """The spectra at full resolution: the counts of every channel shared out as those of its bin.

    Parameters
    ----------
    counts : (n_pixels, n_channels) CSR
    bin_of_channel : (n_channels,), -1 where the unmixing left a channel out: its counts are shared out as
        all counts of the pixel
    spectra, share : as fitted

    Returns
    -------
    (n_spectra, n_channels) float64, rows sum to 1
    """
    found = _explained(
        counts.indptr,
        counts.indices,
        counts.data,
        bin_of_channel,
        np.ascontiguousarray(spectra.T, dtype=np.float32),
        share,
        counts.shape[1],
        get_num_threads(),
    )
    return found / np.maximum(found.sum(axis=1, keepdims=True), 1e-12)


def _no_bin(binned: BinnedCounts) -> np.ndarray:
    return np.arange(binned.n_bins, dtype=np.int32)


@njit(parallel=True, cache=True, nogil=True, fastmath=True)
def _expectation(indptr, indices, data, spectra, share, prior, neighbour_counts, sparsity_counts):
    n_pixels, n_spectra = share.shape
    result = np.empty_like(share)
    floor = np.float32(1e-6)
    for pixel in prange(n_pixels):
        old = share[pixel]
        new = np.zeros(n_spectra, np.float32)
        for event in range(indptr[pixel], indptr[pixel + 1]):
            column = spectra[indices[event]]
            expected = np.float32(1e-12)
            for k in range(n_spectra):
                expected += old[k] * column[k]
            ratio = np.float32(data[event]) / expected
            for k in range(n_spectra):
                new[k] += ratio * column[k]
        whole = np.float32(0)
        for k in range(n_spectra):
            value = new[k] * old[k] + neighbour_counts * prior[pixel, k] - sparsity_counts
            value = max(value, floor)
            new[k] = value
            whole += value
        for k in range(n_spectra):
            result[pixel, k] = new[k] / whole
    return result


@njit(parallel=True, cache=True, nogil=True, fastmath=True)
def _explained(indptr, indices, data, bin_of_channel, spectra, share, n_channels, n_threads):
    n_pixels, n_spectra = share.shape
    partial = np.zeros((n_threads, n_channels, n_spectra), np.float64)
    block = (n_pixels + n_threads - 1) // n_threads
    for thread in prange(n_threads):
        table = partial[thread]
        part = np.empty(n_spectra, np.float32)
        for pixel in range(thread * block, min((thread + 1) * block, n_pixels)):
            old = share[pixel]
            for event in range(indptr[pixel], indptr[pixel + 1]):
                group = bin_of_channel[indices[event]]
                expected = np.float32(1e-12)
                for k in range(n_spectra):
                    part[k] = old[k] * spectra[group, k] if group >= 0 else old[k]
                    expected += part[k]
                ratio = np.float32(data[event]) / expected
                row = table[indices[event]]
                for k in range(n_spectra):
                    row[k] += ratio * part[k]
    total = np.zeros((n_spectra, n_channels), np.float64)
    for thread in range(n_threads):
        total += partial[thread].T
    return total
