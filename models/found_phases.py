"""Phases as a model finds them: refined on the counts, or clusters of the latent space."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from data.elemental_maps import ElementalMaps
from models import clustering, number_of_phases
from models.phase_map import PhaseMap
from models.phases_result import PhasesResult
from models.recipe import PhasesRecipe


@dataclass(frozen=True, eq=False)
class FoundPhases:
    """Phases as a model finds them.

    Attributes
    ----------
    phase_map : label and probability of every pixel, without a threshold
    spectra_above : threshold -> (n_phases, n_channels) sums over the pixels at least so probable
    probability_of : labels -> (n_y, n_x) float32, that a pixel is of one of them
    most : the largest number of phases that can be asked for
    why : how the number was chosen, one sentence; empty where a person set it
    """

    phase_map: PhaseMap
    spectra_above: Callable[[float], np.ndarray]
    probability_of: Callable[[Sequence[int]], np.ndarray]
    most: int
    why: str


def find(result: PhasesResult, recipe: PhasesRecipe) -> FoundPhases:
    """What the model of a recipe finds, from what a run has prepared.

    Raises
    ------
    ValueError
        Refined phases are asked for but the run made none, or the number cannot be had.
    """
    return _refined(result, recipe) if is_refined(result, recipe) else _latent(result, recipe)


def is_refined(result: PhasesResult, recipe: PhasesRecipe) -> bool:
    """Do these phases come from the counts? ValueError where the run has none of that kind."""
    refined = recipe.refinement.enabled and result.counts_are_events
    if refined and result.refinement is None:
        raise ValueError(
            "This run found latent clusters alone. Press Find phases to refine them on the counts."
        )
    return refined


def _refined(result: PhasesResult, recipe: PhasesRecipe) -> FoundPhases:
    found = result.refinement
    asked = min(recipe.refinement.n_phases, found.most_phases)
    number = asked or found.n_phases
    phase_map = found.phases(number)

    def spectra_above(threshold: float) -> np.ndarray:
        return sums(result, phase_map.with_threshold(threshold)) if threshold > 0 else found.spectra(number)

    return FoundPhases(
        phase_map=phase_map,
        spectra_above=spectra_above,
        probability_of=lambda labels: found.probability_of(labels, number),
        most=found.most_phases,
        why="" if asked else found.why,
    )


def _latent(result: PhasesResult, recipe: PhasesRecipe) -> FoundPhases:
    grid, choices = result.grid, recipe.mixture
    most = min(number_of_phases.MAX_PHASES, grid.n_cells)
    # one of several maps has the phases of all: they are found on the grid of all
    fitted, why = clustering.cluster(grid.basis, replace(choices, n_phases=min(choices.n_phases, most)))
    return FoundPhases(
        phase_map=fitted.phase_map(grid),
        spectra_above=lambda threshold: fitted.spectra(grid, threshold),
        probability_of=lambda labels: grid.lookup(fitted.membership[list(labels)].sum(axis=0), fill=0.0),
        most=most,
        why=why,
    )


def sums(result: PhasesResult, phase_map: PhaseMap) -> np.ndarray:
    """Summed counts of the pixels of every phase, or summed intensities of element maps."""
    if result.has_spectra:
        return result.prepared.sum_by_label(phase_map.label, phase_map.n_phases)
    return sums_of_maps(result.maps, phase_map.label, phase_map.n_phases)


def sums_of_maps(maps: ElementalMaps, label: np.ndarray, n_labels: int) -> np.ndarray:
    """Summed intensities of the pixels of every label, (n_labels, n_lines); label -1 belongs to none."""
    place = label.ravel().astype(np.intp) + 1
    # a line at a time: all maps at once in double precision would be the largest array of the run
    of_lines = [
        np.bincount(place, weights=maps.intensity[:, :, line].ravel(), minlength=n_labels + 1)[1:]
        for line in range(len(maps.lines))
    ]
    return np.stack(of_lines, axis=1)
