"""Stands for the loop of a page in tests without a browser."""

from __future__ import annotations

import time
from collections.abc import Callable


class PageLoop:
    """Collects what is scheduled, and calls it when asked to."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def __call__(self, function: Callable[[], None]) -> None:
        self.waiting.append(function)

    def run(self) -> None:
        """Call what waits, and what that schedules."""
        while self.waiting:
            self.waiting.pop(0)()

    def settle(self, busy: Callable[[], bool], seconds: float = 30.0) -> None:
        """Go on until nothing is computed in a thread any more, and nothing waits."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.run()
            if not busy() and not self.waiting:
                return
            time.sleep(0.005)
        raise AssertionError("the answer did not come")
