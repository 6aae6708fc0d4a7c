"""The list of saved sessions: search, rename, publish, duplicate, delete and take that back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dashboard.sessions import words
from dashboard.sessions.current import Current
from dashboard.sessions.front import Front, text_of
from dashboard.sessions.store_line import StoreLine
from dashboard.store.records import SavedSession


class SessionList:
    """Answers what the dialog "Saved sessions" asks, apart from opening.

    Parameters
    ----------
    line : to the store
    front : the dialog
    user : name of the account, "" without accounts
    current : what is on the table
    changed : is called when the session on the table was renamed or deleted
    """

    def __init__(
        self, line: StoreLine, front: Front, user: str, current: Current, changed: Callable[[], None]
    ) -> None:
        self._line, self._front, self._user = line, front, user
        self._current, self._changed = current, changed
        self.actions: dict[str, Callable[[Mapping[str, Any]], None]] = {
            "list": self._list,
            "rename": self._rename,
            "publish": self._publish,
            "duplicate": self._duplicate,
            "delete": self._delete,
            "restore": self._restore,
        }

    def _list(self, message: Mapping[str, Any]) -> None:
        search, deleted = text_of(message, "search", 200), bool(message.get("deleted"))

        def deliver(found: tuple[SavedSession, ...]) -> None:
            present = self._current.session
            self._front.send(
                {
                    "kind": "sessions",
                    "rows": [words.row(one, self._user) for one in found],
                    "search": search,
                    "deleted": deleted,
                    "accounts": bool(self._user),
                    "present": "" if present is None else present.id,
                }
            )

        self._line.ask(lambda store: store.sessions(self._user, deleted, search), deliver)

    def _rename(self, message: Mapping[str, Any]) -> None:
        name = text_of(message, "name", 4000)
        self._row(message, lambda store, one: store.rename(one, self._user, name))

    def _publish(self, message: Mapping[str, Any]) -> None:
        visibility = text_of(message, "visibility")
        self._row(message, lambda store, one: store.set_visibility(one, self._user, visibility))

    def _duplicate(self, message: Mapping[str, Any]) -> None:
        self._row(message, lambda store, one: store.duplicate(one, self._user), "added")

    def _delete(self, message: Mapping[str, Any]) -> None:
        self._row(message, lambda store, one: store.delete(one, self._user))

    def _restore(self, message: Mapping[str, Any]) -> None:
        self._row(message, lambda store, one: store.restore(one, self._user))

    def _row(
        self, message: Mapping[str, Any], work: Callable[[Any, str], SavedSession], kind: str = "row"
    ) -> None:
        session_id = text_of(message, "id")

        def deliver(saved: SavedSession) -> None:
            if self._current.renewed(saved):
                self._changed()
            self._front.send({"kind": kind, "row": words.row(saved, self._user), "after": session_id})

        self._line.ask(lambda store: work(store, session_id), deliver)
