"""Values that no run can use are named before it starts."""

from __future__ import annotations

import pytest

from models.recipe import PhasesRecipe, with_settings
from models.recipe_limits import LIMITS, check_limits


def test_the_defaults_are_within_the_limits():
    check_limits(PhasesRecipe())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("line_maps.rebin", "0"),
        ("autoencoder.hidden", "[512, 0]"),
        ("autoencoder.learning_rate", "0.0"),
        ("autoencoder.validation_fraction", "1.0"),
        ("mixture.n_phases", "-1"),
        ("probability_threshold", "1.5"),
    ],
)
def test_a_value_out_of_its_limits_is_named(name, value):
    recipe = with_settings(PhasesRecipe(), {name: value})
    with pytest.raises(ValueError, match=name):
        check_limits(recipe)


def test_not_a_number_is_out_of_all_limits():
    with pytest.raises(ValueError, match="probability_threshold"):
        check_limits(with_settings(PhasesRecipe(), {"probability_threshold": ".nan"}))


@pytest.mark.parametrize("name", LIMITS)
def test_every_limit_is_that_of_a_choice(name):
    value = PhasesRecipe()
    for part in name.split("."):
        value = getattr(value, part)
