"""Saved sessions in one visit: what its address opens, what is kept of it, and what its page shows."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from dashboard.frozen_view import FrozenView
from dashboard.phases.state import UNDONE
from dashboard.phases.workspace import PhasesWorkspace
from dashboard.sessions.current import Current
from dashboard.sessions.front import Front, text_of
from dashboard.sessions.own_drafts import OwnDrafts
from dashboard.sessions.presence import Presence
from dashboard.sessions.save_and_share import SaveAndShare
from dashboard.sessions.session_list import SessionList
from dashboard.sessions.store_line import StoreLine
from dashboard.sessions.table import Table
from dashboard.store.records import StoredState
from dashboard.workbench import Workbench

log = logging.getLogger(__name__)

#: parameters of a link that open something of the store
TOKEN, SESSION = "s", "session"


class SessionsVisit:
    """The controller of sessions in one visit.

    Parameters
    ----------
    workbench, workspace : of the visit
    store : gives the store, in a thread
    presence : of the process
    user : name of the account, "" without accounts
    front : what is shown
    schedule : calls a function soon on the thread of the page
    later : calls a function after so many ms on it
    tell : shows a message: (text, "error" | "warning" | "info")
    search : parameters of the address
    visit : tells it from other visits
    connected : is its page open in a browser?
    clock : seconds since 1970
    """

    def __init__(
        self,
        workbench: Workbench,
        workspace: PhasesWorkspace,
        store: Callable[[], Any],
        presence: Presence,
        user: str,
        front: Front,
        schedule: Callable[[Callable[[], None]], None],
        later: Callable[[Callable[[], None], int], object],
        tell: Callable[[str, str], None],
        search: Mapping[str, str] | None = None,
        visit: int = 0,
        connected: Callable[[], bool] = lambda: True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._workbench, self._workspace, self._user = workbench, workspace, user
        self._front, self._presence, self._tell = front, presence, tell
        self._schedule, self._search, self._visit = schedule, search or {}, visit
        self.line = StoreLine(store, schedule, self._failed)
        self.table = Table(workbench, workspace, workspace.visit.library, later)
        self.current = Current(workbench, workspace.history, workspace.tabs, user)
        self.drafts = OwnDrafts(
            store, user, workbench, self.table, self.current, schedule, later, tell, self.lay,
            self._show_and_enter, clock,
        )  # fmt: skip
        self.is_connected = connected
        self._greeting: Mapping[str, Any] | None = None
        self._begun = self._changed = False
        sessions = SessionList(self.line, front, user, self.current, self._show)
        keeping = SaveAndShare(
            self.line, front, user, workbench, self.table.page_view, self.current,
            lambda: workspace.visit.busy, self._saved, clock,
        )  # fmt: skip
        self._actions: dict[str, Callable[[Mapping[str, Any]], None]] = {
            **sessions.actions,
            **keeping.actions,
            **self.drafts.actions,
            "hello": self._hello,
            "away": self._away,
            "back": lambda _message: self._enter(),
            "open": self._open,
            "close": self._close_bar,
        }
        state = workbench.phases
        workspace.history.param.watch(self._person_changed, "undo_text")
        state.param.watch(self._choices_changed, ["recipe", "entry_id", "dataset_index", "selections"])
        state.param.watch(self._touched, [*UNDONE, "chosen_phases", "selection", "dataset"])
        state.param.watch(self._dataset_changed, "dataset")
        workspace.tabs.on_set(self._setting_changed)

    def begin(self, open_plain: Callable[[], None]) -> None:
        """The page has loaded: open what its address asks for.

        Parameters
        ----------
        open_plain : opens the dataset and the choices of the address, where it names no session
        """
        self._begun = True
        self._front.show(user=self._user)
        if self._greeting is not None:
            self._hello(self._greeting)
        if not self._load(
            {name: self._search[name] for name in (TOKEN, SESSION) if name in self._search}, open_plain
        ):
            open_plain()
            self._show()

    def close(self) -> None:
        """The tab was closed."""
        self.drafts.close()
        self._presence.leave(self._visit)
        self.line.close()

    def answer(self, actions: Mapping[str, Callable[[Mapping[str, Any]], None]]) -> None:
        """Messages that somebody else answers, such as those of the dialog of files."""
        self._actions.update(actions)

    def received(self, message: Any) -> None:
        """A message of the browser; what is no message of this page is left alone."""
        what = message.get("what") if isinstance(message, Mapping) else None
        act = self._actions.get(what) if isinstance(what, str) else None
        if act is None:
            return
        try:
            act(message)
        except ValueError as error:
            self._failed(str(error))

    # --- opening

    def _open(self, message: Mapping[str, Any]) -> None:
        self._load({SESSION: text_of(message, "id")})

    def _load(self, search: Mapping[str, str], otherwise: Callable[[], None] | None = None) -> bool:
        """Open what the store has under an address; False where the address names nothing of it.

        Parameters
        ----------
        otherwise : opens what is left of the address where the store refuses; None where the page stays as
            it is
        """
        if not search:
            return False
        name, key = next(iter(search.items()))

        def load(store: Any) -> StoredState:
            return (store.open_link if name == TOKEN else store.load)(key, self._user, verify=True)

        def deliver(stored: StoredState) -> None:
            # a link shows all of it, or what it was told to; a session of the list is found as it was left
            view = stored.view if stored.link is not None else stored.state.get("view")
            self.table.open(
                stored.state,
                lambda missing, whole: self._put(stored, {name: key}, missing, whole),
                FrozenView.read(view),
                stored.artifacts,
                stored.missing,
            )

        def fail(text: str) -> None:
            if otherwise is None:
                self._failed(text)
                return
            log.warning("told the visitor: %s", text)
            self.current.refused = text  # it stays until it is closed
            otherwise()
            self._show()

        self._front.send({"kind": "opening"})
        self.line.ask(load, deliver, fail)
        return True

    def _put(self, stored: StoredState, search: Mapping[str, str], missing: list[str], whole: bool) -> None:
        """A session is on the table."""
        self.current.put(stored, search, missing, whole)
        self._show_and_enter()
        self._front.send({"kind": "opened"})

    def _saved(self) -> None:
        """What is on the table was saved."""
        if not self.current.changed:
            self.drafts.forget()
        self._show_and_enter()
        self._tell(f"Saved as “{self.current.name}”.", "info")

    def lay(self, state: Mapping[str, Any], then: Callable[[], None] = lambda: None) -> None:
        """Put a state on the table that is no saved session: a draft, or what a job was of.

        Parameters
        ----------
        then : is called once it is there
        """

        def done(missing: list[str], _whole: bool) -> None:
            for text in missing:
                self._tell(text, "warning")
            self.current.resumed()
            then()
            self._show_and_enter()
            self.drafts.touched()

        self.table.open(state, done, FrozenView.read(state.get("view")))

    # --- what is shown

    def _show(self) -> None:
        self._changed = self.current.changed
        self._front.show(**self.current.shown())

    def _show_and_enter(self) -> None:
        self._show()
        self._enter()

    def _show_what_lies_there(self) -> None:
        # while a session is put on the table, its address is of neither the old nor the new one
        if not self.table.laying:
            self._show()

    def _close_bar(self, _message: Mapping[str, Any]) -> None:
        self.current.close_bar()
        self._show()

    def _failed(self, text: str) -> None:
        self._tell(text, "error")
        self._front.send({"kind": "failed", "text": text})

    # --- what the person does

    def _person_changed(self, *_events: Any) -> None:
        """A step can be taken back, or was."""
        if self.table.laying or not self._begun:
            return
        self.table.give_up()
        if self.current.begun:
            self.current.offer(None)  # the person works on something else
        self._workspace.afterwards(self._show_what_lies_there)

    def _choices_changed(self, *_events: Any) -> None:
        if self._begun and not self.table.laying:
            self._workspace.afterwards(self._show_what_lies_there)

    def _dataset_changed(self, *_events: Any) -> None:
        if self.table.laying or not self._begun:
            return
        dataset = self._workbench.phases.dataset
        self.current.another_dataset("" if dataset is None else dataset.dataset_id)
        self._show_and_enter()

    def _touched(self, *_events: Any) -> None:
        """Something has changed; where a person has done something to this map, it is kept as a draft."""
        done = self.current.begun or self._workspace.history.redo_text
        if self._begun and not self.table.laying and self._workbench.phases.prepared is not None and done:
            self.drafts.touched()

    def _setting_changed(self) -> None:
        """A person has set something in a tab; called at every step of a slider, so little is done."""
        if not self._begun:
            return
        self.current.offer(None)
        if not self._changed:
            self._changed = True
            self._workspace.afterwards(self._show_what_lies_there)
        self._touched()

    # --- who is here

    def _hello(self, message: Mapping[str, Any]) -> None:
        """The browser says who it is: which person (a number that it keeps), and which tab."""
        if not self._begun:
            # the page is still being made: what is changed now, Panel takes for a part of what it has sent
            self._greeting = message
        elif self.drafts.known(text_of(message, "person"), text_of(message, "tab")):
            self._enter()
            self.drafts.seek(self._presence, self._visit, bool({"data", TOKEN, SESSION} & set(self._search)))

    def _away(self, _message: Mapping[str, Any]) -> None:
        self._presence.leave(self._visit)
        self.drafts.keep_now()

    def _enter(self) -> None:
        drafts = self.drafts
        if drafts.tab:  # else the browser has not said who it is
            self._presence.enter(self._visit, self.current.place, drafts.owner, self, drafts.tab)

    def people_changed(self, number: int) -> None:
        """From any thread: so many people look at the same."""
        with suppress(Exception):  # a page that has just gone takes no callbacks
            self._schedule(lambda: self._front.show(people=number))
