"""Undo and redo of what a person changes in the Phases workspace."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable
from typing import Any

import param

from dashboard.history import History
from dashboard.phases.change_text import described
from dashboard.phases.state import UNDONE, PhasesState
from models.phases_result import PhasesResult

_Snapshot = dict[str, Any]
#: entries of a snapshot that are no choice: which run was here
_RUN = "run"


class PhasesHistory(param.Parameterized):
    """The steps of one visit; it watches the state, nobody has to tell it.

    Parameters
    ----------
    state : what a person changes
    clock : seconds
    """

    undo_text = param.String("", doc="what would be taken back; empty where nothing can")
    redo_text = param.String("", doc="what would be done again")

    def __init__(self, state: PhasesState, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._state = state
        self._history: History[_Snapshot] = History(self._snapshot(), clock)
        state.param.watch(self._changed, [*UNDONE, "selection"])
        state.param.watch(self._opened, ["dataset", "result"])

    def undo(self) -> None:
        """Take back what was changed last."""
        self._restore(self._history.undo())

    def redo(self) -> None:
        """Do again what was taken back last."""
        self._restore(self._history.redo())

    def hold(self, held: bool) -> None:
        """A handle of the page is held, or let go."""
        self._history.hold(held)

    def _snapshot(self) -> _Snapshot:
        state = self._state
        values = {name: getattr(state, name) for name in UNDONE}
        values["selected"] = None if state.selection is None else state.selection.origin
        values[_RUN] = None if state.result is None else weakref.ref(state.result)
        return values

    def _opened(self, *events: Any) -> None:
        # a crop or a rebin shows other pixels of the same dataset: that can be undone like anything else
        if any(event.name == "dataset" and event.old is not event.new for event in events):
            self._history.clear(self._snapshot())
        else:
            self._history.amend(self._snapshot())
        self._say()

    def _changed(self, *_events: Any) -> None:
        state, before, after = self._state, self._history.present, self._snapshot()
        if state.restoring:
            return
        if _choices(before) == _choices(after):
            return
        if state.following or state.prepared is None:
            self._history.amend(after)
        else:
            text, kind = described(before, after, state.name_of)
            self._history.record(after, text, kind)
        self._say()

    def _restore(self, snapshot: _Snapshot | None) -> None:
        if snapshot is None:
            return
        state = self._state
        now = self._snapshot()
        run: weakref.ref[PhasesResult] | None = snapshot[_RUN]
        state.restoring, state.same_run = True, run is not None and run() is state.result
        try:
            state.param.update(**{name: snapshot[name] for name in UNDONE if snapshot[name] != now[name]})
            self._restore_selection(snapshot["selected"])
        finally:
            state.restoring, state.same_run = False, True
        self._say()

    def _restore_selection(self, origin: Any) -> None:
        state = self._state
        present = None if state.selection is None else state.selection.origin
        if origin == present:
            return
        if origin is None:
            state.clear_selection()
        else:
            state.select(origin)

    def _say(self) -> None:
        self.param.update(undo_text=self._history.undo_text, redo_text=self._history.redo_text)


def _choices(snapshot: _Snapshot) -> _Snapshot:
    return {name: value for name, value in snapshot.items() if name != _RUN}
