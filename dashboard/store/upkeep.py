"""Upkeep: what nobody refers to any more goes, what is there is counted and, when asked, verified."""

from __future__ import annotations

import logging
import shutil
from typing import Any

from sqlalchemy import Select, and_, delete, exists, func, or_, select, text, update

from dashboard.job import JobStatus
from dashboard.store.errors import StoreError
from dashboard.store.faults import unavailable
from dashboard.store.migration import schema
from dashboard.store.part import StorePart
from dashboard.store.session_rows import plain
from dashboard.store.tables import (
    ContentArtifact,
    DraftRow,
    FrozenContent,
    JobRow,
    LinkRow,
    SessionRow,
    StoreIdentity,
)

log = logging.getLogger(__name__)

_DAY_S = 86_400.0
DELETED_KEPT_S = 30 * _DAY_S
DRAFTS_KEPT_S = 30 * _DAY_S
LINKS_KEPT_S = 90 * _DAY_S
JOBS_KEPT_S = 90 * _DAY_S
_MARK = ".store"


class Upkeep(StorePart):
    """The upkeep of the store; raises :class:`StoreUnavailable` where it cannot be done now."""

    def collect_garbage(self, min_age_s: float = 3600.0) -> int:
        """Remove what nobody refers to any more; returns how many artifacts went.

        Rows go after their time: deleted sessions and drafts after 30 days, links that open nothing and
        ended jobs after 90. Then go artifacts without a row that nobody wrote or opened for ``min_age_s``.
        Where results are being taken in at this moment, those wait for the next time.
        """
        self._purge(min_age_s)
        with self._artifacts.alone() as is_alone:
            if not is_alone or not self._artifacts_are_ours():
                return 0
            with self._database.reading() as db:
                referred_to = set(db.scalars(select(ContentArtifact.sha256).distinct()))
            return self._artifacts.sweep(referred_to, min_age_s)

    def facts(self) -> dict[str, Any]:
        """What is in the store, for the status page: counts, bytes, and the schema."""
        queries: dict[str, Select[tuple[int]]] = {
            "sessions": select(func.count()).select_from(SessionRow).where(SessionRow.deleted.is_(None)),
            "deleted_sessions": select(func.count())
            .select_from(SessionRow)
            .where(SessionRow.deleted.is_not(None)),
            "links": select(func.count()).select_from(LinkRow).where(_still_open(self._clock())),
            "drafts": select(func.count()).select_from(DraftRow),
            "unfinished_jobs": select(func.count()).select_from(JobRow).where(_is_unfinished()),
        }
        with self._database.reading() as db:
            counts = {name: db.scalar(query) for name, query in queries.items()}
            revision = schema(db.connection())
        try:
            sizes = [file.stat().st_size for file in self._artifacts.files()]
            free_bytes = shutil.disk_usage(self._artifacts.folder).free
        except OSError as error:
            raise unavailable(error, self._artifacts.folder) from error
        return {
            "database": self._database.name,
            "schema": revision,
            **counts,
            "database_bytes": self._database.size_bytes(),
            "artifacts": len(sizes),
            "artifact_bytes": sum(sizes),
            "free_disk_bytes": free_bytes,
        }

    def check(self) -> tuple[str, ...]:
        """Read everything and compare it with its hash; one sentence for each thing that is not whole."""
        problems = []
        with self._database.reading() as db:
            if self._database.is_sqlite:
                found = db.scalars(text("PRAGMA integrity_check(10)")).all()
                problems += [f"The database: {line}." for line in found if line != "ok"]
            names = {row.content_id: row.name for row in db.scalars(select(SessionRow))}
            for content in db.scalars(select(FrozenContent).execution_options(yield_per=50)):
                name = names.get(content.id, "a link")
                try:
                    plain(content.state)
                except StoreError as error:
                    problems.append(f"“{name}”: {error}")
                problems += [
                    f"“{name}”: its {artifact.role} is gone or damaged."
                    for artifact in content.artifacts
                    if not self._artifacts.is_whole(artifact.sha256, artifact.size_bytes, verify=True)
                ]
        return tuple(problems)

    def claim_artifacts(self) -> None:
        """Mark the artifact folder as this database's, where no other one did so before."""
        mark = self._artifacts.folder / _MARK
        try:
            if not mark.exists():
                mark.write_text(self._identity() + "\n", encoding="ascii")
        except OSError as error:
            raise unavailable(error, self._artifacts.folder) from error

    def _purge(self, min_age_s: float) -> None:
        now = self._clock()
        closed = or_(LinkRow.revoked < now - LINKS_KEPT_S, LinkRow.expires < now - LINKS_KEPT_S)
        referred_to = or_(
            exists().where(SessionRow.content_id == FrozenContent.id),
            exists().where(LinkRow.content_id == FrozenContent.id),
        )
        with self._database.writing() as db:
            steps = (
                delete(SessionRow).where(SessionRow.deleted < now - DELETED_KEPT_S),
                delete(LinkRow).where(closed),
                update(LinkRow).where(LinkRow.expires < now - min_age_s).values(content_id=None),
                delete(FrozenContent).where(~referred_to, FrozenContent.created < now - min_age_s),
                delete(DraftRow).where(DraftRow.saved < now - DRAFTS_KEPT_S),
                delete(JobRow).where(~_is_unfinished(), JobRow.created < now - JOBS_KEPT_S),
            )
            for step in steps:
                db.execute(step, execution_options={"synchronize_session": False})

    def _artifacts_are_ours(self) -> bool:
        """Nothing is swept for a database that does not know what these files are, e.g. an empty new one."""
        try:
            marked = (self._artifacts.folder / _MARK).read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            marked = ""
        if marked == self._identity():
            return True
        log.warning(
            "store: the artifacts are another database's and stay; delete artifacts/%s to change that", _MARK
        )
        return False

    def _identity(self) -> str:
        with self._database.reading() as db:
            return db.scalar(select(StoreIdentity.id).limit(1)) or ""


def _still_open(now: float) -> Any:
    return and_(LinkRow.revoked.is_(None), or_(LinkRow.expires.is_(None), LinkRow.expires > now))


def _is_unfinished() -> Any:
    return JobRow.status.in_([status.value for status in JobStatus if not status.is_final])
