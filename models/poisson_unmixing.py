"""Shares of known or nearly known spectra in every pixel: n_c ~ Poisson(sum_k a_k s_kc), smooth and sparse.

The likelihood of the counts is maximised by expectation-maximisation (Richardson 1972, Lucy 1974), with a
Dirichlet prior for every pixel: pseudo-counts shared out as the neighbours' shares are, less a fixed number
of counts per spectrum, so that a spectrum which explains less than that leaves the pixel.
"""

from __future__ import annotations

import numpy as np
from numba import get_num_threads, njit, prange
from scipy import sparse

from data.block_passes import Counts, added, per_pixel
from data.sparse_counts import project
from models import potts
from models.count_bins import BinnedCounts

_PRIOR_COUNTS = 30.0  # of the mean spectrum in every spectrum: no bin is impossible anywhere
_NEIGHBOUR_COUNTS = 12.0  # predicts counts held out about best from 20 to 200 counts per pixel
# less while spectra are learnt: where neighbours lend a small phase shares of the phase around it, its
# spectrum is pushed away from theirs to make up for it
_NEIGHBOUR_COUNTS_LEARNING = 5.0
_SPARSITY_COUNTS = 1.0
_ROUNDS, _PASSES_PER_ROUND = 6, 3
_STEP = np.float32(1.8)  # relaxation; 1 is plain expectation-maximisation, below 2 it converges
_START_STRENGTH = 0.6  # of the Potts prior of the shares to start from
_OPEN = 0.2  # part of a pixel that starts equally shared: a spectrum at zero could never come in


def fit(
    binned: BinnedCounts, spectra: np.ndarray, mean: np.ndarray, rounds: int = _ROUNDS
) -> tuple[np.ndarray, np.ndarray]:
    """Spectra and shares improved in turn.

    Parameters
    ----------
    binned : counts in bins
    spectra : (n_spectra, n_bins) to start from, rows sum to 1, positive
    mean : (n_bins,) spectrum of the map
    rounds : improvements of the spectra

    Returns
    -------
    (n_spectra, n_bins) spectra, (n_pixels, n_spectra) float32 shares
    """
    share = start_shares(binned, spectra)
    for _ in range(rounds if len(spectra) > 1 else 0):
        spectra, share = improve(binned, spectra, share, mean)
    return spectra, shares(binned, spectra, share, _PASSES_PER_ROUND)


def start_shares(binned: BinnedCounts, spectra: np.ndarray) -> np.ndarray:
    """Shares to start from: mostly of the one spectrum that suits a pixel and its neighbours best."""
    return per_pixel(binned.counts, _start_shares, shared=(spectra, binned.shape[1]), halo=potts.SWEEPS)


