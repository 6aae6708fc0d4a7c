"""Counts regrouped into energy bins about as wide as the detector can resolve.

Neighbouring channels inside half a resolution width carry the same information on the phases: likelihoods
over some 300 bins equal those over 2048 channels within noise, and cost a fraction of the time and memory.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numba import njit, prange
from scipy import sparse

from data.axes import EnergyAxis
from data.block_passes import Counts, in_blocks
from data.sparse_counts import row_sums

_CHANNELS_PER_BIN_UNCALIBRATED = 4
_WIDTHS_PER_FWHM = 2.5  # bins per full width at half maximum: a peak still has a shape
_BLOCK = 1 << 20
_LEAST_SHARE = 1e-4  # of all counts: emptier neighbouring bins are joined, they are background


@dataclass(frozen=True, eq=False)
class BinnedCounts:
    """Counts of every pixel in energy bins.

    Attributes
    ----------
    counts : (n_pixels, n_bins) of unsigned integers, CSR or in blocks, only what lies in a bin
    bin_of_channel : (n_channels,) int32; -1 where the channel is left out
    total : (n_pixels,) float32, counts of every pixel that are kept
    shape : (n_y, n_x)
    """

    counts: Counts
    bin_of_channel: np.ndarray
    total: np.ndarray
    shape: tuple[int, int]

    @property
    def n_bins(self) -> int:
        return self.counts.shape[1]

    def at_hand(self) -> BinnedCounts:
        """The same with all counts in memory: for small maps."""
        return replace(self, counts=self.counts.at_hand()) if in_blocks(self.counts) else self


def bin_channels(sum_spectrum: np.ndarray, energy: EnergyAxis, low_kev: float | None = None) -> np.ndarray:
    """The bin of every channel.

    Parameters
    ----------
    sum_spectrum : (n_channels,) counts of the whole map: where it is empty, bins grow
    energy : axis of the channels
    low_kev : channels below are left out: the strobe peak at zero energy tells nothing of the phases and
        is cut whatever the choices say; None cuts nothing on an uncalibrated axis

    Returns
    -------
    (n_channels,) int32, -1 where left out
    """
    n_channels = energy.n_channels
    kept = np.ones(n_channels, bool)
    if energy.calibrated:
        energy_kev = np.maximum(energy.energy_kev, 0.05)
        # Fano statistics plus electronic noise, 129 eV at Mn K-alpha
        fwhm_kev = np.sqrt(0.129**2 + 2.45e-3 * (energy_kev - 5.895))
        fwhm_kev = np.sqrt(np.maximum(fwhm_kev**2, 0.04**2))
        width = np.maximum(fwhm_kev / _WIDTHS_PER_FWHM / energy.scale_kev, 1.0)
        if low_kev is not None:
            kept = energy.energy_kev >= low_kev
    else:
        width = np.full(n_channels, float(_CHANNELS_PER_BIN_UNCALIBRATED))
    least = _LEAST_SHARE * max(float(sum_spectrum[kept].sum()), 1.0)
    bin_of_channel = np.full(n_channels, -1, np.int32)
    current, filled, held = 0, 0, 0.0
    for channel in np.flatnonzero(kept):
        bin_of_channel[channel] = current
        filled += 1
        held += float(sum_spectrum[channel])
        if filled >= width[channel] - 0.5 and (held >= least or filled >= 8 * width[channel]):
            current, filled, held = current + 1, 0, 0.0
    return bin_of_channel


def bin_counts(counts: Counts, shape: tuple[int, int], bin_of_channel: np.ndarray) -> BinnedCounts:
    """Counts of every pixel summed into bins; channels of bin -1 are dropped.

    Counts in blocks stay there: they are summed whenever a block is read.

    Parameters
    ----------
    counts : (n_pixels, n_channels) CSR or in blocks, unsigned integers
    shape : (n_y, n_x)
    bin_of_channel : (n_channels,) int32 from :func:`bin_channels`, rising

    Raises
    ------
    ValueError
        No channel is in a bin, or bins do not rise with the channels.
    """
    n_bins = int(bin_of_channel.max()) + 1
    if n_bins < 1:
        raise ValueError("No channel is left above the low-energy cut; lower the cut.")
    if (np.diff(bin_of_channel[bin_of_channel >= 0]) < 0).any():
        raise ValueError("Bins must rise with the channels.")
    if in_blocks(counts):
        largest = int(np.iinfo(counts.dtype).max)
        regroup = _Regroup(bin_of_channel, _unsigned_type(largest, bin_of_channel))
        binned = counts.regrouped(regroup, n_bins, regroup.kind)
    else:
        largest = int(counts.data.max()) if counts.nnz else 0
        binned = _Regroup(bin_of_channel, _unsigned_type(largest, bin_of_channel))(counts)
    return BinnedCounts(binned, bin_of_channel, row_sums(binned).astype(np.float32), shape)


@dataclass(frozen=True, eq=False)
class _Regroup:
    """Counts to counts in bins: ``kind`` is an unsigned type that no bin overflows."""

    bin_of_channel: np.ndarray
    kind: type[np.unsignedinteger]

    def __call__(self, counts: sparse.csr_matrix) -> sparse.csr_matrix:
        if not counts.has_sorted_indices:
            counts = counts.sorted_indices()
        size = _occupied(counts.indptr, counts.indices, self.bin_of_channel)
        indptr = np.zeros(size.size + 1, counts.indptr.dtype)
        np.cumsum(size, out=indptr[1:])
        indices = np.empty(indptr[-1], np.int32)
        data = np.empty(indptr[-1], self.kind)
        _fill(counts.indptr, counts.indices, counts.data, self.bin_of_channel, indptr, indices, data)
        n_bins = int(self.bin_of_channel.max()) + 1
        return sparse.csr_matrix((data, indices, indptr), shape=(size.size, n_bins), copy=False)


def _unsigned_type(largest: int, bin_of_channel: np.ndarray) -> type[np.unsignedinteger]:
    """The narrowest type that no bin can overflow, where no channel holds more than ``largest``."""
    widest = int(np.bincount(bin_of_channel + 1)[1:].max())
    kinds = (np.uint8, np.uint16, np.uint32)
    return next((kind for kind in kinds if widest * largest <= np.iinfo(kind).max), np.uint32)


def thin(binned: BinnedCounts, fraction: float, seed: int) -> tuple[BinnedCounts, BinnedCounts]:
    """Two independent measurements of the same pixels: every count goes to the first with a probability.

    A Poisson variable split at random is two independent Poisson variables, so that what was fitted to the
    first part can be tested on the second, pixel by pixel, with nothing shared but the sample.

    Parameters
    ----------
    binned : counts in bins
    fraction : chance of a count to go to the first part, 0 ... 1
    seed : of the random numbers
    """
    random = np.random.default_rng(seed)
    data = binned.counts.data
    first = np.empty_like(data)
    for begin in range(0, data.size, _BLOCK):
        first[begin : begin + _BLOCK] = random.binomial(data[begin : begin + _BLOCK], fraction)
    return _with_data(binned, first), _with_data(binned, data - first)


def _with_data(binned: BinnedCounts, data: np.ndarray) -> BinnedCounts:
    """Other counts at the same places: indices are shared, zeros stay as entries."""
    counts = sparse.csr_matrix(
        (data, binned.counts.indices, binned.counts.indptr), shape=binned.counts.shape, copy=False
    )
    return BinnedCounts(counts, binned.bin_of_channel, row_sums(counts).astype(np.float32), binned.shape)


@njit(parallel=True, cache=True, nogil=True)
def _occupied(indptr, indices, bin_of_channel):
    """Number of bins that every pixel fills: channels rise, and so do their bins."""
    size = np.zeros(indptr.size - 1, np.int64)
    for pixel in prange(size.size):
        last = -1
        for event in range(indptr[pixel], indptr[pixel + 1]):
            group = bin_of_channel[indices[event]]
            if group >= 0 and group != last:
                size[pixel] += 1
                last = group
    return size


@njit(parallel=True, cache=True, nogil=True)
def _fill(indptr, indices, data, bin_of_channel, out_indptr, out_indices, out_data):
    for pixel in prange(indptr.size - 1):
        last, place = -1, out_indptr[pixel] - 1
        for event in range(indptr[pixel], indptr[pixel + 1]):
            group = bin_of_channel[indices[event]]
            if group < 0:
                continue
            if group != last:
                place += 1
                out_indices[place] = group
                out_data[place] = 0
                last = group
            out_data[place] += data[event]
