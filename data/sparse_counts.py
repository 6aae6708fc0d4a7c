"""Products with sparse counts that never make them dense and never copy them into another type.

scipy's own products first convert the counts to the type of the result: for the 40 million events of
a 512 x 512 map that is a temporary of several hundred MB and most of the time. These kernels
read the counts as they are, rows in parallel.

Counts that are larger than memory (``data.blocked_counts``) are gone through block by block: what is found
for a pixel is the same to the last bit, sums over pixels are added in the order of the blocks.
"""

from __future__ import annotations

import numpy as np
from numba import get_num_threads, njit, prange
from scipy import sparse

from data.block_passes import Counts, added, per_pixel


def project(counts: Counts, weights: np.ndarray) -> np.ndarray:
    """Weighted sums over the channels of every pixel: ``counts @ weights``.

    Parameters
    ----------
    counts : (n_pixels, n_channels) CSR or in blocks, unsigned integers
    weights : (n_channels, n_columns) array

    Returns
    -------
    (n_pixels, n_columns) float32
    """
    if weights.ndim != 2 or weights.shape[0] != counts.shape[1]:
        raise ValueError(f"Weights of shape {weights.shape} do not fit counts of {counts.shape[1]} channels.")
    return per_pixel(counts, _project_rows, shared=(np.ascontiguousarray(weights, dtype=np.float32),))


def row_sums(counts: Counts) -> np.ndarray:
    """Counts of every pixel over all channels, exact: (n_pixels,) int64."""
    return per_pixel(counts, _sums_of_rows)


def channel_sums(counts: Counts) -> np.ndarray:
    """Counts of every channel over all pixels, exact: (n_channels,) int64."""
    if hasattr(counts, "channel_sums"):
        return counts.channel_sums()  # a pass over the disk that is made once
    return sum_by_label(counts, np.zeros(counts.shape[0], np.int32), 1)[0]


def accumulate(counts: Counts, share: np.ndarray) -> np.ndarray:
    """Spectra summed with a share of every pixel: ``share.T @ counts``.

    Parameters
    ----------
    counts : (n_pixels, n_channels) CSR or in blocks, unsigned integers
    share : (n_pixels, n_groups) array, e.g. responsibilities

    Returns
    -------
    (n_groups, n_channels) float64
    """
    if share.ndim != 2 or share.shape[0] != counts.shape[0]:
        raise ValueError(f"Shares of shape {share.shape} do not fit counts of {counts.shape[0]} pixels.")
    return added(counts, _accumulate_rows, (np.ascontiguousarray(share, dtype=np.float32),))


def sum_by_label(counts: Counts, label: np.ndarray, n_labels: int) -> np.ndarray:
    """Sum spectrum of the pixels of every label; pixels labelled below 0 belong to none.

    Parameters
    ----------
    counts : (n_pixels, n_channels) CSR or in blocks, unsigned integers
    label : (n_pixels,) integers below n_labels
    n_labels : number of groups

    Returns
    -------
    (n_labels, n_channels) int64, counts
    """
    label = np.asarray(label).ravel()
    if label.shape[0] != counts.shape[0]:
        raise ValueError(f"{label.shape[0]} labels do not fit counts of {counts.shape[0]} pixels.")
    if label.size and label.max() >= n_labels:
        raise ValueError(f"Label {label.max()} is not below the number of labels, {n_labels}.")
    return added(counts, _sum_rows_by_label, (label.astype(np.int32, copy=False),), (n_labels,))


def merge_rows(counts: Counts, group: np.ndarray, n_groups: int) -> sparse.csr_matrix:
    """Sum spectra of many groups of pixels, kept sparse.

    :func:`sum_by_label` holds a dense table per thread, which suits some dozens of labels; this one is
    for the tens of thousands of cells of a latent grid.

    Parameters
    ----------
    counts : (n_pixels, n_channels) CSR or in blocks, unsigned integers
    group : (n_pixels,) integers; pixels whose group is below 0 or not below n_groups belong to none
    n_groups : number of groups

    Returns
    -------
    (n_groups, n_channels) CSR of uint32, counts; channels of a row are sorted
    """
    group = np.asarray(group).ravel()
    if group.shape[0] != counts.shape[0]:
        raise ValueError(f"{group.shape[0]} groups do not fit counts of {counts.shape[0]} pixels.")
    return added(counts, _merge_rows, (group,), (n_groups,))


