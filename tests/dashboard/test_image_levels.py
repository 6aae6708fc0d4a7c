"""A large map is drawn from the level that is fine enough, with next to the same picture."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard import image_levels
from dashboard.contrast import contrast_limits
from dashboard.image_levels import ImageLevels
from dashboard.map_pyramid import MapPyramid
from dashboard.viewport import Viewport, sample_mean

SHAPE = (1021, 766)
WHOLE = Viewport.whole(SHAPE, 90, 120)


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(np.float32)
    made = 20 + 10 * np.sin(y / 40) * np.cos(x / 30)
    made[:30, :30] = np.nan
    return made


@pytest.fixture
def levels(image, monkeypatch) -> ImageLevels:
    monkeypatch.setattr(image_levels, "LARGE", 10_000)
    return ImageLevels.of(image)


def test_all_of_it_looks_the_same(image, levels):
    assert len(levels.halved) == 3
    wanted, where = sample_mean(image, WHOLE, SHAPE)
    seen, extent = levels.sampled(WHOLE, SHAPE)
    assert seen.shape == wanted.shape
    np.testing.assert_allclose(extent, where, atol=8)
    np.testing.assert_allclose(seen[5:-2, 5:-2], wanted[5:-2, 5:-2], atol=0.35)
    assert np.isnan(seen[0, 0])


def test_few_pixels_are_read_for_all_of_it(levels, monkeypatch):
    read = []
    monkeypatch.setattr(
        image_levels, "sample_mean", lambda image, *rest: read.append(image.size) or sample_mean(image, *rest)
    )
    levels.sampled(WHOLE, SHAPE)
    assert read[0] <= 16 * WHOLE.width * WHOLE.height < levels.full.size


def test_close_up_the_pixels_themselves_are_drawn(image, levels):
    near = Viewport(200, 260, 300, 360, 120, 120)
    seen, extent = levels.sampled(near, SHAPE)
    wanted, where = sample_mean(image, near, SHAPE)
    np.testing.assert_array_equal(seen, wanted)
    assert extent == where


def test_small_images_and_those_of_another_size_are_drawn_as_they_are(image, levels):
    assert ImageLevels.of(np.zeros((50, 60))).halved == ()
    twice = Viewport.whole((2042, 1532), 90, 120)
    seen, _ = levels.sampled(twice, (2042, 1532))
    np.testing.assert_array_equal(seen, sample_mean(image, twice, (2042, 1532))[0])


def test_one_of_many_maps_has_the_levels_of_their_pyramid(image, levels):
    pyramid = MapPyramid.build(np.stack([np.zeros_like(image), image], axis=2))
    seen, _ = ImageLevels.of_map(pyramid, 1).sampled(WHOLE, SHAPE)
    np.testing.assert_array_equal(seen, levels.sampled(WHOLE, SHAPE)[0])


def test_contrast_of_a_large_image_is_that_of_a_grid_of_its_pixels():
    image = np.random.default_rng(1).gamma(2.0, 10.0, (3000, 2000)).astype(np.float32)
    image[::7, ::5] = np.nan
    low, high = np.nanpercentile(image, [0.25, 99.75])
    found = contrast_limits(image, 0.995)
    assert found == pytest.approx((low, high), rel=0.03)
