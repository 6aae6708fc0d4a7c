"""Which actions hold up the event loop: while one runs, nobody else gets an answer.

A thread asks the loop for a sign of life and looks, when none comes in time, at what the loop is doing.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

log = logging.getLogger(__name__)

SLOW_S = 0.5
MOST_KEPT = 100
_PERIOD_S = 0.25
_CODE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class SlowAction:
    """One time that the loop was held up: when it began (seconds since 1970), how long, and where."""

    began: float
    seconds: float
    where: str


class LoopWatch:
    """Watches one event loop; made and started in the thread of that loop.

    Parameters
    ----------
    loop : the event loop
    slow_s : what counts as slow
    clock : seconds since 1970
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        slow_s: float = SLOW_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._loop, self._slow_s, self._clock = loop, slow_s, clock
        self._thread_id = threading.get_ident()
        self._slow: deque[SlowAction] = deque(maxlen=MOST_KEPT)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="loop watch", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Watch no more."""
        self._ended.set()

    def slow_actions(self) -> tuple[SlowAction, ...]:
        """The last ones, the newest first."""
        return tuple(reversed(self._slow))

    def _watch(self) -> None:
        while not self._ended.wait(_PERIOD_S):
            alive, asked, began = threading.Event(), time.monotonic(), self._clock()
            try:
                self._loop.call_soon_threadsafe(alive.set)
            except RuntimeError:  # the loop is closed
                return
            if alive.wait(self._slow_s):
                continue
            where = where_it_is(sys._current_frames().get(self._thread_id))
            while not alive.wait(1.0):
                if self._ended.is_set():
                    return
            slow = SlowAction(began, time.monotonic() - asked, where)
            self._slow.append(slow)
            log.warning("the event loop was held up by %s", slow.where, extra={"seconds": slow.seconds})


def where_it_is(frame: FrameType | None) -> str:
    """The innermost place in our own code of a stack, else the innermost of all: "file:line function"."""
    innermost = ""
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        is_ours = path.is_absolute() and path.is_relative_to(_CODE) and ".venv" not in path.parts
        if is_ours or (not path.is_absolute() and path.parts[:1] == ("dashboard",)):
            shown = path.relative_to(_CODE) if path.is_absolute() else path
            return f"{shown.as_posix()}:{frame.f_lineno} {frame.f_code.co_name}"
        innermost = innermost or f"{path.name}:{frame.f_lineno} {frame.f_code.co_name}"
        frame = frame.f_back
    return innermost or "unknown"
