"""Products with sparse counts agree with the same products on dense counts, count by count."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from data import sparse_counts


def some_counts(n_pixels: int = 5000, n_channels: int = 60) -> sparse.csr_matrix:
    rng = np.random.default_rng(4)
    return sparse.csr_matrix(rng.poisson(0.05, (n_pixels, n_channels)).astype(np.uint16))


def test_the_spectrum_of_a_mask_is_the_sum_of_its_pixels():
    counts = some_counts()
    mask = np.random.default_rng(5).random(counts.shape[0]) < 0.3
    np.testing.assert_array_equal(sparse_counts.sum_where(counts, mask), counts.toarray()[mask].sum(axis=0))


@pytest.mark.parametrize("share", [0.0, 0.2, 0.9, 1.0])
def test_the_known_total_changes_the_work_and_not_the_spectrum(share):
    counts = some_counts()
    mask = np.random.default_rng(5).random(counts.shape[0]) < share
    total = sparse_counts.sum_where(counts, np.ones(counts.shape[0], bool))
    np.testing.assert_array_equal(
        sparse_counts.sum_where(counts, mask, total), sparse_counts.sum_where(counts, mask)
    )


def test_counts_of_16_bits_add_up_beyond_16_bits():
    counts = sparse.csr_matrix(np.full((3000, 2), 65535, np.uint16))
    assert sparse_counts.sum_where(counts, np.ones(3000, bool)).tolist() == [3000 * 65535] * 2


def test_a_mask_of_another_map_is_refused():
    with pytest.raises(ValueError, match="7 pixels does not fit counts of 5000 pixels"):
        sparse_counts.sum_where(some_counts(), np.ones(7, bool))


def test_spectra_by_label_leave_out_what_is_unassigned():
    counts = some_counts()
    label = np.random.default_rng(5).integers(-1, 4, counts.shape[0])
    expected = [counts.toarray()[label == k].sum(axis=0) for k in range(4)]
    np.testing.assert_array_equal(sparse_counts.sum_by_label(counts, label, 4), expected)
    with pytest.raises(ValueError, match="not below"):
        sparse_counts.sum_by_label(counts, label, 3)


def test_weighted_sums_and_shared_spectra_are_matrix_products():
    counts = some_counts()
    weights = np.random.default_rng(5).random((60, 4))
    share = np.random.default_rng(6).random((5000, 3))
    np.testing.assert_allclose(sparse_counts.project(counts, weights), counts.toarray() @ weights, rtol=1e-4)
    np.testing.assert_allclose(sparse_counts.accumulate(counts, share), share.T @ counts.toarray(), rtol=1e-5)
    np.testing.assert_array_equal(sparse_counts.row_sums(counts), counts.toarray().sum(axis=1))
