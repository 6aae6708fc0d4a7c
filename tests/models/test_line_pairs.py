"""Two lines: their ratio and their correlation; and what a part of a map has more of than the whole."""

from __future__ import annotations

import numpy as np
import pytest

from data.elemental_maps import ElementalMaps
from models.line_correlation import joint_histogram, joint_limits
from models.line_means import line_means, ratios
from models.line_ratio import default_least, line_ratio

RNG = np.random.default_rng(7)
COUNTS = RNG.poisson([40.0, 20.0, 2.0], (60, 80, 3)).astype(np.float32)
MAPS = ElementalMaps(COUNTS, ("Fe_Ka", "Si_Ka", "Ti_Ka"))


def test_the_ratio_of_poisson_counts_is_that_of_their_means():
    found = line_ratio(MAPS, "Fe_Ka", "Si_Ka", 9, window=3)
    assert found.of_sums == pytest.approx(2, rel=0.02)
    assert np.nanmean(found.ratio) == pytest.approx(2, rel=0.03)
    assert found.left_out_percent == 0


def test_pixels_with_too_few_counts_have_no_ratio():
    found = line_ratio(MAPS, "Fe_Ka", "Ti_Ka", 5)
    np.testing.assert_array_equal(np.isfinite(found.ratio), MAPS.of("Ti_Ka") >= 5)
    assert found.left_out_percent == pytest.approx(100 * (MAPS.of("Ti_Ka") < 5).mean())
    assert line_ratio(MAPS, "Fe_Ka", "Ti_Ka", 5, window=3).left_out_percent < 1


def test_pixels_outside_the_sample_have_no_ratio():
    valid = np.zeros((60, 80), bool)
    valid[:, :10] = True
    found = line_ratio(ElementalMaps(COUNTS, MAPS.lines, valid=valid), "Fe_Ka", "Si_Ka", 1)
    assert found.n_valid == 600 and not np.isfinite(found.ratio[:, 10:]).any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("Fe_Ka", "Fe_Ka", 9), "two different lines"),
        (("Fe_Ka", "Si_Ka", 0), "above 0"),
        (("Fe_Ka", "Si_Ka", 9, 2), "1, 3, 5"),
        (("Fe_Ka", "Au_Ma", 9), "no map of 'Au_Ma'"),
    ],
)
def test_a_ratio_that_means_nothing_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        line_ratio(MAPS, *arguments)


def test_the_least_denominator_follows_the_unit():
    assert default_least(MAPS, "Fe_Ka", counts=True) == 9
    assert default_least(MAPS, "Fe_Ka", counts=False) == pytest.approx(0.05 * 58, rel=0.1)


def test_all_pixels_are_in_the_histogram_once():
    x, y = MAPS.of("Fe_Ka"), MAPS.of("Si_Ka")
    found = joint_histogram(x, y, (-1, 200, -1, 200))
    assert found.n_inside == found.n_pixels == 4800
    assert found.pearson == pytest.approx(np.corrcoef(x.ravel(), y.ravel())[0, 1])


def test_bins_of_counts_hold_whole_counts():
    x, y = MAPS.of("Fe_Ka"), MAPS.of("Ti_Ka")
    found = joint_histogram(x, y, joint_limits(x, y))
    width = (found.y1 - found.y0) / found.pixels.shape[0]
    assert width == 1 and (found.y0 + 0.5) % 1 == 0
    expected = [(y == count).sum() for count in range(3)]
    row = round(-0.5 - found.y0)
    everything = joint_histogram(x, y, (-1, 200, *joint_limits(x, y)[2:]))
    assert [int(n) for n in everything.pixels.sum(axis=1)[row : row + 3]] == expected


def test_the_selected_pixels_are_counted_apart():
    x, y = MAPS.of("Fe_Ka"), MAPS.of("Si_Ka")
    selected = x > 45
    found = joint_histogram(x, y, (-1, 200, -1, 200), selected=selected)
    assert found.selected.sum() == selected.sum()
    assert (found.selected <= found.pixels).all()


def test_a_line_that_is_the_same_everywhere_correlates_with_nothing():
    flat = np.full((60, 80), 3.0, np.float32)
    found = joint_histogram(flat, MAPS.of("Fe_Ka"), joint_limits(flat, MAPS.of("Fe_Ka")))
    assert np.isnan(found.pearson) and found.n_inside > 0


def test_means_and_their_errors_are_those_of_the_pixels():
    mask = np.zeros((60, 80), bool)
    mask[10:30, 5:25] = True
    found = line_means(MAPS, mask)
    np.testing.assert_allclose(found.mean, COUNTS[mask].mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(found.error, COUNTS[mask].std(axis=0, ddof=1) / 20, rtol=1e-5)


def test_the_error_of_a_ratio_covers_its_scatter():
    truth, seen, said = 1.0, [], []
    for seed in range(200):
        counts = np.random.default_rng(seed).poisson(20.0, (20, 20, 1)).astype(np.float32)
        maps = ElementalMaps(counts, ("Fe_Ka",))
        mask = np.zeros((20, 20), bool)
        mask[:10] = True
        ratio = ratios(line_means(maps, mask), line_means(maps))
        seen.append(ratio.ratio[0])
        said.append(ratio.error[0])
    assert np.mean(seen) == pytest.approx(truth, abs=0.005)
    assert np.mean(said) == pytest.approx(np.std(seen), rel=0.15)


def test_the_whole_map_by_itself_is_one_without_error():
    whole = line_means(MAPS)
    ratio = ratios(whole, whole)
    np.testing.assert_allclose(ratio.ratio, 1)
    np.testing.assert_allclose(ratio.error, 0, atol=1e-9)


def test_a_selection_off_the_sample_is_refused():
    valid = np.zeros((60, 80), bool)
    valid[0] = True
    with pytest.raises(ValueError, match="None of these pixels"):
        line_means(ElementalMaps(COUNTS, MAPS.lines, valid=valid), ~valid)
    with pytest.raises(ValueError, match="does not fit a map of 4800"):
        line_means(MAPS, np.ones(7, bool))
