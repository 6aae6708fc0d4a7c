"""Jobs run once for all who ask, can be stopped, and say what went wrong. Conditions, never sleeps."""

from __future__ import annotations

import gc
import logging
import threading
import weakref
from collections.abc import Iterator

import pytest
from job_work import PATIENCE_S, Gate, Step, Work, counting, failing

from dashboard.job import MAX_REPORTS, JobStatus
from dashboard.jobs import JobQueue


def test_a_job_runs_in_another_thread_and_gives_its_result(queue):
    threads = []

    def reports() -> Iterator[Step]:
        threads.append(threading.current_thread())
        yield Step(1.0, "there")
        return 42

    job = queue.submit(Work("a", reports), "anna")
    assert job.wait(PATIENCE_S) is JobStatus.DONE
    assert job.result == 42
    assert threads != [threading.current_thread()]


def test_without_a_return_value_the_last_report_is_the_result():
    job = JobQueue(inline=True).submit(Work("a", lambda: iter([Step(0.5), Step(1.0, "last")])), "anna")
    assert job.result == Step(1.0, "last")


def test_progress_tells_what_is_done_while_it_runs(queue):
    gate = Gate()
    job = queue.submit(Work("a", gate), "anna")
    assert gate.reached.wait(PATIENCE_S)
    progress = job.progress()
    assert (progress.status, progress.fraction, progress.message) == (JobStatus.RUNNING, 0.25, "started")
    assert progress.submitted <= progress.started
    assert progress.finished is None
    gate.go_on.set()
    job.wait(PATIENCE_S)
    progress = job.progress()
    assert (progress.status, progress.fraction) == (JobStatus.DONE, 1.0)
    assert progress.started <= progress.finished


def test_the_remaining_time_follows_from_the_pace_so_far():
    now = [100.0]
    remaining = []

    def reports() -> Iterator[Step]:
        yield Step(0.0)
        now[0] = 130.0
        remaining.append(jobs[0].progress().remaining_s)
        yield Step(0.25)
        remaining.append(jobs[0].progress().remaining_s)

    queue = JobQueue(n_workers=0, clock=lambda: now[0])
    jobs = [queue.submit(Work("a", reports), "anna")]
    queue.run_waiting()
    assert remaining == [None, pytest.approx(90)]
    assert jobs[0].progress().remaining_s is None


def test_the_remaining_time_is_that_of_the_present_pace():
    now, remaining = [0.0], []

    def reports() -> Iterator[Step]:
        yield Step(0.1)  # reading was quick
        for epoch in range(1, 40):
            now[0] += 2.0
            yield Step(0.1 + 0.01 * epoch)
            remaining.append(jobs[0].progress().remaining_s)

    queue = JobQueue(n_workers=0, clock=lambda: now[0])
    jobs = [queue.submit(Work("a", reports), "anna")]
    queue.run_waiting()
    # a hundredth takes 2 s; from the start it would look as if 0.3 took 40 s
    assert remaining[20] == pytest.approx(200 * (1 - 0.31))


def test_the_same_request_of_two_visits_is_computed_once(queue):
    gate = Gate()
    first = queue.submit(Work("a", gate), "anna")
    second = queue.submit(Work("a", gate), "ben")
    gate.go_on.set()
    assert second.wait(PATIENCE_S) is JobStatus.DONE
    assert first is second
    assert gate.n_runs == 1


def test_a_result_is_kept_for_the_next_who_asks():
    queue = JobQueue(inline=True, n_kept=2)
    first = queue.submit(Work("a", counting(3)), "anna")
    assert queue.submit(Work("a", counting(3)), "ben") is first
    queue.submit(Work("b", counting(3)), "anna")
    queue.submit(Work("a", counting(3)), "anna")  # used again, so b is now the longest unused
    queue.submit(Work("c", counting(3)), "anna")
    assert queue.submit(Work("a", counting(3)), "anna") is first
    assert queue.submit(Work("b", counting(3)), "anna").number == 4


def test_a_large_result_is_left_to_those_who_asked():
    class Large(Work):
        keep_result = False

    queue = JobQueue(inline=True)
    first = queue.submit(Large("a", lambda: iter([Step(1.0)])), "anna")
    assert first.result == Step(1.0)
    result = weakref.ref(first.result)
    del first
    gc.collect()
    assert result() is None


def test_cancelling_stops_the_work_before_its_next_report(queue):
    gate = Gate()
    job = queue.submit(Work("a", gate), "anna")
    assert gate.reached.wait(PATIENCE_S)
    assert queue.cancel(job, "anna")
    gate.go_on.set()
    assert job.wait(PATIENCE_S) is JobStatus.CANCELLED
    assert gate.closed.is_set()
    assert job.result is None


def test_cancelling_by_one_visit_leaves_the_job_to_the_other(queue):
    gate = Gate()
    job = queue.submit(Work("a", gate), "anna")
    queue.submit(Work("a", gate), "ben")
    assert gate.reached.wait(PATIENCE_S)
    assert not queue.cancel(job, "anna")
    gate.go_on.set()
    assert job.wait(PATIENCE_S) is JobStatus.DONE


