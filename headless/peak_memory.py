"""The memory that every stage of a run takes at its peak, and giving back what it no longer needs."""

from __future__ import annotations

import contextlib
import ctypes
import threading
from collections.abc import Callable

import psutil


def resident() -> int:
    """Resident memory of this process, bytes."""
    return psutil.Process().memory_info().rss


class PeakMemory:
    """Largest memory of this process during every stage, sampled fifty times a second.

    Parameters
    ----------
    held : measures it, bytes
    """

    def __init__(self, held: Callable[[], int] = resident) -> None:
        self._held = held

    def __enter__(self) -> PeakMemory:
        self._stage, self._peak = "start", {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def enter(self, stage: str) -> None:
        """What is measured from now on belongs to this stage."""
        self._look()
        self._stage = stage
        self._look()

    def peaks(self) -> dict[str, float]:
        """Stage -> MB (10^6 bytes)."""
        return {stage: round(peak / 1e6, 1) for stage, peak in self._peak.items()}

    def _look(self) -> None:
        self._peak[self._stage] = max(self._held(), self._peak.get(self._stage, 0))

    def _sample(self) -> None:
        while not self._ended.wait(0.02):
            self._look()


def give_back() -> None:
    """Hand freed memory back to the system, where its C library keeps it (glibc) and can be told not to.

    What a reader took and freed would otherwise count until the end: 150 MB for a map of 27 million events.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
