"""Phases keep colours and names when their number changes."""

import numpy as np

from models.phase_identity import kept_identity, match_labels


def test_labels_are_matched_by_what_they_have_in_common():
    before, after = np.array([0, 0, 0, 1, 1, 2, -1]), np.array([2, 2, 1, 0, 0, 3, 3])
    continues = match_labels(before, after, None, 3, 4)
    assert continues.tolist() == [1, -1, 0, 2]


def test_heavy_cells_decide():
    before, after = [0, 0, 0, 1], [0, 1, 1, 1]
    assert match_labels(before, after, None, 2, 2).tolist() == [0, 1]
    assert match_labels(before, after, [1, 9, 9, 1], 2, 2).tolist() == [-1, 0]


def test_a_new_phase_takes_the_smallest_free_number():
    assert kept_identity(np.array([1, -1, 0, 2]), (5, 1, 0)) == (1, 2, 5, 0)
    assert kept_identity(np.array([-1, -1]), ()) == (0, 1)
