"""LatentModel: a latent space that was learnt on one map, with all that it takes to apply it to others.

The normalisation is part of it, with the mean and deviation of every line where the lines were z-scored, so
that the same intensities come to lie in the same place on every map.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from data.elemental_maps import ElementalMaps
from models.normalisation import Scaling, scalings_of
from models.principal_components import FittedComponents
from models.recipe import (
    AutoencoderChoices,
    LatentChoices,
    LineMapChoices,
    NormalisationStep,
    PhasesRecipe,
)
from models.trained_autoencoder import TrainedAutoencoder
from models.umap_embedding import FittedEmbedding

Trained = TrainedAutoencoder | FittedComponents | FittedEmbedding


@dataclass(frozen=True, eq=False)
class LatentModel:
    """A latent space with all that its inputs need.

    Attributes
    ----------
    trained : what places pixels
    lines : the line maps that it takes, in this order
    normalisation, scalings : how they are normalised; a scaling for every z-score
    background : how their intensities were measured
    latent, autoencoder : the choices that it was made with
    title : of the map that it was made on
    id : of the content; empty for a model that was not yet a file
    """

    trained: Trained
    lines: tuple[str, ...]
    normalisation: tuple[NormalisationStep, ...]
    scalings: tuple[Scaling, ...]
    background: str
    latent: LatentChoices
    autoencoder: AutoencoderChoices
    title: str
    id: str = ""

    @classmethod
    def of(cls, trained: Trained, maps: ElementalMaps, recipe: PhasesRecipe) -> LatentModel:
        """The latent space of a run, from its line maps and the recipe that made them."""
        chain = recipe.line_maps.normalisation
        return cls(
            trained=trained,
            lines=maps.lines,
            normalisation=chain,
            scalings=scalings_of(maps.intensity, chain, maps.valid),
            background=recipe.line_maps.background,
            latent=recipe.latent,
            autoencoder=recipe.autoencoder,
            title=maps.title,
        )

    def check_fits(self, lines: tuple[str, ...], choices: LineMapChoices | None = None) -> None:
        """Say so where the model takes other line maps than these.

        Raises
        ------
        ValueError
            The lines differ, or their order, or the choices measure or normalise them otherwise.
        """
        if choices is not None and choices.normalisation != self.normalisation:
            raise ValueError(
                f"This model was made with the normalisation {_named(self.normalisation)}; the recipe asks "
                f"for {_named(choices.normalisation)}. Normalise as the model does, or train on this map."
            )
        if choices is not None and choices.background != self.background:
            raise ValueError(
                f"This model was made of line intensities by {self.background!r}; the recipe asks for "
                f"{choices.background!r}. Measure them as the model does, or train on this map."
            )
        if lines == self.lines:
            return
        if sorted(lines) == sorted(self.lines):
            raise ValueError(
                f"This model takes its lines in the order {', '.join(self.lines)}; this map has them as "
                f"{', '.join(lines)}. Choose the lines in that order under Lines and preparation."
            )
        missing = [line for line in self.lines if line not in lines]
        further = [line for line in lines if line not in self.lines]
        parts = [f"this map lacks {', '.join(missing)}"] if missing else []
        parts += [f"the model does not know {', '.join(further)}"] if further else []
        raise ValueError(
            f"This model was made for the lines {', '.join(self.lines)}: {' and '.join(parts)}. Choose "
            "exactly these lines, or train on this map."
        )

    def recipe(self, recipe: PhasesRecipe) -> PhasesRecipe:
        """A recipe that applies this model: its lines, normalisation and network in place of its own."""
        line_maps = dataclasses.replace(
            recipe.line_maps,
            lines=self.lines,
            normalisation=self.normalisation,
            background=self.background,
        )
        latent = dataclasses.replace(self.latent, model=self.id)
        return dataclasses.replace(recipe, line_maps=line_maps, latent=latent, autoencoder=self.autoencoder)


def _named(chain: tuple[NormalisationStep, ...]) -> str:
    return ", ".join(chain) or "none"
