"""PhasesResult: everything that a Phases run has found so far, one field per stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from data.elemental_maps import ElementalMaps
from data.spectrum_image import SpectrumImage
from models import line_fit
from models.phase_map import PhaseMap
from models.recipe import PhasesRecipe

if TYPE_CHECKING:
    from models.cell_clusters import CellClusters
    from models.endmembers import Unmixing
    from models.latent_grid import LatentGrid
    from models.latent_model import LatentModel, Trained
    from models.latent_space import LatentSpace
    from models.refinement import Refinement
    from models.shown_phases import LivePhases
    from models.stability import Stability


@dataclass(frozen=True, eq=False)
class PhasesResult:
    """Results of the stages, in their order; None where a stage has not run, or not been asked for.

    Attributes
    ----------
    recipe : the choices that were asked for
    dataset_id : of the dataset that they were applied to, before rebinning
    prepared : the map after rebinning and the low-energy cut
    maps : its line maps; ``maps.valid`` is False where a pixel takes part in nothing
    model : a latent space made before, that the recipe asks to apply
    trained : what places pixels in latent space: an autoencoder and its losses, components, an embedding
    latent : latent coordinates of every pixel
    grid, mixture : the latent grid and the clusters of its cells
    latent_phases : the clusters as phases
    refinement : phases from the likelihood of all counts
    phases : the phases to show: refined where that was asked for, else those of the mixture; without a
        probability threshold
    edited : the phases with the edits of the recipe; None where it has none
    phase_spectra : (n_phases, n_channels) int64 summed counts of the assigned pixels of every phase, edits
        made; for element maps (n_phases, n_lines) float64 summed intensities
    unmixing : end-members, their weights and abundances
    stability : whether the phases are found again from resampled data
    seconds : stage -> seconds; stages taken over from an earlier run are absent
    why : stage -> how it chose what the recipe left to it, one sentence
    """

    recipe: PhasesRecipe
    dataset_id: str
    prepared: SpectrumImage | ElementalMaps | None = None
    maps: ElementalMaps | None = None
    model: LatentModel | None = None
    trained: Trained | None = None
    latent: LatentSpace | None = None
    grid: LatentGrid | None = None
    mixture: CellClusters | None = None
    latent_phases: PhaseMap | None = None
    refinement: Refinement | None = None
    phases: PhaseMap | None = None
    edited: LivePhases | None = None
    phase_spectra: np.ndarray | None = None
    unmixing: Unmixing | None = None
    stability: Stability | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    why: Mapping[str, str] = field(default_factory=dict)

    @property
    def notes(self) -> tuple[str, ...]:
        """Plain sentences on what was missing, assumed, left out or chosen."""
        of_maps = () if self.maps is None else self.maps.notes
        return (*of_maps, *self.why.values())

    @property
    def assigned(self) -> PhaseMap:
        """The phases, edited, with every pixel unassigned whose phase is less probable than the threshold."""
        if self.edited is not None:
            return self.edited.phase_map
        return self.phases.with_threshold(self.recipe.probability_threshold)

    @property
    def resolved_recipe(self) -> PhasesRecipe:
        """The recipe with the lines that were used: it means the same without the metadata of this file."""
        if self.maps is None:
            return self.recipe
        return replace(self.recipe, line_maps=replace(self.recipe.line_maps, lines=self.maps.lines))

    @property
    def n_measured(self) -> int:
        """Number of pixels that take part: with counts or, between such pixels, with a phase."""
        if self.maps.valid is None:
            return self.maps.n_pixels
        if self.phases is None:
            return int(self.maps.valid.sum())
        return int(np.count_nonzero(self.maps.valid | (self.phases.label >= 0)))

    @cached_property
    def line_weights(self) -> np.ndarray | None:
        """Weights whose product with summed spectra gives the line intensities; None for element maps."""
        if not self.has_spectra:
            return None
        return line_fit.line_weights(self.prepared, self.maps.lines, self.recipe.line_maps.background)

    @property
    def counts_are_events(self) -> bool:
        """Whether phases can be refined on the counts: they are single events, so that statistics hold."""
        return self.has_spectra and self.prepared.counts_are_events

    @property
    def has_spectra(self) -> bool:
        """Whether there is a spectrum behind every pixel; False for a folder of element maps."""
        return isinstance(self.prepared, SpectrumImage)
