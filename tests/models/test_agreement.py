"""Tables of two labellings and what follows from them."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from models import agreement


@pytest.fixture(scope="module")
def labels():
    random = np.random.default_rng(0)
    one = random.integers(5, size=4000)
    other = np.where(random.random(4000) < 0.7, (one + 2) % 5, random.integers(7, size=4000))
    return one, other


def test_the_adjusted_rand_index_is_that_of_scikit_learn(labels):
    table = agreement.contingency(*labels, 5, 7)
    assert agreement.adjusted_rand(table) == pytest.approx(adjusted_rand_score(*labels))


def test_the_same_groups_by_other_names_agree_fully(labels):
    one, _ = labels
    table = agreement.contingency(one, 4 - one, 5, 5)
    assert agreement.adjusted_rand(table) == pytest.approx(1)
    matches = agreement.best_matches(table)
    assert matches.partner.tolist() == [4, 3, 2, 1, 0]
    assert matches.jaccard == pytest.approx(np.ones(5)) and matches.rand == pytest.approx(np.ones(5))


def test_a_phase_is_scored_by_the_one_that_overlaps_most():
    # phase 0 is split in two by the second labelling, phase 1 is whole
    one = np.repeat([0, 0, 1], 100)
    other = np.repeat([0, 1, 2], [70, 130, 100])
    matches = agreement.best_matches(agreement.contingency(one, other, 2, 3))
    assert matches.partner.tolist() == [1, 2]
    assert matches.jaccard.tolist() == [0.65, 1.0]
    assert matches.rand[0] == pytest.approx(adjusted_rand_score(one == 0, other == 1))


def test_pixels_without_a_label_and_phases_without_a_pixel_count_for_nothing():
    table = agreement.contingency([0, -1, 2, 2], [1, 1, 0, -1], 3, 2)
    assert table.tolist() == [[0, 1], [0, 0], [1, 0]]
    matches = agreement.best_matches(table)
    assert matches.partner.tolist() == [1, -1, 0] and np.isnan(matches.jaccard[1])
    assert np.isnan(agreement.adjusted_rand(np.zeros((2, 2))))


def test_one_group_against_itself_agrees():
    assert agreement.adjusted_rand(np.array([[10]])) == 1


def test_disagreement_is_where_the_label_that_stands_for_a_phase_is_another():
    one = np.array([[0, 0, 1, 1, -1]])
    other = np.array([[1, 0, 0, 0, 0]])
    partner = agreement.one_to_one(agreement.contingency(one, other, 2, 2))
    assert partner.tolist() == [1, 0]
    assert agreement.disagreement(one, other, partner).tolist() == [[False, True, False, False, False]]


def test_labels_of_different_maps_are_refused():
    with pytest.raises(ValueError, match="4 and of 3 pixels"):
        agreement.contingency([0, 0, 1, 1], [0, 1, 1], 2, 2)
