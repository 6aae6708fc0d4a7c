"""Every point of the latent space is in the picture, under its phase."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.density_levels import density_palette, n_levels
from dashboard.latent_bins import LatentBins
from dashboard.viewport import Viewport

VIEW = Viewport(0, 4, 0, 2, 4, 2)


def bins_of(points: list[tuple[float, float]], view: Viewport = VIEW) -> LatentBins:
    return LatentBins.build(np.array(points, np.float32).reshape(-1, 2), view, bin_side=1)


def group_of(index: np.ndarray, n_labels: int) -> np.ndarray:
    """Which group of the palette an index belongs to; -1 is an empty bin."""
    return (index.astype(int) - 1) // n_levels(n_labels)


def test_every_visible_point_is_counted_once_in_its_bin():
    rng = np.random.default_rng(4)
    points = rng.normal(size=(20_000, 2)).astype(np.float32)
    bins = LatentBins.build(points, Viewport(-2, 1.5, -1, 3, 70, 50), bin_side=1)
    expected, _, _ = np.histogram2d(points[:, 1], points[:, 0], bins=(50, 70), range=((-1, 3), (-2, 1.5)))
    assert np.abs(bins.counts - expected).sum() <= 4  # points on an edge may round to either side
    assert bins.counts.sum() == expected.sum()
    assert np.unique(bins.order).size == bins.order.size


def test_no_pixel_is_left_out_or_drawn_twice_however_many_there_are():
    # the viewers that we know draw a sample with replacement: what is selected there is not what was drawn
    rng = np.random.default_rng(7)
    points = rng.normal(size=(300_000, 2)).astype(np.float32)
    (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
    bins = LatentBins.build(points, Viewport(x0, x1, y0, y1, 200, 200))
    np.testing.assert_array_equal(np.sort(bins.order), np.arange(300_000))
    assert bins.counts.sum() == 300_000
    chosen = rng.random(300_000) < 0.3
    assert bins.selected_counts(chosen).sum() == np.count_nonzero(chosen)


def test_a_bin_has_the_mean_of_its_points():
    bins = bins_of([(0.2, 0.5), (0.7, 0.5), (3.5, 1.5), (2.5, 0.5)])
    values = np.array([1.0, 3.0, 7.0, np.nan], np.float32)
    mean = bins.mean(values)
    assert mean[0, 0] == 2
    assert mean[1, 3] == 7
    assert np.isnan(mean[0, 1]) and np.isnan(mean[0, 2])
    assert bins.mean(values, np.array([False, True, False, False]))[0, 0] == 3


def test_points_at_the_ends_of_the_range_are_in_view():
    points = np.random.default_rng(4).normal(size=(1000, 2)).astype(np.float32)
    (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
    assert LatentBins.build(points, Viewport(x0, x1, y0, y1, 30, 30)).counts.sum() == 1000


def test_points_without_coordinates_are_not_shown():
    assert bins_of([(np.nan, 1), (1, np.inf), (1.5, 0.5)]).counts.tolist() == [[0, 1, 0, 0], [0, 0, 0, 0]]


def test_a_bin_shows_its_most_frequent_phase():
    bins = bins_of([(0.5, 0.5)] * 3 + [(2.5, 1.5)] * 2)
    image = bins.dominant(np.array([1, 1, 0, 2, 2]), 3)
    assert group_of(image.index, 3).tolist() == [[1, -1, -1, -1], [-1, -1, 2, -1]]
    assert image.extent == (0, 0, 4, 2)


def test_denser_bins_have_higher_levels():
    points = [(0.5, 0.5)] * 1 + [(1.5, 0.5)] * 10 + [(2.5, 0.5)] * 1000
    for scale in ("log", "eq_hist"):
        index = bins_of(points).dominant(np.zeros(len(points)), 1, scale=scale).index[0]
        assert index[0] < index[1] < index[2] <= n_levels(1)


def test_unassigned_points_have_a_grey_of_their_own():
    index = bins_of([(0.5, 0.5)]).dominant(np.array([-1]), 3).index
    assert group_of(index, 3)[0, 0] == 3


def test_unselected_points_stay_in_grey():
    bins = bins_of([(0.5, 0.5)] * 3 + [(2.5, 1.5)] * 2)
    selected = np.array([False, False, True, False, False])
    group = group_of(bins.dominant(np.array([1, 1, 0, 2, 2]), 3, selected).index, 3)
    assert group[0, 0] == 0  # its only selected point is of phase 0
    assert group[1, 2] == 4


def test_a_selected_point_among_many_is_not_lost():
    bins = bins_of([(0.5, 0.5)] * 1000 + [(1.5, 0.5)] * 4)
    selected = np.zeros(1004, bool)
    selected[[7, 1000, 1001]] = True
    assert bins.selected_share(selected).tolist() == [[1, 127, 0, 0], [0, 0, 0, 0]]


@pytest.mark.parametrize("n_labels", [1, 19, 20, 24, 60, 100, 300])
def test_every_phase_has_a_colour_however_many_there_are(n_labels):
    points = np.random.default_rng(4).random((5 * n_labels, 2))
    label = np.arange(5 * n_labels) % n_labels
    image = LatentBins.build(points, Viewport(0, 1, 0, 1, 400, 400), bin_side=1).dominant(label, n_labels)
    palette = density_palette([f"#{i:06x}" for i in range(n_labels)])
    assert image.index.max() < len(palette)
    shown = set(group_of(image.index[image.index > 0], n_labels).tolist())
    assert len(shown) > 0.9 * n_labels
    if n_labels <= 60:
        assert image.index.dtype == np.uint8


def test_the_palette_runs_from_faint_to_full_colour():
    palette = density_palette(["#ff0000", "#00ff00"])
    levels = n_levels(2)
    assert palette[0] == "#00000000"
    assert palette[levels] == "#ff0000ff"
    assert palette[2 * levels] == "#00ff00ff"
    assert len(palette) == 1 + 4 * levels


def test_few_points_are_drawn_larger():
    few = np.random.default_rng(4).random((500, 2))
    many = np.random.default_rng(4).random((400_000, 2))
    view = Viewport(0, 1, 0, 1, 400, 400)
    assert LatentBins.build(few, view).shape == (100, 100)
    assert LatentBins.build(many, view).shape == (400, 400)


def test_labels_of_another_map_are_refused():
    bins = bins_of([(0.5, 0.5)])
    with pytest.raises(ValueError, match="2 labels do not fit 1 latent points"):
        bins.dominant(np.array([0, 1]), 2)
    with pytest.raises(ValueError, match="not below"):
        bins.dominant(np.array([2]), 2)
    with pytest.raises(ValueError, match="do not fit"):
        bins.selected_share(np.ones(3, bool))
