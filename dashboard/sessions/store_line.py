"""Calls of the store beside the event loop, in order for a visit; answers come on the thread of the page."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from dashboard.store.errors import StoreUnavailable

log = logging.getLogger(__name__)

#: shared by all visits of the process: a database that is slow for one person is so for two at most
_EXECUTOR = ThreadPoolExecutor(max_workers=2, thread_name_prefix="store")
#: after a failure the store is not tried again for so long: whoever asks meanwhile is told at once
RETRY_S = 5.0

UNFORESEEN = "This could not be done; the log of the server says why. What is on the page is as it was."


class StoreOnce:
    """The store of the process: opened when it is first needed, tried again later where that failed.

    Parameters
    ----------
    open_store : opens it; raises StoreUnavailable with a sentence for people
    clock : seconds
    """

    def __init__(self, open_store: Callable[[], Any], clock: Callable[[], float] = time.monotonic) -> None:
        self._open, self._clock = open_store, clock
        self._lock = threading.Lock()
        self._store: Any = None
        self._failed: tuple[float, StoreUnavailable] | None = None

    def __call__(self) -> Any:
        """The store; call it in a thread.

        Raises
        ------
        StoreUnavailable
            It cannot be opened.
        """
        with self._lock:
            if self._store is None:
                if self._failed is not None and self._clock() - self._failed[0] < RETRY_S:
                    raise self._failed[1]
                try:
                    self._store = self._open()
                except StoreUnavailable as error:
                    self._failed = self._clock(), error
                    raise
            return self._store


class StoreLine:
    """The calls of one visit, in their order.

    Parameters
    ----------
    store : gives the store, in a thread
    schedule : calls a function soon on the thread of the page
    fail : by default gets the sentence of what went wrong
    executor : runs the calls; by default the threads that all visits share
    """

    def __init__(
        self,
        store: Callable[[], Any],
        schedule: Callable[[Callable[[], None]], None],
        fail: Callable[[str], None],
        executor: Executor | None = None,
    ) -> None:
        self._store, self._schedule, self._fail = store, schedule, fail
        self._executor = executor or _EXECUTOR
        self._waiting: deque[tuple[Callable[[Any], Any], Callable[[Any], None], Callable[[str], None]]] = (
            deque()
        )
        self._running = self._closed = False

    @property
    def busy(self) -> bool:
        """A call waits or is under way."""
        return self._running

    def ask(
        self,
        work: Callable[[Any], Any],
        deliver: Callable[[Any], None] = lambda _answer: None,
        fail: Callable[[str], None] | None = None,
    ) -> None:
        """Do ``work(store)`` in a thread, then ``deliver(answer)`` on the thread of the page."""
        self._waiting.append((work, deliver, fail or self._fail))
        if not self._running:
            self._start()

    def close(self) -> None:
        """The visit has ended: what waits is still done, nobody hears of it."""
        self._closed = True
        waiting, self._waiting = list(self._waiting), deque()
        for work, _deliver, _fail in waiting:
            self._executor.submit(_quietly, work, self._store)

    def _start(self) -> None:
        work, deliver, fail = self._waiting.popleft()
        self._running = True
        future = self._executor.submit(lambda: work(self._store()))
        future.add_done_callback(
            lambda done: (
                None if self._closed else self._schedule(partial(self._finished, done, deliver, fail))
            )
        )

    def _finished(self, future: Future, deliver: Callable[[Any], None], fail: Callable[[str], None]) -> None:
        self._running = False
        try:
            self._hand_over(future, deliver, fail)
        finally:
            if self._waiting and not self._running:
                self._start()

    def _hand_over(self, future: Future, deliver: Callable[[Any], None], fail: Callable[[str], None]) -> None:
        try:
            answer = future.result()
        except ValueError as error:
            fail(str(error))
        except Exception:
            log.exception("call of the store")
            fail(UNFORESEEN)
        else:
            deliver(answer)


def _quietly(work: Callable[[Any], Any], store: Callable[[], Any]) -> None:
    try:
        work(store())
    except ValueError as error:
        log.warning("after the end of a visit: %s", error)
    except Exception:
        log.exception("call of the store after the end of a visit")
