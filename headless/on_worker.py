"""One run on a worker of a Dask cluster: it tells how far it is, ends when nobody waits for it any more, and
answers with what came of it, errors included."""

from __future__ import annotations

import os
import threading
import time
import traceback
from dataclasses import dataclass
from typing import Any

from data.block_cluster import by_itself
from data.block_work import Abandoned
from headless.mistakes import is_bad_input, one_line
from headless.one_map import Found, OneMap, find_phases
from headless.opening import DEMO

_TOLD_EVERY_S = 0.5
#: warnings, memory and threads are those of the process: its runs take turns, whatever threads the worker has
_turn = threading.Lock()


@dataclass(frozen=True)
class Outcome:
    """What came of one file.

    Attributes
    ----------
    found : where it went well, else None
    error : what is wrong with the file or the choices, in one line
    details : a traceback, where nobody foresaw what happened
    is_absent : whether there was no such file where the run was
    remarks : what the person may want to choose otherwise, in sentences
    """

    found: Found | None = None
    error: str = ""
    details: str = ""
    is_absent: bool = False
    remarks: tuple[str, ...] = ()


def run_on_worker(one: OneMap, topic: str, number: int) -> Outcome:
    """Find the phases of one map, on a worker.

    Parameters
    ----------
    one : what to run
    topic : where events with the number, the fraction and a message are logged
    number : of the run
    """
    follower = _Follower(topic, number)
    with _turn:
        return by_itself(_outcome, one, follower)


def _outcome(one: OneMap, follower: _Follower) -> Outcome:
    said: list[str] = []
    is_absent = one.path != DEMO and not os.path.exists(one.path)
    try:
        found = find_phases(one, follower.show, said.append, follower.memory_bytes)
    except Exception as error:
        if is_bad_input(error):
            return Outcome(error=one_line(error), is_absent=is_absent)
        return Outcome(error=f"unexpected {type(error).__name__}", details=traceback.format_exc())
    return Outcome(found, remarks=tuple(said))


class _Follower:
    """Tells the one who waits for a task how far it is; ends the task where nobody does."""

    def __init__(self, topic: str, number: int) -> None:
        from distributed import get_worker
        from distributed.worker import thread_state

        self._topic, self._number = topic, number
        self._worker: Any = get_worker()
        self._key = thread_state.key
        self._told_at = 0.0

    @property
    def memory_bytes(self) -> int | None:
        """What the worker may take; None where nobody said."""
        return self._worker.memory_manager.memory_limit or None

    def show(self, fraction: float, message: str) -> None:
        """Raises :class:`Abandoned` where the task was cancelled, or whoever asked for it is gone."""
        task = self._worker.state.tasks.get(self._key)
        if task is None or task.state == "cancelled":
            raise Abandoned
        if time.monotonic() - self._told_at >= _TOLD_EVERY_S:
            self._told_at = time.monotonic()
            told = {"number": self._number, "fraction": float(fraction), "message": message}
            self._worker.log_event(self._topic, told)
