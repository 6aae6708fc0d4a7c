"""The tab "Clusters" put together: method, BIC curve, probability and binary map of a phase."""

from __future__ import annotations

from typing import Any, ClassVar

import panel as pn
import panel_material_ui as pmui

from dashboard.phases.cards import card
from dashboard.phases.clusters.bic import CurvePlot, CurveRequest, curve_choices
from dashboard.phases.clusters.method import MethodControls
from dashboard.phases.clusters.probability import ProbabilityViews
from dashboard.phases.grid import Column, cell, grid
from dashboard.phases.tab import Tab, Tools
from models.number_curve import NumberCurve

_BIC_HINT = (
    "One Gaussian per phase, fitted to all pixels of the latent space. The dotted line: the number on show; "
    "click a point to take its number. On large maps BIC asks for ever more: look for the bend, not for the "
    "least."
)


class ClustersTab(Tab):
    """How the latent space is clustered, into how many, and where each phase is how probable."""

    title: ClassVar[str] = "Clusters"
    follows: ClassVar[tuple[str, ...]] = (
        "prepared", "result", "shown", "names", "colours", "recipe",
    )  # fmt: skip
    needs: ClassVar[str] = "phases"
    keeps: ClassVar[tuple[str, ...]] = (
        "views.phase",
    )  # fmt: skip

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools)
        self._curve_of: Any = None  # key of the request whose curve is on show or under way

    def build(self) -> pn.viewable.Viewable:
        self.method = MethodControls(self.state)
        self.curve = CurvePlot()
        self.curve.on_number(self._take_number)
        self.line = self.tools.job_line()
        self.views = ProbabilityViews(self.tools)
        hint = pmui.Typography(_BIC_HINT, variant="body2", margin=(2, 12), sizing_mode="stretch_width")
        curve = Column(
            hint, pn.pane.Bokeh(self.curve.figure, sizing_mode="stretch_width", margin=0), self.line.panel,
            sizing_mode="stretch_width", margin=0,
        )  # fmt: skip
        probability, binary = self.views.cards
        narrow, wide, half = {"xs": 12, "md": 5, "lg": 4}, {"xs": 12, "md": 7, "lg": 8}, {"xs": 12, "md": 6}
        return grid(
            cell(card("Clusters of the latent space", [], self.method.panel), size=narrow),
            cell(card("How many phases", [], curve), size=wide),
            cell(probability, size=half),
            cell(binary, size=half),
            sizing_mode="stretch_width", margin=(0, 6),
        )  # fmt: skip

    def refresh(self, changed: frozenset[str]) -> None:
        self.method.follow()
        shown = self.state.shown
        self.curve.mark(shown.n_asked or shown.n_phases)
        self._seek_curve()
        self.views.follow(changed)

    # --- the BIC curve

    def _seek_curve(self) -> None:
        """Start the curve where it would be another one than that on show."""
        result = self.state.result
        if result is None or result.grid is None:
            return
        request = CurveRequest(result, curve_choices(self.state.recipe.mixture))
        if request.key == self._curve_of:
            return
        self._curve_of = request.key
        self.curve.show(None)
        self.line.start(request, self.curve.show, self._grown, lambda _text: self._forget())

    def _grown(self, curve: NumberCurve) -> None:
        self.curve.show(curve)

    def _forget(self) -> None:
        self._curve_of = None

    def _take_number(self, number: int) -> None:
        state = self.state
        part = "refinement" if state.shown is not None and state.shown.refined else "mixture"
        if state.shown is None:
            return
        if part == "mixture" and state.recipe.mixture.method == "hdbscan":
            self.tools.tell("HDBSCAN finds the number itself. Choose another method to set it.", "info")
            return
        if number > state.shown.most_phases:
            self.tools.tell(
                f"This map can be told apart into at most {state.shown.most_phases} phases.", "info"
            )
            return
        state.change(part, n_phases=number)