def _start_shares(counts: sparse.csr_matrix, spectra: np.ndarray, n_x: int) -> np.ndarray:
    score = project(counts, np.log(spectra).T)
    share = potts.mean_field(score, (counts.shape[0] // n_x, n_x), _START_STRENGTH)
    share *= 1 - _OPEN
    share += _OPEN / len(spectra)
    return share


def improve(
    binned: BinnedCounts, spectra: np.ndarray, share: np.ndarray, mean: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """One round: shares for the spectra, then spectra for the shares."""
    share = shares(binned, spectra, share, _PASSES_PER_ROUND, _NEIGHBOUR_COUNTS_LEARNING)
    return spectra_from(explained_counts(binned, spectra, share), mean), share


def shares(
    binned: BinnedCounts,
    spectra: np.ndarray,
    start: np.ndarray,
    passes: int,
    neighbour_counts: float = _NEIGHBOUR_COUNTS,
    sparsity_counts: float = _SPARSITY_COUNTS,
    pixels: np.ndarray | None = None,
) -> np.ndarray:
    """Share of every spectrum in the counts of every pixel, (n_pixels, n_spectra) float32, rows sum to 1.

    Parameters
    ----------
    binned : counts in bins
    spectra : (n_spectra, n_bins), rows sum to 1
    start : (n_pixels, n_spectra) shares to start from
    passes : over the map
    neighbour_counts : how many counts the neighbours' shares are worth
    sparsity_counts : counts that a spectrum must explain to stay in a pixel
    pixels : indices of those to improve, the others keep their shares; None: all
    """
    share = np.ascontiguousarray(start, np.float32)
    if pixels is not None:
        share = share.copy()
    settings = (_by_bin(spectra), binned.shape[1], np.float32(neighbour_counts), np.float32(sparsity_counts))
    for _ in range(passes):
        if pixels is None:
            share = per_pixel(binned.counts, _better_shares, (share,), settings, halo=1)
        else:
            share[pixels] = _better_shares(binned.counts, share, *settings, pixels)
    return share


def _better_shares(
    counts: sparse.csr_matrix,
    share: np.ndarray,
    by_bin: np.ndarray,
    n_x: int,
    neighbour_counts: np.float32,
    sparsity_counts: np.float32,
    pixels: np.ndarray | None = None,
) -> np.ndarray:
    """Shares of some pixels after one pass over whole rows of a map; of all where none are named."""
    prior = potts.neighbour_share(share, (counts.shape[0] // n_x, n_x))
    pixels = _all_or(pixels, share)
    return _expectation(*_arrays(counts), by_bin, share, prior, pixels, neighbour_counts, sparsity_counts)


def explained_counts(
    binned: BinnedCounts, spectra: np.ndarray, share: np.ndarray, pixels: np.ndarray | None = None
) -> np.ndarray:
    """Counts of the pixels that each spectrum explains, per bin, (n_spectra, n_bins) float64."""
    bins = np.arange(binned.n_bins, dtype=np.int32)
    if pixels is not None:
        return _explained_by(binned.counts, share, bins, _by_bin(spectra), pixels)
    return added(binned.counts, _explained_by, (share,), (bins, _by_bin(spectra)))


def _explained_by(
    counts: sparse.csr_matrix,
    share: np.ndarray,
    bin_of_channel: np.ndarray,
    by_bin: np.ndarray,
    pixels: np.ndarray | None = None,
) -> np.ndarray:
    chosen = _all_or(pixels, share)
    n_channels = counts.shape[1]
    return _explained(*_arrays(counts), bin_of_channel, by_bin, share, chosen, n_channels, get_num_threads())


def spectra_from(explained: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Spectra that explain these counts best: rows sum to 1, positive thanks to a little of the mean."""
    spectra = explained + _PRIOR_COUNTS * mean
    return spectra / spectra.sum(axis=1, keepdims=True)


def spectra_by_channel(
    counts: Counts, bin_of_channel: np.ndarray, spectra: np.ndarray, share: np.ndarray
) -> np.ndarray:
    """The spectra at full resolution: the counts of every channel shared out as those of its bin.

    Parameters
    ----------
    counts : (n_pixels, n_channels) CSR or in blocks
    bin_of_channel : (n_channels,), -1 where the unmixing left a channel out: its counts are shared out as
        all counts of the pixel
    spectra, share : as fitted

    Returns
    -------
    (n_spectra, n_channels) float64, rows sum to 1
    """
    found = added(counts, _explained_by, (share,), (bin_of_channel, _by_bin(spectra)))
    return found / np.maximum(found.sum(axis=1, keepdims=True), 1e-12)


def log_likelihood(
    binned: BinnedCounts, spectra: np.ndarray, share: np.ndarray, pixels: np.ndarray
) -> np.ndarray:
    """Log likelihood of the counts of some pixels but for a constant, (len(pixels),) float64."""
    return _log_likelihood(*_arrays(binned.counts), _by_bin(spectra), share, pixels)


def _arrays(counts: sparse.csr_matrix) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return counts.indptr, counts.indices, counts.data


def _by_bin(spectra: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(spectra.T, dtype=np.float32)


def _all_or(pixels: np.ndarray | None, share: np.ndarray) -> np.ndarray:
    return np.arange(share.shape[0]) if pixels is None else pixels


@njit(parallel=True, cache=True, nogil=True, fastmath=True)
def _expectation(indptr, indices, data, spectra, share, prior, pixels, neighbour_counts, sparsity_counts):
    n_spectra = share.shape[1]
    result = np.empty((pixels.size, n_spectra), np.float32)
    floor = np.float32(1e-6)
    for place in prange(pixels.size):
        pixel = pixels[place]
        old = share[pixel]
        new = result[place]
        new[:] = 0
        for event in range(indptr[pixel], indptr[pixel + 1]):
            if data[event] == 0:
                continue
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
            new[k] = max(value, floor)
            whole += new[k]
        # longer steps than those of expectation-maximisation: they converge too, in half the passes
        total = np.float32(0)
        for k in range(n_spectra):
            new[k] = max(old[k] + _STEP * (new[k] / whole - old[k]), floor)
            total += new[k]
        for k in range(n_spectra):
            new[k] /= total
    return result


@njit(parallel=True, cache=True, nogil=True, fastmath=True)
def _explained(indptr, indices, data, bin_of_channel, spectra, share, pixels, n_channels, n_threads):
    n_spectra = share.shape[1]
    partial = np.zeros((n_threads, n_channels, n_spectra), np.float64)
    block = (pixels.size + n_threads - 1) // n_threads
    for thread in prange(n_threads):
        table = partial[thread]
        part = np.empty(n_spectra, np.float32)
        for place in range(thread * block, min((thread + 1) * block, pixels.size)):
            pixel = pixels[place]
            old = share[pixel]
            for event in range(indptr[pixel], indptr[pixel + 1]):
                if data[event] == 0:
                    continue
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


@njit(parallel=True, cache=True, nogil=True)
def _log_likelihood(indptr, indices, data, spectra, share, pixels):
    n_spectra = share.shape[1]
    result = np.zeros(pixels.size, np.float64)
    for place in prange(pixels.size):
        pixel = pixels[place]
        for event in range(indptr[pixel], indptr[pixel + 1]):
            if data[event] == 0:
                continue
            expected = np.float32(1e-12)
            for k in range(n_spectra):
                expected += share[pixel, k] * spectra[indices[event], k]
            result[place] += data[event] * np.log(expected)
    return result
