"""Phases at another number, covariance or threshold, from what a run has prepared: fast enough to be live.

Nothing here trains or reads counts pixel by pixel: a run leaves a latent grid and a tree of refined phases,
and an answer is a small fit, a lookup and a small sum.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from models import mixture, number_of_phases
from models.phase_identity import kept_identity, match_labels
from models.phase_map import PhaseMap
from models.phases_result import PhasesResult
from models.recipe import PhasesRecipe

#: a line is one of a phase's main lines when the phase has at least so many times the mean of the map
_ENRICHED = 1.15
_LEAST_EXCESS = 0.15  # standard deviations of one pixel
_MOST_MAIN_LINES, _STRONGEST = 4, 2


@dataclass(frozen=True, eq=False)
class LivePhases:
    """Phases of one recipe, ready to show.

    Attributes
    ----------
    phase_map : label and probability of every pixel, threshold applied
    ids : for every phase a number that it keeps while the recipe moves; colours and names belong to it
    spectra : (n_phases, n_channels) summed counts, or (n_phases, n_lines) summed intensities of element maps
    pixels : (n_phases,) int64, pixels of every phase
    n_valid : pixels that take part, unassigned ones included
    main_lines : per phase, the lines that it has more of than the map, most telling first
    most_phases : the largest number that can be asked for
    refined : True where the phases come from the counts, False for clusters of the latent space
    why : how the number of phases was chosen, one sentence; empty where a person set it
    """

    phase_map: PhaseMap
    ids: tuple[int, ...]
    spectra: np.ndarray
    pixels: np.ndarray
    n_valid: int
    main_lines: tuple[tuple[str, ...], ...]
    most_phases: int
    refined: bool
    why: str

    @property
    def n_phases(self) -> int:
        """Number of phases, also those that no pixel bears."""
        return self.phase_map.n_phases


def live_phases(result: PhasesResult, recipe: PhasesRecipe, before: LivePhases | None = None) -> LivePhases:
    """The phases that a recipe asks for, from what a run has prepared.

    Parameters
    ----------
    result : of a run on the same map; its latent grid and, for refined phases, its refinement are used
    recipe : number of phases, covariance, threshold, refined or not; the rest is as in the run
    before : what was shown before; phases that share most of their pixels keep their number

    Raises
    ------
    ValueError
        Refined phases are asked for but the run made none, or the number cannot be had.
    """
    refined = recipe.refinement.enabled and result.has_spectra
    if refined and result.refinement is None:
        raise ValueError(
            "This run found latent clusters alone. Press Find phases to refine them on the counts."
        )
    answer = _refined(result, recipe) if refined else _latent(result, recipe)
    phase_map, spectra, most, why = answer
    threshold = recipe.probability_threshold
    if threshold > 0:
        phase_map = phase_map.with_threshold(threshold)
    label = phase_map.label
    if before is None or before.phase_map.shape != phase_map.shape:
        # numbered by size: who opens the same link sees the same numbers and colours
        order = np.argsort(-phase_map.pixels(), kind="stable")
        ids = tuple(int(place) for place in np.argsort(order, kind="stable"))
    else:
        continues = match_labels(before.phase_map.label, label, None, before.n_phases, phase_map.n_phases)
        ids = kept_identity(continues, before.ids)
    pixels = phase_map.pixels()
    return LivePhases(
        phase_map=phase_map,
        ids=ids,
        spectra=spectra,
        pixels=pixels,
        n_valid=result.n_measured,
        main_lines=main_lines(spectra, pixels, result),
        most_phases=most,
        refined=refined,
        why=why,
    )


def _refined(result: PhasesResult, recipe: PhasesRecipe) -> tuple[PhaseMap, np.ndarray, int, str]:
    found = result.refinement
    asked = min(recipe.refinement.n_phases, found.most_phases)
    number = asked or found.n_phases
    phase_map = found.phases(number)
    if recipe.probability_threshold > 0:
        sure = phase_map.with_threshold(recipe.probability_threshold)
        spectra = result.prepared.sum_by_label(sure.label, number)
    else:
        spectra = found.spectra(number)
    return phase_map, spectra, found.most_phases, "" if asked else found.why


def _latent(result: PhasesResult, recipe: PhasesRecipe) -> tuple[PhaseMap, np.ndarray, int, str]:
    grid, choices = result.grid, recipe.mixture
    most = min(number_of_phases.MAX_PHASES, grid.n_cells)
    number = min(choices.n_phases, most) or number_of_phases.choose(grid, choices)
    fitted = mixture.fit(grid, replace(choices, n_phases=number))
    why = "" if choices.n_phases else f"{number} groups of pixels stand apart in the latent space."
    return fitted.phase_map(grid), fitted.spectra(grid, recipe.probability_threshold), most, why


def line_intensities(spectra: np.ndarray, result: PhasesResult) -> np.ndarray:
    """Intensity of every mapped line in summed spectra, (n_spectra, n_lines), as in the line maps."""
    weights = result.line_weights
    return np.asarray(spectra, np.float64) if weights is None else spectra @ weights


def main_lines(spectra: np.ndarray, pixels: np.ndarray, result: PhasesResult) -> tuple[tuple[str, ...], ...]:
    """The lines that tell each phase from the map as a whole.

    Lines are ranked by their excess over the mean of the map in units of its counting error, so that a
    strong line that is somewhat enriched and a weak one that is much enriched are weighed fairly.
    """
    intensity = line_intensities(spectra, result) / np.maximum(pixels, 1)[:, None]
    total = spectra.sum(axis=0, keepdims=True)
    mean = np.maximum(line_intensities(total, result)[0] / max(int(pixels.sum()), 1), 1e-9)
    # below one count per pixel the counting error of a pixel is that of one count
    excess = (intensity - mean) / np.sqrt(np.maximum(mean, 1.0))
    names = result.maps.lines
    answer = []
    for phase in range(len(pixels)):
        order = np.argsort(-excess[phase], kind="stable")
        telling = [
            names[i]
            for i in order
            if intensity[phase, i] > _ENRICHED * mean[i] and excess[phase, i] > _LEAST_EXCESS
        ]
        # a phase that is much like the map as a whole is described by its strongest lines
        strongest = [names[i] for i in np.argsort(-intensity[phase], kind="stable")[:_STRONGEST]]
        answer.append(tuple((telling or strongest)[:_MOST_MAIN_LINES]))
    return tuple(answer)
