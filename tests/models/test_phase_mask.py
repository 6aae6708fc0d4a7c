"""Binary maps: a threshold of probability, then specks go and holes are filled."""

import numpy as np
import pytest

from models.phase_mask import phase_mask
from models.recipe import MaskChoices


@pytest.fixture
def probability():
    """A square of 10 x 10 with a hole of 2, a speck of 3 and a speck of 1, and a wide faint band."""
    image = np.zeros((30, 40), np.float32)
    image[2:12, 2:12] = 0.9
    image[6, 6:8] = 0.1
    image[20, 30] = image[21, 31] = image[22, 32] = 0.8  # touching at corners
    image[25, 5] = 0.7
    image[15:18] = 0.3
    return image


def test_pixels_at_or_above_the_threshold_are_in_the_map(probability):
    found = phase_mask(probability, MaskChoices(threshold=0.7))
    np.testing.assert_array_equal(found.mask, probability >= 0.7)
    assert (found.n_pixels, found.n_specks, found.n_holes) == (98 + 3 + 1, 0, 0)


def test_specks_that_are_too_small_go_and_those_large_enough_stay(probability):
    found = phase_mask(probability, MaskChoices(threshold=0.5, least_speck=3))
    assert (found.n_specks, found.speck_pixels) == (1, 1)
    assert found.mask[20, 30]
    assert not found.mask[25, 5]
    found = phase_mask(probability, MaskChoices(threshold=0.5, least_speck=4))
    assert (found.n_specks, found.speck_pixels) == (2, 4)


def test_holes_are_filled_after_the_specks_are_gone(probability):
    found = phase_mask(probability, MaskChoices(threshold=0.5, least_speck=4, least_hole=3))
    assert (found.n_holes, found.hole_pixels) == (1, 2)
    assert found.mask.sum() == 100
    assert phase_mask(probability, MaskChoices(threshold=0.5, least_hole=2)).n_holes == 0


def test_a_threshold_of_zero_takes_no_pixel_without_any_probability(probability):
    found = phase_mask(probability, MaskChoices(threshold=0.0))
    np.testing.assert_array_equal(found.mask, probability > 0)


def test_a_threshold_above_all_pixels_says_the_most_probable(probability):
    with pytest.raises(ValueError, match=r"probability of 95% or more: the most probable has 90%\. Lower"):
        phase_mask(probability, MaskChoices(threshold=0.95))


def test_regions_that_are_all_too_small_are_said(probability):
    with pytest.raises(ValueError, match=r"All 3 regions .* smaller than 500 pixels"):
        phase_mask(probability, MaskChoices(threshold=0.5, least_speck=500))
