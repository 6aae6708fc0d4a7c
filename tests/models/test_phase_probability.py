"""The probability of one phase in every pixel follows what is on show."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "dashboard"))
from phases_bench import latent_result, opened_map

from models.live_phases import live_phases
from models.phase_probability import probability_of


@pytest.fixture(scope="module")
def result():
    _, opened, stripe = opened_map()
    return latent_result(opened, stripe)


def recipe_of(result, **choices):
    return replace(result.recipe, mixture=replace(result.recipe.mixture, **choices))


def test_probabilities_of_all_phases_sum_to_one(result):
    recipe = recipe_of(result, n_phases=6)
    shown = live_phases(result, recipe)
    images = [probability_of(result, recipe, shown, phase) for phase in shown.ids]
    np.testing.assert_allclose(np.sum(images, axis=0), 1, atol=1e-4)
    assert min(image.min() for image in images) >= 0


def test_in_the_pixels_of_a_phase_it_is_that_of_the_label(result):
    recipe = recipe_of(result, n_phases=5)
    shown = live_phases(result, recipe)
    image = probability_of(result, recipe, shown, shown.ids[2])
    inside = shown.phase_map.label == 2
    np.testing.assert_allclose(image[inside], shown.phase_map.probability[inside], atol=1e-6)
    assert image[inside].mean() > 2 * image[~inside].mean()


def test_a_pixel_left_unassigned_by_a_threshold_keeps_its_probability(result):
    recipe = recipe_of(result, n_phases=6)
    whole = live_phases(result, recipe)
    strict = replace(recipe, probability_threshold=0.7)
    shown = live_phases(result, strict, whole)
    left = (whole.phase_map.label >= 0) & (shown.phase_map.label < 0)
    assert left.any()
    phase = whole.ids[int(whole.phase_map.label[left][0])]
    np.testing.assert_allclose(
        probability_of(result, strict, shown, phase)[left],
        probability_of(result, recipe, whole, phase)[left],
        atol=1e-5,
    )


def test_a_merged_phase_has_the_probability_of_its_parts(result):
    recipe = recipe_of(result, n_phases=5)
    shown = live_phases(result, recipe)
    first, second = shown.ids[:2]
    together = sum(probability_of(result, recipe, shown, phase) for phase in (first, second))
    merging = replace(recipe, edits=(f"merge {first + 1} {second + 1}",))
    merged = live_phases(result, merging, shown)
    image = probability_of(result, merging, merged, first)
    np.testing.assert_allclose(image, together, atol=2e-3)


def test_hdbscan_gives_a_pixel_no_probability_but_in_its_own_cluster(result):
    recipe = recipe_of(result, method="hdbscan", least_share=0.1, density_share=0.01)
    shown = live_phases(result, recipe)
    assert shown.n_phases == 3
    for label, phase in enumerate(shown.ids):
        image = probability_of(result, recipe, shown, phase)
        assert (image[shown.phase_map.label != label] == 0).all()
        assert image[shown.phase_map.label == label].max() == 1


def test_a_phase_that_is_not_on_show_is_said(result):
    shown = live_phases(result, result.recipe)
    with pytest.raises(ValueError, match="Phase 100 is not among"):
        probability_of(result, result.recipe, shown, 99)
