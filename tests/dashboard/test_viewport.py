"""What is visible of a map lies where its pixels lie, at every zoom."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.viewport import Viewport, sample_mean, sample_nearest, sample_phases


def pixel_numbers(n_y: int, n_x: int) -> np.ndarray:
    return np.arange(n_y * n_x, dtype=np.int32).reshape(n_y, n_x)


def assert_samples_lie_on_their_pixels(image: np.ndarray, viewport: Viewport) -> None:
    """The value drawn at the centre of every sample is the map pixel at that place."""
    sampled, extent = sample_nearest(image, viewport)
    n_y, n_x = sampled.shape
    y = (extent.y + (np.arange(n_y) + 0.5) * extent.dh / n_y).astype(int)
    x = (extent.x + (np.arange(n_x) + 0.5) * extent.dw / n_x).astype(int)
    np.testing.assert_array_equal(sampled, image[np.ix_(y, x)])


def test_a_map_smaller_than_the_screen_comes_whole():
    image = pixel_numbers(30, 50)
    sampled, extent = sample_nearest(image, Viewport.whole(image.shape, 600, 400))
    np.testing.assert_array_equal(sampled, image)
    assert extent == (0, 0, 50, 30)


def test_a_large_map_comes_at_the_size_of_the_screen():
    image = pixel_numbers(1000, 1500)
    sampled, extent = sample_nearest(image, Viewport.whole(image.shape, 600, 400))
    assert sampled.shape == (400, 600)
    assert extent == (0, 0, 1500, 1000)


def test_zoomed_in_the_extent_ends_on_the_edges_of_whole_pixels():
    image = pixel_numbers(100, 100)
    sampled, extent = sample_nearest(image, Viewport(10.3, 20.6, 40.5, 45.1, 300, 200))
    assert extent == (10, 40, 11, 6)
    np.testing.assert_array_equal(sampled, image[40:46, 10:21])


@pytest.mark.parametrize(
    "view",
    [
        (0, 997, 0, 701),
        (3.7, 900.2, 1.1, 650.9),
        (100, 220.5, 600, 700.9),
        (12.2, 13.1, 5.5, 5.6),
        (0, 350, 0, 3),
    ],
)
def test_no_sample_is_shifted(view):
    assert_samples_lie_on_their_pixels(pixel_numbers(701, 997), Viewport(*view, 211, 173))


def test_a_view_beyond_the_map_shows_the_map_at_the_same_scale():
    image = pixel_numbers(100, 100)
    sampled, extent = sample_nearest(image, Viewport(-100, 100, -300, 100, 100, 200))
    assert extent == (0, 0, 100, 100)
    assert sampled.shape == (50, 50)


def test_a_view_out_of_sight_of_the_map_still_gives_an_image():
    image = pixel_numbers(10, 10)
    for view in [(20, 30, 20, 30), (-30, -20, -5, -1), (10, 20, -10, 0)]:
        sampled, extent = sample_nearest(image, Viewport(*view, 50, 50))
        assert sampled.shape == (1, 1)
        assert 0 <= extent.x <= 9 and 0 <= extent.y <= 9


def test_an_axis_that_points_down_is_the_same_view():
    assert Viewport(0, 5, 9, 2, 10, 10) == Viewport(0, 5, 2, 9, 10, 10)


@pytest.mark.parametrize("view", [(0, 0, 0, 1, 5, 5), (0, float("nan"), 0, 1, 5, 5), (0, 1, 0, 1, 0, 5)])
def test_a_view_of_nothing_is_refused(view):
    with pytest.raises(ValueError, match=r"rectangle|shows nothing"):
        Viewport(*view)


def test_a_padded_view_keeps_its_scale():
    padded = Viewport(0, 100, 0, 50, 400, 200).padded(0.25)
    assert padded == Viewport(-25, 125, -12.5, 62.5, 600, 300)


def test_means_keep_the_total_intensity():
    image = np.random.default_rng(4).gamma(2, size=(701, 997)).astype(np.float32)
    sampled, _ = sample_mean(image, Viewport.whole(image.shape, 211, 173))
    assert sampled.mean() == pytest.approx(image.mean(), rel=1e-5)


def test_a_block_of_whole_pixels_becomes_its_mean():
    image = np.random.default_rng(4).random((40, 60)).astype(np.float32)
    sampled, _ = sample_mean(image, Viewport.whole(image.shape, 15, 10))
    np.testing.assert_allclose(sampled, image.reshape(10, 4, 15, 4).mean(axis=(1, 3)), rtol=1e-5)


def test_means_and_labels_of_one_view_lie_on_each_other():
    view = Viewport(3.7, 900.2, 1.1, 650.9, 211, 173)
    image = pixel_numbers(701, 997)
    nearest, nearest_extent = sample_nearest(image, view)
    mean, mean_extent = sample_mean(image, view)
    assert mean.shape == nearest.shape
    assert mean_extent == nearest_extent


def test_pixels_without_a_value_are_left_out_of_means():
    image = np.ones((20, 20), np.float32)
    image[:10] = np.nan
    image[10:, ::2] = np.nan
    sampled, _ = sample_mean(image, Viewport.whole(image.shape, 10, 10))
    assert np.isnan(sampled[:5]).all()
    assert (sampled[5:] == 1).all()


def test_a_single_selected_pixel_of_a_large_map_is_still_there():
    mask = np.zeros((1000, 1000), bool)
    mask[717, 333] = True
    sampled, _ = sample_mean(mask, Viewport.whole(mask.shape, 100, 100))
    assert sampled[71, 33] == pytest.approx(0.01)
    assert np.count_nonzero(sampled) == 1


def test_one_line_of_many_needs_no_copy_of_its_own():
    maps = np.random.default_rng(4).random((200, 300, 5)).astype(np.float32)
    view = Viewport.whole((200, 300), 100, 100)
    of_stack, _ = sample_mean(maps[:, :, 3], view)
    np.testing.assert_array_equal(of_stack, sample_mean(maps[:, :, 3].copy(), view)[0])


def test_a_navigation_image_of_another_resolution_covers_the_same_field():
    bse = pixel_numbers(200, 400)
    sampled, extent = sample_nearest(bse, Viewport(10, 20, 10, 20, 500, 500), map_shape=(50, 100))
    assert extent == (10, 10, 10, 10)
    np.testing.assert_array_equal(sampled, bse[40:80, 40:80])


def test_phases_below_the_threshold_are_unassigned():
    label = np.array([[0, 1], [2, -1]], np.int16)
    probability = np.array([[0.9, 0.4], [0.6, 0.0]], np.float32)
    index, _ = sample_phases(label, Viewport.whole(label.shape, 9, 9), probability, 0.5)
    assert index.tolist() == [[1, 0], [3, 0]]
    assert index.dtype == np.uint8


def test_more_phases_than_a_byte_holds_still_have_indices_of_their_own():
    label = np.arange(300, dtype=np.int16).reshape(10, 30)
    index, _ = sample_phases(label, Viewport.whole(label.shape, 90, 90))
    np.testing.assert_array_equal(index, label + 1)
