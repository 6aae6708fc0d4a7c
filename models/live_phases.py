"""Phases at another number, covariance or threshold, from what a run has prepared: fast enough to be live.

Nothing here trains or reads counts pixel by pixel: a run leaves a latent grid and a tree of refined phases,
and an answer is a small fit, a lookup and a small sum. The edits of the recipe are made on top of it; what
they split or leave out is summed again from the counts.
"""

from __future__ import annotations

import numpy as np

from models import edited_phases, locked_phases, phase_edits
from models.found_phases import is_refined, sums
from models.phase_edits import Lock
from models.phases_result import PhasesResult
from models.recipe import PhasesRecipe
from models.shown_phases import LivePhases
from models.telling_lines import telling_lines

__all__ = ["LivePhases", "line_intensities", "live_phases", "main_lines"]


def live_phases(result: PhasesResult, recipe: PhasesRecipe, before: LivePhases | None = None) -> LivePhases:
    """The phases that a recipe asks for, from what a run has prepared.

    Parameters
    ----------
    result : of a run on the same map; its latent grid and, for refined phases, its refinement are used
    recipe : number of phases, covariance, threshold, refined or not, edits; the rest is as in the run
    before : what was shown before; phases that share most of their pixels keep their number. None: they are
        numbered as the recipe says, or by size

    Raises
    ------
    ValueError
        Refined phases are asked for but the run made none, or the number cannot be had.
    """
    edits = phase_edits.of_the_map(phase_edits.parse_all(recipe.edits))
    locks = locked_phases.locked(result, recipe, [edit for edit in edits if isinstance(edit, Lock)])
    found = locked_phases.beside(locks, result, recipe)
    earlier = None
    if before is not None:
        # of a part of a map that was edited, only what is on show belongs to the part
        whole = before.ground is not None and before.ground.label.shape == before.phase_map.shape
        shown_label, shown_ids = before.phase_map.label, before.ids
        earlier = (before.ground.label, before.ground.ids) if whole else (shown_label, shown_ids)
    ground = edited_phases.lay_ground(
        found.phase_map,
        locks,
        edited_phases.reserved_numbers(edits),
        [number - 1 for number in recipe.numbering],
        earlier,
    )
    threshold = recipe.probability_threshold
    if edits:
        edited = edited_phases.apply(ground, found, edits, result)
        phase_map, ids = edited.phase_map.with_threshold(threshold), edited.ids
        spectra = sums(result, phase_map)
        excluded, notes = edited.excluded, edited.notes
    else:
        phase_map, ids = found.phase_map.with_threshold(threshold), ground.ids
        spectra, excluded, notes = found.spectra_above(threshold), (), ()
    pixels = phase_map.pixels()
    return LivePhases(
        phase_map=phase_map,
        ids=ids,
        spectra=spectra,
        pixels=pixels,
        n_valid=result.n_measured - sum(left for _, left in excluded),
        main_lines=main_lines(spectra, pixels, result),
        most_phases=found.most,
        refined=is_refined(result, recipe),
        why=found.why,
        n_before_edits=ground.n_phases,
        ground=ground,
        n_asked=found.phase_map.n_phases,
        excluded=excluded,
        locked=frozenset(lock.phase for lock in locks),
        notes=notes,
    )


def line_intensities(spectra: np.ndarray, result: PhasesResult) -> np.ndarray:
    """Intensity of every mapped line in summed spectra, (n_spectra, n_lines), as in the line maps."""
    weights = result.line_weights
    return np.asarray(spectra, np.float64) if weights is None else spectra @ weights


def main_lines(spectra: np.ndarray, pixels: np.ndarray, result: PhasesResult) -> tuple[tuple[str, ...], ...]:
    """The lines that tell each phase from the map as a whole, see :func:`telling_lines`."""
    intensity = line_intensities(spectra, result) / np.maximum(pixels, 1)[:, None]
    total = line_intensities(spectra.sum(axis=0, keepdims=True), result)[0]
    return telling_lines(intensity, total / max(int(pixels.sum()), 1), result.maps.lines)
