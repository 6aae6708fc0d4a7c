"""The count matrix that readers gather is the one that a dense map would give."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from data.readers.sparse_rows import SparseRows, check_size, from_events, smallest_unsigned
from data.readers.unreadable import UnreadableFile


def counts_of(n_pixels=30, n_channels=50, mean=0.4, seed=0):
    return np.random.default_rng(seed).poisson(mean, (n_pixels, n_channels)).astype(np.uint32)


def is_canonical(matrix):
    fresh = sparse.csr_matrix((matrix.data, matrix.indices, matrix.indptr), matrix.shape)
    return fresh.has_canonical_format


def test_pixels_may_come_in_any_order_and_in_pieces():
    counts = counts_of()
    rows = SparseRows(*counts.shape)
    order = np.random.default_rng(1).permutation(len(counts))
    for piece in np.array_split(order, 4):
        rows.add_dense(piece, counts[piece])
    matrix = rows.matrix()
    assert np.array_equal(matrix.toarray(), counts)
    assert matrix.dtype == np.uint8
    assert is_canonical(matrix)


def test_a_pixel_that_comes_twice_is_added_beyond_the_range_of_its_type():
    counts = np.full((2, 5), 200, np.uint8)
    rows = SparseRows(2, 5)
    rows.add_dense(np.arange(2), counts)
    rows.add_dense(np.array([1, 1]), counts)
    matrix = rows.matrix()
    assert np.array_equal(matrix.toarray(), [[200] * 5, [600] * 5])
    assert matrix.dtype == np.uint16
    assert is_canonical(matrix)


def test_slices_of_energy_join_to_spectra():
    counts = counts_of()
    rows = SparseRows(*counts.shape, in_slices=True)
    for low, high in ((0, 13), (13, 14), (14, 50)):
        rows.add_dense(np.arange(len(counts)), counts[:, low:high], low)
    matrix = rows.matrix()
    assert np.array_equal(matrix.toarray(), counts)
    assert is_canonical(matrix)


@pytest.mark.parametrize("mean", [0.05, 3.0])  # few events are sorted, many are counted
def test_events_make_the_counts_that_they_are(mean):
    counts = counts_of(mean=mean)
    rng = np.random.default_rng(2)
    events = [rng.permutation(np.repeat(np.arange(50), spectrum)) for spectrum in counts]
    matrix = from_events(counts.sum(axis=1), np.concatenate(events).astype(np.uint16), 50)
    assert np.array_equal(matrix.toarray(), counts)
    assert is_canonical(matrix)


def test_nothing_measured_is_an_empty_matrix():
    assert SparseRows(3, 4).matrix().nnz == 0
    assert from_events(np.zeros(3, np.int64), np.empty(0, np.uint16), 4).shape == (3, 4)


def test_the_smallest_type_that_holds_a_count():
    assert [smallest_unsigned(n) for n in (0, 255, 256, 65_536)] == [np.uint8, np.uint8, np.uint16, np.uint32]
    with pytest.raises(UnreadableFile, match="no detector delivers"):
        smallest_unsigned(2**32)


@pytest.mark.parametrize("size", [(0, 5, 10), (2**20, 2**20, 10), (5, 5, 2**21), (2**14, 2**14, 2**12)])
def test_sizes_that_no_instrument_writes_are_refused(size):
    with pytest.raises(UnreadableFile):
        check_size(*size)


def test_the_largest_real_maps_pass():
    check_size(8192, 8192, 4096)
