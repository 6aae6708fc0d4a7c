"""Sum spectra of very many groups of pixels stay sparse and exact."""

import numpy as np
import pytest
from scipy import sparse

from data.sparse_counts import merge_rows


@pytest.fixture
def counts():
    dense = np.random.default_rng(0).poisson(0.2, (500, 64)).astype(np.uint16)
    counts = sparse.csr_matrix(dense)
    counts.data[::7] = 0  # a zero that is stored is no count
    return counts


def test_rows_of_a_group_are_added(counts):
    group = np.random.default_rng(1).integers(-1, 41, 500)  # -1 and 40 belong to no group
    merged = merge_rows(counts, group, 40)
    dense = counts.toarray()
    assert merged.shape == (40, 64) and merged.has_canonical_format
    for number in range(40):
        np.testing.assert_array_equal(merged[number].toarray()[0], dense[group == number].sum(axis=0))


def test_a_group_without_pixels_is_empty(counts):
    merged = merge_rows(counts, np.full(500, 3), 5)
    assert merged[:3].nnz == 0 and merged[4].nnz == 0
    assert merged[3].sum() == counts.sum()


def test_sums_beyond_16_bits_are_exact():
    counts = sparse.csr_matrix(np.full((3, 2), 60_000, np.uint16))
    np.testing.assert_array_equal(merge_rows(counts, np.zeros(3, int), 1).toarray(), [[180_000, 180_000]])


def test_groups_of_another_map_are_refused(counts):
    with pytest.raises(ValueError, match="do not fit"):
        merge_rows(counts, np.zeros(3, int), 1)
