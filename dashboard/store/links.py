"""Links: an unguessable address that opens a session as it was when it was shared."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard.store import limits, session_rows
from dashboard.store.errors import NotAllowed, NotFound
from dashboard.store.part import StorePart
from dashboard.store.records import Link, StoredState
from dashboard.store.tables import LinkRow


class Links(StorePart):
    """The links of the store; they raise as :class:`dashboard.store.sessions.Sessions` does."""

    def share(
        self,
        session_id: str,
        user: str,
        view: Mapping[str, Any] | None = None,
        expires_in_s: float | None = None,
    ) -> Link:
        """A new link to an own session as it is now. A private session becomes one of visibility "link".

        Parameters
        ----------
        view : what else to show, e.g. tab and zoom: plain values, at most 100 kB
        expires_in_s : how long it is good for; None for always

        Raises
        ------
        NotAccepted
            The view is too large, or the time no time.
        """
        view_text = None if view is None else limits.json_text(view, "view", limits.MAX_VIEW_BYTES)
        duration_s = limits.duration_s(expires_in_s)
        with self._database.writing() as db:
            session = session_rows.own(db, session_id, limits.person(user), "share")
            if session.visibility == "private":
                session.visibility = "link"
            now = self._clock()
            row = LinkRow(
                token=secrets.token_urlsafe(24),
                session_id=session.id,
                content_id=session.content_id,
                name=session.name,
                notes=session.notes,
                view=view_text,
                created=now,
                expires=None if duration_s is None else now + duration_s,
            )
            db.add(row)
            return _as_link(row)

    def links(self, session_id: str, user: str) -> tuple[Link, ...]:
        """All links of an own session, the newest first, with those that open nothing any more."""
        with self._database.reading() as db:
            session = session_rows.own(db, session_id, limits.person(user), "list the links of")
            chosen = select(LinkRow).where(LinkRow.session_id == session.id)
            rows = db.scalars(chosen.order_by(LinkRow.created.desc(), LinkRow.token))
            return tuple(_as_link(row) for row in rows)

    def revoke(self, token: str, user: str) -> Link:
        """Make a link of an own session open nothing, for good; a second time changes nothing.

        Raises
        ------
        NotFound
            There is no such link.
        NotAllowed
            Somebody else shared it.
        """
        user = limits.person(user)
        with self._database.writing() as db:
            row = _row(db, token)
            if row.session.author != user:
                raise NotAllowed("This link was made by somebody else, who alone can revoke it.")
            row.revoked = self._clock() if row.revoked is None else row.revoked
            row.content_id = None  # what only this link still showed can go
            return _as_link(row)

    def open_link(self, token: str, user: str = "", verify: bool = False) -> StoredState:
        """What a link shows, to whoever has it: the session with the name, notes and results of that moment.

        Raises
        ------
        NotFound
            It was never made, was revoked, has expired, or its session was deleted or made private; each says
            which.
        """
        user = limits.person(user)
        with self._database.reading() as db:
            row = _row(db, token)
            session, now = row.session, self._clock()
            if row.revoked is not None:
                raise NotFound("This link was revoked by the person who shared it. Ask for a new one.")
            if row.expires is not None and now >= row.expires:
                day = datetime.fromtimestamp(row.expires, UTC).strftime("%Y-%m-%d %H:%M UTC")
                raise NotFound(f"This link was good until {day}. Ask the person who shared it for a new one.")
            if session.deleted is not None:
                raise NotFound("The session of this link was deleted by its author. Ask the author about it.")
            if session.visibility == "private":
                raise NotFound(
                    "The session of this link was made private by its author. Ask the author about it."
                )
            content = row.content
            if content is None:  # expired and tidied up, by a clock that has been set back since
                raise NotFound(
                    "This link shows nothing any more. Ask the person who shared it for a new one."
                )
            artifacts, missing = session_rows.whole_artifacts(content, self._artifacts, verify)
            n_links = session_rows.open_links(db, [session.id], now) if session.author == user else {}
            saved = replace(
                session_rows.as_saved(session, n_links.get(session.id, 0)),
                name=row.name,
                notes=row.notes,
                changed=content.created,
                dataset_title=content.dataset_title,
                dataset_id=content.dataset_id,
                thumbnail=content.thumbnail,
            )
            return StoredState(
                session=saved,
                state=session_rows.plain(content.state),
                artifacts=artifacts,
                missing=missing,
                link=_as_link(row),
                view=None if row.view is None else session_rows.plain(row.view),
            )


def _row(db: Session, token: str) -> LinkRow:
    row = db.get(LinkRow, token) if limits.is_key(token) else None
    if row is None:
        raise NotFound("There is no such link. Perhaps a part of the address is missing: copy all of it.")
    return row


def _as_link(row: LinkRow) -> Link:
    return Link(row.token, row.session_id, row.created, row.expires, row.revoked)
