"""The job queue: work that is too long for a handler, run by threads of the process, shared by all visits.

A worker iterates the reports of a request and looks between two of them whether it should stop. No worker
touches what a visit shows: visits poll (see job_monitor.py).
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Hashable, Iterable

from dashboard.job import Job, JobStatus, Request
from dashboard.job_lane import Lane
from dashboard.job_recorder import JobRecorder


class JobQueue:
    """Runs jobs in worker threads, one person after the other.

    Requests with equal keys are one job: computed once, shared by all who asked, stopped when nobody wants it
    any more. A job outlives the visit that asked for it. What is short (opening a map, say) has workers of
    its own: it waits for what is short alone, never for a training.

    Parameters
    ----------
    n_workers : worker threads for long jobs; 0 for none at all, then jobs wait for :meth:`run_waiting`
    n_short_workers : threads for short jobs; none where there are none for long ones
    inline : no threads; a job runs within :meth:`submit` (for tests and scripts)
    n_kept : results kept for the next who asks the same
    clock : seconds since the epoch
    recorder : keeps a record of the jobs whose requests can be asked again (they have a ``record``)
    """

    def __init__(
        self,
        n_workers: int = 1,
        n_short_workers: int = 1,
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
        self._numbers = itertools.count(1)
        #: of jobs that wait or run: the visits that want them, and whose turn each of these takes
        self._wanted: dict[Job, dict[Hashable, Hashable]] = {}
        self._running: dict[Hashable, Job] = {}  # by key
        self._kept: dict[Hashable, Job] = {}  # DONE, by key, the longest unused first
        self._stopped = False
        n_long = 0 if inline else n_workers
        n_short = n_short_workers if n_long else 0
        self._long, self._short = Lane(n_long, self._people, clock), Lane(n_short, self._people, clock)
        self._workers = [
            threading.Thread(target=self._work, args=(lane,), name=f"{name} {i + 1}", daemon=True)
            for lane, name, n in (
                (self._long, "job worker", n_long),
                (self._short, "short job worker", n_short),
            )
            for i in range(n)
        ]
        for worker in self._workers:
            worker.start()

    def submit(self, request: Request, visit: Hashable, person: str = "") -> Job:
        """The job of a request: a new one, or one that waits, runs or is kept under the same key.

        Parameters
        ----------
        visit : who asks, and may take the wish back
        person : whose visit it is; jobs of different people take turns. "" without accounts, where every
            visit counts as a person

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
                job = Job(next(self._numbers), request, self._clock, self._place)
                self._wanted[job] = {}
                self._lane(job).waiting.append(job)
                record = getattr(request, "record", None)
                if self._recorder is not None and record is not None:
                    self._recorder.submitted(job, person, record)
                self._changed.notify_all()
            if job in self._wanted:
                self._wanted[job][visit] = person or visit
        if self._inline:
            self.run_waiting()
        return job

    def cancel(self, job: Job, visit: Hashable) -> bool:
        """Take back one visit's wish for a job; True where nobody else wants it, so that it stops.

        A job that waits is cancelled at once, one that runs before its next report. Where others still
        want it, it goes on, and this visit should look at it no more.
        """
        with self._changed:
            visits = self._wanted.get(job)
            if visits is None:
                return False
            visits.pop(visit, None)
            if visits:
                return False
            job.stop(JobStatus.CANCELLED)
            lane = self._lane(job)
            if job in lane.waiting:
                lane.waiting.remove(job)
                del self._wanted[job]
                self._settle(job, JobStatus.CANCELLED)
            return True

    def run_waiting(self) -> None:
        """Run all that waits, one job after the other, in the calling thread; short ones first."""
        while True:
            with self._changed:
                lane = self._short if self._short.waiting else self._long
                if not lane.waiting:
                    return
                job = self._take(lane)
            self._run(job, lane)

    def shutdown(self, timeout_s: float = 10.0) -> None:
        """Stop: what waits ends INTERRUPTED, what runs does before its next report; workers are joined."""
        with self._changed:
            self._stopped = True
            for job in self._running.values():
                job.stop(JobStatus.INTERRUPTED)
            for lane in (self._long, self._short):
                unwanted, lane.waiting = lane.waiting, []
                for job in unwanted:
                    del self._wanted[job]
                    self._settle(job, JobStatus.INTERRUPTED)
            self._changed.notify_all()
        end = time.monotonic() + timeout_s
        for worker in self._workers:
            worker.join(max(0.0, end - time.monotonic()))
        if self._recorder is not None:
            self._recorder.close()

    def _lane(self, job: Job) -> Lane:
        return self._short if job.is_short else self._long

    def _people(self, job: Job) -> Iterable[Hashable]:
        return self._wanted[job].values()

    def _place(self, job: Job) -> tuple[int, float | None, bool]:
        with self._changed:
            return self._lane(job).place(job)

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
        waiting = itertools.chain(self._long.waiting, self._short.waiting)
        return next((job for job in waiting if job.key == key), None)

    def _take(self, lane: Lane) -> Job:
        """The next job of a lane; under the lock."""
        job = lane.take()
        self._running[job.key] = job
        return job

    def _run(self, job: Job, lane: Lane) -> None:
        if self._recorder is not None:
            self._recorder.started(job)
        job.iterate()
        if self._recorder is not None:
            self._recorder.ended(job)
        with self._changed:
            lane.ended(job)
            del self._wanted[job]
            if self._running.get(job.key) is job:
                del self._running[job.key]
            if job.status is JobStatus.DONE and job.keep_result:
                self._kept[job.key] = job
                while len(self._kept) > self._n_kept:
                    del self._kept[next(iter(self._kept))]

    def _work(self, lane: Lane) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: lane.waiting or self._stopped)
                if self._stopped:
                    return
                job = self._take(lane)
            self._run(job, lane)
