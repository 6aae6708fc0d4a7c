"""The tabs beside the linked views: each built when it is first shown, redrawn only while it is on show."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import panel as pn
import panel_material_ui as pmui

from dashboard.phases.grid import Column
from dashboard.phases.tab import Tab
from dashboard.phases.tab_settings import TabSettings, plain_settings

log = logging.getLogger(__name__)


class TabFrame:
    """The place of one tab: builds it late, and keeps it quiet while it is hidden.

    Parameters
    ----------
    tab : what is shown
    place : puts the panel into the page when the tab is first opened
    on_set : is called when a person has set something in it that a saved session holds
    """

    def __init__(
        self,
        tab: Tab,
        place: Callable[[pn.viewable.Viewable], None] = lambda _panel: None,
        on_set: Callable[[], None] = lambda: None,
    ) -> None:
        self.tab, self._place, self._on_set = tab, place, on_set
        self._content: pn.viewable.Viewable | None = None
        self._on_show, self._asked = False, False
        self._changed: set[str] = set(tab.follows)
        self._wanted: dict[str, Any] = {}  # settings that wait until the tab is drawn
        self._resumed: Mapping[str, Any] | None = None  # a job that does
        self._settings: TabSettings | None = None  # of the widgets, once there are any
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
        read = {} if self._settings is None else self._settings.read()
        return {**read, **self._wanted}

    @settings.setter
    def settings(self, found: Any) -> None:
        self._wanted = plain_settings(found, self.tab.keeps)
        if self._wanted and self._on_show and not self._asked:
            self._asked = True
            self.tab.tools.schedule(self._draw)

    def resume(self, record: Mapping[str, Any]) -> None:
        """Start a job of the tab again, once it is drawn; see :meth:`dashboard.phases.tab.Tab.resume`."""
        self._resumed = record
        if self._on_show and not self._asked:
            self._asked = True
            self.tab.tools.schedule(self._draw)

    def _take_settings(self) -> None:
        """Once the tab shows the present map, put the settings into its widgets."""
        if not self._wanted:
            return
        wanted, self._wanted = self._wanted, {}
        lacking = self._settings.put(wanted)
        self.tab.settings_put()
        if lacking:
            named = ", ".join(lacking[:5])
            self.tab.tools.tell(f"{self.tab.title}: not offered here any more: {named}.", "warning")

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
                self._settings = TabSettings(self.tab, self._on_set)
            changed, self._changed = frozenset(self._changed), set()
            with self._settings.quietly():
                self.tab.refresh(changed)
                self._take_settings()
                if self._resumed is not None:
                    record, self._resumed = self._resumed, None
                    self.tab.resume(record)
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
        #: how often a person has set something in a tab that a saved session holds
        self.n_set = 0
        self._told: list[Callable[[], None]] = []
        self.frames = [TabFrame(tab, self._place, self._was_set) for tab in tabs]
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

    def needs_phases(self, title: str) -> bool:
        """Can a tab show nothing before there are phases?"""
        return any(frame.tab.needs == "phases" for frame in self.frames if frame.tab.title == title)

    def resume(self, title: str, record: Mapping[str, Any]) -> None:
        """Open a tab and have it start its job again; nothing where there is no such tab."""
        for frame in self.frames:
            if frame.tab.title == title:
                self.open(title)
                frame.resume(record)

    @property
    def settings(self) -> dict[str, dict[str, Any]]:
        """Title of a tab -> what a person has set in it; tabs that were not used are left out."""
        return {frame.tab.title: settings for frame in self.frames if (settings := frame.settings)}

    @settings.setter
    def settings(self, found: Any) -> None:
        for frame in self.frames:
            if isinstance(found, Mapping) and frame.tab.title in found:
                frame.settings = found[frame.tab.title]

    def on_set(self, call: Callable[[], None]) -> None:
        """Call back at everything that a person sets in a tab and a saved session holds; at every step."""
        self._told.append(call)

    def _was_set(self) -> None:
        self.n_set += 1
        for call in self._told:
            call()

    def _opened(self, *_events: Any) -> None:
        self._first.visible = self.strip.active == 0
        for number, frame in enumerate(self.frames, 1):
            frame.show(number == self.strip.active)

    def _place(self, panel: pn.viewable.Viewable) -> None:
        if panel not in self._opened_tabs:
            self._opened_tabs.append(panel)