def _merge_rows(counts: sparse.csr_matrix, group: np.ndarray, n_groups: int) -> sparse.csr_matrix:
    order, start = _rows_by_group(group, n_groups)
    arrays = (counts.indptr, counts.indices, counts.data, order, start, counts.shape[1], get_num_threads())
    indptr = np.concatenate([[0], np.cumsum(_merged_sizes(*arrays))])
    indices, data = _merge(*arrays, indptr)
    return sparse.csr_matrix((data, indices, indptr), shape=(n_groups, counts.shape[1]), copy=False)


def sum_where(counts: Counts, mask: np.ndarray, total: np.ndarray | None = None) -> np.ndarray:
    """Sum spectrum of the pixels of a mask, exact.

    Parameters
    ----------
    counts : (n_pixels, n_channels) CSR or in blocks, unsigned integers
    mask : (n_pixels,) bool
    total : sum spectrum of all pixels, where it is known: then never more than half of the pixels are read

    Returns
    -------
    (n_channels,) int64, counts
    """
    mask = np.ascontiguousarray(mask, dtype=bool).ravel()
    if mask.shape[0] != counts.shape[0]:
        raise ValueError(f"A mask of {mask.shape[0]} pixels does not fit counts of {counts.shape[0]} pixels.")
    by_complement = total is not None and 2 * np.count_nonzero(mask) > mask.size
    within = added(
        counts,
        _sum_rows_where,
        (mask,),
        (not by_complement,),
        wanted=lambda first, stop: bool((mask[first:stop] != by_complement).any()),
    )
    return total - within if by_complement else within


def _project_rows(counts: sparse.csr_matrix, weights: np.ndarray) -> np.ndarray:
    return _project(counts.indptr, counts.indices, counts.data, weights)


def _sums_of_rows(counts: sparse.csr_matrix) -> np.ndarray:
    return _row_sums(counts.indptr, counts.data)


def _accumulate_rows(counts: sparse.csr_matrix, share: np.ndarray) -> np.ndarray:
    return _accumulate(counts.indptr, counts.indices, counts.data, share, counts.shape[1], get_num_threads())


def _sum_rows_by_label(counts: sparse.csr_matrix, label: np.ndarray, n_labels: int) -> np.ndarray:
    return _sum_by_label(
        counts.indptr, counts.indices, counts.data, label, n_labels, counts.shape[1], get_num_threads()
    )


def _sum_rows_where(counts: sparse.csr_matrix, mask: np.ndarray, wanted: bool) -> np.ndarray:
    return _sum_where(
        counts.indptr, counts.indices, counts.data, mask, wanted, counts.shape[1], get_num_threads()
    )


@njit(parallel=True, cache=True, nogil=True)
def _project(indptr, indices, data, weights):
    n_pixels, n_columns = indptr.size - 1, weights.shape[1]
    result = np.zeros((n_pixels, n_columns), np.float32)
    for pixel in prange(n_pixels):
        row = result[pixel]
        for event in range(indptr[pixel], indptr[pixel + 1]):
            n = np.float32(data[event])
            weight = weights[indices[event]]
            for column in range(n_columns):
                row[column] += n * weight[column]
    return result


@njit(parallel=True, cache=True, nogil=True)
def _row_sums(indptr, data):
    total = np.zeros(indptr.size - 1, np.int64)
    for pixel in prange(total.size):
        for event in range(indptr[pixel], indptr[pixel + 1]):
            total[pixel] += data[event]
    return total


@njit(parallel=True, cache=True, nogil=True)
def _accumulate(indptr, indices, data, share, n_channels, n_threads):
    n_pixels, n_groups = share.shape
    # one private table per thread, channel-major so that the inner loop runs over groups
    partial = np.zeros((n_threads, n_channels, n_groups), np.float64)
    block = (n_pixels + n_threads - 1) // n_threads
    for thread in prange(n_threads):
        table = partial[thread]
        for pixel in range(thread * block, min((thread + 1) * block, n_pixels)):
            part = share[pixel]
            for event in range(indptr[pixel], indptr[pixel + 1]):
                n = np.float64(data[event])
                row = table[indices[event]]
                for group in range(n_groups):
                    row[group] += n * part[group]
    total = np.zeros((n_groups, n_channels), np.float64)
    for thread in range(n_threads):
        total += partial[thread].T
    return total


