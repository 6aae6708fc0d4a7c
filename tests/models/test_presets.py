"""Recipes with a name."""

from __future__ import annotations

import pytest

from data.synthetic import rock_section
from models.phases import finished, run
from models.presets import PRESETS, preset
from models.recipe import PhasesRecipe, from_yaml, to_yaml, with_settings
from models.recipe_limits import check_limits


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_a_recipe_that_survives_a_file(name):
    check_limits(preset(name))
    assert from_yaml(to_yaml(preset(name))) == preset(name)


def test_the_default_preset_is_the_default_recipe():
    assert preset("default") == PhasesRecipe()


def test_a_misspelt_preset_is_guessed():
    with pytest.raises(ValueError, match="Did you mean published"):
        preset("publishd")


def test_the_published_pipeline_takes_the_number_of_least_bic_and_refines_nothing():
    image, _ = rock_section(3, 40, 40, counts_per_pixel=300.0)
    quick = {"autoencoder.max_epochs": "2", "autoencoder.steps_per_epoch": "20"}
    result = finished(run(image, with_settings(preset("published"), quick)))
    assert result.refinement is None
    assert result.phases is result.latent_phases
    assert any("BIC" in note for note in result.notes)
