"""Undo and redo of plain values."""

from __future__ import annotations

from dashboard.history import MOST_STEPS, History


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_steps_are_taken_back_and_done_again_in_their_order():
    history = History(0)
    for value in (1, 2, 3):
        history.record(value, f"set {value}", None)
    assert history.undo_text == "set 3"
    assert history.undo() == 2
    assert history.undo() == 1
    assert (history.undo_text, history.redo_text) == ("set 1", "set 2")
    assert history.redo() == 2
    history.record(9, "set 9", None)
    assert history.redo_text == ""
    assert history.redo() is None
    assert [history.undo(), history.undo(), history.undo()] == [2, 1, 0]
    assert history.undo() is None
    assert history.undo_text == ""


def test_a_slider_that_moves_is_one_step():
    clock = Clock()
    history = History(0, clock)
    for value in range(1, 61):
        clock.now += 1 / 60
        history.record(value, f"number {value}", "number")
    assert history.undo_text == "number 60"
    assert history.undo() == 0
    assert history.redo() == 60


def test_a_pause_another_choice_or_an_undo_begins_a_step():
    clock = Clock()
    history = History(0, clock)
    history.record(1, "a", "a")
    clock.now += 10
    history.record(2, "a", "a")
    history.record(3, "b", "b")
    history.record(4, "a", "a")
    assert [history.undo() for _ in range(4)] == [3, 2, 1, 0]
    assert history.redo() == 1
    history.record(5, "a", "a")
    assert history.undo() == 1


def test_a_handle_that_is_held_still_is_one_step_and_the_next_grip_another():
    clock = Clock()
    history = History(0, clock)
    history.hold(True)
    history.record(1, "n", "n")
    clock.now += 30
    history.record(2, "n", "n")
    history.hold(False)
    history.record(3, "n", "n")  # the last value comes after the hand has left
    history.hold(True)
    history.record(4, "n", "n")
    assert [history.undo(), history.undo()] == [3, 0]


def test_what_follows_from_a_step_goes_and_comes_back_with_it():
    history = History(0)
    history.record(1, "one", None)
    history.amend(1.5)
    assert history.undo() == 0
    history.amend(0.5)  # what follows from taking back is no step
    assert history.redo() == 1.5
    assert history.undo() == 0.5


def test_the_oldest_steps_are_forgotten():
    history = History(0)
    for value in range(1, MOST_STEPS + 11):
        history.record(value, "", None)
    values = []
    while (value := history.undo()) is not None:
        values.append(value)
    assert len(values) == MOST_STEPS
    assert values[-1] == 10
