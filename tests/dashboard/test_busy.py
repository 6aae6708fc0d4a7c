"""The sign of work at the head of the page."""

from __future__ import annotations

from concurrent.futures import Future

from dashboard.busy import Busy
from dashboard.live import LatestWins


class Clockwork:
    def __init__(self) -> None:
        self.waiting = []

    def __call__(self, callback, _milliseconds) -> None:
        self.waiting.append(callback)

    def strike(self) -> None:
        while self.waiting:
            self.waiting.pop()()


class ByHand:
    """An executor whose work ends when the test says so."""

    def submit(self, work, *request) -> Future:
        self.future: Future = Future()
        return self.future


def test_an_answer_that_takes_long_shows_that_it_is_sought():
    clock, executor = Clockwork(), ByHand()
    busy = Busy(clock)
    line = LatestWins(str, lambda answer: None, print, lambda call: call(), executor, busy)
    line.request(1)
    assert not busy.busy
    clock.strike()
    assert busy.busy
    executor.future.set_result("1")
    assert not busy.busy


def test_a_quick_answer_does_not_flicker():
    clock, executor = Clockwork(), ByHand()
    busy = Busy(clock)
    line = LatestWins(str, lambda answer: None, print, lambda call: call(), executor, busy)
    line.request(1)
    executor.future.set_result("1")
    clock.strike()
    assert not busy.busy


def test_the_sign_stays_until_the_last_of_several_answers():
    clock = Clockwork()
    busy = Busy(clock)
    busy.began()
    busy.began()
    clock.strike()
    busy.ended()
    assert busy.busy
    busy.ended()
    assert not busy.busy


def test_the_sign_goes_when_the_work_fails():
    clock, executor = Clockwork(), ByHand()
    busy, told = Busy(clock), []
    line = LatestWins(str, print, told.append, lambda call: call(), executor, busy)
    line.request(1)
    clock.strike()
    executor.future.set_exception(ValueError("no such thing"))
    assert not busy.busy
    assert told == ["no such thing"]
