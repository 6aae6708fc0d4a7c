"""Contrast shows what most pixels show, and says where there is nothing."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.contrast import compose_rgb, contrast_limits, to_uint8


def test_contrast_ignores_outliers_and_gaps():
    image = np.concatenate([np.linspace(0, 1, 1000), [1e6, -1e6, np.nan]]).reshape(17, 59)
    low, high = contrast_limits(image, 0.99)
    assert low == pytest.approx(0, abs=0.01)
    assert high == pytest.approx(1, abs=0.01)


def test_a_line_that_few_pixels_show_keeps_its_contrast():
    image = np.zeros((100, 100))
    image[3, 3] = 50
    assert contrast_limits(image) == (0, 50)
    assert contrast_limits(np.full((5, 5), 3.0)) == (3, 4)
    assert contrast_limits(np.full((5, 5), np.nan)) == (0, 1)


def test_intensities_become_bytes_and_gaps_become_zero():
    image = np.array([[-1.0, 0.0, 0.25, 1.0, 9.0, np.nan]])
    assert to_uint8(image, 0, 1).tolist() == [[1, 1, 65, 255, 255, 0]]
    assert to_uint8(image, 0, 1, gamma=0.5).tolist() == [[1, 1, 128, 255, 255, 0]]
    with pytest.raises(ValueError, match="shows nothing"):
        to_uint8(image, 1, 1)


def test_three_maps_make_the_bytes_of_one_colour_image():
    red, blue = np.full((2, 3), 200, np.uint8), np.full((2, 3), 7, np.uint8)
    rgba = compose_rgb(red=red, blue=blue)
    assert rgba.shape == (2, 3)
    assert rgba.view(np.uint8).reshape(2, 3, 4)[1, 2].tolist() == [200, 0, 7, 255]
    with pytest.raises(ValueError, match="one shape"):
        compose_rgb(red, np.zeros((3, 3), np.uint8))
