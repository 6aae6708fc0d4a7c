"""The tab "Lines" put together."""

from __future__ import annotations

from typing import ClassVar

import panel as pn

from dashboard.phases.grid import Column, cell, grid
from dashboard.phases.lines.energy_scale import EnergyScale
from dashboard.phases.lines.line_editor import LineEditor
from dashboard.phases.lines.normalisation import Normalisation
from dashboard.phases.lines.peak_search import PeakSearch
from dashboard.phases.lines.preparation import Preparation
from dashboard.phases.tab import Tab


class LinesTab(Tab):
    """Which lines a map shows, at which energies, and how their maps are prepared."""

    title: ClassVar[str] = "Lines"
    follows: ClassVar[tuple[str, ...]] = ("prepared", "recipe", "selection")
    needs: ClassVar[str] = "dataset"

    def build(self) -> pn.viewable.Viewable:
        self.editor = LineEditor(self.tools)
        self.search = PeakSearch(self.tools, self.editor)
        self.scale = EnergyScale(self.tools)
        self.preparation = Preparation(self.tools)
        self.normalisation = Normalisation(self.tools)
        half = {"xs": 12, "lg": 6}
        wide, narrow = {"xs": 12, "lg": 7}, {"xs": 12, "lg": 5}

        def column(*cards: pn.viewable.Viewable) -> Column:
            for one in cards:
                one.margin = (0, 0, 8, 0)
            return Column(*cards, sizing_mode="stretch_width", margin=0)

        # what a click in the spectrum answers stands right below it, on narrow pages too
        self._answers = cell(column(self.search.candidates, self.editor.suggestions), size=narrow)
        choices = cell(column(self.editor.elements, self.scale.panel), size=wide)
        return Column(
            self.search.spectrum,
            grid(
                self._answers,
                choices,
                cell(column(self.preparation.region), size=half),
                cell(column(self.preparation.denoising), size=half),
                cell(self.normalisation.panel, size=12),
                sizing_mode="stretch_width",
                margin=0,
            ),
            sizing_mode="stretch_width",
            margin=(0, 6),
        )

    def refresh(self, changed: frozenset[str]) -> None:
        if changed & {"prepared"}:
            self.search.refresh(changed)
            self._answers.visible = self.state.prepared.has_xray_lines
        if changed & {"prepared", "recipe"}:
            self.editor.refresh(changed)
            self.scale.refresh(changed)
            self.normalisation.refresh(changed)
        self.preparation.refresh(changed)
