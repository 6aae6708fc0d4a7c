"""Saving what is on the table, and sharing it by links."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from dashboard.sessions import words
from dashboard.sessions.current import Current
from dashboard.sessions.front import Front, text_of
from dashboard.sessions.page_view import PageView
from dashboard.sessions.saving import Taken
from dashboard.sessions.store_line import StoreLine
from dashboard.sessions.thumbnail import Picture, png
from dashboard.store.errors import ChangedSince
from dashboard.store.records import Link, SavedSession
from dashboard.workbench import Workbench

#: longer notes are cut before the store is asked; it takes half of that
_MOST_NOTES = 200_000


class SaveAndShare:
    """Answers the dialogs "Save" and "Share".

    Parameters
    ----------
    line : to the store
    front : the dialogs
    user : name of the account, "" without accounts
    workbench, page_view, current : what is on the table, where the person looks, which session it is
    unfinished : are phases still being found?
    saved : is called when what is on the table was saved
    clock : seconds since 1970
    """

    def __init__(
        self,
        line: StoreLine,
        front: Front,
        user: str,
        workbench: Workbench,
        page_view: PageView,
        current: Current,
        unfinished: Callable[[], bool],
        saved: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self._line, self._front, self._user = line, front, user
        self._workbench, self._page_view, self._current = workbench, page_view, current
        self._unfinished, self._saved, self._clock = unfinished, saved, clock
        self.actions: dict[str, Callable[[Mapping[str, Any]], None]] = {
            "ask_save": self._ask_to_save,
            "save": self._save,
            "ask_share": self._ask_to_share,
            "share": self._share,
            "revoke": self._revoke,
        }

    def _ask_to_save(self, message: Mapping[str, Any]) -> None:
        own, phases = self._current.session, self._workbench.phases
        self._front.send(
            {
                "kind": "save",
                "name": self._current.name,
                "notes": self._workbench.notes,
                "thumbnail": words.image_address(png(Picture.of(phases))),
                "own": own is not None,
                "visibility": "private" if own is None else own.visibility,
                "accounts": bool(self._user),
                "open": phases.prepared is not None,
                "copy": bool(message.get("copy")),
            }
        )

    def _save(self, message: Mapping[str, Any]) -> None:
        name, visibility = text_of(message, "name", 4000), text_of(message, "visibility") or None
        own = None if message.get("new") else self._current.session
        self._workbench.notes = text_of(message, "notes", _MOST_NOTES)
        self._keep(
            name, visibility, own, lambda _store, saved: saved.name,
            lambda kept: self._front.send({"kind": "saved", "name": kept}), _version(message, own),
        )  # fmt: skip

    def _keep(
        self,
        name: str,
        visibility: str | None,
        own: SavedSession | None,
        then: Callable[[Any, SavedSession], Any],
        deliver: Callable[[Any], None],
        expected: str | None,
    ) -> None:
        """Save what is on the table, in place of an own session or as a new one, and do more in that thread.

        Where the own session is not of the expected version, nothing is saved and the dialog asks what to do.

        Raises
        ------
        ValueError
            There is nothing on the table.
        """
        if self._workbench.phases.prepared is None:
            raise ValueError("There is nothing to save yet: open a dataset first.")
        taken = Taken.of(self._workbench, self._page_view.now(), self._unfinished())
        mark, known = self._current.mark, self._current.known
        origin = None if known is None else known.id
        target = None if own is None else own.id

        def work(store: Any) -> tuple[SavedSession, Any] | ChangedSince:
            try:
                with taken.content() as content:
                    saved = store.save(name, self._user, content, visibility, target, origin, expected)
            except ChangedSince as changed:
                return changed
            return saved, then(store, saved)

        def done(answer: tuple[SavedSession, Any]) -> None:
            self._current.saved(answer[0], mark)
            self._saved()
            deliver(answer[1])

        self._line.ask(work, lambda answer: self._unless_overtaken(answer, done))

    def _unless_overtaken(self, answer: Any, deliver: Callable[[Any], None]) -> None:
        """Deliver an answer or, where somebody has saved meanwhile, ask what to do."""
        if isinstance(answer, ChangedSince):
            self._front.send({"kind": "overtaken", **words.overtaken(answer.session)})
        else:
            deliver(answer)

    def _ask_to_share(self, _message: Mapping[str, Any]) -> None:
        own = self._current.session
        if own is None:
            self._send_links(())
        else:
            self._line.ask(lambda store: store.links(own.id, self._user), self._send_links)

    def _share(self, message: Mapping[str, Any]) -> None:
        expires_in_s = words.EXPIRIES.get(text_of(message, "expires"))
        view = self._page_view.now().plain() if message.get("view") else None
        own = self._current.session

        def share(store: Any, saved: SavedSession) -> tuple[Link, tuple[Link, ...], SavedSession]:
            link = store.share(saved.id, self._user, view, expires_in_s)
            # who has a link may open it from now on: the next save must not make it private again
            now = replace(saved, visibility="link") if saved.visibility == "private" else saved
            return link, store.links(saved.id, self._user), now

        def deliver(answer: tuple[Link, tuple[Link, ...], SavedSession]) -> None:
            self._current.renewed(answer[2])
            self._send_links(answer[1], new=answer[0].token)

        agreed = bool(message.get("new") or message.get("instead"))
        if own is not None and not self._current.changed and not agreed:

            def share_own(store: Any) -> Any:
                present = store.load(own.id, self._user).session
                return ChangedSince(present) if present.version != own.version else share(store, own)

            self._line.ask(share_own, lambda answer: self._unless_overtaken(answer, deliver))
        else:
            name = text_of(message, "name", 4000) or self._current.name
            own = None if message.get("new") else own
            self._keep(name, None, own, share, deliver, _version(message, own))

    def _revoke(self, message: Mapping[str, Any]) -> None:
        token = text_of(message, "token")

        def work(store: Any) -> tuple[Link, ...]:
            return store.links(store.revoke(token, self._user).session_id, self._user)

        self._line.ask(work, self._send_links)

    def _send_links(self, links: tuple[Link, ...], new: str = "") -> None:
        current, now = self._current, self._clock()
        self._front.send(
            {
                "kind": "share",
                "name": current.name,
                "saved": current.session is not None,
                "changed": current.changed,
                "links": [words.link_row(link, now) for link in links],
                "new": new,
                "open": self._workbench.phases.prepared is not None,
            }
        )


def _version(message: Mapping[str, Any], own: SavedSession | None) -> str | None:
    """The version that a save may replace: the one that was opened here, or that the person agreed to."""
    return None if own is None else text_of(message, "instead") or own.version
