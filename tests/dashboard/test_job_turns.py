"""Whose job is next, and when it starts: people in turn, and a lane for what is short."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from job_work import PATIENCE_S, Gate, ShortWork, Step, Work, counting

from dashboard.job import JobStatus
from dashboard.jobs import JobQueue


def test_visits_are_served_in_turn(standing):
    order = []

    def noting(name: str) -> Callable[[], Iterator[Step]]:
        def reports() -> Iterator[Step]:
            order.append(name)
            yield Step(1.0)

        return reports

    jobs = {
        name: standing.submit(Work(name, noting(name)), owner)
        for name, owner in [
            ("a1", "anna"),
            ("a2", "anna"),
            ("a3", "anna"),
            ("b1", "ben"),
            ("c1", "cleo"),
            ("b2", "ben"),
        ]
    }
    expected = ["a1", "b1", "c1", "a2", "b2", "a3"]
    assert [jobs[name].progress().position for name in expected] == [1, 2, 3, 4, 5, 6]
    standing.run_waiting()
    assert order == expected
    assert jobs["a3"].progress().position == 0


def test_the_ten_trainings_of_one_person_in_ten_tabs_let_another_persons_first_go_first(standing):
    annas = [standing.submit(Work(f"a{tab}", counting(1)), f"tab {tab}", "anna") for tab in range(10)]
    bens = standing.submit(Work("b", counting(1)), "tab of ben", "ben")
    assert bens.progress().position == 2
    assert [job.progress().position for job in annas] == [1, *range(3, 12)]


def test_a_person_takes_back_the_wish_of_one_tab_not_that_of_the_other(standing):
    job = standing.submit(Work("a", counting(1)), "one tab", "anna")
    assert standing.submit(Work("a", counting(1)), "another tab", "anna") is job
    assert not standing.cancel(job, "one tab")
    assert job.status is JobStatus.QUEUED
    assert standing.cancel(job, "another tab")
    assert job.status is JobStatus.CANCELLED


def test_short_work_is_done_while_a_training_runs_and_others_wait(queue):
    gate = Gate()
    training = queue.submit(Work("training", gate), 1, "anna")
    assert gate.reached.wait(PATIENCE_S)
    waiting = queue.submit(Work("next training", counting(1)), 2, "anna")
    opening = queue.submit(ShortWork("opening", counting(3)), 2, "anna")
    assert opening.wait(PATIENCE_S) is JobStatus.DONE
    assert (training.status, waiting.status) == (JobStatus.RUNNING, JobStatus.QUEUED)
    gate.go_on.set()
    assert waiting.wait(PATIENCE_S) is JobStatus.DONE


def test_no_training_takes_the_worker_for_short_work(queue):
    gates = [Gate(), Gate()]
    trainings = [queue.submit(Work(f"training {i}", gate), i) for i, gate in enumerate(gates)]
    assert gates[0].reached.wait(PATIENCE_S)
    assert queue.submit(ShortWork("opening", counting(1)), 3).wait(PATIENCE_S) is JobStatus.DONE
    assert gates[1].n_runs == 0
    for gate, job in zip(gates, trainings, strict=True):
        gate.go_on.set()
        assert job.wait(PATIENCE_S) is JobStatus.DONE


def test_people_are_served_in_turn_with_short_work_too(standing):
    names = [("a1", "anna"), ("a2", "anna"), ("b1", "ben")]
    jobs = [standing.submit(ShortWork(name, counting(1)), name, person) for name, person in names]
    standing.submit(Work("training", counting(1)), "c", "cleo")
    assert [job.progress().position for job in jobs] == [1, 3, 2]


def test_short_work_that_two_visits_want_is_one_job(standing):
    assert standing.submit(ShortWork("a", counting(1)), 1) is standing.submit(ShortWork("a", counting(1)), 2)


def test_who_waits_is_told_when_it_starts():
    now = [0.0]
    gate, other = Gate(), Gate()

    def training(seconds: float) -> Callable[[], Iterator[Step]]:
        def reports() -> Iterator[Step]:
            yield Step(0.0)
            now[0] += seconds
            yield Step(1.0)

        return reports

    queue = JobQueue(1, clock=lambda: now[0])
    first = queue.submit(Work("a", gate), "anna")
    assert gate.reached.wait(PATIENCE_S)
    second = queue.submit(Work("b", training(60)), "ben")
    third = queue.submit(Work("c", other), "cleo")
    assert second.progress().starts_in_s is None, "too early to tell"
    now[0] = 10.0  # a quarter is done
    assert second.progress().starts_in_s == pytest.approx(30)
    assert not second.progress().or_later
    assert third.progress().starts_in_s == pytest.approx(30)
    assert third.progress().or_later, "nobody knows how long the second one takes"
    gate.go_on.set()
    assert first.wait(PATIENCE_S) is second.wait(PATIENCE_S) is JobStatus.DONE
    assert other.reached.wait(PATIENCE_S)
    assert third.progress().starts_in_s is None, "it runs"
    fourth = queue.submit(Work("d", counting(1)), "anna")
    fifth = queue.submit(Work("e", counting(1)), "ben")
    now[0] += 10.0
    # the last two took 10 s and 60 s: 35 s each
    assert fourth.progress().starts_in_s == pytest.approx(30), "of the third a quarter is done"
    assert fifth.progress().starts_in_s == pytest.approx(30 + 35)
    other.go_on.set()
    queue.shutdown()
