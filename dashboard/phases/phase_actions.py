"""What a person does with phases in the table: each becomes edits of the recipe.

Every function raises a ValueError with a sentence for the person where it cannot be done; nothing changes
then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dashboard.phases.state import PhasesState
from models import phase_edits
from models.live_phases import LivePhases
from models.locked_phases import lock_choices
from models.phase_edits import Edit, Exclude, Lock, Merge, Split


def merge(state: PhasesState, phases: Sequence[int]) -> None:
    """Make phases one; it is called as the largest of those with a name, or as the largest of all."""
    shown = _shown(state)
    phases = _there(state, phases)
    if len(phases) < 2:
        raise ValueError("Choose two or more phases to merge: click one row, then Ctrl-click the others.")
    largest = sorted(
        phases, key=lambda phase: (phase not in state.names, -shown.pixels[_label(state, phase)])
    )
    state.edit(Merge(tuple(largest)).text)
    with state.consequence():
        state.choose(largest[:1])


def split(state: PhasesState, phases: Sequence[int], parts: int) -> None:
    """Cluster the pixels of one phase anew."""
    shown = _shown(state)
    phases = _there(state, phases)
    if len(phases) != 1:
        raise ValueError("Choose one phase to split.")
    pixels = int(shown.pixels[_label(state, phases[0])])
    name = state.name_of(phases[0])
    if not isinstance(parts, int) or not 2 <= parts <= phase_edits.MOST_PARTS:
        raise ValueError(f"A phase is split into 2 to {phase_edits.MOST_PARTS} parts, not {parts}.")
    if pixels < parts:
        raise ValueError(f"{name} has {pixels:,} pixels: they do not make {parts} parts.")
    new = tuple(_free_numbers(state, parts - 1))
    state.edit(Split(phases[0], parts, new).text)
    with state.consequence():
        state.choose(())


def exclude(state: PhasesState, phases: Sequence[int]) -> None:
    """Leave phases out: their pixels belong to no phase and leave all totals."""
    phases = _there(state, phases)
    if not phases:
        raise ValueError("Choose the phases to leave out first.")
    if len(phases) == len(_shown(state).ids):
        raise ValueError("One phase has to stay: a map without any phase has nothing to show.")
    state.edit(*(Exclude(phase).text for phase in phases))
    with state.consequence():
        state.choose(())


def bring_back(state: PhasesState, phase: int) -> None:
    """Take an excluded phase in again."""
    remove_edit(state, Exclude(phase).text)


def lock(state: PhasesState, phases: Sequence[int]) -> None:
    """Let phases keep their pixels while the number of phases, or the model, moves.

    Phases that were merged or split from each other are locked together: the edits that made them go into
    the locks.
    """
    shown = _shown(state)
    phases = [phase for phase in _there(state, phases) if phase not in shown.locked or _made(state, phase)]
    if not phases:
        raise ValueError("Choose the phases to lock first.")
    edits = list(phase_edits.parse_all(state.recipe.edits))
    locks: list[Edit] = []
    for phase in phases:
        if any(isinstance(edit, Lock) and edit.phase == phase for edit in locks):
            continue
        family, made_by = _family(edits, phase)
        edits = [edit for edit in edits if edit not in made_by]
        choices = lock_choices(
            state.recipe, shown.refined, shown.n_asked, shown.numbering, [edit.text for edit in made_by]
        )
        texts = tuple((name, phase_edits.yaml_text(value)) for name, value in choices.items())
        locks += [Lock(member, texts) for member in shown.ids if member in family]
    state.change(None, edits=tuple(edit.text for edit in (*locks, *edits)))


def unlock(state: PhasesState, phases: Sequence[int]) -> None:
    """Let locked phases move again; the edits that made them come back."""
    edits = phase_edits.parse_all(state.recipe.edits)
    wanted = {edit for edit in edits if isinstance(edit, Lock) and edit.phase in phases}
    made_by = {phase_edits.edits_in(edit) for edit in wanted if phase_edits.edits_in(edit)}
    wanted |= {edit for edit in edits if isinstance(edit, Lock) and phase_edits.edits_in(edit) in made_by}
    if not wanted:
        raise ValueError("None of these phases is locked.")
    back = dict.fromkeys(text for texts in made_by for text in texts)
    kept = [edit.text for edit in edits if edit not in wanted]
    state.change(None, edits=(*back, *kept))


def remove_edit(state: PhasesState, command: str) -> None:
    """Take one edit out of the recipe, wherever it stands."""
    edit = phase_edits.parse(command)
    if isinstance(edit, Lock):
        unlock(state, [edit.phase])
        return
    if command not in state.recipe.edits:
        raise ValueError(f"“{command}” is no longer among the edits.")
    state.change(None, edits=tuple(text for text in state.recipe.edits if text != command))


def reset(state: PhasesState) -> None:
    """Take back all merges, splits, exclusions and locks; names and colours stay."""
    edits = phase_edits.parse_all(state.recipe.edits)
    of_map = phase_edits.of_the_map(edits)
    if not of_map:
        raise ValueError("Nothing was merged, split, left out or locked.")
    state.change(None, edits=tuple(edit.text for edit in edits if edit not in of_map))


def _shown(state: PhasesState) -> LivePhases:
    if state.shown is None:
        raise ValueError("Find phases first.")
    wanted = state.recipe.refinement.enabled and state.result.counts_are_events
    if state.shown.refined != wanted:
        raise ValueError(
            "These are clusters of the latent space; they are still being refined on the counts. Edit the "
            "phases when that is done, or switch to “Latent clusters”."
        )
    return state.shown


def _there(state: PhasesState, phases: Iterable[int]) -> list[int]:
    return [phase for phase in dict.fromkeys(phases) if phase in _shown(state).ids]


def _label(state: PhasesState, phase: int) -> int:
    return _shown(state).ids.index(phase)


def _free_numbers(state: PhasesState, n: int) -> range:
    """Numbers above all that any phase bears or has borne: a new part takes nobody's name."""
    shown = _shown(state)
    used = {*shown.ids, *(phase for phase, _ in shown.excluded), *(number - 1 for number in shown.numbering)}
    for edit in phase_edits.parse_all(state.recipe.edits):
        used |= set(edit.phases) if isinstance(edit, Merge) else {edit.phase}
        used |= set(edit.new) if isinstance(edit, Split) else set()
    return range(max(used) + 1, max(used) + 1 + n)


def _family(edits: Sequence[Edit], phase: int) -> tuple[set[int], list[Edit]]:
    """The phases that merges and splits have made of each other, and these edits."""
    family, made_by = {phase}, []
    grown = True
    while grown:
        grown = False
        for edit in edits:
            if edit in made_by or not isinstance(edit, Merge | Split | Lock):
                continue
            members = set(edit.phases) if isinstance(edit, Merge) else {edit.phase}
            members |= set(edit.new) if isinstance(edit, Split) else set()
            if members & family:
                family |= members
                made_by.append(edit)
                grown = True
    return family, [edit for edit in edits if edit in made_by]


def _made(state: PhasesState, phase: int) -> bool:
    """Has a locked phase been merged or split since it was locked?"""
    _, made_by = _family(phase_edits.parse_all(state.recipe.edits), phase)
    return any(isinstance(edit, Merge | Split) for edit in made_by)
