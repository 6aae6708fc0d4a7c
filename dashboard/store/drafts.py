"""Drafts: what a visit had on the table when its tab, its connection or the server went away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from dashboard.store import limits, session_rows
from dashboard.store.errors import NotAccepted
from dashboard.store.part import StorePart
from dashboard.store.records import Draft
from dashboard.store.tables import DraftRow

MAX_DRAFTS_OF_ONE = 50


class Drafts(StorePart):
    """The drafts of the store; they raise as :class:`dashboard.store.sessions.Sessions` does."""

    def put_draft(self, owner: str, visit: str, state: Mapping[str, Any]) -> Draft:
        """Keep the draft of a visit in the place of its last one; of one owner the newest 50 stay.

        Raises
        ------
        NotAccepted
            The state is too large or holds more than plain values, or the visit has no proper name.
        """
        owner, text = limits.person(owner), limits.json_text(state, "draft")
        if not limits.is_key(visit):
            raise NotAccepted("A draft belongs to a visit, named by letters, digits and dashes.")
        saved = self._clock()
        insert = (sqlite if self._database.is_sqlite else postgresql).insert(DraftRow)
        insert = insert.values(owner=owner, visit=visit, state=text, saved=saved)
        insert = insert.on_conflict_do_update(
            index_elements=["owner", "visit"], set_={"state": text, "saved": saved}
        )
        of_owner = select(DraftRow.visit).where(DraftRow.owner == owner)
        newest = of_owner.order_by(DraftRow.saved.desc(), DraftRow.visit).limit(MAX_DRAFTS_OF_ONE)
        with self._database.writing() as db:
            db.execute(insert)
            db.execute(delete(DraftRow).where(DraftRow.owner == owner, DraftRow.visit.not_in(newest)))
        return Draft(owner, visit, session_rows.plain(text), saved)

    def drafts(self, owner: str) -> tuple[Draft, ...]:
        """The drafts of one owner, the newest first; without accounts all are of "", told apart by visit."""
        chosen = select(DraftRow).where(DraftRow.owner == limits.person(owner))
        with self._database.reading() as db:
            rows = db.scalars(chosen.order_by(DraftRow.saved.desc(), DraftRow.visit))
            return tuple(
                Draft(row.owner, row.visit, session_rows.plain(row.state), row.saved) for row in rows
            )

    def draft(self, owner: str, visit: str) -> Draft | None:
        """The draft of one visit, or None."""
        owner = limits.person(owner)
        if not limits.is_key(visit):
            return None
        with self._database.reading() as db:
            row = db.get(DraftRow, (owner, visit))
            return None if row is None else Draft(owner, visit, session_rows.plain(row.state), row.saved)

    def drop_draft(self, owner: str, visit: str) -> None:
        """Forget the draft of a visit; nothing happens where there is none."""
        owner = limits.person(owner)
        if not limits.is_key(visit):
            return
        with self._database.writing() as db:
            db.execute(delete(DraftRow).where(DraftRow.owner == owner, DraftRow.visit == visit))
