"""Records of jobs: what was asked, by whom, and how it ended, also where the process did not live to say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dashboard.job import JobStatus
from dashboard.store import limits, session_rows
from dashboard.store.errors import NotAccepted, NotFound
from dashboard.store.part import StorePart
from dashboard.store.records import JobRecord
from dashboard.store.tables import JobRow

_UNFINISHED = [status.value for status in JobStatus if not status.is_final]
#: what becomes of an interrupted job when its person has decided
RESUMED, DISMISSED = "resumed", "dismissed"
#: what was interrupted longer ago is not offered any more
MOST_AGE_S = 30 * 86400.0


class JobRecords(StorePart):
    """The jobs in the store; they raise as :class:`dashboard.store.sessions.Sessions` does."""

    def begin_job(self, key: str, title: str, owner: str, request: Mapping[str, Any]) -> int:
        """Record a job that was submitted; returns its number.

        Where this person's job with the same key was interrupted, this one resumes it.

        Parameters
        ----------
        key : what makes equal requests equal, as text
        title : what it is called, for people
        request : plain values from which it can be asked again after a restart
        """
        row = JobRow(
            key=limits.one_line(key, "key of the job", limits.MAX_TITLE),
            title=limits.one_line(title, "title of the job", limits.MAX_TITLE),
            owner=limits.person(owner),
            request=limits.json_text(request, "request"),
            status=JobStatus.QUEUED.value,
            message="",
            created=self._clock(),
        )
        of_the_same = JobRow.key == row.key, JobRow.owner == row.owner, _INTERRUPTED
        with self._database.writing() as db:
            db.execute(update(JobRow).where(*of_the_same).values(status=RESUMED))
            db.add(row)
            db.flush()
            return row.id

    def mark_running(self, job_id: int) -> None:
        """A worker took it up."""
        with self._database.writing() as db:
            row = _row(db, job_id)
            if row.status == JobStatus.QUEUED.value:
                row.status = JobStatus.RUNNING.value

    def end_job(self, job_id: int, status: JobStatus | str, message: str = "") -> None:
        """Record how a job ended, after its result was kept; the first end counts.

        Raises
        ------
        NotFound
            There is no such job.
        NotAccepted
            The status is no end.
        """
        try:
            status = JobStatus(status)
        except ValueError as error:
            raise NotAccepted(f"{str(status)[:80]!r} is no status of a job.") from error
        if not status.is_final:
            raise NotAccepted(f"A job does not end as {status.value}.")
        # an error may be as long as it likes; its beginning says what it is
        message = limits.lines(str(message)[: limits.MAX_MESSAGE], "message", limits.MAX_MESSAGE)
        with self._database.writing() as db:
            row = _row(db, job_id)
            if row.status in _UNFINISHED:
                row.status, row.message, row.ended = status.value, message, self._clock()

    def jobs(self, owner: str | None = None, limit: int = 100) -> tuple[JobRecord, ...]:
        """The jobs of one owner, or of all (None), the newest first."""
        chosen = select(JobRow).order_by(JobRow.id.desc()).limit(limit)
        if owner is not None:
            chosen = chosen.where(JobRow.owner == limits.person(owner))
        with self._database.reading() as db:
            return tuple(_as_record(row) for row in db.scalars(chosen))

    def interrupted_jobs(self, owner: str, limit: int = 20) -> tuple[JobRecord, ...]:
        """What a person may resume or dismiss, the newest first; "" as owner where there are no accounts."""
        young = JobRow.ended > self._clock() - MOST_AGE_S
        chosen = select(JobRow).where(JobRow.owner == limits.person(owner), _INTERRUPTED, young)
        with self._database.reading() as db:
            return tuple(
                _as_record(row) for row in db.scalars(chosen.order_by(JobRow.id.desc()).limit(limit))
            )

    def resume_job(self, job_id: int, owner: str) -> JobRecord:
        """An interrupted job is asked for again: it is offered no more.

        Raises
        ------
        NotFound
            This person has no such job, or it was resumed or dismissed before.
        """
        return self._decide(job_id, owner, RESUMED)

    def dismiss_job(self, job_id: int, owner: str) -> JobRecord:
        """An interrupted job is not wanted any more; raises as :meth:`resume_job`."""
        return self._decide(job_id, owner, DISMISSED)

    def _decide(self, job_id: int, owner: str, status: str) -> JobRecord:
        with self._database.writing() as db:
            row = _row(db, job_id)
            # whether somebody else has a job with this number is nobody's business
            if row.owner != limits.person(owner) or row.status != JobStatus.INTERRUPTED.value:
                raise NotFound("This job was resumed or dismissed before, on another page.")
            row.status = status
            return _as_record(row)

    def interrupt_unfinished(self) -> int:
        """At the start of the server: what no process works on any more is INTERRUPTED; returns how many.

        One server per store: this cannot tell the jobs of another one that still runs.
        """
        interrupted = (
            update(JobRow)
            .where(JobRow.status.in_(_UNFINISHED))
            .values(
                status=JobStatus.INTERRUPTED.value, ended=self._clock(), message="The server was stopped."
            )
        )
        with self._database.writing() as db:
            return db.execute(interrupted).rowcount


_INTERRUPTED = JobRow.status == JobStatus.INTERRUPTED.value


def _row(db: Session, job_id: int) -> JobRow:
    possible = isinstance(job_id, int) and 0 < job_id < 2**31
    row = db.get(JobRow, job_id, with_for_update=True) if possible else None
    if row is None:
        raise NotFound(f"There is no job {str(job_id)[:40]} in the store.")
    return row


def _as_record(row: JobRow) -> JobRecord:
    return JobRecord(
        row.id,
        row.key,
        row.title,
        row.owner,
        session_rows.plain(row.request),
        row.status,
        row.message,
        row.created,
        row.ended,
    )
