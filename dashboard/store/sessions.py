"""Saved sessions: save, list, open, rename, annotate, duplicate, delete and take that back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from dashboard.store import limits, session_rows
from dashboard.store.artifacts import Artifact
from dashboard.store.errors import ChangedSince, NotAccepted
from dashboard.store.part import StorePart
from dashboard.store.records import VISIBILITIES, SavedSession, SessionContent, StoredState, Visibility
from dashboard.store.session_rows import CheckedContent
from dashboard.store.tables import SessionRow


class Sessions(StorePart):
    """The sessions of the store. Each method answers for one person; "" is who works without accounts.

    All raise :class:`StoreUnavailable` where the store cannot serve, :class:`NotFound` for what is not there
    for this person, and :class:`NotAllowed` for what belongs to somebody else.
    """

    def save(
        self,
        name: str,
        author: str,
        content: SessionContent,
        visibility: Visibility | None = None,
        session_id: str | None = None,
        copied_from: str | None = None,
        expected: str | None = None,
    ) -> SavedSession:
        """Keep a session, whole or not at all; once this returns, it outlasts a kill and a loss of power.

        Parameters
        ----------
        visibility : None for private or, where one is replaced, as it was
        session_id : the own session to replace; None for a new one. What its links show stays as it was
        copied_from : for a new one, the session that it began as
        expected : the version that is replaced, see :class:`SavedSession`; None for whatever is there

        Raises
        ------
        ChangedSince
            Somebody has saved or renamed it since that version; nothing was replaced.
        NotAccepted
            A name, note, picture, state or artifact is too large or of another kind.
        """
        name, author, checked = limits.name(name), limits.person(author), CheckedContent.of(content)
        chosen = None if visibility is None else _visibility(visibility)
        with self._artifacts.in_use():
            artifacts = self._take_in(content.artifacts)
            with self._database.writing() as db:
                now = self._clock()
                if session_id is None:
                    row = SessionRow(
                        id=session_rows.new_id(), author=author, created=now, visibility="private"
                    )
                    row.copied_from = copied_from if limits.is_key(copied_from or "") else None
                    db.add(row)
                else:
                    row = session_rows.own(db, session_id, author, "save over")
                    if expected is not None and session_rows.version_of(row) != expected:
                        raise ChangedSince(_saved(db, row, now, author))
                row.name, row.notes, row.changed = name, checked.notes, now
                row.visibility = chosen or row.visibility
                row.content = session_rows.freeze(db, checked, artifacts, now)
                session_rows.index(row)
                db.flush()
                return session_rows.as_saved(row, 0) if session_id is None else _saved(db, row, now, author)

    def sessions(
        self, user: str, deleted: bool = False, search: str = "", limit: int = 200
    ) -> tuple[SavedSession, ...]:
        """The own sessions and those of the team, last changed first; or the own deleted ones.

        Parameters
        ----------
        search : words that all stand in name, notes, author or dataset, in any case
        limit : how many at most
        """
        user = limits.person(user)
        chosen = select(SessionRow).options(joinedload(SessionRow.content))
        if deleted:
            chosen = chosen.where(SessionRow.author == user, SessionRow.deleted.is_not(None))
        else:
            chosen = chosen.where(session_rows.visible_to(user), SessionRow.deleted.is_(None))
        for word in limits.searchable(
            limits.one_line(search[: limits.MAX_NAME], "search", limits.MAX_NAME)
        ).split():
            chosen = chosen.where(SessionRow.search_text.contains(word, autoescape=True))
        chosen = chosen.order_by(SessionRow.changed.desc(), SessionRow.id).limit(limit)
        with self._database.reading() as db:
            rows = db.scalars(chosen).all()
            own = [row.id for row in rows if row.author == user]
            n_links = session_rows.open_links(db, own, self._clock())
            return tuple(session_rows.as_saved(row, n_links.get(row.id, 0)) for row in rows)

    def load(self, session_id: str, user: str, verify: bool = False) -> StoredState:
        """A session with all that it froze; roles of artifacts that are gone stand in ``missing``.

        Parameters
        ----------
        verify : read the artifacts and compare their content, rather than look for files of the right size
        """
        user = limits.person(user)
        with self._database.reading() as db:
            row = session_rows.readable(db, session_id, user)
            artifacts, missing = session_rows.whole_artifacts(row.content, self._artifacts, verify)
            return StoredState(
                session=_saved(db, row, self._clock(), user),
                state=session_rows.plain(row.content.state),
                artifacts=artifacts,
                missing=missing,
            )

    def rename(self, session_id: str, user: str, name: str) -> SavedSession:
        """Give an own session another name."""
        name = limits.name(name)
        with self._database.writing() as db:
            row = session_rows.own(db, session_id, limits.person(user), "rename")
            row.name, row.changed = name, self._clock()
            session_rows.index(row)
            return _saved(db, row, self._clock(), user)

    def annotate(self, session_id: str, user: str, notes: str) -> SavedSession:
        """Give an own session other notes."""
        notes = limits.lines(notes, "note", limits.MAX_NOTES)
        with self._database.writing() as db:
            row = session_rows.own(db, session_id, limits.person(user), "annotate")
            row.notes, row.changed = notes, self._clock()
            session_rows.index(row)
            return _saved(db, row, self._clock(), user)

    def set_visibility(self, session_id: str, user: str, visibility: Visibility) -> SavedSession:
        """Say who may open an own session. While it is private, its links open nothing."""
        visibility = _visibility(visibility)
        with self._database.writing() as db:
            row = session_rows.own(db, session_id, limits.person(user), "publish")
            row.visibility = visibility
            return _saved(db, row, self._clock(), user)

    def duplicate(self, session_id: str, user: str, name: str | None = None) -> SavedSession:
        """A private copy of an own session or of one of the team, for this person to change."""
        user = limits.person(user)
        with self._database.writing() as db:
            original = session_rows.readable(db, session_id, user, locked=True)
            now, ending = self._clock(), " (copy)"
            row = SessionRow(
                id=session_rows.new_id(),
                name=limits.name(name or original.name[: limits.MAX_NAME - len(ending)] + ending),
                author=user,
                created=now,
                changed=now,
                visibility="private",
                notes=original.notes,
                copied_from=original.id,
                content=original.content,
            )
            session_rows.index(row)
            db.add(row)
            return _saved(db, row, self._clock(), user)

    def delete(self, session_id: str, user: str) -> SavedSession:
        """Put an own session away; its links open nothing. :meth:`restore` takes that back for 30 days."""
        with self._database.writing() as db:
            row = session_rows.own(db, session_id, limits.person(user), "delete")
            row.deleted = self._clock()
            return _saved(db, row, self._clock(), user)

    def restore(self, session_id: str, user: str) -> SavedSession:
        """Undo a deletion, links included."""
        with self._database.writing() as db:
            row = session_rows.own(db, session_id, limits.person(user), "restore", deleted=True)
            row.deleted = None
            return _saved(db, row, self._clock(), user)

    def _take_in(self, files: Mapping[str, Path]) -> dict[str, Artifact]:
        if len(files) > limits.MAX_ARTIFACTS:
            raise NotAccepted(
                f"The session has {len(files)} results; {limits.MAX_ARTIFACTS} are kept. Remove some."
            )
        roles = [limits.role(role) for role in files]
        return {role: self._artifacts.take_in(Path(files[role])) for role in roles}


def _saved(db: Session, row: SessionRow, now: float, user: str) -> SavedSession:
    n_links = session_rows.open_links(db, [row.id], now) if row.author == user else {}
    return session_rows.as_saved(row, n_links.get(row.id, 0))


def _visibility(visibility: str) -> str:
    if visibility not in VISIBILITIES:
        raise NotAccepted(f"{str(visibility)[:80]!r} is no visibility; these are: {', '.join(VISIBILITIES)}.")
    return visibility
