"""A tab of the Phases workspace: built when it is first shown, redrawn only while it is on show."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import panel as pn
import panel_material_ui as pmui

from dashboard.busy import Busy
from dashboard.job_monitor import JobMonitor
from dashboard.library import Library
from dashboard.live import LatestWins
from dashboard.phases.grid import Column
from dashboard.phases.job_line import JobLine
from dashboard.phases.requests import FoundMap
from dashboard.phases.state import PhasesState
from dashboard.phases.tab_settings import PutSettings, plain_settings, read_settings
from dashboard.result_cache import ResultCache
from data.catalogue import Catalogue

log = logging.getLogger(__name__)


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


class TabFrame:
    """The place of one tab: builds it late, and keeps it quiet while it is hidden.

    ``place`` puts the panel into the page when the tab is first opened.
    """

    def __init__(self, tab: Tab, place: Callable[[pn.viewable.Viewable], None] = lambda _panel: None) -> None:
        self.tab, self._place = tab, place
        self._hint = pmui.Typography(
            "", variant="body1", margin=(24, 16), sizing_mode="stretch_width", sx={"opacity": 0.75}
        )
        self._body = Column(sizing_mode="stretch_width", margin=(4, 6), visible=False)
        self.panel = Column(self._hint, self._body, sizing_mode="stretch_width", margin=0, visible=False)
        self._content: pn.viewable.Viewable | None = None
        self._on_show, self._asked = False, False
        self._changed: set[str] = set(tab.follows)
        self._wanted: dict[str, Any] = {}  # settings that wait until the tab is drawn
        self._put: PutSettings | None = None
        tab.state.param.watch(self._follow, list(tab.follows))
        if "prepared" not in tab.follows:
            tab.state.param.watch(self._follow, ["prepared"])

    @cached_property
    def _hint(self) -> pmui.Typography:
        return pmui.Typography(
            "", variant="body1", margin=(24, 16), sizing_mode="stretch_width", sx={"opacity": 0.75}
        )

    @cached_property
    def _body(self) -> Column:
        return Column(sizing_mode="stretch_width", margin=(4, 6), visible=False)

    @cached_property
    def panel(self) -> Column:
        """What stands in the page; made when the tab is first opened."""
        return Column(self._hint, self._body, sizing_mode="stretch_width", margin=0)

    def show(self, on_show: bool) -> None:
        """The tab was opened or left."""
        if not on_show and not self._on_show:
            return
        self._on_show = on_show
        if on_show:
            self._place(self.panel)
        self.panel.visible = on_show
        if not on_show or not (self._changed or self._wanted or self._content is None):
            return
        if self._content is None and not self.tab.missing():
            # said before the work begins, which keeps the page from hearing anything
            self._say(f"Opening {self.tab.title}…")
            self.tab.tools.schedule(self._draw)
        else:
            self._draw()

    @property
    def settings(self) -> dict[str, Any]:
        """What is set in the tab; of a tab that was never opened, what was put there."""
        read = {} if self._content is None else read_settings(self.tab, self.tab.keeps)
        return {**read, **self._wanted}

    @settings.setter
    def settings(self, found: Any) -> None:
        self._wanted = plain_settings(found, self.tab.keeps)
        if self._wanted and self._on_show and not self._asked:
            self._asked = True
            self.tab.tools.schedule(self._draw)

    def _take_settings(self) -> None:
        """Once the tab shows the present map, put the settings into its widgets."""
        if not self._wanted:
            return
        if self._put is not None:
            self._put.give_up()
        self._put, self._wanted = PutSettings(self.tab, self._wanted), {}
        self.tab.settings_put()
        if self._put.lacking:
            lacking = ", ".join(self._put.lacking[:5])
            self.tab.tools.tell(f"{self.tab.title}: not offered here any more: {lacking}.", "warning")

    def _follow(self, *events: Any) -> None:
        self._changed |= {event.name for event in events}
        if self._on_show and not self._asked:
            # several parameters change in one go: one drawing shows them all
            self._asked = True
            self.tab.tools.schedule(self._draw)

    def _draw(self) -> None:
        self._asked = False
        if not self._on_show:
            return
        hint = self.tab.missing()
        if hint or self._body.objects:
            self._say(hint)
        if hint:
            return
        try:
            if self._content is None:
                self._content = self.tab.build()
            changed, self._changed = frozenset(self._changed), set()
            self.tab.refresh(changed)
            self._take_settings()
            if not self._body.objects:
                # in a message of its own: a browser that lays out the page anew while it makes figures fails
                self.tab.tools.schedule(self._insert)
        except ValueError as error:
            self._say(str(error))
            self.tab.tools.tell(str(error), "warning")
        except Exception:  # the fault of one tab must not take the others with it
            log.exception("tab %s", self.tab.title)
            self._say("")
            self.tab.tools.tell(
                f"{self.tab.title} could not be shown; the log of the server says why.", "error"
            )

    def _insert(self) -> None:
        if not self._body.objects:
            self._body[:] = [self._content]
            self._body.visible = True
            # in the next message: what is said stays on show until the browser has drawn the content
            self.tab.tools.schedule(lambda: self._say(""))

    def _say(self, hint: str) -> None:
        """Show a sentence in place of the content, or the content where there is nothing to say."""
        self._hint.object, self._hint.visible, self._body.visible = hint, bool(hint), not hint


class TabStrip:
    """The tabs of a workspace; the first one is always there, the others are made when they are opened.

    The strip holds nothing itself: tabs that hold their content take it out of the page when they are left,
    and figures and menus that come back are not what they were.
    """

    def __init__(self, first_title: str, first: pn.viewable.Viewable, tabs: list[Tab]) -> None:
        self._first = first
        # a tab that nobody has opened is not in the page at all
        self._opened_tabs = Column(sizing_mode="stretch_width", margin=0)
        self.frames = [TabFrame(tab, self._place) for tab in tabs]
        titles = [first_title, *(frame.tab.title for frame in self.frames)]
        self.strip = pmui.Tabs(
            *((title, pn.Spacer(height=0, margin=0)) for title in titles),
            sizing_mode="stretch_width",
            margin=0,
            sx={
                "& .MuiTab-root": {"minHeight": "34px", "padding": "4px 12px", "textTransform": "none"},
                "& .MuiTabs-root": {"minHeight": "34px"},
            },
        )
        self.strip.param.watch(self._opened, "active")
        self._opened()

    @property
    def panel(self) -> list[pn.viewable.Viewable]:
        """The strip, and below it the content of the tabs that were opened, of which one is visible."""
        return [self.strip, self._first, self._opened_tabs]

    def open(self, title: str) -> None:
        """Open a tab by its title; the first one where there is no such tab."""
        titles = [frame.tab.title for frame in self.frames]
        self.strip.active = titles.index(title) + 1 if title in titles else 0

    @property
    def settings(self) -> dict[str, dict[str, Any]]:
        """Title of a tab -> what a person has set in it; tabs that were not used are left out."""
        return {frame.tab.title: settings for frame in self.frames if (settings := frame.settings)}

    @settings.setter
    def settings(self, found: Any) -> None:
        for frame in self.frames:
            if isinstance(found, Mapping) and frame.tab.title in found:
                frame.settings = found[frame.tab.title]

    def _opened(self, *_events: Any) -> None:
        self._first.visible = self.strip.active == 0
        for number, frame in enumerate(self.frames, 1):
            frame.show(number == self.strip.active)

    def _place(self, panel: pn.viewable.Viewable) -> None:
        if panel not in self._opened_tabs:
            self._opened_tabs.append(panel)
