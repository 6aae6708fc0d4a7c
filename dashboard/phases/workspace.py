"""The Phases workspace put together: state, figures, widgets and the visit that drives them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import panel_material_ui as pmui

from dashboard.busy import Busy
from dashboard.job_monitor import JobMonitor
from dashboard.library import Library
from dashboard.phases.clusters import ClustersTab
from dashboard.phases.composition.tab import CompositionTab
from dashboard.phases.controls import PhasesControls
from dashboard.phases.dataset_menu import DatasetMenu
from dashboard.phases.elements.tab import ElementsTab
from dashboard.phases.endmembers import EndmembersTab
from dashboard.phases.grid import Column
from dashboard.phases.history import PhasesHistory
from dashboard.phases.history_buttons import HistoryButtons
from dashboard.phases.job_record import of_tab
from dashboard.phases.latent_controls import LatentControls
from dashboard.phases.lines import LinesTab
from dashboard.phases.linked_views import LinkedViews
from dashboard.phases.particles.tab import ParticlesTab
from dashboard.phases.readout import readout
from dashboard.phases.report_tab import ReportTab
from dashboard.phases.resumed_job import ResumedJob
from dashboard.phases.selections import SelectionsTab
from dashboard.phases.several_tab import SeveralMapsTab
from dashboard.phases.state import PhasesState
from dashboard.phases.tab import Tab, Tools
from dashboard.phases.tab_strip import TabStrip
from dashboard.phases.trust import TrustTab
from dashboard.phases.unmixer import Unmixer
from dashboard.phases.view import PhasesView
from dashboard.phases.visit import PhasesVisit
from dashboard.result_cache import ResultCache
from dashboard.together import at_once
from data.catalogue import Catalogue

#: the tabs after the linked views, in the order in which a session uses them
TABS: tuple[type[Tab], ...] = (
    LinesTab,
    ElementsTab,
    ClustersTab,
    EndmembersTab,
    ParticlesTab,
    CompositionTab,
    TrustTab,
    SelectionsTab,
    SeveralMapsTab,
    ReportTab,
)


class PhasesWorkspace:
    """Everything of one visit; ``header``, ``sidebar`` and ``main`` go into the page.

    ``afterwards`` does what can wait until the pictures are sent.
    """

    def __init__(
        self,
        state: PhasesState,
        catalogue: Catalogue,
        library: Library,
        kept: ResultCache,
        monitor: JobMonitor,
        schedule: Callable[[Callable[[], None]], None],
        tell: Callable[[str, str], None],
        busy: Busy | None = None,
        afterwards: Callable[[Callable[[], None]], None] = at_once,
    ) -> None:
        self.state, self.busy, self.afterwards = state, busy, afterwards
        self.views = LinkedViews(state)
        self.history = PhasesHistory(state)
        self.visit = PhasesVisit(state, library, kept, monitor, schedule, tell, self.views.phase.figure, busy)
        self.controls = PhasesControls(state, self.visit.find, lambda title: self.tabs.open(title))
        # in a turn of its own: the menu is still telling of its change, and a map at hand changes it again
        self.datasets = DatasetMenu(
            state, catalogue, lambda *entry: schedule(lambda: self.visit.open(*entry))
        )
        tools = Tools(
            state, monitor, schedule, tell, catalogue, library, kept,
            show_found=self.visit.show_found, open_tab=lambda title: self.tabs.open(title), busy=busy,
            record=lambda title: of_tab(state, title, self.tabs.settings.get(title, {})),
        )  # fmt: skip
        self.views.answer_live(tools.live)
        self.unmixer = Unmixer(state, tools.job_line())
        self._tools = tools
        self.view = PhasesView(state, self.views, tools)
        self.tabs = TabStrip("Explore", self.view.main, [tab(tools) for tab in TABS])
        self.resumed = ResumedJob(state, self.visit, self.tabs)
        self._side = Column(sizing_mode="stretch_width", margin=0)
        self._wire()

    @cached_property
    def latent(self) -> LatentControls:
        """The section on the latent space; made when it is first opened."""
        return LatentControls(self.state, self._tools, self.visit.find)

    @property
    def header(self) -> list[Any]:
        """What stands in the bar on top."""
        return [HistoryButtons(self.history, self.afterwards, width=68, height=34, margin=(6, 4))]

    @property
    def main(self) -> list[Any]:
        """What fills the page."""
        return [self.view.facts, *self.tabs.panel]

    @property
    def sidebar(self) -> list[Any]:
        """What stands beside it; filled by :meth:`complete`."""
        return [self._side]

    def complete(self) -> None:
        """Add what the first picture need not wait for; called once, when the page is there."""
        self._side[:] = [
            self.datasets.panel,
            self.controls.find,
            self.controls.stale,
            self.visit.progress.panel,
            self.unmixer.panel,
            _section("Phases", self.controls.phases),
            _closed_section("Lines and preparation", lambda: self.controls.preparation),
            _closed_section("Latent space", lambda: self.latent.panel),
        ]
        self.view.complete()

    def _wire(self) -> None:
        visit, views = self.visit, self.views
        for plot in (views.element, views.phase):
            plot.on_selection(lambda geometry: visit.selecting.drawn("map", geometry))
            plot.on_double_tap(visit.selecting.clear)
        views.latent.on_selection(lambda geometry: visit.selecting.drawn("latent", geometry))
        views.latent.on_double_tap(visit.selecting.clear)
        views.frame.probe.on_change("data", self._probed)
        self.state.param.watch(lambda *_: self._read(None), ["prepared", "shown", "selection"])
        self.state.param.watch(self._unmix, ["recipe", "shown", "spectra_shown"])

    def _unmix(self, *_events: Any) -> None:
        """End-members are sought where they are looked at: here, where their curves are shown."""
        if "End-members" in self.state.spectra_shown:
            self.unmixer.ask()

    def _probed(self, attr: str, old: dict[str, list], new: dict[str, list]) -> None:
        """The mouse rests on a map: say what is there, and mark the pixel in every view."""
        if self.state.prepared is None:
            return
        here = self.views.frame.pixel_at(new["x"][0], new["y"][0]) if new["x"] else None
        self.views.mark_pixel(here)
        self._read(here)

    def _read(self, pixel: tuple[int, int] | None) -> None:
        self.view.readout.object = readout(self.state, pixel)


def _section(title: str, *body: Any, collapsed: bool = False) -> pmui.Card:
    return pmui.Card(
        *body, title=title, collapsed=collapsed, sizing_mode="stretch_width", margin=(4, 8), elevation=0,
        outlined=True, title_variant="subtitle1",
    )  # fmt: skip


def _closed_section(title: str, body: Callable[[], Any]) -> pmui.Card:
    """A section that is filled when it is first opened."""
    section = _section(title, collapsed=True)

    def opened(event: Any) -> None:
        if not event.new and not section.objects:
            section[:] = [body()]

    section.param.watch(opened, "collapsed")
    return section
