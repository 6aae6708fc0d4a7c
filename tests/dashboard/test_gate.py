"""The newest state is always shown, and never faster than the browser paints."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from bokeh.document import Document
from bokeh.plotting import figure

from dashboard.gate import Pace, PaintGate


class Browser:
    """Stands for the page and for its clock: what was drawn, what may be acknowledged, what comes later."""

    def __init__(self) -> None:
        self.now = 0.0
        self.state = 0
        self.drawn: list[int] = []
        self.serials: list[int] = []
        self.timers: list[tuple[float, Callable[[], None]]] = []
        self.pace = Pace(
            lambda: self.drawn.append(self.state),
            self.serials.append,
            lambda callback, seconds: self.timers.append((self.now + seconds, callback)),
            clock=lambda: self.now,
        )

    def move_to(self, state: int) -> None:
        self.state = state
        self.pace.request()

    def paint(self) -> None:
        self.pace.acknowledge(self.serials[-1])

    def wait(self, seconds: float) -> None:
        self.now += seconds
        due = [timer for timer in self.timers if timer[0] <= self.now]
        self.timers = [timer for timer in self.timers if timer[0] > self.now]
        for _, callback in due:
            callback()


def test_the_first_request_draws_at_once():
    browser = Browser()
    browser.move_to(1)
    assert browser.drawn == [1]


def test_while_the_browser_paints_only_the_newest_state_waits():
    browser = Browser()
    for state in (1, 2, 3, 4):
        browser.move_to(state)
    assert browser.drawn == [1]
    browser.paint()
    assert browser.drawn == [1, 4]
    browser.paint()
    assert browser.drawn == [1, 4]
    assert not browser.pace.under_way


def test_a_lost_acknowledgement_holds_up_the_newest_state_only_for_a_while():
    browser = Browser()
    browser.move_to(1)
    browser.move_to(2)
    browser.wait(2.9)
    assert browser.drawn == [1]
    browser.wait(0.1)
    assert browser.drawn == [1, 2]


def test_a_late_acknowledgement_does_not_count_for_a_later_drawing():
    browser = Browser()
    browser.move_to(1)
    browser.move_to(2)
    browser.wait(3)
    browser.move_to(3)
    browser.pace.acknowledge(1)
    assert browser.drawn == [1, 2]
    browser.paint()
    assert browser.drawn == [1, 2, 3]


def test_patience_starts_anew_with_every_drawing():
    browser = Browser()
    browser.move_to(1)
    browser.wait(2)
    browser.paint()
    browser.move_to(2)
    browser.move_to(3)
    browser.wait(2)  # the timer of the first drawing goes off here
    assert browser.drawn == [1, 2]
    browser.wait(1)
    assert browser.drawn == [1, 2, 3]


def test_there_is_one_timer_however_many_drawings():
    browser = Browser()
    for state in range(50):
        browser.move_to(state)
        browser.paint()
    assert len(browser.timers) == 1
    browser.wait(3)
    assert browser.timers == []


def test_a_drawing_that_fails_does_not_close_the_gate():
    fails = [True]

    def draw() -> None:
        if fails.pop():
            raise ValueError("no picture")
        fails.append(False)

    pace = Pace(draw, lambda serial: None, lambda callback, seconds: None)
    with pytest.raises(ValueError, match="no picture"):
        pace.request()
    fails.append(False)
    pace.request()
    assert pace.under_way


def test_without_a_browser_every_request_draws():
    drawn = []
    gate = PaintGate(lambda: drawn.append(1), figure())
    for _ in range(3):
        gate()
    assert drawn == [1, 1, 1]


def test_the_gate_travels_with_its_figure_and_opens_when_the_browser_answers():
    drawn = []
    plot = figure()
    gate = PaintGate(lambda: drawn.append(len(drawn)), plot)
    Document().add_root(plot)
    assert gate.model.document is plot.document
    gate()
    gate()
    assert drawn == [0]
    gate.model.tags = gate.model.data["serial"]
    assert drawn == [0, 1]
    gate.model.tags = []  # nonsense from the browser changes nothing
    assert gate.under_way
