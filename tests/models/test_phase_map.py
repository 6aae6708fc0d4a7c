"""A phase map says which pixel belongs to which phase."""

import numpy as np
import pytest

from models.phase_map import PhaseMap


@pytest.fixture
def phase_map():
    label = np.array([[0, 1, -1], [2, 2, 1]], np.int16)
    return PhaseMap(label, np.array([[0.9, 0.5, 0], [1, 0.4, 0.8]], np.float32), 4, "by hand")


def test_pixels_are_counted_for_phases_that_nothing_bears_too(phase_map):
    assert phase_map.pixels().tolist() == [1, 2, 2, 0]


def test_a_threshold_leaves_doubtful_pixels_unassigned(phase_map):
    assert phase_map.with_threshold(0.6).label.tolist() == [[0, -1, -1], [2, -1, 1]]
    assert phase_map.with_threshold(0).label.tolist() == phase_map.label.tolist()


@pytest.mark.parametrize("threshold", [-0.1, 1.5])
def test_a_threshold_that_is_no_probability_is_refused(phase_map, threshold):
    with pytest.raises(ValueError, match="between 0 and 1"):
        phase_map.with_threshold(threshold)


def test_a_label_beyond_the_number_of_phases_is_refused(phase_map):
    with pytest.raises(ValueError, match="not below the number of phases"):
        PhaseMap(phase_map.label, phase_map.probability, 2, "")
