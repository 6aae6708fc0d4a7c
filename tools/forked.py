"""A process of our own that can be killed at any moment: for benchmarks of what is left then."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable


def forked(work: Callable[[], None]) -> int:
    """Do it in a process of its own; the number of that."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:  # a fault in the child is no acknowledgement
            os._exit(1)
    return child


def killed(child: int) -> None:
    """Kill it with SIGKILL.

    Raises
    ------
    RuntimeError
        It had ended before by itself.
    """
    os.kill(child, signal.SIGKILL)
    ended_by_a_kill(child)


def ended_by_a_kill(child: int) -> None:
    """Wait for its end.

    Raises
    ------
    RuntimeError
        It ended by itself.
    """
    _, how = os.waitpid(child, 0)
    if not os.WIFSIGNALED(how):
        raise RuntimeError("The process ended before it was killed; what it printed says why.")
