"""The tab "Report": the whole analysis as one file, to look at and to take away."""

from __future__ import annotations

from collections.abc import Generator, Hashable
from dataclasses import dataclass
from datetime import datetime
from html import escape

import panel as pn
import panel_material_ui as pmui

from dashboard.exports import download_button
from dashboard.phases.cards import card
from dashboard.phases.grid import Column, Row
from dashboard.phases.tab import Tab, Tools
from data.catalogue import DEMO_ID
from models.endmembers import Unmixing
from models.exports_files import file_name
from models.phases_result import PhasesResult
from models.recipe import PhasesRecipe
from models.report import ReportProgress, make_report
from models.report_content import content_of, program_version
from models.shown_phases import LivePhases
from models.stability import Stability

_HINT = (
    "Figures, tables, the recipe and a methods text with its references, of the phases as they are shown "
    "now, in one HTML file that needs nothing beside it: for a supplement, a colleague or the archive."
)
_STALE = "The phases have changed since this report was made: make it again to have them in it."


@dataclass(frozen=True, eq=False)
class ReportRequest:
    """Make the report of the phases that are shown."""

    result: PhasesResult
    recipe: PhasesRecipe
    shown: LivePhases
    source: str
    unmixing: Unmixing | None
    stability: Stability | None

    title = "Making the report"
    is_short = True
    keep_result = False

    @property
    def key(self) -> Hashable:
        return ("report", self.result.dataset_id, self.recipe, id(self.shown), id(self.unmixing))

    def run(self) -> Generator[ReportProgress, None, str]:
        yield ReportProgress(0.02, "Compositions of the phases")
        made = datetime.now().strftime("%Y-%m-%d %H:%M")
        content = content_of(
            self.result, self.source, made, program_version(), self.recipe, self.shown, self.unmixing,
            self.stability,
        )  # fmt: skip
        for progress in make_report(content):
            yield ReportProgress(0.1 + 0.9 * progress.fraction, progress.message)
        return progress.html


class ReportTab(Tab):
    """Make the report, look at it, download it."""

    title = "Report"
    follows = ("shown", "recipe", "unmixed", "stability", "prepared")
    needs = "phases"

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools)
        self._line = tools.job_line()
        self._html, self._name = "", "report.html"
        self._made_of: tuple[object, ...] = ()

    def build(self) -> pn.viewable.Viewable:
        self._make = pmui.Button(label="Make the report", variant="contained", size="small", margin=(4, 8))
        self._make.on_click(lambda _event: self._start())
        self._download = download_button(
            self.tools, "Download (HTML)", lambda: self._name, self._content, visible=False
        )
        self._stale = pmui.Typography(
            _STALE, variant="body2", visible=False, margin=(2, 10), sizing_mode="stretch_width",
            sx={"color": "warning.main"},
        )  # fmt: skip
        self._preview = pn.pane.HTML("", sizing_mode="stretch_width", margin=0, visible=False)
        return card(
            "Report", [self._download],
            Column(
                pmui.Typography(_HINT, variant="body2", margin=(2, 10), sizing_mode="stretch_width"),
                Row(self._make, self._line.panel, sizing_mode="stretch_width", margin=0),
                self._stale, self._preview, sizing_mode="stretch_width", margin=0,
            ),
        )  # fmt: skip

    def refresh(self, changed: frozenset[str]) -> None:
        """Say so where the report on show is no longer that of the phases on show."""
        self._stale.visible = bool(self._html) and self._made_of != self._shows()

    def _shows(self) -> tuple[object, ...]:
        state = self.state
        return (state.result, state.shown, state.recipe, self._unmixing(), self._stability())

    def _unmixing(self) -> Unmixing | None:
        """End-members of the phases that are shown, where these have been found."""
        found = self.state.unmixed
        return found.unmixing if found is not None and found.shown is self.state.shown else None

    def _stability(self) -> Stability | None:
        found = self.state.stability
        return found.found if found is not None and found.shown is self.state.shown else None

    def _start(self) -> None:
        state, made_of = self.state, self._shows()
        source = state.entry_id.rsplit("/", 1)[-1]
        if state.entry_id in ("", DEMO_ID) or len(state.titles) > 1:
            source = state.result.prepared.title
        request = ReportRequest(
            state.result, state.recipe, state.shown, source, self._unmixing(), self._stability()
        )

        def done(html: str) -> None:
            self._html, self._made_of = html, made_of
            self._name = file_name(source, "report", ending="html")
            # shut in: nothing in it may run, whatever a file's name may hold
            self._preview.param.update(
                object=f'<iframe sandbox srcdoc="{escape(html)}" title="Report" '
                'style="width:100%;height:78vh;border:0;background:#fff;display:block"></iframe>',
                visible=True,
            )
            self._download.visible = True
            self.refresh(frozenset())

        self._line.start(request, done)

    def _content(self) -> bytes:
        return self._html.encode("utf-8")
