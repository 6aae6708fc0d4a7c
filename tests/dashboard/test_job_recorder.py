"""Long jobs stand in the store from asking to their end, and a restart finds those that had none."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from dashboard.job_recorder import JobRecorder
from dashboard.jobs import JobQueue
from dashboard.store import Store, StoreUnavailable


@dataclass(frozen=True, eq=False)
class Work:
    """Goes on when the test lets it."""

    name: str
    go_on: threading.Event = field(default_factory=threading.Event)
    begun: threading.Event = field(default_factory=threading.Event)
    fails: bool = False
    settings: int = 0
    title = "Finding phases"

    @property
    def key(self) -> Hashable:
        return self.name

    @property
    def record(self) -> dict[str, object]:
        return {"entry_id": self.name, "tabs": {"Trust": {"number": self.settings}}}

    def run(self) -> Iterator[str]:
        self.begun.set()
        while not self.go_on.wait(0.01):
            yield "still at it"
        if self.fails:
            raise ValueError("There is nothing to find.")
        yield "found"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path) as store:
        yield store


def statuses(store: Store) -> dict[str, str]:
    return {job.request["entry_id"]: job.status for job in store.jobs()}


def test_a_job_is_recorded_from_asking_to_its_end(store):
    recorder = JobRecorder(lambda: store)
    queue = JobQueue(1, recorder=recorder)
    first, second = Work("first"), Work("second", fails=True)
    queue.submit(first, 1, "ann")
    queue.submit(second, 2, "ben")
    assert first.begun.wait(10)
    first.go_on.set()
    second.go_on.set()
    assert second.begun.wait(10)
    while not queue.submit(second, 3).status.is_final:
        second.go_on.wait(0.01)
    queue.shutdown()
    assert statuses(store) == {"first": "done", "second": "failed"}
    by_entry = {job.request["entry_id"]: job for job in store.jobs()}
    assert by_entry["first"].owner == "ann"
    assert "nothing to find" in by_entry["second"].message


def test_what_waits_and_what_runs_at_a_stop_is_interrupted(store):
    queue = JobQueue(1, recorder=JobRecorder(lambda: store))
    running, waiting = Work("running"), Work("waiting")
    queue.submit(running, 1)
    queue.submit(waiting, 1)
    assert running.begun.wait(10)
    queue.shutdown()
    assert statuses(store) == {"running": "interrupted", "waiting": "interrupted"}


def test_jobs_of_a_process_that_was_killed_are_interrupted_when_the_next_one_starts(store):
    recorder = JobRecorder(lambda: store)
    work = Work("killed")
    job = JobQueue(0, recorder=recorder).submit(work, 1)
    recorder.started(job)
    recorder.close()  # and nothing more: no end was ever written
    assert statuses(store) == {"killed": "running"}
    assert store.interrupt_unfinished() == 1
    assert statuses(store) == {"killed": "interrupted"}


def test_the_same_request_in_the_next_process_resumes_what_was_interrupted(store):
    for number in (1, 2):
        work = Work("again", settings=number)  # how the tab looked makes no other request of it
        JobQueue(0, recorder=(recorder := JobRecorder(lambda: store))).submit(work, number, "ann")
        recorder.close()
        if number == 1:
            store.interrupt_unfinished()
            assert len(store.interrupted_jobs("ann")) == 1
    assert [job.status for job in store.jobs()] == ["queued", "resumed"]


def test_a_cancelled_job_never_waits_again(store):
    queue = JobQueue(0, recorder=JobRecorder(lambda: store))
    job = queue.submit(Work("unwanted"), 1)
    queue.cancel(job, 1)
    queue.shutdown()
    assert statuses(store) == {"unwanted": "cancelled"}


def test_jobs_run_although_the_store_is_out_of_reach():
    def unreachable() -> Store:
        raise StoreUnavailable("The store cannot be written.")

    queue = JobQueue(inline=True, recorder=JobRecorder(unreachable))
    work = Work("anyway")
    work.go_on.set()
    assert queue.submit(work, 1).result == "found"
    queue.shutdown()
