"""Requests for the job queue whose course a test writes down."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

PATIENCE_S = 30


@dataclass(frozen=True)
class Step:
    fraction: float
    message: str = ""


@dataclass(frozen=True, eq=False)
class Work:
    """A request whose reports a test writes down."""

    key: str
    reports: Callable[[], Iterator[Any]]
    title: str = "Counting"

    def run(self) -> Iterator[Any]:
        return self.reports()


@dataclass(frozen=True, eq=False)
class ShortWork(Work):
    is_short = True


@dataclass(eq=False)
class Gate:
    """Work that stands still between its two reports until the test lets it go on."""

    reached: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)
    closed: threading.Event = field(default_factory=threading.Event)
    n_runs: int = 0

    def __call__(self) -> Iterator[Step]:
        self.n_runs += 1
        try:
            yield Step(0.25, "started")
            self.reached.set()
            assert self.go_on.wait(PATIENCE_S)
            yield Step(0.75, "nearly there")
            return "the result"
        finally:
            self.closed.set()


def counting(n: int) -> Callable[[], Iterator[Step]]:
    def reports() -> Iterator[Step]:
        for i in range(n):
            yield Step((i + 1) / n, f"{i + 1} of {n}")
        return n

    return reports


def failing(error: BaseException) -> Callable[[], Iterator[Step]]:
    def reports() -> Iterator[Step]:
        yield Step(0.5)
        raise error

    return reports
