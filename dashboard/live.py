"""Answers while a handle moves: in a thread, the newest request wins, at the pace of the browser."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from dashboard.busy import Busy

log = logging.getLogger(__name__)

#: shared by all visits of the process; two, so that one large map does not hold up everybody
_EXECUTOR = ThreadPoolExecutor(max_workers=2, thread_name_prefix="live")


class LatestWins:
    """Runs ``work(*request)`` in a thread and hands the answer over on the thread of the page.

    While an answer is computed, or painted, newer requests replace the one that waits: a handle that
    moves sixty times a second costs no more than the answers that can be shown.

    Parameters
    ----------
    work : computes the answer; runs in a thread, touches no state
    deliver : shows the answer; runs on the thread of the page
    fail : gets the sentence of what went wrong, for a person
    schedule : calls a function soon on the thread of the page
    executor : runs the work; by default the threads that all visits share
    busy : is told when work begins and ends
    """

    def __init__(
        self,
        work: Callable[..., Any],
        deliver: Callable[[Any], None],
        fail: Callable[[str], None],
        schedule: Callable[[Callable[[], None]], None],
        executor: Executor | None = None,
        busy: Busy | None = None,
    ) -> None:
        self._work, self._deliver, self._fail, self._schedule = work, deliver, fail, schedule
        self._executor = executor or _EXECUTOR
        self._busy = busy
        self._waiting: tuple[Any, ...] | None = None
        self._running = False
        self._generation = 0

    @property
    def busy(self) -> bool:
        """An answer is on its way."""
        return self._running or self._waiting is not None

    def request(self, *request: Any) -> None:
        """Ask for an answer; it replaces any request that still waits."""
        self._waiting = request
        if not self._running:
            self._start()

    def drop(self) -> None:
        """Forget what waits and ignore the answer that is under way."""
        self._waiting = None
        self._generation += 1

    def _start(self) -> None:
        request, self._waiting, self._running = self._waiting, None, True
        if self._busy is not None:
            self._busy.began()
        future = self._executor.submit(self._work, *request)
        future.add_done_callback(
            lambda done, generation=self._generation: self._schedule(
                partial(self._finished, generation, done)
            )
        )

    def _finished(self, generation: int, future: Future) -> None:
        self._running = False
        if self._busy is not None:
            self._busy.ended()
        try:
            if generation == self._generation:
                self._hand_over(future)
        finally:
            if self._waiting is not None:
                self._start()

    def _hand_over(self, future: Future) -> None:
        try:
            answer = future.result()
        except ValueError as error:
            self._fail(str(error))
        except Exception:
            log.exception("live answer")
            self._fail("This could not be computed; the log of the server says why. The last answer stays.")
        else:
            self._deliver(answer)
