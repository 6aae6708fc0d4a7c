"""A job of a tab that the end of the server interrupted, started again once its map lies on the table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboard.phases.state import PhasesState
from dashboard.phases.tab_strip import TabStrip
from dashboard.phases.visit import PhasesVisit


class ResumedJob:
    """Waits for what the job was of; one at a time, the newest counts.

    Parameters
    ----------
    state, visit, tabs : of the workspace
    """

    def __init__(self, state: PhasesState, visit: PhasesVisit, tabs: TabStrip) -> None:
        self._state, self._visit, self._tabs = state, visit, tabs
        self._waiting: tuple[str, Mapping[str, Any], tuple[str, int]] | None = None
        state.param.watch(self._look, ["prepared", "shown"])

    def start(self, tab: str, record: Mapping[str, Any]) -> None:
        """Start a job again: its map has been laid on the table, its phases may still be sought.

        Parameters
        ----------
        tab : title of the tab that began it
        record : what it wrote down, see :mod:`dashboard.phases.job_record`
        """
        self._waiting = tab, record, self._entry()
        self._look()

    def _entry(self) -> tuple[str, int]:
        return self._state.entry_id, self._state.dataset_index

    def _look(self, *_events: Any) -> None:
        if self._waiting is None:
            return
        tab, record, entry = self._waiting
        if entry != self._entry():  # the person has opened something else
            self._waiting = None
        elif not self._tabs.needs_phases(tab) or self._visit.phases_are_final:
            self._waiting = None
            self._tabs.resume(tab, record)
