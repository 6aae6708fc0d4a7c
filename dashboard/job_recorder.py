"""Keeps in the store which long jobs were asked for and how they ended, so that a restart forgets none."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Callable, Mapping
from queue import SimpleQueue
from typing import Any, Protocol

from dashboard.job import Job, JobStatus

log = logging.getLogger(__name__)


class Records(Protocol):
    """What the recorder needs of the store; ``dashboard.store.Store`` has it."""

    def begin_job(self, key: str, title: str, owner: str, request: Mapping[str, Any]) -> int: ...

    def mark_running(self, job_id: int) -> None: ...

    def end_job(self, job_id: int, status: JobStatus | str, message: str = "") -> None: ...


class JobRecorder:
    """Writes in a thread of its own, in the order of what happened: no job and no page waits for the disk.

    Parameters
    ----------
    records : gives the store, in that thread; where it raises, the job goes on without a record
    """

    def __init__(self, records: Callable[[], Records]) -> None:
        self._records = records
        self._numbers: dict[int, int] = {}  # number of the job in the queue -> its number in the store
        self._events: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._write, name="job recorder", daemon=True)
        self._thread.start()

    def submitted(self, job: Job, owner: str, request: Mapping[str, Any]) -> None:
        """A job waits.

        Parameters
        ----------
        owner : the person who asked, "" without accounts
        request : plain values from which it can be asked again
        """

        def write() -> None:
            self._numbers[job.number] = self._records().begin_job(
                _key(job.title, request), job.title, owner, request
            )

        self._events.put(write)

    def started(self, job: Job) -> None:
        """A worker took it up."""

        def write() -> None:
            if job.number in self._numbers:
                self._records().mark_running(self._numbers[job.number])

        self._events.put(write)

    def ended(self, job: Job) -> None:
        """It has a final status."""
        progress = job.progress()

        def write() -> None:
            number = self._numbers.pop(job.number, None)
            if number is not None:
                self._records().end_job(number, progress.status, progress.error)

        self._events.put(write)

    def close(self, timeout_s: float = 5.0) -> None:
        """Write what is left, then stop."""
        self._events.put(None)
        self._thread.join(timeout_s)

    def _write(self) -> None:
        while True:
            event = self._events.get()
            if event is None:
                return
            try:
                event()
            except ValueError as error:
                log.warning("the record of a job was not kept: %s", error)
            except Exception:  # the record is an extra: nothing else may end with it
                log.exception("record of a job")


def _key(title: str, request: Mapping[str, Any]) -> str:
    """A text that is equal for equal requests, in this process and in the next."""
    # how a tab looked decides nothing of its job
    decisive = {name: value for name, value in request.items() if name != "tabs"}
    plain = json.dumps(decisive, sort_keys=True, default=str)
    return f"{title} {hashlib.sha256(plain.encode()).hexdigest()[:32]}"
