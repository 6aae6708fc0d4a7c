"""The memory that every stage of a run takes at its peak, and giving back what it no longer needs."""

from __future__ import annotations

import contextlib
import ctypes
import threading

import psutil


class PeakMemory:
    """Largest resident memory of this process during every stage, sampled fifty times a second."""

    def __enter__(self) -> PeakMemory:
        self._process = psutil.Process()
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
        resident = self._process.memory_info().rss
        self._peak[self._stage] = max(resident, self._peak.get(self._stage, 0))

    def _sample(self) -> None:
        while not self._ended.wait(0.02):
            self._look()


def give_back() -> None:
    """Hand freed memory back to the system, where its C library keeps it (glibc) and can be told not to.

    What a reader took and freed would otherwise count until the end: 150 MB for a map of 27 million events.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
