"""One lane of the job queue: the jobs that wait for the same workers, and who gets the next one."""

from __future__ import annotations

import heapq
import itertools
import statistics
from collections import deque
from collections.abc import Callable, Hashable, Iterable

from dashboard.job import Job, JobStatus

MAX_REMEMBERED_PEOPLE = 1000
#: of jobs with the same title, those that tell how long one takes
_REMEMBERED_JOBS = 5
#: what took less was found ready made: it says nothing of how long the work takes
_LEAST_WORK_S = 1.0


class Lane:
    """Serves people in turn; the queue calls it under its lock.

    Parameters
    ----------
    n_workers : jobs that run at a time
    people : who want a job; those who were served longest ago come first
    clock : seconds
    """

    def __init__(
        self, n_workers: int, people: Callable[[Job], Iterable[Hashable]], clock: Callable[[], float]
    ) -> None:
        self._n_workers, self._people, self._clock = n_workers, people, clock
        self.waiting: list[Job] = []
        self.running: list[Job] = []
        self._turns = itertools.count(1)
        self._last_turn: dict[Hashable, int] = {}  # of people, the longest ago first
        self._lasted: dict[str, deque[float]] = {}  # s, by title, of the last jobs

    def take(self) -> Job:
        """The next job, no longer waiting."""
        job = self._order_of_service()[0]
        self.waiting.remove(job)
        self.running.append(job)
        turn = next(self._turns)
        for person in self._people(job):
            self._last_turn.pop(person, None)
            self._last_turn[person] = turn
        while len(self._last_turn) > MAX_REMEMBERED_PEOPLE:
            del self._last_turn[next(iter(self._last_turn))]
        return job

    def ended(self, job: Job) -> None:
        """A job that was taken runs no more."""
        self.running.remove(job)
        lasted = job.lasted_s
        if job.status is JobStatus.DONE and lasted is not None and lasted >= _LEAST_WORK_S:
            self._lasted.setdefault(job.title, deque(maxlen=_REMEMBERED_JOBS)).append(lasted)

    def place(self, job: Job) -> tuple[int, float | None, bool]:
        """When a waiting job starts.

        Returns
        -------
        how many jobs start up to and including this one; 0 where it does not wait
        in how many s it starts; None where nothing tells how long those take that run
        is that the earliest, as nothing tells how long those take that start before it?
        """
        if job not in self.waiting:
            return 0, None, False
        before = self._order_of_service()
        before = before[: before.index(job)]
        take = [self._typical(job) for job in before]
        return len(before) + 1, self._starts_after([one or 0.0 for one in take]), None in take

    def _order_of_service(self) -> list[Job]:
        """Waiting jobs in the order in which they would start."""
        waiting, last_turn, turn = list(self.waiting), dict(self._last_turn), itertools.count(2**62)
        order: list[Job] = []
        while waiting:
            job = min(waiting, key=lambda job: min(last_turn.get(one, 0) for one in self._people(job)))
            waiting.remove(job)
            order.append(job)
            last_turn.update(dict.fromkeys(self._people(job), next(turn)))
        return order

    def _starts_after(self, take: list[float]) -> float | None:
        """Seconds until a worker is free once those before, which take so long, have been served."""
        if self._n_workers < 1:
            return None
        left = [self._left_of(job) for job in self.running]
        if None in left:
            return None
        free = [*left, *[0.0] * (self._n_workers - len(left))]
        heapq.heapify(free)
        for seconds in take:
            heapq.heappush(free, heapq.heappop(free) + seconds)
        return free[0]

    def _left_of(self, job: Job) -> float | None:
        left = job.remaining_s()
        if left is not None or job.is_stopping:
            return left or 0.0
        typical, begun = self._typical(job), job.started
        if typical is None or begun is None or self._clock() - begun > typical:
            return None
        return typical - (self._clock() - begun)

    def _typical(self, job: Job) -> float | None:
        lasted = self._lasted.get(job.title)
        return statistics.median(lasted) if lasted else None
