"""A visit hears of its jobs on its own event loop, in order, and only while it wants them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from dashboard.job import JobStatus
from dashboard.job_monitor import JobMonitor
from dashboard.jobs import JobQueue


@dataclass(frozen=True)
class Count:
    key: str
    n: int = 3
    fails: bool = False
    title: str = "Counting"

    def run(self) -> Iterator[int]:
        yield from range(self.n)
        if self.fails:
            raise ValueError("There is nothing to count.")
        return "counted"


class Clockwork:
    """Stands for the periodic callback of the page."""

    def __init__(self) -> None:
        self.callback: Callable[[], None] | None = None

    def every(self, callback: Callable[[], None], period_ms: int) -> Clockwork:
        self.callback = callback
        return self

    def stop(self) -> None:
        self.callback = None


class Heard(list):
    """Callbacks that write down what they heard."""

    def callbacks(self) -> dict[str, Callable[[Any], None]]:
        return {
            name: lambda value, name=name: self.append((name, value))
            for name in ("on_report", "on_done", "on_failed")
        }


def monitor_of(queue: JobQueue, owner: str = "anna") -> tuple[JobMonitor, Clockwork]:
    clockwork = Clockwork()
    return JobMonitor(queue, owner, clockwork.every), clockwork


def test_reports_come_in_order_and_the_result_last():
    queue, heard = JobQueue(n_workers=0), Heard()
    monitor, clockwork = monitor_of(queue)
    monitor.submit(Count("a"), **heard.callbacks())
    assert heard == [] and monitor.active
    queue.run_waiting()
    clockwork.callback()
    assert heard == [("on_report", 0), ("on_report", 1), ("on_report", 2), ("on_done", "counted")]


def test_polling_stops_when_nothing_is_left():
    queue = JobQueue(n_workers=0)
    monitor, clockwork = monitor_of(queue)
    monitor.submit(Count("a"))
    assert clockwork.callback is not None
    queue.run_waiting()
    monitor.tick()
    assert clockwork.callback is None and not monitor.active


def test_a_kept_result_comes_at_once():
    queue, heard = JobQueue(inline=True), Heard()
    queue.submit(Count("a"), "ben")
    monitor, clockwork = monitor_of(queue)
    monitor.submit(Count("a"), **heard.callbacks())
    assert heard[-1] == ("on_done", "counted")
    assert clockwork.callback is None


def test_a_failure_comes_as_a_sentence():
    heard = Heard()
    monitor, _ = monitor_of(JobQueue(inline=True))
    monitor.submit(Count("a", fails=True), **heard.callbacks())
    assert heard[-1] == ("on_failed", "There is nothing to count.")


def test_a_cancelled_job_is_heard_of_no_more():
    queue, heard = JobQueue(n_workers=0), Heard()
    monitor, clockwork = monitor_of(queue)
    job = monitor.submit(Count("a"), **heard.callbacks())
    queue.submit(Count("a"), "ben")
    monitor.cancel(job)
    queue.run_waiting()
    monitor.tick()
    assert heard == [] and clockwork.callback is None
    assert job.status is JobStatus.DONE  # for the other visit


def test_a_job_that_the_server_stopped_says_so():
    queue, heard = JobQueue(n_workers=0), Heard()
    monitor, _ = monitor_of(queue)
    monitor.submit(Count("a"), **heard.callbacks())
    queue.shutdown()
    monitor.tick()
    assert heard == [("on_failed", "Counting was stopped before its end. Start it again.")]


def test_closing_a_visit_leaves_its_jobs_running():
    queue, heard = JobQueue(n_workers=0), Heard()
    monitor, clockwork = monitor_of(queue)
    job = monitor.submit(Count("a"), **heard.callbacks())
    monitor.close()
    queue.run_waiting()
    assert clockwork.callback is None
    assert heard == [] and job.status is JobStatus.DONE


def test_progress_comes_only_when_it_has_changed():
    queue, seen = JobQueue(n_workers=0), []
    monitor, _ = monitor_of(queue)
    monitor.submit(Count("a"), on_progress=seen.append)
    monitor.tick()
    monitor.tick()
    queue.run_waiting()
    monitor.tick()
    assert [(progress.status, progress.position) for progress in seen] == [
        (JobStatus.QUEUED, 1),
        (JobStatus.DONE, 0),
    ]


def test_a_callback_that_fails_does_not_blind_the_monitor(caplog):
    queue, heard = JobQueue(n_workers=0), Heard()
    monitor, _ = monitor_of(queue)
    monitor.submit(Count("a"), on_done=lambda result: 1 / 0)
    monitor.submit(Count("b"), **heard.callbacks())
    queue.run_waiting()
    monitor.tick()
    assert heard[-1] == ("on_done", "counted")
    assert "ZeroDivisionError" in caplog.text


def test_a_callback_may_start_the_next_job():
    queue, heard = JobQueue(n_workers=0), Heard()
    monitor, _ = monitor_of(queue)
    monitor.submit(Count("a"), on_done=lambda result: monitor.submit(Count("b"), **heard.callbacks()))
    for _ in range(2):
        queue.run_waiting()
        monitor.tick()
    assert heard[-1] == ("on_done", "counted")
    assert not monitor.active
