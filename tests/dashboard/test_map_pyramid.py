"""Many maps drawn small are what one map drawn alone would be; pairs of lines select pixels."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.contrast import contrast_limits, to_uint8
from dashboard.line_pair import LinePair
from dashboard.map_pyramid import MapPyramid
from dashboard.origins import Context, from_mapping, to_mapping
from dashboard.selection import select
from dashboard.viewport import Viewport, sample_mean

RNG = np.random.default_rng(2)
MAPS = RNG.poisson(30, (301, 400, 3)).astype(np.float32)
MAPS[:, :200, 1] += 50
PYRAMID = MapPyramid.build(MAPS)


@pytest.mark.parametrize(
    "view",
    [Viewport(0, 400, 0, 301, 100, 75), Viewport(50, 250, 20, 170, 90, 70), Viewport(5, 45, 5, 35, 80, 60)],
)
def test_a_picture_from_the_pyramid_is_that_of_the_full_map(view):
    limits = np.array([PYRAMID.limits(1, 0.25, 99.75)])
    images, extent = PYRAMID.view([1], limits, np.ones(1), view)
    expected, _ = sample_mean(MAPS[:, :, 1], view)
    height, width = (min(a, b) for a, b in zip(images[0].shape, expected.shape, strict=True))
    exact = to_uint8(expected, *limits[0])[:height, :width].astype(int)
    # the ends of the coarser levels are off by a part of a pixel
    assert np.abs(images[0][:height, :width].astype(int) - exact).mean() < 6
    assert extent.x == pytest.approx(view.x0, abs=1) and extent.y == pytest.approx(view.y0, abs=1)


def test_the_contrast_is_that_of_the_pixels():
    assert PYRAMID.limits(0, 0.25, 99.75) == pytest.approx(contrast_limits(MAPS[:, :, 0], 0.995), abs=1)


def test_a_map_that_is_the_same_everywhere_can_be_drawn():
    flat = MapPyramid.build(np.zeros((10, 12, 1), np.float32))
    low, high = flat.limits(0, 1, 99)
    assert low < high
    images, _ = flat.view([0], np.array([[low, high]]), np.ones(1), Viewport(0, 12, 0, 10, 6, 5))
    assert (images == 1).all()


def test_pixels_without_a_value_stay_out_of_means_and_contrast():
    maps = MAPS.copy()
    maps[:200] = np.nan
    pyramid = MapPyramid.build(maps)
    assert np.isfinite(pyramid.limits(0, 0, 100)).all()
    images, _ = pyramid.view([0], np.array([[0.0, 60.0]]), np.ones(1), Viewport(0, 400, 0, 301, 40, 30))
    assert (images[0][:19] == 0).all() and (images[0][21:] > 0).all()


def test_a_shape_on_two_lines_selects_pixels_and_can_be_saved():
    context = Context((301, 400), images={"a": MAPS[:, :, 0], "b": MAPS[:, :, 1]})
    box = LinePair.drawn("a", "b", {"type": "rect", "x0": 0, "x1": 100, "y0": 60, "y1": 200})
    found = select(box, context)
    assert (found.image[:, :200]).mean() > 0.99 and found.image[:, 200:].mean() < 0.01
    triangle = LinePair.drawn("a", "b", {"type": "poly", "x": [0, 200, 0], "y": [0, 0, 200]})
    np.testing.assert_array_equal(select(triangle, context).image, MAPS[:, :, :2].sum(axis=2) < 200)
    for origin in (box, triangle):
        assert from_mapping(to_mapping(origin)) == origin


def test_a_shape_on_a_line_that_is_not_there_says_so():
    with pytest.raises(ValueError, match="no map of Au_Ma"):
        select(
            LinePair("Au_Ma", "a", ((0.0, 0.0), (1.0, 1.0))), Context((301, 400), images={"a": MAPS[:, :, 0]})
        )
    with pytest.raises(ValueError, match="encloses no area"):
        LinePair.drawn("a", "b", {"type": "poly", "x": [1, 1], "y": [2, 2]})
