"""Phases that keep their pixels while the number of phases moves.

A lock names the map that holds its phase by the choices that made it, not by its pixels: it is short, and
batch runs and links can follow it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from threading import Lock as ThreadLock
from weakref import WeakKeyDictionary

import numpy as np

from models import edited_phases, phase_edits
from models.edited_phases import LockedPhase
from models.found_phases import FoundPhases, find, is_refined
from models.phase_edits import Lock
from models.phases_result import PhasesResult
from models.recipe import MixtureChoices, PhasesRecipe, RefinementChoices, with_settings

_MOST_TRIALS = 16  # numbers of phases that are tried so that locked and other phases make up the number asked
_MOST_KEPT = 32

_kept: WeakKeyDictionary[PhasesResult, OrderedDict[tuple, LockedPhase | None]] = WeakKeyDictionary()
_keeping = ThreadLock()


def lock_choices(
    recipe: PhasesRecipe, refined: bool, n_asked: int, numbering: Sequence[int], edits: Sequence[str] = ()
) -> dict[str, object]:
    """The choices, by dotted name, of the map that holds a phase: for a lock on it.

    Parameters
    ----------
    recipe : that made the map
    refined : are its phases those of the counts?
    n_asked : number of phases that the model was asked for
    numbering : of the phases it found, see ``PhasesRecipe``
    edits : the commands that made the phase
    """
    if refined:
        choices: dict[str, object] = {"refinement.n_phases": n_asked}
    else:
        choices = {"refinement.enabled": False, "mixture.n_phases": n_asked}
        for name, value in vars(recipe.mixture).items():
            if name != "n_phases" and value != getattr(MixtureChoices(), name):
                choices[f"mixture.{name}"] = value
    choices["numbering"] = list(numbering)
    return {**choices, "edits": list(edits)} if edits else choices


def locked(result: PhasesResult, recipe: PhasesRecipe, locks: Sequence[Lock]) -> list[LockedPhase]:
    """The phases that locks name, with the pixels that they keep; a lock on no phase is left out."""
    neutral = replace(
        recipe,
        mixture=MixtureChoices(),
        refinement=RefinementChoices(seed=recipe.refinement.seed),
        probability_threshold=0.0,
        numbering=(),
        edits=(),
    )
    kept = []
    for lock in locks:
        key = (neutral.refinement, lock)
        with _keeping:
            of_result = _kept.setdefault(result, OrderedDict())
            known = key in of_result
            found = of_result.get(key)
        if not known:
            found = _lock_on(result, with_settings(neutral, dict(lock.choices)), lock.phase)
            with _keeping:
                of_result[key] = found
                while len(of_result) > _MOST_KEPT:
                    of_result.popitem(last=False)
        if found is not None:
            kept.append(found)
    return kept


def _lock_on(result: PhasesResult, recipe: PhasesRecipe, phase: int) -> LockedPhase | None:
    edits = phase_edits.parse_all(recipe.edits)
    # a phase may have been merged with one that was locked before
    inner = locked(result, recipe, [edit for edit in edits if isinstance(edit, Lock)])
    found = find(result, recipe)
    numbering = [number - 1 for number in recipe.numbering]
    ground = edited_phases.lay_ground(
        found.phase_map, inner, edited_phases.reserved_numbers(edits), numbering
    )
    whole = edited_phases.apply(ground, found, phase_edits.of_the_map(edits), result)
    if phase not in whole.ids:
        return None
    pixels = np.flatnonzero(whole.phase_map.label.ravel() == whole.ids.index(phase))
    return LockedPhase(phase, pixels, whole.phase_map.probability.ravel()[pixels]) if pixels.size else None


def beside(locks: Sequence[LockedPhase], result: PhasesResult, recipe: PhasesRecipe) -> FoundPhases:
    """What the model finds at the number with which locked and other phases make up the number asked for.

    Locked phases keep their pixels: where the model would split one of them next, it has to go on until it
    has split another.
    """
    name = "refinement" if is_refined(result, recipe) else "mixture"
    part = getattr(recipe, name)
    asked, found = part.n_phases, find(result, recipe)
    if not locks or not asked:
        return found
    outside = np.ones(found.phase_map.label.size, bool)
    for lock in locks:
        outside[lock.pixels] = False

    def number(phases: FoundPhases) -> int:
        label = phases.phase_map.label.ravel()[outside]
        borne = np.bincount(label.astype(np.intp) + 1, minlength=2)[1:]
        return len(locks) + int(np.count_nonzero(borne))

    tried, missing = found.phase_map.n_phases, asked - number(found)
    step = 1 if missing > 0 else -1
    for _ in range(_MOST_TRIALS):
        tried += step
        if missing * step <= 0 or not 1 <= tried <= found.most:
            break
        other = find(result, replace(recipe, **{name: replace(part, n_phases=tried)}))
        if other.phase_map.n_phases != tried:  # a method that finds its own number
            break
        missing_there = asked - number(other)
        if abs(missing_there) < abs(missing):
            found, missing = other, missing_there
    return found