def test_asking_again_after_cancelling_starts_anew(queue):
    gate, again = Gate(), Gate()
    job = queue.submit(Work("a", gate), "anna")
    assert gate.reached.wait(PATIENCE_S)
    queue.cancel(job, "anna")
    new = queue.submit(Work("a", again), "anna")
    assert new is not job
    gate.go_on.set()
    again.go_on.set()
    assert job.wait(PATIENCE_S) is JobStatus.CANCELLED
    assert new.wait(PATIENCE_S) is JobStatus.DONE


def test_a_waiting_job_is_cancelled_at_once(standing):
    job = standing.submit(Work("a", counting(3)), "anna")
    assert standing.cancel(job, "anna")
    assert job.wait(0) is JobStatus.CANCELLED
    standing.run_waiting()
    assert job.reports_since(0) == ([], 0)


def test_cancelling_what_is_done_changes_nothing():
    queue = JobQueue(inline=True)
    job = queue.submit(Work("a", counting(3)), "anna")
    assert not queue.cancel(job, "anna")
    assert job.status is JobStatus.DONE


def test_a_value_error_is_told_as_it_is():
    job = JobQueue(inline=True).submit(Work("a", failing(ValueError("No line above 15 keV."))), "anna")
    assert job.status is JobStatus.FAILED
    assert job.progress().error == "No line above 15 keV."


@pytest.mark.parametrize("error", [RuntimeError("SVD did not converge"), SystemExit(3), KeyError("x")])
def test_an_unforeseen_error_is_logged_and_told_without_its_jargon(error, caplog):
    with caplog.at_level(logging.ERROR):
        job = JobQueue(inline=True).submit(Work("a", failing(error)), "anna")
    assert job.status is JobStatus.FAILED
    assert job.progress().error.startswith("Counting stopped at an error that nobody foresaw.")
    assert type(error).__name__ in caplog.text


def test_running_out_of_memory_says_what_to_do():
    job = JobQueue(inline=True).submit(Work("a", failing(MemoryError())), "anna")
    assert "Crop or rebin" in job.progress().error


def test_a_failed_job_does_not_stop_the_worker_and_may_be_tried_again(queue):
    failed = queue.submit(Work("a", failing(RuntimeError("once"))), "anna")
    assert failed.wait(PATIENCE_S) is JobStatus.FAILED
    again = queue.submit(Work("a", counting(3)), "anna")
    assert again.wait(PATIENCE_S) is JobStatus.DONE


def test_reports_are_read_from_where_one_stopped():
    job = JobQueue(inline=True).submit(Work("a", counting(5)), "anna")
    first, n_seen = job.reports_since(0)
    assert [report.message for report in first] == [f"{i} of 5" for i in (1, 2, 3, 4, 5)]
    assert job.reports_since(n_seen) == ([], 5)
    assert [report.message for report in job.reports_since(3)[0]] == ["4 of 5", "5 of 5"]


def test_only_the_last_reports_of_a_long_job_are_kept():
    job = JobQueue(inline=True).submit(Work("a", counting(MAX_REPORTS + 7)), "anna")
    kept, n_reports = job.reports_since(0)
    assert len(kept) == MAX_REPORTS
    assert n_reports == MAX_REPORTS + 7
    assert kept[-1].fraction == 1.0


def test_shutting_down_interrupts_what_runs_and_what_waits():
    queue = JobQueue()
    gate = Gate()
    running = queue.submit(Work("a", gate), "anna")
    assert gate.reached.wait(PATIENCE_S)
    waiting = queue.submit(Work("b", counting(3)), "anna")
    closing = threading.Thread(target=queue.shutdown)
    closing.start()
    assert waiting.wait(PATIENCE_S) is JobStatus.INTERRUPTED
    gate.go_on.set()
    closing.join(PATIENCE_S)
    assert running.wait(PATIENCE_S) is JobStatus.INTERRUPTED
    with pytest.raises(RuntimeError, match="shut down"):
        queue.submit(Work("c", counting(3)), "anna")


def test_a_finished_job_lets_its_request_go():
    work = Work("a", counting(3))
    alive = weakref.ref(work)
    job = JobQueue(inline=True).submit(work, "anna")
    del work
    gc.collect()
    assert alive() is None
    assert job.key == "a"


def test_many_visits_at_once_all_get_their_answer():
    queue = JobQueue(n_workers=3)
    jobs = []

    def visit(owner: int) -> None:
        jobs.extend(queue.submit(Work(f"{(owner + i) % 7}", counting(5)), owner) for i in range(10))

    visits = [threading.Thread(target=visit, args=(owner,)) for owner in range(8)]
    for thread in visits:
        thread.start()
    for thread in visits:
        thread.join(PATIENCE_S)
    assert {job.wait(PATIENCE_S) for job in jobs} == {JobStatus.DONE}
    queue.shutdown()
