"""Placing the pixels of a map in a latent space, whichever method makes the space."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from data.elemental_maps import ElementalMaps
from models import principal_components, trained_autoencoder, training, umap_embedding
from models.latent_model import LatentModel, Trained
from models.latent_space import LatentSpace
from models.normalisation import is_simplex, normalise
from models.principal_components import FittedComponents
from models.recipe import LatentMethod, PhasesRecipe
from models.trained_autoencoder import EpochReport, TrainedAutoencoder

#: what the methods are called
METHODS: dict[LatentMethod, str] = {
    "autoencoder": "Autoencoder",
    "variational": "Variational autoencoder",
    "pca": "Principal components",
    "umap": "UMAP",
}
_TRAINING = 0.9  # of the time


@dataclass(frozen=True)
class PlacementReport:
    """How far it is: fraction 0 ... 1, a message, the epoch that is being trained."""

    fraction: float
    message: str
    epoch: EpochReport | None = None


Placed = Generator[PlacementReport, None, tuple[Trained, LatentSpace]]


def space_choices(recipe: PhasesRecipe) -> tuple[Any, ...]:
    """What the latent space depends on: of the settings of the methods, those of the one that is used."""
    chain, latent, network = recipe.line_maps.normalisation, recipe.latent, recipe.autoencoder
    if latent.model:
        return (latent.model,)
    of_method = {
        "autoencoder": (network,),
        "variational": (network, latent.kl_weight),
        "pca": (network.n_latent,),
        "umap": (network.n_latent, network.seed, replace(latent, kl_weight=1.0)),
    }
    return (chain, latent.method, *of_method[latent.method])


def learn(maps: ElementalMaps, recipe: PhasesRecipe) -> Placed:
    """Make the latent space that a recipe asks for from the line maps, and place all pixels in it.

    Raises
    ------
    ValueError
        There are too few pixels or lines for the method, or a training did not settle.
    """
    chain, latent = recipe.line_maps.normalisation, recipe.latent
    yield PlacementReport(0.0, "Normalising the line maps")
    values = normalise(maps.intensity, chain, maps.valid).reshape(maps.n_pixels, -1)
    valid = None if maps.valid is None else maps.valid.ravel()
    n_latent, seed = recipe.autoencoder.n_latent, recipe.autoencoder.seed
    placing_from = 0.2
    if latent.method == "pca":
        trained: Trained = principal_components.fit(values, n_latent, valid)
    elif latent.method == "umap":
        n_fitted = min(latent.fitted_pixels, maps.n_pixels)
        yield PlacementReport(0.02, f"Fitting UMAP to {n_fitted:,} pixels")
        trained = umap_embedding.fit(values, latent, n_latent, seed, valid)
    else:
        trained = yield from _trained(values, recipe, valid)
        placing_from = _TRAINING
    space = yield from _placed(trained, values, maps.shape, valid, placing_from)
    return trained, space


def apply(model: LatentModel, maps: ElementalMaps, recipe: PhasesRecipe) -> Placed:
    """Place all pixels of line maps in the latent space of a model that was made before.

    Raises
    ------
    ValueError
        The model is of other lines than the maps, or of other intensities than the recipe asks for.
    """
    model.check_fits(maps.lines, recipe.line_maps)
    yield PlacementReport(0.0, "Normalising the line maps as those of the model")
    values = normalise(maps.intensity, model.normalisation, maps.valid, model.scalings)
    valid = None if maps.valid is None else maps.valid.ravel()
    space = yield from _placed(model.trained, values.reshape(maps.n_pixels, -1), maps.shape, valid, 0.1)
    return model.trained, space


def _trained(
    values: np.ndarray, recipe: PhasesRecipe, valid: np.ndarray | None
) -> Generator[PlacementReport, None, TrainedAutoencoder]:
    latent = recipe.latent
    reports = training.train(
        values,
        recipe.autoencoder,
        simplex=is_simplex(recipe.line_maps.normalisation),
        valid=valid,
        kl_weight=latent.kl_weight if latent.method == "variational" else None,
    )
    name = METHODS[latent.method].lower()
    try:
        while True:
            report = next(reports)
            message = f"Training the {name}: epoch {report.epoch + 1} of {report.n_epochs}"
            yield PlacementReport(_TRAINING * report.fraction, message, report)
    except StopIteration as end:
        return end.value
    finally:
        reports.close()


def _placed(
    trained: Trained,
    values: np.ndarray,
    map_shape: tuple[int, int],
    valid: np.ndarray | None,
    placing_from: float,
) -> Generator[PlacementReport, None, LatentSpace]:
    if isinstance(trained, TrainedAutoencoder):
        blocks = trained_autoencoder.encode_blocks(trained, values, map_shape, valid)
    elif isinstance(trained, FittedComponents):
        blocks = principal_components.place_blocks(trained, values, map_shape, valid)
    else:
        blocks = umap_embedding.place_blocks(trained, values, map_shape, valid)
    try:
        while True:
            done = next(blocks)
            fraction = placing_from + (1 - placing_from) * done
            yield PlacementReport(fraction, "Placing all pixels in latent space")
    except StopIteration as end:
        return end.value
    finally:
        blocks.close()
