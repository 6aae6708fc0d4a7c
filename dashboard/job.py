"""One job: a request on its way to a result, safe to read from any thread."""

from __future__ import annotations

import itertools
import logging
import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

log = logging.getLogger(__name__)

MAX_REPORTS = 1000
#: the pace is that of so many s at least, and of so much of the work: stages differ in theirs
_PACE_OF_S, _PACE_OF_SHARE = 10.0, 0.005


class JobStatus(Enum):
    """Where a job is; all but the first two are final."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"

    @property
    def is_final(self) -> bool:
        """Nothing more will happen."""
        return self not in (JobStatus.QUEUED, JobStatus.RUNNING)


class Request(Protocol):
    """What a job computes: a frozen object. Equal keys mean equal results.

    Where it has an attribute ``keep_result`` that is False, its result is shared by those who ask while it
    is computed, and then left to them: for what is large, and kept by someone else. Where it has an attribute
    ``is_short`` that is True, it takes seconds, and waits for no training.
    """

    @property
    def key(self) -> Hashable:
        """What tells it from other requests, e.g. (dataset id, recipe)."""
        ...

    @property
    def title(self) -> str:
        """What it is called at the start of a sentence, e.g. "Finding phases"."""
        ...

    def run(self) -> Iterator[Any]:
        """Reports, which may have a ``fraction`` (0 to 1) and a ``message``.

        The result is what the generator returns or, where it returns None, the last report.
        """
        ...


@dataclass(frozen=True)
class Progress:
    """What can be said of a job at one moment.

    Attributes
    ----------
    status : where it is
    fraction : how much is done, 0 to 1
    message : the last that the work said of itself
    position : how many waiting jobs start up to and including this one (1 = next); 0 where it does not wait
    starts_in_s : estimate for one that waits, or None while there is nothing to go by
    or_later : nobody knows how long those take that come before it: it starts then at the earliest
    submitted, started, finished : seconds since the epoch, or None
    remaining_s : estimate from the pace so far, or None while there is nothing to go by
    error : for a person, why it failed
    """

    status: JobStatus
    fraction: float
    message: str
    position: int
    starts_in_s: float | None
    or_later: bool
    submitted: float
    started: float | None
    finished: float | None
    remaining_s: float | None
    error: str


class Job:
    """One request on its way to a result; made by :meth:`dashboard.jobs.JobQueue.submit`.

    Visits read it; only its queue calls :meth:`iterate`, :meth:`stop` and :meth:`settle`.
    """

    def __init__(
        self,
        number: int,
        request: Request,
        clock: Callable[[], float],
        place: Callable[[Job], tuple[int, float | None, bool]],
    ) -> None:
        self.number, self.key, self.title = number, request.key, request.title
        self.keep_result: bool = getattr(request, "keep_result", True)
        self.is_short: bool = getattr(request, "is_short", False)
        self._request: Request | None = request
        self._clock, self._place = clock, place
        self._lock = threading.Lock()
        self._settled = threading.Event()
        self._stop_as: JobStatus | None = None
        self._status = JobStatus.QUEUED
        self._reports: deque[Any] = deque(maxlen=MAX_REPORTS)
        self._n_reports = 0
        self._fraction, self._message, self._error = 0.0, "", ""
        self._marks: deque[tuple[float, float]] = deque(maxlen=MAX_REPORTS)  # when so much was done
        self._result: Any = None
        self._submitted = clock()
        self._started: float | None = None
        self._finished: float | None = None

    def __repr__(self) -> str:
        return f"<Job {self.number} {self.title!r} {self.status.value}>"

    @property
    def status(self) -> JobStatus:
        """Where it is."""
        with self._lock:
            return self._status

    @property
    def result(self) -> Any:
        """What it computed; None until it is DONE."""
        with self._lock:
            return self._result

    @property
    def started(self) -> float | None:
        """When a worker took it up, s since the epoch."""
        return self._started

    @property
    def lasted_s(self) -> float | None:
        """How long it ran; None before its end, and where it never ran."""
        with self._lock:
            return None if None in (self._started, self._finished) else self._finished - self._started

    @property
    def is_stopping(self) -> bool:
        """It was told to stop."""
        return self._stop_as is not None

    def progress(self) -> Progress:
        """What can be said of it now."""
        position, starts_in_s, or_later = self._place(self)
        with self._lock:
            waits = self._status is JobStatus.QUEUED
            return Progress(
                self._status,
                self._fraction,
                self._message,
                position if waits else 0,
                starts_in_s if waits else None,
                or_later and waits,
                self._submitted,
                self._started,
                self._finished,
                self._left_s(),
                self._error,
            )

    def remaining_s(self) -> float | None:
        """Estimate from the pace so far, or None while there is nothing to go by."""
        with self._lock:
            return self._left_s()

    def reports_since(self, n_seen: int) -> tuple[list[Any], int]:
        """Reports after the first ``n_seen``, and how many there are by now.

        Only the last 1000 are kept; who asks too late gets those.
        """
        with self._lock:
            n_new = min(max(self._n_reports - n_seen, 0), len(self._reports))
            return list(itertools.islice(self._reports, len(self._reports) - n_new, None)), self._n_reports

    def wait(self, timeout_s: float | None = None) -> JobStatus:
        """Its status once nothing more will happen, or after the timeout."""
        self._settled.wait(timeout_s)
        return self.status

    def stop(self, status: JobStatus) -> None:
        """Ask a running job to end with this status; it does before its next report."""
        self._stop_as = status

    def iterate(self) -> None:
        """Iterate the request to its end, in the calling thread; never raises."""
        with self._lock:
            self._status, self._started = JobStatus.RUNNING, self._clock()
            self._marks.append((self._started, 0.0))
        try:
            result = self._result_of_reports()
        except ValueError as error:
            self.settle(JobStatus.FAILED, error=str(error))
        except MemoryError:
            log.exception("job %d (%s) ran out of memory", self.number, self.title)
            self.settle(
                JobStatus.FAILED,
                error=f"{self.title} needs more memory than is free. Crop or rebin the map and try again.",
            )
        except BaseException:  # whatever it is, the worker must live for the next job
            log.exception("job %d (%s) failed", self.number, self.title)
            self.settle(
                JobStatus.FAILED,
                error=f"{self.title} stopped at an error that nobody foresaw. "
                f"The log of the server says more under job {self.number}.",
            )
        else:
            if self._stop_as is not None:
                self.settle(self._stop_as)
            else:
                self.settle(JobStatus.DONE, result=result)

    def settle(self, status: JobStatus, *, result: Any = None, error: str = "") -> None:
        """Make it final."""
        with self._lock:
            self._status, self._result, self._error = status, result, error
            self._finished = self._clock()
            self._request = None  # with it goes the dataset, which may then leave the library
            if status is JobStatus.DONE:
                self._fraction = 1.0
        self._settled.set()

    def _result_of_reports(self) -> Any:
        reports = self._request.run()
        last = None
        try:
            while self._stop_as is None:
                try:
                    last = next(reports)
                except StopIteration as end:
                    return last if end.value is None else end.value
                with self._lock:
                    self._reports.append(last)
                    self._n_reports += 1
                    self._fraction = min(max(float(getattr(last, "fraction", self._fraction)), 0.0), 1.0)
                    if self._fraction > self._marks[-1][1]:
                        self._marks.append((self._clock(), self._fraction))
                    self._message = str(getattr(last, "message", self._message))
        finally:
            if hasattr(reports, "close"):
                reports.close()
        return None

    def _left_s(self) -> float | None:
        if self._status is not JobStatus.RUNNING or self._started is None:
            return None
        now, done = self._clock(), self._fraction
        if now - self._started < 1 or done < 0.02:  # too early to tell
            return None
        since, before = next(
            (mark for mark in reversed(self._marks)
             if now - mark[0] >= _PACE_OF_S and done - mark[1] >= _PACE_OF_SHARE),
            self._marks[0],
        )  # fmt: skip
        return (now - since) * (1 - done) / (done - before) if done > before else None
