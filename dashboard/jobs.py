"""The job queue: work that is too long for a handler, run by threads of the process, shared by all visits.

A worker iterates the reports of a request and looks between two of them whether it should stop. No worker
touches what a visit shows: visits poll (see job_monitor.py).
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Hashable

from dashboard.job import Job, JobStatus, Request
from dashboard.job_recorder import JobRecorder

MAX_REMEMBERED_OWNERS = 1000


class JobQueue:
    """Runs jobs in worker threads, one owner after the other.

    Requests with equal keys are one job: computed once, shared by all who asked, stopped when nobody wants it
    any more. A job outlives the visit that asked for it.

    Parameters
    ----------
    n_workers : worker threads; 0 for none, then jobs wait for :meth:`run_waiting`
    inline : no threads; a job runs within :meth:`submit` (for tests and scripts)
    n_kept : results kept for the next who asks the same
    clock : seconds since the epoch
    recorder : keeps a record of the jobs whose requests can be asked again (they have a ``record``)
    """

    def __init__(
        self,
        n_workers: int = 1,
        *,
        inline: bool = False,
        n_kept: int = 4,
        clock: Callable[[], float] = time.time,
        recorder: JobRecorder | None = None,
    ) -> None:
        self._recorder = recorder
        self._inline, self._n_kept, self._clock = inline, n_kept, clock
        # guards everything below; a job's own lock may be taken within it, never the other way round
        self._changed = threading.Condition()
        self._numbers, self._turns = itertools.count(1), itertools.count(1)
        self._owners: dict[Job, set[Hashable]] = {}  # of jobs that wait or run
        self._waiting: list[Job] = []
        self._running: dict[Hashable, Job] = {}  # by key
        self._kept: dict[Hashable, Job] = {}  # DONE, by key, the longest unused first
        self._last_turn: dict[Hashable, int] = {}  # of owners, the longest ago first
        self._stopped = False
        self._workers = [
            threading.Thread(target=self._work, name=f"job worker {i + 1}", daemon=True)
            for i in range(0 if inline else n_workers)
        ]
        for worker in self._workers:
            worker.start()

    def submit(self, request: Request, owner: Hashable, who: str = "") -> Job:
        """The job of a request: a new one, or one that waits, runs or is kept under the same key.

        Parameters
        ----------
        owner : the visit that asks; jobs of different owners take turns
        who : the person who asks, for the record

        Raises
        ------
        RuntimeError
            The queue was shut down.
        """
        with self._changed:
            if self._stopped:
                raise RuntimeError("The job queue has been shut down.")
            job = self._with_key(request.key)
            if job is None:
                job = Job(next(self._numbers), request, self._clock, self.position)
                self._waiting.append(job)
                self._owners[job] = set()
                record = getattr(request, "record", None)
                if self._recorder is not None and record is not None:
                    self._recorder.submitted(job, who, record)
                self._changed.notify()
            if job in self._owners:
                self._owners[job].add(owner)
        if self._inline:
            self.run_waiting()
        return job

    def cancel(self, job: Job, owner: Hashable) -> bool:
        """Take back one owner's wish for a job; True where nobody else wants it, so that it stops.

        A job that waits is cancelled at once, one that runs before its next report. Where others still
        want it, it goes on, and this owner should look at it no more.
        """
        with self._changed:
            owners = self._owners.get(job)
            if owners is None:
                return False
            owners.discard(owner)
            if owners:
                return False
            job.stop(JobStatus.CANCELLED)
            if job in self._waiting:
                self._waiting.remove(job)
                del self._owners[job]
                self._settle(job, JobStatus.CANCELLED)
            return True

    def position(self, job: Job) -> int:
        """How many waiting jobs start up to and including this one; 0 where it does not wait."""
        with self._changed:
            return self._order_of_service().index(job) + 1 if job in self._waiting else 0

    def run_waiting(self) -> None:
        """Run all that waits, one job after the other, in the calling thread."""
        while True:
            with self._changed:
                if not self._waiting:
                    return
                job = self._take()
            self._run(job)

    def shutdown(self, timeout_s: float = 10.0) -> None:
        """Stop: what waits ends INTERRUPTED, what runs does before its next report; workers are joined."""
        with self._changed:
            self._stopped = True
            for job in self._running.values():
                job.stop(JobStatus.INTERRUPTED)
            unwanted, self._waiting = self._waiting, []
            for job in unwanted:
                del self._owners[job]
                self._settle(job, JobStatus.INTERRUPTED)
            self._changed.notify_all()
        end = time.monotonic() + timeout_s
        for worker in self._workers:
            worker.join(max(0.0, end - time.monotonic()))
        if self._recorder is not None:
            self._recorder.close()

    def _settle(self, job: Job, status: JobStatus) -> None:
        """End a job that never ran."""
        job.settle(status)
        if self._recorder is not None:
            self._recorder.ended(job)

    def _with_key(self, key: Hashable) -> Job | None:
        if key in self._kept:
            self._kept[key] = self._kept.pop(key)  # now the one used last
            return self._kept[key]
        running = self._running.get(key)
        if running is not None and not running.is_stopping and running.status is not JobStatus.FAILED:
            return running
        return next((job for job in self._waiting if job.key == key), None)

    def _order_of_service(self) -> list[Job]:
        """Waiting jobs in the order in which they would start: the owner served longest ago comes first."""
        waiting, last_turn, turn = list(self._waiting), dict(self._last_turn), itertools.count(2**62)
        order: list[Job] = []
        while waiting:
            job = min(waiting, key=lambda job: min(last_turn.get(owner, 0) for owner in self._owners[job]))
            waiting.remove(job)
            order.append(job)
            last_turn.update(dict.fromkeys(self._owners[job], next(turn)))
        return order

    def _take(self) -> Job:
        """The next job, no longer waiting; under the lock."""
        job = self._order_of_service()[0]
        self._waiting.remove(job)
        self._running[job.key] = job
        turn = next(self._turns)
        for owner in self._owners[job]:
            self._last_turn.pop(owner, None)
            self._last_turn[owner] = turn
        while len(self._last_turn) > MAX_REMEMBERED_OWNERS:
            del self._last_turn[next(iter(self._last_turn))]
        return job

    def _run(self, job: Job) -> None:
        if self._recorder is not None:
            self._recorder.started(job)
        job.iterate()
        if self._recorder is not None:
            self._recorder.ended(job)
        with self._changed:
            del self._owners[job]
            if self._running.get(job.key) is job:
                del self._running[job.key]
            if job.status is JobStatus.DONE and job.keep_result:
                self._kept[job.key] = job
                while len(self._kept) > self._n_kept:
                    del self._kept[next(iter(self._kept))]

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._stopped)
                if self._stopped:
                    return
                job = self._take()
            self._run(job)
