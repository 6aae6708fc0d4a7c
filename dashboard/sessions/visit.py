"""Saved sessions in one visit: what the buttons, dialogs and the bar of the page do."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

from dashboard.frozen_view import FrozenView
from dashboard.phases.state import UNDONE
from dashboard.phases.workspace import PhasesWorkspace
from dashboard.sessions import words
from dashboard.sessions.drafts import DraftKeeper, title_of
from dashboard.sessions.presence import Presence
from dashboard.sessions.saving import Taken
from dashboard.sessions.store_line import StoreLine
from dashboard.sessions.table import Table
from dashboard.sessions.thumbnail import Picture, png
from dashboard.store.records import Draft, SavedSession, StoredState
from dashboard.workbench import Workbench

log = logging.getLogger(__name__)

#: parameters of a link that open something of the store
TOKEN, SESSION = "s", "session"


class Front(Protocol):
    """What the visit shows: the buttons of the header with their dialogs, and the bar above the figures."""

    def show(self, **shown: Any) -> None:
        """Show values: name, changed, people, where (search, place), bar."""

    def send(self, message: Mapping[str, Any]) -> None:
        """Tell the dialogs something."""


@dataclass(frozen=True, eq=False)
class Opened:
    """A session that was opened, by a link or from the list."""

    stored: StoredState
    search: str
    missing: tuple[str, ...]
    whole: bool


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
    visit : tells it from other visits
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
        visit: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.workbench, self.workspace, self.user = workbench, workspace, user
        self._front, self._presence, self._tell = front, presence, tell
        self._schedule, self._visit, self._clock = schedule, visit, clock
        self.line = StoreLine(store, schedule, self._failed)
        self._draft_line = StoreLine(store, schedule, self._draft_failed)
        self.drafts = DraftKeeper(self._draft_line, user, self._draft, later, clock)
        self.table = Table(workbench, workspace, workspace.visit.library)
        #: the own session that "Save" replaces
        self.session: SavedSession | None = None
        self.opened: Opened | None = None
        self._offered: Draft | None = None
        self._person: str = f"visit-{visit}"
        self._mark = ""  # what could be undone when it was opened or saved
        self._begun = self._left = self._draft_told = self._bar_closed = False
        self._refused = ""  # why the address could not be opened
        self._search: Mapping[str, str] = {}
        state = workbench.phases
        workspace.history.param.watch(self._person_changed, "undo_text")
        state.param.watch(self._choices_changed, ["recipe", "entry_id", "dataset_index", "selections"])
        state.param.watch(self._touched, [*UNDONE, "chosen_phases", "selection", "dataset"])
        state.param.watch(self._dataset_changed, "dataset")

    # --- the beginning and the end of a visit

    def begin(self, search: Mapping[str, str], open_plain: Callable[[], None]) -> None:
        """The page has loaded: open what its address asks for.

        Parameters
        ----------
        search : parameters of the address
        open_plain : opens the dataset and the choices of the address
        """
        self._begun, self._search = True, search
        if TOKEN in search:
            token = search[TOKEN]
            self._load(
                lambda store: store.open_link(token, self.user, verify=True), {TOKEN: token}, open_plain
            )
        elif SESSION in search:
            session_id = search[SESSION]
            self._load(
                lambda store: store.load(session_id, self.user, verify=True),
                {SESSION: session_id},
                open_plain,
            )
        else:
            open_plain()
            self._show()

    def close(self) -> None:
        """The tab was closed."""
        self.drafts.close()
        self._presence.leave(self._visit)
        self.line.close()
        self._draft_line.close()

    # --- messages of the page

    def received(self, message: Any) -> None:
        """A message of the browser; what is no message of this page is left alone."""
        if not isinstance(message, Mapping):
            return
        act = _ACTIONS.get(str(message.get("what")))
        if act is None:
            return
        try:
            act(self, message)
        except ValueError as error:
            self._failed(str(error))

    def _hello(self, message: Mapping[str, Any]) -> None:
        """The browser says who it is: which person (a number that it keeps), and which tab."""
        person, tab = _text(message, "person"), _text(message, "tab")
        if not self.drafts.known(person, tab):
            return
        self._person = self.user or person
        self._enter()
        self.drafts.seek(self._presence, self._visit, self._drafts_found)

    def _away(self, _message: Mapping[str, Any]) -> None:
        self._presence.leave(self._visit)
        self.drafts.close()

    def _back(self, _message: Mapping[str, Any]) -> None:
        self._enter()

    # --- saving

    def _ask_to_save(self, message: Mapping[str, Any]) -> None:
        own = self.session
        self._front.send(
            {
                "kind": "save",
                "name": self._name(),
                "notes": self.workbench.notes,
                "thumbnail": words.image_address(png(Picture.of(self.workbench.phases))),
                "own": own is not None,
                "visibility": "private" if own is None else own.visibility,
                "accounts": bool(self.user),
                "open": self.workbench.phases.prepared is not None,
                "copy": bool(message.get("copy")),
            }
        )

    def _save(self, message: Mapping[str, Any]) -> None:
        name, visibility = _text(message, "name"), _text(message, "visibility") or None
        self.workbench.notes = _text(message, "notes", 200_000)
        target = None if message.get("new") or self.session is None else self.session.id
        self._kept(name, visibility, target, lambda _store, saved: saved, self._saved)

    def _kept(
        self,
        name: str,
        visibility: str | None,
        target: str | None,
        then: Callable[[Any, SavedSession], Any],
        deliver: Callable[[Any], None],
    ) -> None:
        """Save what is on the table, then do something more with it in the same thread."""
        if self.workbench.phases.prepared is None:
            raise ValueError("There is nothing to save yet: open a dataset first.")
        unfinished = self.workspace.visit.busy
        taken, mark = Taken.of(self.workbench, self.table.page_view.now(), unfinished), self._undo_text
        origin = None if self.opened is None else self.opened.stored.session.id

        def work(store: Any) -> tuple[SavedSession, Any]:
            with taken.content() as content:
                saved = store.save(name, self.user, content, visibility, target, origin)
            return saved, then(store, saved)

        def done(answer: tuple[SavedSession, Any]) -> None:
            self.session, more = answer
            self.opened, self._mark, self._left = None, mark, False
            if not self.changed:
                self.drafts.forget()
            self._show()
            self._enter()
            deliver(more)

        self.line.ask(work, done, self._failed)

    def _saved(self, saved: SavedSession) -> None:
        self._front.send({"kind": "saved", "name": saved.name})
        self._tell(f"Saved as “{saved.name}”.", "info")

    # --- the list

    def _list(self, message: Mapping[str, Any]) -> None:
        search, deleted = _text(message, "search", 200), bool(message.get("deleted"))

        def deliver(found: tuple[SavedSession, ...]) -> None:
            self._front.send(
                {
                    "kind": "sessions",
                    "rows": [words.row(one, self.user) for one in found],
                    "search": search,
                    "deleted": deleted,
                    "accounts": bool(self.user),
                    "present": "" if self.session is None else self.session.id,
                }
            )

        self.line.ask(lambda store: store.sessions(self.user, deleted, search), deliver)

    def _open(self, message: Mapping[str, Any]) -> None:
        session_id = _text(message, "id")
        self._load(lambda store: store.load(session_id, self.user, verify=True), {SESSION: session_id})

    def _rename(self, message: Mapping[str, Any]) -> None:
        name = _text(message, "name", 4000)
        self._row_changed(lambda store, one: store.rename(one, self.user, name), message)

    def _publish(self, message: Mapping[str, Any]) -> None:
        visibility = _text(message, "visibility")
        self._row_changed(lambda store, one: store.set_visibility(one, self.user, visibility), message)

    def _duplicate(self, message: Mapping[str, Any]) -> None:
        self._row_changed(lambda store, one: store.duplicate(one, self.user), message, "added")

    def _delete(self, message: Mapping[str, Any]) -> None:
        self._row_changed(lambda store, one: store.delete(one, self.user), message)

    def _restore(self, message: Mapping[str, Any]) -> None:
        self._row_changed(lambda store, one: store.restore(one, self.user), message)

    def _row_changed(
        self,
        work: Callable[[Any, str], SavedSession],
        message: Mapping[str, Any],
        kind: str = "row",
    ) -> None:
        session_id = _text(message, "id")

        def deliver(saved: SavedSession) -> None:
            if self.session is not None and self.session.id == saved.id:
                self.session = None if saved.deleted is not None else saved
                self._show()
            self._front.send({"kind": kind, "row": words.row(saved, self.user), "after": session_id})

        self.line.ask(lambda store: work(store, session_id), deliver)

    # --- sharing

    def _ask_to_share(self, _message: Mapping[str, Any]) -> None:
        own = self.session
        if own is None:
            self._send_links(())
        else:
            self.line.ask(lambda store: store.links(own.id, self.user), self._send_links)

    def _share(self, message: Mapping[str, Any]) -> None:
        expires_in_s = words.EXPIRIES.get(_text(message, "expires"))
        view = self.table.page_view.now().plain() if message.get("view") else None
        own = self.session

        def share(store: Any, saved: SavedSession) -> Any:
            link = store.share(saved.id, self.user, view, expires_in_s)
            return link, store.links(saved.id, self.user)

        def deliver(answer: Any) -> None:
            self._send_links(answer[1], new=answer[0].token)

        if own is not None and not self.changed:
            self.line.ask(lambda store: share(store, own), deliver, self._failed)
        else:
            name = _text(message, "name", 4000) or self._name()
            self._kept(name, None, None if own is None else own.id, share, deliver)

    def _revoke(self, message: Mapping[str, Any]) -> None:
        token, own = _text(message, "token"), self.session

        def work(store: Any) -> Any:
            link = store.revoke(token, self.user)
            return store.links(own.id if own is not None else link.session_id, self.user)

        self.line.ask(work, self._send_links)

    def _send_links(self, links: Any, new: str = "") -> None:
        self._front.send(
            {
                "kind": "share",
                "name": self._name(),
                "saved": self.session is not None,
                "changed": self.changed,
                "links": [words.link_row(link, self._clock()) for link in links],
                "new": new,
                "open": self.workbench.phases.prepared is not None,
            }
        )

    # --- opening

    def _load(
        self,
        load: Callable[[Any], StoredState],
        search: Mapping[str, str],
        otherwise: Callable[[], None] | None = None,
    ) -> None:
        self._front.send({"kind": "opening"})

        def deliver(stored: StoredState) -> None:
            self.table.open(
                stored.state,
                lambda missing, whole: self._put(stored, search, missing, whole),
                # a link shows all of it, or what it was told to; an own session is found as it was left
                FrozenView.read(stored.view if stored.link is not None else stored.state.get("view")),
                stored.artifacts,
                stored.missing,
            )

        def fail(text: str) -> None:
            if otherwise is None:
                self._failed(text)
            else:
                # what is left of the address is opened; the sentence stays until it is closed
                log.warning("told the visitor: %s", text)
                self._refused = text
                otherwise()
                self._show()

        self.line.ask(load, deliver, fail)

    def _put(self, stored: StoredState, search: Mapping[str, str], missing: list[str], whole: bool) -> None:
        """A session is on the table."""
        self.opened = Opened(stored, "?" + urlencode(search), tuple(missing), whole)
        mine = stored.link is None and stored.session.author == self.user
        self.session = stored.session if mine else None
        self.workbench.notes = stored.session.notes
        self._mark, self._left, self._offered = self._undo_text, False, None
        self._bar_closed, self._refused = False, ""
        self._show()
        self._enter()
        self._front.send({"kind": "opened"})

    # --- what is shown

    @property
    def changed(self) -> bool:
        """Has the person changed something since it was opened or saved?"""
        return self._left or self._undo_text != self._mark

    @property
    def _undo_text(self) -> str:
        return self.workspace.history.undo_text

    def _name(self) -> str:
        """What a session of this is called, until the person calls it something."""
        if self.session is not None:
            return self.session.name
        if self.opened is not None:
            return self.opened.stored.session.name
        prepared = self.workbench.phases.prepared
        return "" if prepared is None else prepared.maps.title

    def _show(self) -> None:
        name = self.session or (self.opened.stored.session if self.opened is not None else None)
        self._front.show(
            name="" if name is None else name.name,
            changed=self.changed,
            where=self._where(),
            bar=self._bar(),
        )

    def _where(self) -> dict[str, str]:
        """What the address bar says, and what place that is: another one is a step of the browser's Back."""
        if self.opened is not None and not self.changed:
            return {"search": self.opened.search, "place": self.opened.search}
        link = self.workbench.snapshot()
        place = f"{link.get('data')}:{link.get('signal', 1)}"
        return {"search": "?" + urlencode(link), "place": place}

    def _bar(self) -> dict[str, Any]:
        opened = self.opened
        if self._bar_closed:
            return {}
        if self._refused:
            return words.bar(self._refused, warning=True)
        if opened is not None:
            return self._bar_of(opened)
        if self._offered is not None:
            draft = self._offered
            return words.bar(
                "You were working on ", {"strong": title_of(draft.state)}, " ", {"ago": draft.saved},
                ": go on?", actions=[("go_on", "Go on"), ("let_go", "No, thanks")],
            )  # fmt: skip
        return {}

    def _bar_of(self, opened: Opened) -> dict[str, Any]:
        session, link = opened.stored.session, opened.stored.link
        if link is None and session.author == self.user and not opened.missing:
            return {}
        parts = words.shared(session.author, session.changed if link is None else link.created, self.changed)
        return words.bar(
            *parts,
            actions=[("copy", "Save a copy")] if self.changed or self.session is None else [],
            details=opened.missing,
            notes=session.notes,
            picture=b"" if opened.whole else session.thumbnail,
            warning=bool(opened.missing),
        )

    def _close_bar(self, _message: Mapping[str, Any]) -> None:
        self._bar_closed = True
        self._show()

    def _failed(self, text: str) -> None:
        self._tell(text, "error")
        self._front.send({"kind": "failed", "text": text})

    def _draft_failed(self, text: str) -> None:
        """Drafts are kept every few seconds: that they cannot be is told once."""
        if not self._draft_told:
            self._draft_told = True
            self._tell(f"Drafts are not kept: {text}", "warning")

    # --- what the person does

    def _person_changed(self, *_events: Any) -> None:
        """A step can be taken back, or was."""
        if self.table.laying or not self._begun:
            return
        self.table.give_up()
        if self._undo_text and self._offered is not None:
            self._offered = None  # the person works on something else
        self._show()

    def _choices_changed(self, *_events: Any) -> None:
        if self._begun and not self.table.laying:
            self._front.show(where=self._where(), changed=self.changed)

    def _dataset_changed(self, *_events: Any) -> None:
        """Another dataset is on the table, opened by the person: it is of no session any more."""
        if self.table.laying or not self._begun:
            return
        dataset = self.workbench.phases.dataset
        known = None if self.opened is None else self.opened.stored.session
        if known is None and self.session is not None:
            known = self.session
        if known is not None and (dataset is None or dataset.dataset_id != known.dataset_id):
            self.session = self.opened = None
            self.workbench.notes = ""
        self._mark = ""
        self._show()
        self._enter()

    def _touched(self, *_events: Any) -> None:
        state = self.workbench.phases
        done = self._undo_text or self.workspace.history.redo_text
        if self._begun and not self.table.laying and state.prepared is not None and done:
            self.drafts.changed()

    # --- drafts

    def _draft(self) -> Callable[[], dict[str, Any]]:
        plain = self.workbench.captured(self.table.page_view.now())
        search = self._where()["search"]
        session = None if self.session is None else self.session.id
        return lambda: {**plain(), "draft": {"search": search, "session": session}}

    def _drafts_found(self, own: Draft | None, lost: Draft | None) -> None:
        if self.changed or self.workspace.history.undo_text:
            return  # the person has begun already
        if own is not None and _search_of(own.state) == self._where()["search"]:
            # the page was loaded again: its address has the choices, the draft has the rest
            self.table.resume(own.state)
            return
        asked = {"data", TOKEN, SESSION} & set(self._search)
        if lost is not None and (lost is own or not asked):
            self._offered, self._bar_closed = lost, False
            self._show()

    def _go_on(self, _message: Mapping[str, Any]) -> None:
        draft, self._offered = self._offered, None
        if draft is None:
            return

        def done(missing: list[str], _whole: bool) -> None:
            for text in missing:
                self._tell(text, "warning")
            self.session = self.opened = None
            self._mark, self._left = self._undo_text, True
            self._show()
            self._enter()
            if draft.visit != self.drafts.tab:
                self.drafts.drop(draft.visit)
            self.drafts.changed()

        self.table.open(draft.state, done, FrozenView.read(draft.state.get("view")))

    def _let_go(self, _message: Mapping[str, Any]) -> None:
        draft, self._offered = self._offered, None
        if draft is not None:
            self.drafts.drop(draft.visit)
        self._show()

    # --- who is here

    def _enter(self) -> None:
        if not self.drafts.tab:
            return  # the browser has not said who it is
        state = self.workbench.phases
        session = self.session or (self.opened.stored.session if self.opened is not None else None)
        room = (
            ("session", session.id) if session is not None else ("data", state.entry_id, state.dataset_index)
        )
        self._presence.enter(self._visit, room, self._person, self.people_changed, self.drafts.tab)

    def people_changed(self, number: int) -> None:
        """From any thread: so many people look at the same."""
        with suppress(Exception):  # a page that has just gone takes no callbacks
            self._schedule(lambda: self._front.show(people=number))


def _text(message: Mapping[str, Any], name: str, most: int = 1000) -> str:
    value = message.get(name)
    return value[:most] if isinstance(value, str) else ""


def _search_of(state: Mapping[str, Any]) -> str:
    draft = state.get("draft")
    search = draft.get("search") if isinstance(draft, Mapping) else None
    return search if isinstance(search, str) else ""


_ACTIONS: dict[str, Callable[[SessionsVisit, Mapping[str, Any]], None]] = {
    "hello": SessionsVisit._hello,
    "away": SessionsVisit._away,
    "back": SessionsVisit._back,
    "ask_save": SessionsVisit._ask_to_save,
    "save": SessionsVisit._save,
    "list": SessionsVisit._list,
    "open": SessionsVisit._open,
    "rename": SessionsVisit._rename,
    "publish": SessionsVisit._publish,
    "duplicate": SessionsVisit._duplicate,
    "delete": SessionsVisit._delete,
    "restore": SessionsVisit._restore,
    "ask_share": SessionsVisit._ask_to_share,
    "share": SessionsVisit._share,
    "revoke": SessionsVisit._revoke,
    "close": SessionsVisit._close_bar,
    "go_on": SessionsVisit._go_on,
    "let_go": SessionsVisit._let_go,
}
