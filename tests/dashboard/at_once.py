"""Threads and jobs whose answers are there before the next line, so that a test needs no waiting."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from concurrent.futures import Executor, Future
from types import SimpleNamespace
from typing import Any


class AtOnce(Executor):
    """An executor without threads."""

    def submit(self, work: Callable[..., Any], *arguments: Any) -> Future:
        done = Future()
        try:
            done.set_result(work(*arguments))
        except Exception as error:
            done.set_exception(error)
        return done


class JobsAtOnce:
    """A monitor whose jobs are done before ``submit`` returns; ``titles`` says which there were.

    Parameters
    ----------
    known : by the key of a request, what it has reported; what is not in there is computed and put there.
        Tests that share it have the same data under the same keys
    """

    def __init__(self, known: dict[Hashable, tuple[list[Any], Any]] | None = None) -> None:
        self.titles: list[str] = []
        self._known = known

    def submit(
        self,
        request: Any,
        on_report: Callable[[Any], None] | None = None,
        on_progress: Callable[[Any], None] | None = None,
        on_done: Callable[[Any], None] | None = None,
        on_failed: Callable[[str], None] | None = None,
    ) -> SimpleNamespace:
        self.titles.append(request.title)
        try:
            reports, result = self._all_of(request)
        except ValueError as error:
            on_failed(str(error))
            return SimpleNamespace()
        for report in reports if on_report is not None else ():
            on_report(report)
        on_done(result)
        return SimpleNamespace()

    def cancel(self, job: SimpleNamespace) -> None:
        """It has ended already."""

    def _all_of(self, request: Any) -> tuple[list[Any], Any]:
        if self._known is not None and request.key in self._known:
            return self._known[request.key]
        work, reports, result = request.run(), [], None
        while result is None:
            try:
                reports.append(next(work))
            except StopIteration as end:
                result = reports[-1] if end.value is None else end.value
        if self._known is not None:
            self._known[request.key] = reports, result
        return reports, result
