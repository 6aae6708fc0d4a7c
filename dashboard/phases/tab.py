"""A tab of the Phases workspace: what it may use, what it needs and what it follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import panel as pn

from dashboard.busy import Busy
from dashboard.job_monitor import JobMonitor
from dashboard.library import Library
from dashboard.live import LatestWins
from dashboard.phases.job_line import JobLine
from dashboard.phases.requests import FoundMap
from dashboard.phases.state import PhasesState
from dashboard.result_cache import ResultCache
from data.catalogue import Catalogue


@dataclass(frozen=True, eq=False)
class Tools:
    """What a tab may use of its visit.

    Attributes
    ----------
    state : what is chosen and shown
    monitor : this visit's eye on the job queue
    schedule : calls a function soon on the thread of the page
    tell : shows a message to the person: (text, "error" | "warning" | "info")
    catalogue, library, kept : what can be opened, the datasets of the process, results on disk
    show_found : shows a map whose phases are known already
    open_tab : opens a tab by its title, "Explore" for the linked views
    busy : the sign at the head of the page that an answer is sought
    record : what lies on the table and is set in the tab of a title, for a job that has to be asked again
        after a restart; see :mod:`dashboard.phases.job_record`
    """

    state: PhasesState
    monitor: JobMonitor
    schedule: Callable[[Callable[[], None]], None]
    tell: Callable[[str, str], None]
    catalogue: Catalogue | None = None
    library: Library | None = None
    kept: ResultCache | None = None
    show_found: Callable[[FoundMap], None] = lambda _found: None
    open_tab: Callable[[str], None] = lambda _title: None
    busy: Busy | None = None
    record: Callable[[str], Mapping[str, Any] | None] = lambda _title: None

    def live(
        self,
        work: Callable[..., Any],
        deliver: Callable[[Any], None],
        fail: Callable[[str], None] | None = None,
    ) -> LatestWins:
        """Work that answers a moving handle, in a thread; see :class:`LatestWins`.

        ``fail`` gets the sentence of what went wrong; by default the person is told.
        """
        fail = fail or (lambda text: self.tell(text, "warning"))
        return LatestWins(work, deliver, fail, self.schedule, busy=self.busy)

    def job_line(self) -> JobLine:
        """A line that starts a job, shows its progress and can cancel it."""
        return JobLine(self.monitor, self.tell)


class Tab:
    """What every tab has: a title, what it needs, what it follows.

    A tab says in ``build`` what it consists of and in ``refresh`` what it shows of the state. Work above
    some 20 ms belongs into ``tools.live`` or a job, never into ``refresh``.
    """

    title: ClassVar[str]
    #: parameters of the state that change what the tab shows
    follows: ClassVar[tuple[str, ...]] = ("prepared", "shown", "names", "colours")
    #: "dataset", "spectra" or "phases": without it the tab says what to do instead
    needs: ClassVar[str] = "phases"
    #: widgets whose choice a saved session holds, see :mod:`dashboard.phases.tab_settings`
    keeps: ClassVar[tuple[str, ...]] = ()

    def __init__(self, tools: Tools) -> None:
        self.tools, self.state = tools, tools.state

    def build(self) -> pn.viewable.Viewable:
        """The content; called once, when the tab is first shown."""
        raise NotImplementedError

    def refresh(self, changed: frozenset[str]) -> None:
        """Show the present state; ``changed`` names the parameters that changed since the last call."""
        raise NotImplementedError

    def settings_put(self) -> None:
        """Settings of a saved session were put into the widgets; what does not follow by itself is drawn."""

    def resume(self, record: Mapping[str, Any]) -> None:
        """Start a job again that the end of the server interrupted; what it was of is on show.

        Parameters
        ----------
        record : what its request had written down
        """

    def missing(self) -> str:
        """What to do before this tab can show anything; empty where it can."""
        state = self.state
        if state.prepared is None:
            return "Open a dataset first."
        if self.needs == "spectra" and state.prepared.image is None:
            return "These are element maps without spectra: open a spectrum image to use this."
        if self.needs == "phases" and state.shown is None:
            return "Find phases first: the button stands on the left."
        return ""
