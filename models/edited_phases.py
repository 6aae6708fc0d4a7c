"""Phases as a person wants them: what a model found, with the edits of a recipe made on top of it.

The phases found and those that are locked are the ground; merges and splits change which phase its pixels
belong to, and excluded phases leave the map. Nothing here depends on what was shown before: the same result
and the same recipe give the same phases. An edit of a phase that is not there (at this number of phases)
waits and is said in a note.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from models import phase_split
from models.found_phases import FoundPhases
from models.phase_edits import Edit, Exclude, Lock, Merge, Split
from models.phase_identity import match_labels
from models.phase_map import PhaseMap
from models.phases_result import PhasesResult
from models.shown_phases import Ground


@dataclass(frozen=True, eq=False)
class LockedPhase:
    """A phase that keeps its pixels: their places (flat) and the probability that each had in it."""

    phase: int
    pixels: np.ndarray
    probability: np.ndarray


@dataclass(frozen=True, eq=False)
class EditedPhases:
    """Phases after the edits.

    Attributes
    ----------
    phase_map : without a threshold; the pixels of excluded phases are unassigned
    ids : lasting number of every label
    excluded : (phase, pixels) of the phases left out
    notes : sentences on the edits that wait
    """

    phase_map: PhaseMap
    ids: tuple[int, ...]
    excluded: tuple[tuple[int, int], ...]
    notes: tuple[str, ...]


def reserved_numbers(edits: Iterable[Edit]) -> frozenset[int]:
    """Numbers that no phase found may bear: of locked phases and of the new parts of splits."""
    numbers: set[int] = set()
    for edit in edits:
        numbers |= {edit.phase} if isinstance(edit, Lock) else set()
        numbers |= set(edit.new) if isinstance(edit, Split) else set()
    return frozenset(numbers)


def lay_ground(
    found: PhaseMap,
    locks: Sequence[LockedPhase],
    reserved: frozenset[int],
    numbering: Sequence[int] = (),
    before: tuple[np.ndarray, tuple[int, ...]] | None = None,
) -> Ground:
    """Phases found and locked phases on one map, with their lasting numbers.

    Parameters
    ----------
    found : as found; pixels of locked phases are taken out of it
    locks : phases that keep their pixels; of two that claim a pixel, the first has it
    reserved : numbers that no phase found may bear
    numbering : numbers of the phases found, from the largest to the smallest; the smallest free ones follow
    before : (n_y, n_x) labels and numbers of an earlier ground; phases that share most of their pixels with
        one of it keep its number, and ``numbering`` does not count
    """
    label, probability, taken = found.label, found.probability, None
    if locks:
        label, probability = label.copy(), probability.copy()
        taken = np.zeros(label.size, bool)
        for place, lock in enumerate(locks):
            free = ~taken[lock.pixels]
            pixels = lock.pixels[free]
            label.ravel()[pixels] = found.n_phases + place
            probability.ravel()[pixels] = lock.probability[free]
            taken[pixels] = True
    largest_first = np.argsort(-found.pixels(), kind="stable")
    given: dict[int, int] = {}
    if before is not None and before[0].shape == label.shape:
        outside = label if taken is None else np.where(taken.reshape(label.shape), np.int16(-1), label)
        continues = match_labels(before[0], outside, None, len(before[1]), found.n_phases)
        given = {phase: before[1][old] for phase, old in enumerate(continues) if old >= 0}
    else:
        given = dict(zip(largest_first.tolist(), numbering, strict=False))
    ids = _numbers(largest_first.tolist(), given, reserved)
    numbers = (*(ids[phase] for phase in range(found.n_phases)), *(lock.phase for lock in locks))
    borne = np.count_nonzero(PhaseMap(label, probability, len(numbers), found.made_by).pixels())
    return Ground(
        label, probability, numbers, found.n_phases, tuple(ids[p] for p in largest_first.tolist()),
        int(borne) if locks else found.n_phases,
    )  # fmt: skip


def _numbers(labels: Sequence[int], given: dict[int, int], reserved: frozenset[int]) -> dict[int, int]:
    """A number for every label, none of them twice: the given one where it may have it, else a free one."""
    ids: dict[int, int] = {}
    taken = set(reserved)
    for label in labels:
        number = given.get(label)
        if number is not None and number not in taken:
            ids[label] = number
            taken.add(number)
    free = (number for number in range(len(labels) + len(taken) + 1) if number not in taken)
    return {label: ids[label] if label in ids else next(free) for label in labels}


@dataclass
class _Work:
    """Labels that are being edited: raw labels on the map, and the phase that each of them belongs to."""

    label: np.ndarray
    parts: dict[int, set[int]]  # phase -> its raw labels
    sources: dict[int, frozenset[int]]  # raw label -> labels of the ground that its pixels come from
    notes: list[str] = field(default_factory=list)

    def mask(self, phase: int) -> np.ndarray:
        """The pixels of a phase, (n_y, n_x) bool."""
        table = np.zeros(max(self.sources) + 2, bool)
        table[list(self.parts[phase])] = True  # the last entry stays: label -1 takes it
        return table[self.label]

    def wait(self, edit: Edit, why: str) -> None:
        """The edit is not made now."""
        self.notes.append(f"“{_shortly(edit)}” waits: {why}.")


def apply(ground: Ground, found: FoundPhases, edits: Sequence[Edit], result: PhasesResult) -> EditedPhases:
    """Merges and splits, in their order; then excluded phases leave."""
    borne = np.unique(ground.label)
    work = _Work(
        ground.label,
        {ground.ids[label]: {label} for label in borne.tolist() if label >= 0},
        {label: frozenset([label]) for label in borne.tolist() if label >= 0} or {0: frozenset()},
    )
    left_out: list[int] = []
    taken = set(ground.ids) | reserved_numbers(edits)
    for edit in edits:
        if isinstance(edit, Merge):
            _merge(work, edit)
        elif isinstance(edit, Split):
            _split(work, edit, taken, result)
        elif isinstance(edit, Lock) and edit.phase not in ground.ids:
            work.wait(edit, "the phase that it keeps is not in the map that it names")
    for edit in edits:
        if isinstance(edit, Exclude):
            if edit.phase not in work.parts:
                work.wait(edit, f"there is no phase {edit.phase + 1} at this number of phases")
            elif edit.phase not in left_out:
                left_out.append(edit.phase)
    return _finished(ground, found, work, left_out)


def _merge(work: _Work, edit: Merge) -> None:
    there = [phase for phase in edit.phases if phase in work.parts]
    missing = [str(phase + 1) for phase in edit.phases if phase not in work.parts]
    if missing:
        work.wait(edit, f"there is no phase {' or '.join(missing)} at this number of phases")
    if len(there) < 2:
        return
    for other in there[1:]:
        work.parts[there[0]] |= work.parts.pop(other)


def _split(work: _Work, edit: Split, taken: set[int], result: PhasesResult) -> None:
    if edit.phase not in work.parts:
        work.wait(edit, f"there is no phase {edit.phase + 1} at this number of phases")
        return
    mask = work.mask(edit.phase)
    try:
        part = phase_split.split(result, mask, edit.parts)
    except ValueError as error:
        work.wait(edit, str(error))
        return
    sources = frozenset().union(*(work.sources[raw] for raw in work.parts[edit.phase]))
    first = max(work.sources) + 1
    work.label = work.label.copy()
    work.label[mask] = part + np.int16(first)
    work.sources |= {first + place: sources for place in range(edit.parts)}
    work.parts[edit.phase] = {first}
    for place in range(1, edit.parts):
        number = edit.new[place - 1] if place <= len(edit.new) else None
        if number is None or number in work.parts:
            number = next(free for free in range(len(taken) + 1) if free not in taken)
        taken.add(number)
        work.parts[number] = {first + place}


def _finished(ground: Ground, found: FoundPhases, work: _Work, left_out: list[int]) -> EditedPhases:
    kept = [phase for phase in work.parts if phase not in left_out]
    # without any phase left a map still has a table to look labels up in
    table = np.full(max(work.sources) + 2, -1, np.int16)
    for label, phase in enumerate(kept):
        table[list(work.parts[phase])] = label
    label = table[work.label]
    probability = ground.probability
    for place, phase in enumerate(kept):
        sources = frozenset().union(*(work.sources[raw] for raw in work.parts[phase]))
        if len(sources) > 1:
            if probability is ground.probability:
                probability = probability.copy()
            mask = label == place
            probability[mask] = _joint(ground, found, sources, mask)
    excluded = tuple((phase, int(np.count_nonzero(work.mask(phase)))) for phase in left_out)
    phase_map = PhaseMap(label, probability, len(kept), found.phase_map.made_by)
    return EditedPhases(phase_map, tuple(kept), excluded, tuple(work.notes))


def _joint(ground: Ground, found: FoundPhases, sources: frozenset[int], mask: np.ndarray) -> np.ndarray:
    """Probability that the pixels of a mask are of any of several labels of the ground."""
    own = ground.probability[mask]
    of_found = [source for source in sources if source < ground.n_found]
    if not of_found:
        return own
    joint = found.probability_of(of_found)[mask]
    # a locked pixel has its share from the map that it was locked in
    joint = np.where(ground.label[mask] >= ground.n_found, joint + own, joint)
    return np.clip(np.maximum(joint, own), 0, 1)


def _shortly(edit: Edit) -> str:
    return f"lock {edit.phase + 1}" if isinstance(edit, Lock) else edit.text
