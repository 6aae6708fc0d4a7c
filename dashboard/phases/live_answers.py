"""Phases that follow the recipe while a handle moves: the newest request wins, at the pace of the browser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bokeh.model import Model

from dashboard.busy import Busy
from dashboard.gate import PaintGate
from dashboard.live import LatestWins
from dashboard.phases.state import PhasesState
from models import phase_edits
from models.live_phases import LivePhases, live_phases
from models.phases_result import PhasesResult
from models.recipe import PhasesRecipe

_Answer = tuple[PhasesRecipe, LivePhases]


class LiveAnswers:
    """Keeps ``state.shown`` in step with the recipe and the result of a state.

    Parameters
    ----------
    state : what is chosen and shown
    schedule : calls a function soon on the thread of the page
    tell : shows a message to the person: (text, "error" | "warning" | "info")
    anchor : a figure of the page, whose painting sets the pace
    busy : the sign that an answer is sought
    """

    def __init__(
        self,
        state: PhasesState,
        schedule: Callable[[Callable[[], None]], None],
        tell: Callable[[str, str], None],
        anchor: Model,
        busy: Busy | None = None,
    ) -> None:
        self._state, self._tell = state, tell
        self._newest: _Answer | None = None
        self._gate = PaintGate(self._draw_newest, anchor)
        self._phases = LatestWins(
            _answer, self._show, lambda text: tell(text, "warning"), schedule, busy=busy
        )
        # later: what a person has just changed is noted first, the numbers follow from it
        self._number_soon = lambda *_: schedule(self._number)
        state.param.watch(self._number_soon, ["hidden", "selections"])

    @property
    def busy(self) -> bool:
        """Other phases than those on show are on their way."""
        return self._phases.busy

    def drop(self) -> None:
        """Forget what is under way: another map is shown."""
        self._phases.drop()
        self._newest = None

    def request(self, result: PhasesResult, recipe: PhasesRecipe, before: LivePhases | None) -> None:
        """Ask for the phases of a recipe; see :func:`models.live_phases.live_phases`."""
        self._phases.request(result, recipe, before)

    def follow(self, old: PhasesRecipe, new: PhasesRecipe) -> None:
        """The recipe of the state has changed: the phases on show follow where they depend on it."""
        result = self._state.result
        if result is None:
            return
        if _decisive(old) == _decisive(new):
            if old.numbering == new.numbering:
                self._number_soon()
            return
        # what was taken back is as it was, numbers and all; where it is of another run, it is compared
        exact = self._state.restoring and bool(new.numbering) and self._state.same_run
        self.request(result, new, None if exact else self.comparable())

    def comparable(self) -> LivePhases | None:
        """The phases on show, where they are of the same pixels as the next answer."""
        shown, result = self._state.shown, self._state.result
        if shown is None or result is None or shown.phase_map.shape != result.maps.shape:
            return None
        return shown

    def _show(self, answer: _Answer) -> None:
        self._newest = answer
        self._gate()

    def _draw_newest(self) -> None:
        """Show the newest answer; the gate calls this once the one before is painted."""
        if self._newest is None:
            return
        state, (_, answer) = self._state, self._newest
        new_notes = set(answer.notes) - set(() if state.shown is None else state.shown.notes)
        state.shown = answer
        self._number()
        if set(state.chosen_phases) - set(answer.ids):
            with state.consequence():
                state.choose([phase for phase in state.chosen_phases if phase in answer.ids])
        for note in answer.notes:
            if note in new_notes:
                self._tell(note, "info")

    def _number(self) -> None:
        """Write down the numbers of the phases on show, once a person has named or changed one.

        Whoever opens the link, or runs the recipe, has to call the phases by the same numbers.
        """
        state = self._state
        if self._newest is None or not state.touched or state.restoring:
            return
        recipe, answer = self._newest
        current = answer is state.shown and _decisive(recipe) == _decisive(state.recipe)
        if current and answer.ground is not None and state.recipe.numbering != answer.numbering:
            with state.consequence():
                state.change(None, numbering=answer.numbering)


def _answer(result: PhasesResult, recipe: PhasesRecipe, before: LivePhases | None) -> _Answer:
    return recipe, live_phases(result, recipe, before)


def _decisive(recipe: PhasesRecipe) -> tuple[Any, ...]:
    """What of a recipe decides which pixel is of which phase, numbers apart."""
    edits = phase_edits.of_the_map(phase_edits.parse_all(recipe.edits))
    return recipe.mixture, recipe.refinement, recipe.probability_threshold, edits


def interim(recipe: PhasesRecipe) -> PhasesRecipe:
    """The recipe for what is shown while the counts are still refined: clusters as they are found."""
    refinement = replace(recipe.refinement, enabled=False)
    return replace(recipe, refinement=refinement, edits=(), numbering=())
