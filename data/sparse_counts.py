"""Products with sparse counts that never make them dense and never copy them into another type.

scipy's own products first convert the counts to the type of the result: for the 40 million events of
a 512 x 512 map that is a temporary of several hundred MB and most of the time. These kernels
read the counts as they are, rows in parallel.
"""

from __future__ import annotations

import numpy as np
from numba import get_num_threads, njit, prange
from scipy import sparse


def project(counts: sparse.csr_matrix, weights: np.ndarray) -> np.ndarray:
    """Weighted sums over the channels of every pixel: ``counts @ weights``.

    Parameters
    ----------
    counts : (n_pixels, n_channels) CSR, unsigned integers
    weights : (n_channels, n_columns) array

    Returns
    -------
    (n_pixels, n_columns) float32
    """
    if weights.ndim != 2 or weights.shape[0] != counts.shape[1]:
        raise ValueError(f"Weights of shape {weights.shape} do not fit counts of {counts.shape[1]} channels.")
    return _project(
        counts.indptr, counts.indices, counts.data, np.ascontiguousarray(weights, dtype=np.float32)
    )


def row_sums(counts: sparse.csr_matrix) -> np.ndarray:
    """Counts of every pixel over all channels, exact: (n_pixels,) int64."""
    return _row_sums(counts.indptr, counts.data)


def accumulate(counts: sparse.csr_matrix, share: np.ndarray) -> np.ndarray:
    """Spectra summed with a share of every pixel: ``share.T @ counts``.

    Parameters
    ----------
    counts : (n_pixels, n_channels) CSR, unsigned integers
    share : (n_pixels, n_groups) array, e.g. responsibilities

    Returns
    -------
    (n_groups, n_channels) float64
    """
    if share.ndim != 2 or share.shape[0] != counts.shape[0]:
        raise ValueError(f"Shares of shape {share.shape} do not fit counts of {counts.shape[0]} pixels.")
    return _accumulate(
        counts.indptr,
        counts.indices,
        counts.data,
        np.ascontiguousarray(share, dtype=np.float32),
        counts.shape[1],
        get_num_threads(),
    )


def sum_by_label(counts: sparse.csr_matrix, label: np.ndarray, n_labels: int) -> np.ndarray:
    """Sum spectrum of the pixels of every label; pixels labelled below 0 belong to none.

    Parameters
    ----------
    counts : (n_pixels, n_channels) CSR, unsigned integers
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
    return _sum_by_label(
        counts.indptr,
        counts.indices,
        counts.data,
        label.astype(np.int32),
        n_labels,
        counts.shape[1],
        get_num_threads(),
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
            for event in range(indptr[pixel], indptr[pixel + 1]):
                row[indices[event]] += data[event]
    return partial.sum(axis=0)
