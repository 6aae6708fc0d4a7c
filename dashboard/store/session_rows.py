"""Rows of sessions within a transaction: who may have which, and how a row becomes a value."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from dashboard.store import limits
from dashboard.store.artifacts import Artifact, ArtifactFolder
from dashboard.store.errors import NotAllowed, NotFound, StoreUnavailable
from dashboard.store.records import SavedSession, SessionContent
from dashboard.store.tables import ContentArtifact, FrozenContent, LinkRow, SessionRow

_NO_SESSION = (
    "There is no such session for you: it was never there, is private to somebody, or is gone for good."
)
_DAMAGED_VALUES = "What was saved here is damaged in the database. Put a backup in its place."


@dataclass(frozen=True)
class CheckedContent:
    """The content of a session as it is kept."""

    state: str
    notes: str
    thumbnail: bytes
    dataset_title: str
    dataset_id: str

    @classmethod
    def of(cls, content: SessionContent) -> CheckedContent:
        """Check what should be saved.

        Raises
        ------
        NotAccepted
            A part of it is too large or of another kind.
        """
        state = limits.json_text(content.state, "state")
        workspace = content.state.get(str(content.state.get("workspace")), {})
        facts = workspace if isinstance(workspace, Mapping) else {}

        def fact(name: str) -> str:
            return limits.one_line(str(facts.get(name) or "")[: limits.MAX_TITLE], name, limits.MAX_TITLE)

        return cls(
            state=state,
            notes=limits.lines(content.notes, "note", limits.MAX_NOTES),
            thumbnail=limits.thumbnail(content.thumbnail),
            dataset_title=fact("dataset_title"),
            dataset_id=fact("dataset_id"),
        )


def new_id() -> str:
    """An id that nobody guesses and that is good in an address."""
    return secrets.token_hex(16)


def visible_to(user: str) -> ColumnElement[bool]:
    """Sessions that a person may open without a link: the own ones and, to who is signed in, the team's."""
    own = SessionRow.author == user
    return or_(own, SessionRow.visibility == "team") if user else own


def readable(db: Session, session_id: str, user: str, locked: bool = False) -> SessionRow:
    """The row of a session that this person may open; locked where its content will be referred to.

    Raises
    ------
    NotFound
        There is none, it was deleted, or it is none of this person's business; others cannot tell which.
    """
    row = _row(db, and_(SessionRow.id == session_id, visible_to(user)), session_id, locked)
    if row.deleted is not None:
        if row.author != user:
            raise NotFound(_NO_SESSION)
        raise NotFound(f"The session “{row.name}” was deleted. Undo that to open it.")
    return row


def own(db: Session, session_id: str, user: str, what: str, deleted: bool = False) -> SessionRow:
    """The row of a session that this person may change, locked until the transaction ends.

    Raises
    ------
    NotFound
        There is none that this person can see, or it was (``deleted``: was not) deleted.
    NotAllowed
        It belongs to somebody else.
    """
    row = _row(db, and_(SessionRow.id == session_id, visible_to(user)), session_id, locked=True)
    if row.author != user:
        if row.deleted is not None:
            raise NotFound(_NO_SESSION)
        raise NotAllowed(
            f"The session “{row.name}” belongs to {row.author or 'somebody else'}, who alone may {what} it. "
            "Save a copy to have one of your own."
        )
    if (row.deleted is not None) is not deleted:
        if deleted:
            raise NotFound(f"The session “{row.name}” is not deleted.")
        raise NotFound(f"The session “{row.name}” was deleted. Undo that first.")
    return row


def freeze(
    db: Session, checked: CheckedContent, artifacts: Mapping[str, Artifact], now: float
) -> FrozenContent:
    """Add what a save froze."""
    content = FrozenContent(
        id=new_id(),
        created=now,
        state=checked.state,
        thumbnail=checked.thumbnail,
        dataset_title=checked.dataset_title,
        dataset_id=checked.dataset_id,
        artifacts=[
            ContentArtifact(role=role, sha256=artifact.sha256, size_bytes=artifact.size_bytes)
            for role, artifact in artifacts.items()
        ],
    )
    db.add(content)
    return content


def index(row: SessionRow) -> None:
    """Renew the text in which a session is searched."""
    row.search_text = limits.searchable(row.name, row.notes, row.author, row.content.dataset_title)


def as_saved(row: SessionRow, n_links: int) -> SavedSession:
    """The value of a row."""
    return SavedSession(
        id=row.id,
        name=row.name,
        author=row.author,
        created=row.created,
        changed=row.changed,
        visibility=row.visibility,
        notes=row.notes,
        dataset_title=row.content.dataset_title,
        dataset_id=row.content.dataset_id,
        thumbnail=row.content.thumbnail,
        copied_from=row.copied_from,
        deleted=row.deleted,
        n_links=n_links,
        version=version_of(row),
    )


def version_of(row: SessionRow) -> str:
    """Tells what a row says now from what it said before and will say later, whatever the clock does."""
    words = hashlib.sha256(f"{row.name}\n{row.notes}".encode("utf-8", "replace")).hexdigest()
    return f"{row.content.id}-{words[:16]}"


def open_links(db: Session, session_ids: Iterable[str], now: float) -> dict[str, int]:
    """Session -> number of its links that open something now."""
    still_open = and_(LinkRow.revoked.is_(None), or_(LinkRow.expires.is_(None), LinkRow.expires > now))
    counted = (
        select(LinkRow.session_id, func.count())
        .where(LinkRow.session_id.in_(list(session_ids)), still_open)
        .group_by(LinkRow.session_id)
    )
    return {row[0]: row[1] for row in db.execute(counted)}


def plain(text: str) -> dict[str, Any]:
    """The values of a JSON text that the store wrote.

    Raises
    ------
    StoreUnavailable
        Somebody else has written into it.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise StoreUnavailable(
            "What was saved here is damaged in the database. Put a backup in its place."
        ) from error
    if not isinstance(value, dict):
        raise StoreUnavailable("What was saved here is damaged in the database. Put a backup in its place.")
    return value


def whole_artifacts(
    content: FrozenContent, folder: ArtifactFolder, verify: bool
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Role -> file of those that are there, and the roles of those that are not."""
    there, missing = {}, []
    for artifact in content.artifacts:
        if folder.is_whole(artifact.sha256, artifact.size_bytes, verify):
            folder.touch(artifact.sha256)
            there[artifact.role] = folder.path(artifact.sha256)
        else:
            missing.append(artifact.role)
    return there, tuple(missing)


def _row(db: Session, condition: ColumnElement[bool], session_id: str, locked: bool = False) -> SessionRow:
    query = select(SessionRow).where(condition)
    # the lock keeps the frozen content that is about to be referred to (in SQLite there is one writer anyway)
    row = db.scalar(query.with_for_update() if locked else query) if limits.is_key(session_id) else None
    if row is None:
        raise NotFound(_NO_SESSION)
    return row
