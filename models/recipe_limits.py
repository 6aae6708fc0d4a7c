"""Which values of a recipe make sense: checked before a run, so that nothing fails after minutes."""

from __future__ import annotations

import math
from typing import Any

from models.quantification_check import check_quantification
from models.recipe import PhasesRecipe

#: dotted name of a choice -> smallest and largest value; every item of a list has to keep to them
LIMITS: dict[str, tuple[float, float]] = {
    "line_maps.energy_offset_kev": (-100.0, 1000.0),
    "line_maps.energy_scale_kev": (1e-6, 10.0),
    "line_maps.crop": (0, math.inf),
    "line_maps.low_energy_kev": (-1000.0, 1000.0),
    "line_maps.low_loss_ev": (-10_000.0, 10_000.0),
    "line_maps.rebin": (1, math.inf),
    "line_maps.pca_components": (0, 1000),
    "autoencoder.hidden": (1, 65_536),
    "autoencoder.n_latent": (1, 8),
    "autoencoder.learning_rate": (1e-8, 1.0),
    "autoencoder.weight_decay": (0.0, math.inf),
    "autoencoder.batch_size": (2, 65_536),
    "autoencoder.steps_per_epoch": (1, 1_000_000),
    "autoencoder.max_epochs": (1, 100_000),
    "autoencoder.patience": (1, math.inf),
    "autoencoder.validation_fraction": (0.0, 0.9),
    "autoencoder.seed": (0, 2**32 - 1),
    "latent.kl_weight": (0.0, 1e6),
    "latent.n_neighbours": (2, 200),
    "latent.least_distance": (0.0, 0.99),
    "latent.fitted_pixels": (100, 1_000_000),
    "mixture.n_phases": (0, 1000),
    "mixture.n_gaussians": (0, 200),
    "mixture.birch_radius": (0.001, 10.0),
    "mixture.least_share": (1e-6, 0.5),
    "mixture.density_share": (1e-6, 0.5),
    "mixture.seed": (0, 2**32 - 1),
    "refinement.n_phases": (0, 1000),
    "refinement.seed": (0, 2**32 - 1),
    "unmixing.n_components": (0, 1000),
    "unmixing.phases": (1, 100_000),
    "unmixing.energy_kev": (-math.inf, math.inf),
    "unmixing.seed": (0, 2**32 - 1),
    "stability.n_runs": (2, 1000),
    "stability.kept_counts": (0.05, 0.95),
    "stability.most_pixels": (1024, math.inf),
    "stability.seed": (0, 2**31),
    "masks.threshold": (0.0, 1.0),
    "masks.least_speck": (0, math.inf),
    "masks.least_hole": (0, math.inf),
    "particles.least_pixels": (1, math.inf),
    "quantification.beam_kev": (0.5, 1000.0),
    "quantification.take_off_deg": (1.0, 90.0),
    "quantification.least_counts": (0, math.inf),
    "probability_threshold": (0.0, 1.0),
}


def check_limits(recipe: PhasesRecipe) -> None:
    """Say so where a choice has a value that no run can use.

    Raises
    ------
    ValueError
        A value is out of its limits; the message names the choice and the limits.
    """
    for name, (low, high) in LIMITS.items():
        chosen: Any = recipe
        for part in name.split("."):
            chosen = getattr(chosen, part)
        for value in chosen if isinstance(chosen, tuple) else (chosen,):
            if value is not None and not low <= value <= high:
                bounds = f"between {low:g} and {high:g}" if math.isfinite(high) else f"at least {low:g}"
                raise ValueError(f"The recipe's {name} is {value:g}; it must be {bounds}.")
    check_quantification(recipe.quantification)
