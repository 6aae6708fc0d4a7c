"""A line on the page for one job at a time: how far it is, and a way to stop it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import panel_material_ui as pmui

from dashboard.job import Job, Progress, Request
from dashboard.job_monitor import JobMonitor
from dashboard.job_words import words_of
from dashboard.phases.grid import Row


class JobLine:
    """Starts a job for a part of the page; ``panel`` is visible while it waits or runs.

    Another start takes the place of a job that still runs.
    """

    def __init__(self, monitor: JobMonitor, tell: Callable[[str, str], None]) -> None:
        self._monitor, self._tell = monitor, tell
        self._job: Job | None = None
        self._serial = 0
        self._bar = pmui.LinearProgress(value=0, variant="determinate", width=160, margin=(12, 8))
        self._message = pmui.Typography("", variant="body2", margin=(4, 8), sizing_mode=None)
        self._cancel = pmui.Button(label="Cancel", size="small", variant="outlined", margin=(2, 8))
        self._cancel.on_click(lambda _event: self.cancel())
        self.panel = Row(
            visible=False, sizing_mode="stretch_width", margin=0, styles={"align-items": "center"}
        )

    @property
    def busy(self) -> bool:
        """A job waits or runs."""
        return self.panel.visible

    def start(
        self,
        request: Request,
        on_done: Callable[[Any], None],
        on_report: Callable[[Any], None] | None = None,
        on_failed: Callable[[str], None] | None = None,
    ) -> None:
        """Ask for a job; ``on_done`` gets its result. What fails is told to the person.

        Parameters
        ----------
        request : what to compute
        on_done : gets the result, on the thread of the page
        on_report : gets every report of the job, in order
        on_failed : is called, too, with the sentence that the person is told
        """
        if self._job is not None:
            self._monitor.cancel(self._job)
            self._job = None
        self._serial += 1
        serial = self._serial
        if not self.panel.objects:  # most visits never start it
            self.panel[:] = [self._bar, self._message, self._cancel]
        self._bar.value, self._message.object, self.panel.visible = 0, request.title, True

        def done(result: Any) -> None:
            self._end(serial)
            on_done(result)

        def failed(text: str) -> None:
            self._end(serial)
            self._tell(text, "error")
            if on_failed is not None:
                on_failed(text)

        job = self._monitor.submit(
            request, on_report=on_report, on_progress=self._progress, on_done=done, on_failed=failed
        )
        # a kept result answers before submit returns: there is nothing to cancel then
        if serial == self._serial and self.panel.visible:
            self._job = job

    def cancel(self) -> None:
        """Stop what runs; what was on show before stays."""
        if self._job is not None:
            self._monitor.cancel(self._job)
            self._end(self._serial)
            self._tell("Stopped. What was found before is still here.", "info")

    def _progress(self, progress: Progress) -> None:
        self._message.object = words_of(progress) or self._message.object
        self._bar.value = round(100 * progress.fraction)

    def _end(self, serial: int) -> None:
        if serial == self._serial:
            self._job = None
            self.panel.visible = False
