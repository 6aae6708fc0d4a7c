"""One visit's eye on its jobs: polls them on the event loop and tells the visit what has happened.

Callbacks run on the event loop, where Bokeh models may be touched; no worker thread ever calls them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from dashboard.job import Job, JobStatus, Progress, Request
from dashboard.jobs import JobQueue

log = logging.getLogger(__name__)


@dataclass
class _Watched:
    job: Job
    on_report: Callable[[Any], None] | None
    on_progress: Callable[[Progress], None] | None
    on_done: Callable[[Any], None] | None
    on_failed: Callable[[str], None] | None
    n_seen: int = 0
    shown: Progress | None = None


class JobMonitor:
    """Polls the jobs of one visit while there are any.

    Parameters
    ----------
    queue : the queue of the process
    owner : tells this visit from all others
    every : calls a function every so many ms until the returned object's ``stop()``; by default
        Panel's periodic callback
    period_ms : time between two looks
    who : the person whose visit it is, "" without accounts
    """

    def __init__(
        self,
        queue: JobQueue,
        owner: Hashable,
        every: Callable[[Callable[[], None], int], Any] | None = None,
        period_ms: int = 250,
        who: str = "",
    ) -> None:
        self._who = who
        self._queue, self._owner, self._period_ms = queue, owner, period_ms
        self._every = every or _panel_every
        self._watched: list[_Watched] = []
        self._polling: Any = None

    @property
    def active(self) -> bool:
        """There is a job to look at."""
        return bool(self._watched)

    def submit(
        self,
        request: Request,
        *,
        on_report: Callable[[Any], None] | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        on_done: Callable[[Any], None] | None = None,
        on_failed: Callable[[str], None] | None = None,
    ) -> Job:
        """Ask for a job and watch it.

        Parameters
        ----------
        request : what to compute
        on_report : gets every report, in order
        on_progress : gets the progress whenever it has changed, also the last one
        on_done : gets the result; comes last
        on_failed : gets a sentence for a person, also when the server stops; comes last

        A job that is already done (its result was kept) calls back before this returns.
        """
        job = self._queue.submit(request, self._owner, self._who)
        self._watched.append(_Watched(job, on_report, on_progress, on_done, on_failed))
        self.tick()
        return job

    def cancel(self, job: Job) -> None:
        """Want a job no more: it stops unless another visit wants it, and no callback comes from it."""
        self._watched = [watched for watched in self._watched if watched.job is not job]
        self._queue.cancel(job, self._owner)
        self._poll_if_needed()

    def close(self) -> None:
        """Look no more, without cancelling anything: jobs outlive the visit."""
        self._watched = []
        self._poll_if_needed()

    def tick(self) -> None:
        """Look once."""
        for watched in list(self._watched):
            if watched in self._watched:  # a callback before may have cancelled it
                self._look(watched)
        self._poll_if_needed()

    def _look(self, watched: _Watched) -> None:
        progress = watched.job.progress()  # before the reports, so that none is missed at the end
        reports, watched.n_seen = watched.job.reports_since(watched.n_seen)
        if progress.status.is_final:
            self._watched.remove(watched)
        for report in reports:
            self._call(watched.on_report, report)
        if progress != watched.shown:
            watched.shown = progress
            self._call(watched.on_progress, progress)
        if progress.status is JobStatus.DONE:
            self._call(watched.on_done, watched.job.result)
        elif progress.status is JobStatus.FAILED:
            self._call(watched.on_failed, progress.error)
        elif progress.status.is_final:
            self._call(watched.on_failed, f"{watched.job.title} was stopped before its end. Start it again.")

    def _call(self, callback: Callable[[Any], None] | None, value: Any) -> None:
        if callback is None:
            return
        try:
            callback(value)
        except Exception:  # one view's fault must not stop the eye on the other jobs
            log.exception("callback of a job")

    def _poll_if_needed(self) -> None:
        if self._watched and self._polling is None:
            self._polling = self._every(self.tick, self._period_ms)
        elif not self._watched and self._polling is not None:
            self._polling.stop()
            self._polling = None


def _panel_every(callback: Callable[[], None], period_ms: int) -> Any:
    import panel as pn  # the one place that needs it; tests bring their own clockwork

    from dashboard.together import together

    document = pn.state.curdoc
    return pn.state.add_periodic_callback(
        callback if document is None else together(document, callback), period_ms
    )
