"""Recipes with a name."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from types import MappingProxyType

from models.recipe import (
    AutoencoderChoices,
    LineMapChoices,
    MixtureChoices,
    PhasesRecipe,
    RefinementChoices,
)

#: The pipeline of Tung et al. 2023 (doi 10.1029/2022GC010530) as its authors ran it: plain windows, small
#: batches at a low learning rate, a Gaussian mixture whose number BIC chooses, and nothing after it
PUBLISHED = PhasesRecipe(
    line_maps=LineMapChoices(background="none", normalisation=("neighbour_mean", "zscore", "softmax")),
    autoencoder=AutoencoderChoices(
        learning_rate=1e-4, batch_size=64, steps_per_epoch=1000, max_epochs=50, patience=50
    ),
    mixture=MixtureChoices(n_gaussians=0, covariance="full", number_by="bic"),
    refinement=RefinementChoices(enabled=False),
)

PRESETS: Mapping[str, PhasesRecipe] = MappingProxyType({"default": PhasesRecipe(), "published": PUBLISHED})


def preset(name: str) -> PhasesRecipe:
    """The recipe of that name.

    Raises
    ------
    ValueError
        There is none.
    """
    if name not in PRESETS:
        nearest = difflib.get_close_matches(name, PRESETS, n=1)
        hint = f"Did you mean {nearest[0]}?" if nearest else f"There are {', '.join(PRESETS)}."
        raise ValueError(f"There is no preset {name!r}. {hint}")
    return PRESETS[name]
