"""Phases that are there are found again from resampled data; phases that are not, are not."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from data.synthetic import rock_section
from models import resampling
from models.live_phases import live_phases
from models.phases import finished, run
from models.recipe import PhasesRecipe, StabilityChoices, with_settings
from models.stability import STABLE, Run, compared
from models.stability_runs import seek_again

QUICK = with_settings(
    PhasesRecipe(),
    {"autoencoder.max_epochs": "2", "autoencoder.steps_per_epoch": "20", "unmixing.enabled": "false"},
)
TWICE = StabilityChoices(n_runs=2)


def stability_of(result, recipe, choices=TWICE):
    reports = list(_reports(result, recipe, choices))
    return reports, reports[-1].so_far


def _reports(result, recipe, choices):
    yield from seek_again(result, recipe, live_phases(result, recipe), choices)


@pytest.fixture(scope="module")
def result():
    return finished(run(rock_section(3, 40, 40, counts_per_pixel=400.0)[0], QUICK))


@pytest.fixture(scope="module")
def automatic(result):
    """Reports and result of two runs for the phases as found."""
    return stability_of(result, QUICK)


def test_minerals_are_found_again_from_a_part_of_the_counts(result, automatic):
    reports, found = automatic
    shown = live_phases(result, QUICK)
    large = shown.pixels > 60
    assert np.nanmean(found.jaccard, axis=0)[large].min() > 0.6
    assert [found.verdict(phase) for phase in np.flatnonzero(large)].count("stable") >= large.sum() - 1
    assert found.overall.min() > 0.8
    assert found.ids == shown.ids and found.n_runs == 2
    assert np.nanmean(found.returned) > 0.85
    assert "kept 70% of their counts" in found.what and "all 1,600 pixels" in found.what
    fractions = [report.fraction for report in reports]
    assert fractions == sorted(fractions) and fractions[-1] == 1
    assert "Run 2 of 2" in reports[-1].message


def test_a_phase_that_is_split_by_chance_is_not_found_again(result, automatic):
    recipe = with_settings(QUICK, {"refinement.n_phases": "20"})
    _, found = stability_of(result, recipe)
    assert np.nanmean(found.jaccard) < np.nanmean(automatic[1].jaccard) - 0.1
    assert min(found.verdict(phase) for phase in range(20)) in ("doubtful", "not found again")


def test_every_number_of_phases_is_compared_with_the_same_number(automatic):
    _, found = automatic
    assert found.numbers.tolist() == list(range(2, 21))
    assert found.by_number.shape == (2, 19)
    assert np.nanmax(found.by_number) <= 1 and np.nanmean(found.by_number) > 0.4


def test_latent_clusters_are_weighted_anew_and_the_network_stays(result):
    recipe = with_settings(QUICK, {"refinement.enabled": "false"})
    _, found = stability_of(result, recipe)
    assert "network was not trained again" in found.what
    assert found.overall.min() > 0.3
    assert found.returned.shape == result.maps.shape
    assert found.jaccard.shape[1] == live_phases(result, recipe).n_phases


def test_one_phase_has_nothing_to_be_told_from(result):
    recipe = with_settings(QUICK, {"refinement.n_phases": "1"})
    with pytest.raises(ValueError, match="not two phases"):
        next(seek_again(result, recipe, live_phases(result, recipe), TWICE))


def test_a_recipe_can_ask_for_the_test(result):
    latent = {"refinement.enabled": "false", "stability.enabled": "true", "stability.n_runs": "2"}
    recipe = with_settings(QUICK, latent)
    again = finished(run(rock_section(3, 40, 40, counts_per_pixel=400.0)[0], recipe, previous=result))
    assert again.stability.n_runs == 2
    assert result.stability is None


def test_runs_say_nothing_of_a_phase_that_they_hardly_held(result):
    shown = live_phases(result, QUICK)
    label = shown.phase_map.label.copy().ravel()
    smallest = int(np.argmin(np.where(shown.pixels > 0, shown.pixels, 10**9)))
    label[np.flatnonzero(label == smallest)[3:]] = -1
    few = replace(shown, phase_map=replace(shown.phase_map, label=label.reshape(shown.phase_map.shape)))
    same = Run(np.arange(label.size), shown.phase_map.label.ravel(), shown.n_phases, {})
    found = compared([same], few, {}, "")
    assert np.isnan(found.jaccard[:, smallest]).all()
    assert found.verdict(smallest) == "not tested"
    others = np.delete(np.arange(shown.n_phases), smallest)
    assert np.nanmin(found.jaccard[:, others]) == 1


def test_a_part_of_the_counts_is_a_shorter_measurement():
    random = np.random.default_rng(0)
    counts = sparse.csr_matrix(random.poisson(9, (200, 300)).astype(np.uint8))
    part = resampling.thin_counts(counts, 0.5, random).toarray().astype(float)
    left = counts.toarray() - part
    assert part.mean() == pytest.approx(4.5, rel=0.01) and part.var() == pytest.approx(4.5, rel=0.03)
    # what is left tells nothing of what was taken: tests on held-out counts stay honest
    assert abs(np.corrcoef(part.ravel(), left.ravel())[0, 1]) < 0.01


def test_no_phase_is_made_up_by_resampling(automatic, result):
    _, found = automatic
    assert found.found.max() <= live_phases(result, QUICK).n_phases + 1


def test_tiles_hold_enough_of_a_small_phase():
    label = np.zeros((256, 256), np.int16)
    label[200:208, 40:50] = 1
    random = np.random.default_rng(3)
    draws = [resampling.draw_pixels(label, 2, 8192, random) for _ in range(6)]
    assert all((label.ravel()[pixels] == 1).sum() >= 60 for pixels, _ in draws)
    assert all(pixels.size == shape[0] * shape[1] == 8192 for pixels, shape in draws)
    assert all(np.unique(pixels).size == pixels.size for pixels, _ in draws)
    assert not np.array_equal(draws[0][0], draws[1][0])


def test_a_small_map_is_taken_whole():
    label = np.zeros((30, 40), np.int16)
    pixels, shape = resampling.draw_pixels(label, 1, 8192, np.random.default_rng(0))
    assert shape == (30, 40) and np.array_equal(pixels, np.arange(1200))
    assert STABLE == 0.75
