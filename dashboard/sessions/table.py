"""Puts a frozen state on the table of an open page: dataset, result, look, and where somebody was looking."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from dashboard.frozen_phases import FrozenPhases
from dashboard.frozen_view import FrozenView
from dashboard.library import Library
from dashboard.phases.workspace import PhasesWorkspace
from dashboard.sessions.page_view import PageView
from dashboard.sessions.reopening import Reopened, ReopenRequest
from dashboard.workbench import Workbench

#: a state whose map was taken off the table
_NOTHING = dict(
    prepared=None, dataset=None, model=None, result=None, shown=None, unmixed=None, stability=None,
    selection=None, selection_spectrum=None, selection_phases=(), chosen_phase=None, chosen_phases=(),
    kept_masks={}, titles=(),
)  # fmt: skip


class Table:
    """Opens frozen states on the page of a visit.

    Parameters
    ----------
    workbench, workspace : of the visit
    library : where datasets come from
    later : calls a function after so many ms on the thread of the page
    """

    def __init__(
        self,
        workbench: Workbench,
        workspace: PhasesWorkspace,
        library: Library,
        later: Callable[[Callable[[], None], int], object],
    ) -> None:
        self._workbench, self._workspace, self._library = workbench, workspace, library
        self._state = workbench.phases
        self.page_view = PageView(workspace, later)
        workbench.tab_settings = lambda: workspace.tabs.settings
        #: something is being put on the table: what changes now was done by nobody
        self.laying = False
        self._awaited: tuple[Callable[[], bool], Callable[[], None]] | None = None
        self._state.param.watch(self._look_again, ["prepared", "shown"])

    def open(
        self,
        state: Mapping[str, Any],
        done: Callable[[list[str], bool], None],
        view: FrozenView | None = None,
        artifacts: Mapping[str, Path] | None = None,
        lost: Sequence[str] = (),
    ) -> None:
        """Open a frozen state as a job of the visit.

        Parameters
        ----------
        done : gets sentences on what is not as it was, and whether its dataset is there
        view : where to look; by default at all of it
        artifacts, lost : files of its results, and roles of those that are gone
        """
        frozen, unread = FrozenPhases.read(state.get("phases") if isinstance(state, Mapping) else None)
        visit = self._workspace.visit

        def opened(reopened: Reopened) -> None:
            visit.job.end()
            with self._laid():
                self._lay(state, frozen, reopened, view or FrozenView(), unread)
            done([*unread, *reopened.missing], reopened.dataset is not None)

        request = ReopenRequest(self._library, frozen, artifacts or {}, tuple(lost))
        visit.job.start(request, f"Opening {frozen.dataset_title or 'a session'}", opened)

    def resume(self, state: Mapping[str, Any]) -> None:
        """Give the map that is on show, or is being opened, the look and view of a frozen state of it."""
        frozen, _ = FrozenPhases.read(state.get("phases"))
        view = FrozenView.read(state.get("view"))
        notes = state.get("notes")
        self._workbench.notes = notes if isinstance(notes, str) else ""

        def dress() -> None:
            with self._laid():
                frozen.put_look(self._state)
                # a link has no room for masks: here they are
                self._state.selections = frozen.selections
                self._workspace.tabs.settings = state.get("tabs")
                self.page_view.zoom(view)
            self._look_at(view)

        wanted = frozen.entry_id, frozen.dataset_index
        self._when(lambda: self._state.prepared is not None and self._entry() == wanted, dress)

    def _lay(
        self,
        state: Mapping[str, Any],
        frozen: FrozenPhases,
        reopened: Reopened,
        view: FrozenView,
        problems: list[str],
    ) -> None:
        phases, visit = self._state, self._workspace.visit
        visit.phases.drop()
        visit.selecting.drop()
        phases.param.update(**_NOTHING)
        thawed = self._workbench.thaw(state)
        problems += [text for text in thawed if text not in problems]
        if reopened.dataset is None:
            return
        phases.param.update(dataset_index=reopened.index, titles=reopened.titles)
        if reopened.view.choices is not None:  # lines or a crop may not have fitted
            phases.recipe = replace(phases.recipe, line_maps=reopened.view.choices)
        phases.open(reopened.dataset, reopened.view, keep_edits=True)
        problems += self._workbench.dress()
        self._workspace.tabs.settings = state.get("tabs")
        self._look_at(view)
        result = reopened.result
        if result is None:
            if reopened.view.maps.lines:
                visit.find()
        else:
            phases.param.update(model=result.model, result=result)
            if reopened.shown is not None:
                phases.shown = reopened.shown
            else:
                visit.phases.request(result, phases.recipe, None)
            if state.get("unfinished") is True:
                visit.find()
        # the latent space has chosen its ranges by now
        self.page_view.zoom(view)

    def _look_at(self, view: FrozenView) -> None:
        """Tab, chosen phases and selection, once the phases are there."""

        def show() -> None:
            with self._laid():
                self.page_view.show(view)

        self._workspace.tabs.open(view.tab)
        self._when(lambda: self._state.shown is not None, show)

    def _entry(self) -> tuple[str, int]:
        return self._state.entry_id, self._state.dataset_index

    @contextmanager
    def _laid(self) -> Iterator[None]:
        before, self.laying = self.laying, True
        try:
            with self._state.consequence():
                yield
        finally:
            self.laying = before

    def _when(self, ready: Callable[[], bool], act: Callable[[], None]) -> None:
        """Act once the state is ready; whatever else was waited for is given up."""
        self._awaited = (ready, act)
        self._look_again()

    def _look_again(self, *_events: Any) -> None:
        if self._awaited is not None and self._awaited[0]():
            (_, act), self._awaited = self._awaited, None
            act()

    def give_up(self) -> None:
        """The person has changed something: what was waited for does not come any more."""
        self._awaited = None
