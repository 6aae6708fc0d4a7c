"""Which session is on the table: what it is called, whether it has changed, and what the page says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from dashboard.phases.history import PhasesHistory
from dashboard.phases.tab_strip import TabStrip
from dashboard.sessions import words
from dashboard.sessions.drafts import title_of
from dashboard.store.records import Draft, SavedSession, StoredState
from dashboard.workbench import Workbench

#: what can be undone, and how often something was set in a tab
Mark = tuple[str, int]


@dataclass(frozen=True, eq=False)
class Opened:
    """A session that was opened, by a link or from the list.

    Attributes
    ----------
    stored : what the store gave
    search : of the address that opens it again
    missing : sentences on what is not as it was
    whole : is its dataset there?
    """

    stored: StoredState
    search: str
    missing: tuple[str, ...]
    whole: bool


class Current:
    """What is on the table, as far as sessions know of it.

    Parameters
    ----------
    workbench : what is on the table
    history, tabs : what a person has changed of it, and has set in the tabs
    user : name of the account, "" without accounts

    Attributes
    ----------
    session : the own session that "Save" replaces, or None
    opened : what was opened and is on show, or None
    offered : a draft that the person may go on with, or None
    refused : why the address could not be opened; "" where it could
    """

    def __init__(self, workbench: Workbench, history: PhasesHistory, tabs: TabStrip, user: str) -> None:
        self._workbench, self._history, self._tabs, self._user = workbench, history, tabs, user
        self.session: SavedSession | None = None
        self.opened: Opened | None = None
        self.offered: Draft | None = None
        self.refused = ""
        self._mark: Mark = ("", 0)  # when it was opened or saved
        self._unsaved = self._bar_closed = False

    @property
    def mark(self) -> Mark:
        """Tells this moment from one after a change."""
        return self._history.undo_text, self._tabs.n_set

    @property
    def begun(self) -> bool:
        """Has the person done something to what is on the table?"""
        return any(self.mark)

    @property
    def changed(self) -> bool:
        """Has the person changed something since it was opened or saved?"""
        return self._unsaved or self.mark != self._mark

    @property
    def known(self) -> SavedSession | None:
        """The session on show, own or not."""
        return self.session or (None if self.opened is None else self.opened.stored.session)

    @property
    def name(self) -> str:
        """What a session of this is called, until the person calls it something."""
        if self.known is not None:
            return self.known.name
        prepared = self._workbench.phases.prepared
        return "" if prepared is None else prepared.maps.title

    @property
    def place(self) -> tuple[Any, ...]:
        """What is looked at, equal for all who look at the same."""
        if self.known is not None:
            return ("session", self.known.id)
        return ("data", self._workbench.phases.entry_id, self._workbench.phases.dataset_index)

    def put(
        self, stored: StoredState, search: Mapping[str, str], missing: Sequence[str], whole: bool
    ) -> None:
        """A session was put on the table."""
        self.opened = Opened(stored, "?" + urlencode(search), tuple(missing), whole)
        mine = stored.link is None and stored.session.author == self._user
        self.session = stored.session if mine else None
        self._workbench.notes = stored.session.notes
        self._fresh(self.mark)

    def saved(self, session: SavedSession, mark: Mark) -> None:
        """What was there at the moment of the mark was saved."""
        self.session, self.opened = session, None
        self._fresh(mark)

    def resumed(self) -> None:
        """A draft was put on the table: it is kept nowhere else."""
        self.session = self.opened = None
        self._fresh(self.mark)
        self._unsaved = True

    def belongs_to(self, session: SavedSession) -> None:
        """What is on the table began as this own session, and has changed since."""
        self.session, self._unsaved = session, True

    def another_dataset(self, dataset_id: str) -> None:
        """Another dataset was opened by the person: it is of no session."""
        if self.known is not None and self.known.dataset_id != dataset_id:
            self.session = self.opened = None
            self._workbench.notes = ""
            self._unsaved = False
        self._mark = self.mark

    def renewed(self, session: SavedSession) -> bool:
        """A session of the list has changed; True where it is the one on the table."""
        if self.session is None or self.session.id != session.id:
            return False
        self.session = None if session.deleted is not None else session
        return True

    def offer(self, draft: Draft | None) -> None:
        """Ask whether to go on with a draft, or stop asking."""
        self.offered, self._bar_closed = draft, self._bar_closed and draft is None

    def close_bar(self) -> None:
        """The person has read the bar."""
        self._bar_closed = True

    def shown(self) -> dict[str, Any]:
        """What the page shows: name, changed, where, bar."""
        known = self.known
        return {
            "name": "" if known is None else known.name,
            "changed": known is not None and self.changed,
            "where": self.where(),
            "bar": self.bar(),
        }

    def where(self) -> dict[str, str]:
        """What the address bar says, and what place that is: another one is a step of the browser's Back."""
        if self.opened is not None and not self.changed:
            return {"search": self.opened.search, "place": self.opened.search}
        link = self._workbench.snapshot()
        place = f"{link.get('data')}:{link.get('signal', 1)}"
        return {"search": "?" + urlencode(link), "place": place}

    def bar(self) -> dict[str, Any]:
        """The line above the figures, see :func:`dashboard.sessions.words.bar`; empty for none."""
        if self._bar_closed:
            return {}
        if self.refused:
            return words.bar(self.refused, warning=True)
        if self.opened is not None:
            return self._bar_of(self.opened)
        if self.offered is not None:
            title, saved = title_of(self.offered.state), self.offered.saved
            parts = ("You were working on ", {"strong": title}, " ", {"ago": saved}, ": go on?")
            return words.bar(*parts, actions=[("go_on", "Go on"), ("let_go", "No, thanks")])
        return {}

    def _bar_of(self, opened: Opened) -> dict[str, Any]:
        session, link = opened.stored.session, opened.stored.link
        if link is None and session.author == self._user and not opened.missing:
            return {}
        when = session.changed if link is None else link.created
        return words.bar(
            *words.shared(session.author, when, self.changed),
            actions=[("copy", "Save a copy")] if self.changed else [],
            details=opened.missing,
            notes=session.notes,
            picture=b"" if opened.whole else session.thumbnail,
            warning=bool(opened.missing),
        )

    def _fresh(self, mark: Mark) -> None:
        self._mark, self._unsaved, self._bar_closed = mark, False, False
        self.offered, self.refused = None, ""
