"""Keeps the end-members on show in step with the phases and the choices, by a job of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from dashboard.phases.job_line import JobLine
from dashboard.phases.state import PhasesState
from dashboard.phases.unmixed import Unmixed, UnmixedReport, UnmixRequest


class Unmixer:
    """Asks for the end-members of what is shown whenever these are out of date.

    Parameters
    ----------
    state : its ``unmixed`` is what this keeps
    line : shows the job, and can cancel it
    on_failed : gets the sentence of what went wrong; the person is told by the line
    """

    def __init__(
        self, state: PhasesState, line: JobLine, on_failed: Callable[[str], None] = lambda _text: None
    ) -> None:
        self._state, self._line, self._on_failed = state, line, on_failed
        self._asked: tuple[object, ...] = ()
        self.panel = line.panel

    @property
    def up_to_date(self) -> bool:
        """The end-members on show are of the phases on show and of the present choices."""
        state, unmixed = self._state, self._state.unmixed
        return (
            unmixed is not None
            and unmixed.unmixing is not None
            and unmixed.shown is state.shown
            and unmixed.choices == state.recipe.unmixing
        )

    def ask(self) -> None:
        """Find the end-members of what is shown, unless that is done or under way."""
        state = self._state
        if state.result is None or state.shown is None or self.up_to_date:
            return
        asked = (state.result, state.shown, state.recipe.unmixing)
        before = self._asked
        if before and asked[:2] == before[:2] and asked[2] == before[2]:
            return  # under way, or it cannot be had
        self._asked = asked
        self._line.start(UnmixRequest(*asked), self._done, self._report, self._on_failed)

    def _report(self, report: UnmixedReport) -> None:
        if report.unmixed is not None:
            self._show(report.unmixed)

    def _done(self, unmixed: Unmixed) -> None:
        self._show(unmixed)

    def _show(self, unmixed: Unmixed) -> None:
        _result, shown, choices = self._asked
        if shown is self._state.shown and choices == self._state.recipe.unmixing:
            # the job may be that of another visit that shows the same phases
            self._state.unmixed = replace(unmixed, shown=shown)
