"""X-ray events drawn straight into sparse counts: the cost grows with the events, not with the channels."""

from __future__ import annotations

import numpy as np
from numba import njit, prange
from scipy import sparse

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # step of the splitmix64 generator (Steele, Lea & Flood 2014)


def draw_counts(
    expected: np.ndarray, spectra: np.ndarray, rng: np.random.Generator, rows_per_block: int = 65536
) -> sparse.csr_matrix:
    """Poisson counts of pixels that mix a few pure spectra.

    The counts of a phase in a pixel are Poisson, and each of them falls into a channel by the phase's
    spectrum: together exactly independent Poisson counts with mean ``expected @ spectra``.

    Parameters
    ----------
    expected : (n_pixels, n_phases) float, expected counts of every phase
    spectra : (n_phases, n_channels) float, each of sum 1
    rng : its state fixes the result, whatever the number of threads

    Returns
    -------
    (n_pixels, n_channels) CSR with sorted indices, uint8 where the counts fit, else uint16 or uint32
    """
    n_pixels, n_channels = expected.shape[0], spectra.shape[1]
    key = rng.integers(0, 2**63, dtype=np.uint64)
    threshold, other = _alias_tables(spectra)
    events = np.empty(expected.shape, np.uint32)
    for start in range(0, n_pixels, rows_per_block):
        block = slice(start, start + rows_per_block)
        events[block] = rng.poisson(expected[block])
    # The generator is a function of (key, pixel, event), so the events are drawn twice, once to count
    # and once to store: no buffer of all events is ever held.
    n_stored, highest = _count(events, threshold, other, key)
    indptr = np.zeros(n_pixels + 1, np.int64)
    np.cumsum(n_stored, out=indptr[1:])
    if indptr[-1] <= np.iinfo(np.int32).max:
        indptr = indptr.astype(np.int32)
    peak = int(highest.max(initial=0))
    data = np.empty(int(indptr[-1]), np.min_scalar_type(peak))
    indices = np.empty(data.size, indptr.dtype)
    _store(events, threshold, other, key, indptr, indices, data)
    return sparse.csr_matrix((data, indices, indptr), shape=(n_pixels, n_channels))


def _alias_tables(spectra: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Walker's alias tables: channel ``c`` is kept with probability ``threshold``, else ``other[c]``.

    Returns
    -------
    (n_phases, n_channels) float64 thresholds and (n_phases, n_channels) int32 alternatives
    """
    n_phases, n_channels = spectra.shape
    threshold = np.ones((n_phases, n_channels))
    other = np.tile(np.arange(n_channels, dtype=np.int32), (n_phases, 1))
    for phase in range(n_phases):
        mass = spectra[phase] / spectra[phase].sum() * n_channels
        poor = list(np.flatnonzero(mass < 1.0))
        rich = list(np.flatnonzero(mass >= 1.0))
        while poor and rich:
            low, high = poor.pop(), rich[-1]
            threshold[phase, low] = mass[low]
            other[phase, low] = high
            mass[high] -= 1.0 - mass[low]
            if mass[high] < 1.0:
                poor.append(rich.pop())
        # what rounding leaves in `poor` has a mass of one
    return threshold, other


@njit(inline="always")
def _mixed(state):
    """The output function of splitmix64."""
    z = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(nogil=True)
def _histogram(events, pixel, threshold, other, key, histogram):
    """Add the events of one pixel to a histogram of channels."""
    n_channels = np.uint64(histogram.size)
    state = _mixed(key ^ _mixed(np.uint64(pixel) * _GOLDEN + np.uint64(1)))
    for phase in range(events.shape[1]):
        for _ in range(events[pixel, phase]):
            state += _GOLDEN
            bits = _mixed(state)
            # the upper half of the bits chooses the column, the lower half between it and its alias
            column = ((bits >> np.uint64(32)) * n_channels) >> np.uint64(32)
            uniform = (bits & np.uint64(0xFFFFFFFF)) * 2.3283064365386963e-10
            if uniform < threshold[phase, column]:
                histogram[column] += 1
            else:
                histogram[other[phase, column]] += 1


@njit(parallel=True, cache=True, nogil=True)
def _count(events, threshold, other, key):
    n_pixels, n_channels = events.shape[0], threshold.shape[1]
    n_stored = np.zeros(n_pixels, np.int64)
    highest = np.zeros(n_pixels, np.uint32)
    n_blocks = (n_pixels + 255) // 256
    for block in prange(n_blocks):
        histogram = np.zeros(n_channels, np.uint32)
        for pixel in range(block * 256, min(block * 256 + 256, n_pixels)):
            _histogram(events, pixel, threshold, other, key, histogram)
            for channel in range(n_channels):
                if histogram[channel] > 0:
                    n_stored[pixel] += 1
                    highest[pixel] = max(highest[pixel], histogram[channel])
                    histogram[channel] = 0
    return n_stored, highest


@njit(parallel=True, cache=True, nogil=True)
def _store(events, threshold, other, key, indptr, indices, data):
    n_pixels, n_channels = events.shape[0], threshold.shape[1]
    n_blocks = (n_pixels + 255) // 256
    for block in prange(n_blocks):
        histogram = np.zeros(n_channels, np.uint32)
        for pixel in range(block * 256, min(block * 256 + 256, n_pixels)):
            _histogram(events, pixel, threshold, other, key, histogram)
            position = indptr[pixel]
            for channel in range(n_channels):
                if histogram[channel] > 0:
                    indices[position] = channel
                    data[position] = histogram[channel]
                    position += 1
                    histogram[channel] = 0
