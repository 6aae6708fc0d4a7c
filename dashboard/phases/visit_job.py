"""The one long job of a visit: opening, line maps or finding phases; another start takes its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dashboard.job import Progress
from dashboard.job_monitor import JobMonitor
from dashboard.job_words import words_of
from dashboard.jobs import Job
from dashboard.phases.progress import ProgressCard


class VisitJob:
    """Starts a job of a visit, shows its progress in the sidebar and can stop it."""

    def __init__(self, monitor: JobMonitor, tell: Callable[[str, str], None]) -> None:
        self._monitor, self._tell = monitor, tell
        self.progress = ProgressCard(self.cancel)
        self._job: Job | None = None

    @property
    def busy(self) -> bool:
        """A job runs or waits."""
        return self._job is not None

    def cancel(self) -> None:
        """Stop what runs for this visit; what was on show before stays."""
        if self._job is not None:
            self.drop()
            self._tell("Stopped. What was found before is still here.", "info")

    def drop(self) -> None:
        """Stop what runs, without a word."""
        if self._job is not None:
            self._monitor.cancel(self._job)
            self.end()

    def start(
        self,
        request: Any,
        message: str,
        done: Callable[[Any], None],
        report: Callable[[Any], None] | None = None,
        on_failed: Callable[[], None] | None = None,
    ) -> None:
        """Ask for a job in place of one that runs.

        Parameters
        ----------
        request : what to compute
        message : what to say until the job says something
        done : gets the result, on the thread of the page; it calls :meth:`end`
        report : gets every report; how far it is, is shown without it
        on_failed : is called after the person was told
        """
        if self._job is not None:
            self._monitor.cancel(self._job)
        self.progress.start(message)

        def failed(text: str) -> None:
            self.end()
            self._tell(text, "error")
            if on_failed is not None:
                on_failed()

        # a kept result answers before submit returns: the job must not be remembered after that
        self._job = job = _PENDING
        job = self._monitor.submit(
            request,
            on_report=report,
            on_progress=self._show,
            on_done=done,
            on_failed=failed,
        )
        if self._job is _PENDING:
            self._job = job

    def _show(self, progress: Progress) -> None:
        self.progress.show(progress.fraction, words_of(progress))

    def end(self) -> None:
        """The job is done, or given up."""
        self._job = None
        self.progress.end()


class _Pending:
    """Stands for a job between asking and having it."""


_PENDING: Any = _Pending()
