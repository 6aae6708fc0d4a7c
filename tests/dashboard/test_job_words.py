"""What is said of a job is plain, and no more exact than it can be."""

from __future__ import annotations

import pytest

from dashboard.job import JobStatus, Progress
from dashboard.job_words import words_of


def waiting(position: int, starts_in_s: float | None, or_later: bool = False) -> Progress:
    return Progress(JobStatus.QUEUED, 0.0, "", position, starts_in_s, or_later, 0.0, None, None, None, "")


def running(message: str, remaining_s: float | None) -> Progress:
    return Progress(JobStatus.RUNNING, 0.5, message, 0, None, False, 0.0, 1.0, None, remaining_s, "")


@pytest.mark.parametrize(
    ("position", "starts_in_s", "words"),
    [
        (1, None, "Next in the queue"),
        (1, 2.0, "Next in the queue, starts in a few seconds"),
        (2, 38.2, "2nd in the queue, starts in about 40 s"),
        (3, 59.0, "3rd in the queue, starts in about 1 min"),
        (11, 125.0, "11th in the queue, starts in about 2 min"),
        (21, 7300.0, "21st in the queue, starts in about 2 h"),
    ],
)
def test_who_waits_is_told_the_place_and_the_time(position, starts_in_s, words):
    assert words_of(waiting(position, starts_in_s)) == words


def test_where_nobody_knows_how_long_those_before_take_it_is_the_earliest_moment():
    assert words_of(waiting(2, 540.0, True)) == "2nd in the queue, starts in about 9 min at the earliest"


@pytest.mark.parametrize(
    ("remaining_s", "words"),
    [(None, "Epoch 3 of 40"), (1.0, "Epoch 3 of 40"), (33.0, "Epoch 3 of 40, about 35 s left")],
)
def test_who_sees_it_run_is_told_how_long_it_takes(remaining_s, words):
    assert words_of(running("Epoch 3 of 40", remaining_s)) == words


def test_what_has_said_nothing_has_no_words():
    assert words_of(running("", 50.0)) == ""
