"""The drafts of one visit: what they hold, how a reload finds them, and how a lost one is offered."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from dashboard.sessions.current import Current
from dashboard.sessions.drafts import DraftKeeper
from dashboard.sessions.presence import Presence
from dashboard.sessions.store_line import StoreLine
from dashboard.sessions.table import Table
from dashboard.store.records import Draft, StoredState
from dashboard.workbench import Workbench


class OwnDrafts:
    """Keeps what is on the table, and brings back what was there.

    Parameters
    ----------
    store : gives the store, in a thread
    user : name of the account, "" without accounts
    workbench, table, current : what is on the table, and which session it is
    schedule : calls a function soon on the thread of the page
    later : calls a function after so many ms on it
    tell : shows a message: (text, "error" | "warning" | "info")
    lay : puts a state on the table and calls a function once it is there
    changed : is called when the page has to say something else of what is on the table
    clock : seconds since 1970

    Attributes
    ----------
    line : to the store, for drafts alone
    actions : what the bar with the offer asks for
    """

    def __init__(
        self,
        store: Callable[[], Any],
        user: str,
        workbench: Workbench,
        table: Table,
        current: Current,
        schedule: Callable[[Callable[[], None]], None],
        later: Callable[[Callable[[], None], int], object],
        tell: Callable[[str, str], None],
        lay: Callable[[Mapping[str, Any], Callable[[], None]], None],
        changed: Callable[[], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._user, self._workbench, self._table, self._current = user, workbench, table, current
        self._tell, self._lay, self._changed = tell, lay, changed
        self.line = StoreLine(store, schedule, self._failed)
        self._keeper = DraftKeeper(self.line, user, self._captured, later, clock)
        self._told = False
        self.actions: dict[str, Callable[[Mapping[str, Any]], None]] = {
            "go_on": lambda _message: self._go_on(),
            "let_go": lambda _message: self._let_go(),
        }

    @property
    def owner(self) -> str:
        """Whose the drafts are; "" until the browser has said who it is."""
        return self._keeper.owner

    @property
    def tab(self) -> str:
        """What the browser calls this tab; "" until it has said so."""
        return self._keeper.tab

    def known(self, person: str, tab: str) -> bool:
        """The browser has said who it is; False where that is no name that it can have."""
        return self._keeper.known(person, tab)

    def seek(self, presence: Presence, visit: int, asked: bool) -> None:
        """Look for the draft of this tab, and for one that was lost.

        Parameters
        ----------
        presence, visit : what is open elsewhere is no lost draft
        asked : the address says what to open: a draft of something else is not offered
        """

        def found(own: Draft | None, lost: Draft | None) -> None:
            if self._current.begun:
                return  # the person works on something else by now
            if own is not None and _about(own).get("search") == self._current.where()["search"]:
                # the page was loaded again: its address has the choices, the draft has the rest
                self._table.resume(own.state)
                self._find_session(own)
            elif lost is not None and (lost is own or not asked):
                self._current.offer(lost)
                self._changed()

        self._keeper.seek(presence, visit, found)

    def touched(self) -> None:
        """Something on the table has changed: it is kept soon."""
        self._keeper.changed()

    def forget(self) -> None:
        """What is on the table was saved: it needs no draft."""
        self._keeper.forget()

    def keep_now(self) -> None:
        """The page goes: what was not kept yet is kept now."""
        self._keeper.close()

    def close(self) -> None:
        """The visit has ended."""
        self._keeper.close()
        self.line.close()

    def _captured(self) -> Callable[[], dict[str, Any]]:
        plain = self._workbench.captured(self._table.page_view.now())
        session = self._current.session
        about = {
            "search": self._current.where()["search"],
            "session": None if session is None else session.id,
            "version": None if session is None else session.version,
        }
        return lambda: {**plain(), "draft": about}

    def _go_on(self) -> None:
        draft = self._current.offered
        self._current.offer(None)
        if draft is None:
            return

        def done() -> None:
            self._find_session(draft)
            if draft.visit != self.tab:
                self._keeper.drop(draft.visit)

        self._lay(draft.state, done)

    def _let_go(self) -> None:
        draft = self._current.offered
        self._current.offer(None)
        if draft is not None:
            self._keeper.drop(draft.visit)
        self._changed()

    def _find_session(self, draft: Draft) -> None:
        """A draft of an own session goes on as that session, where it is still there."""
        session_id, version = _about(draft).get("session"), _about(draft).get("version")
        if not isinstance(session_id, str):
            return

        def found(stored: StoredState) -> None:
            if stored.session.author == self._user:
                known = version if isinstance(version, str) else stored.session.version
                self._current.belongs_to(replace(stored.session, version=known))
                self._changed()

        self.line.ask(lambda store: store.load(session_id, self._user), found, lambda _text: None)

    def _failed(self, text: str) -> None:
        """Drafts are kept every few seconds: that they cannot be is told once."""
        if not self._told:
            self._told = True
            self._tell(f"Drafts are not kept: {text}", "warning")


def _about(draft: Draft) -> Mapping[str, Any]:
    about = draft.state.get("draft")
    return about if isinstance(about, Mapping) else {}