@njit(parallel=True, cache=True, nogil=True)
def _sum_by_label(indptr, indices, data, label, n_labels, n_channels, n_threads):
    n_pixels = label.size
    partial = np.zeros((n_threads, n_labels, n_channels), np.int64)
    block = (n_pixels + n_threads - 1) // n_threads
    for thread in prange(n_threads):
        table = partial[thread]
        for pixel in range(thread * block, min((thread + 1) * block, n_pixels)):
            if label[pixel] < 0:
                continue
            row = table[label[pixel]]
            for event in range(np.uint64(indptr[pixel]), np.uint64(indptr[pixel + 1])):  # unsigned, as below
                row[np.uint64(indices[event])] += np.int64(data[event])
    return partial.sum(axis=0)


@njit(cache=True, nogil=True)
def _rows_by_group(group, n_groups):
    """Rows in the order of their groups, and where in that order every group starts (a counting sort)."""
    start = np.zeros(n_groups + 1, np.int64)
    for row in range(group.size):
        if 0 <= group[row] < n_groups:
            start[group[row] + 1] += 1
    start = np.cumsum(start)
    order, filled = np.empty(start[-1], np.int64), start.copy()
    for row in range(group.size):
        if 0 <= group[row] < n_groups:
            order[filled[group[row]]] = row
            filled[group[row]] += 1
    return order, start


@njit(parallel=True, cache=True, nogil=True)
def _merged_sizes(indptr, indices, data, order, start, n_channels, n_threads):
    n_groups = start.size - 1
    size = np.zeros(n_groups, np.int64)
    last_seen = np.full((n_threads, n_channels), -1, np.int64)
    for thread in prange(n_threads):
        seen = last_seen[thread]
        for group in range(thread, n_groups, n_threads):
            for row in order[start[group] : start[group + 1]]:
                for event in range(indptr[row], indptr[row + 1]):
                    if data[event] > 0 and seen[indices[event]] != group:
                        seen[indices[event]] = group
                        size[group] += 1
    return size


@njit(parallel=True, cache=True, nogil=True)
def _merge(indptr, indices, data, order, start, n_channels, n_threads, merged_indptr):
    n_groups = start.size - 1
    merged_indices = np.empty(merged_indptr[-1], np.int32)
    merged = np.empty(merged_indptr[-1], np.uint32)
    totals = np.zeros((n_threads, n_channels), np.uint32)
    for thread in prange(n_threads):
        total = totals[thread]
        for group in range(thread, n_groups, n_threads):
            for row in order[start[group] : start[group + 1]]:
                for event in range(indptr[row], indptr[row + 1]):
                    total[indices[event]] += np.uint32(data[event])
            position = merged_indptr[group]
            for channel in range(n_channels):
                if total[channel] > 0:
                    merged_indices[position] = channel
                    merged[position] = total[channel]
                    total[channel] = 0
                    position += 1
    return merged_indices, merged


@njit(parallel=True, cache=True, nogil=True)
def _sum_where(indptr, indices, data, mask, wanted, n_channels, n_threads):
    partial = np.zeros((n_threads, n_channels), np.int64)
    n_blocks = (mask.size + 1023) // 1024
    for thread in prange(n_threads):
        spectrum = partial[thread]
        # blocks in turn, because the pixels of a mask lie together
        for block in range(thread, n_blocks, n_threads):
            for pixel in range(1024 * block, min(1024 * (block + 1), mask.size)):
                if mask[pixel] == wanted:
                    # unsigned: a signed index is first asked whether it counts from the end, half of the time
                    for event in range(np.uint64(indptr[pixel]), np.uint64(indptr[pixel + 1])):
                        spectrum[np.uint64(indices[event])] += np.int64(data[event])
    return partial.sum(axis=0)
