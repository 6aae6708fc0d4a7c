"""Which clusters the latent space has: the method and its settings, bound to the recipe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import panel as pn
import panel_material_ui as pmui

from dashboard.phases.grid import Column, Row
from dashboard.phases.state import PhasesState
from models.clustering import METHODS
from models.number_of_phases import MAX_PHASES
from models.recipe import ClusterMethod

_PLACED = {"sizing_mode": "stretch_width", "margin": (6, 8)}
_COMPACT = {"size": "small", **_PLACED}
_COVARIANCES = {"Full": "full", "Tied": "tied", "Diagonal": "diag", "Spherical": "spherical"}

#: one sentence on every method, for the page
_EXPLAINED: dict[ClusterMethod, str] = {
    "gaussian": "Gaussians are fitted to all pixels and merged into phases where they overlap or their "
    "spectra are alike. With 0 to merge, every phase is one Gaussian, as in SIGMA.",
    "bayesian": "Gaussians with a prior: those that the pixels do not need stay empty, so the number below "
    "is the most there may be. With very many pixels, few stay empty.",
    "kmeans": "Each pixel goes to the nearest of the means. Fast and even, for round clusters of like size.",
    "birch": "Pixels are gathered in small balls, which are joined from the bottom up (Ward).",
    "hdbscan": "Clusters are hills of density of any shape; their number follows. Pixels between the hills "
    "are unassigned.",
}


class MethodControls:
    """Widgets of the clustering, both ways with the recipe of a state."""

    def __init__(self, state: PhasesState) -> None:
        self.state = state
        self._bound: list[tuple[Any, str, Callable[[Any], Any]]] = []
        self._following = False
        self.method = self._bind(
            pmui.Select(label="Method", options={name: key for key, name in METHODS.items()}, **_COMPACT),
            "method",
        )
        self.explained = pmui.Typography("", variant="body2", margin=(0, 12), sizing_mode="stretch_width")
        self.number = self._bind(
            pmui.IntSlider(
                label="Number of clusters (0: automatic)", start=0, end=MAX_PHASES, value=0,
                sizing_mode="stretch_width", margin=(6, 16),
            ),
            "n_phases",
        )  # fmt: skip
        self.number_by = self._bind(
            pmui.Select(
                label="Automatic number",
                options={"Groups that stand apart": "separation", "Least BIC": "bic"}, **_COMPACT,
            ),
            "number_by",
        )  # fmt: skip
        self.covariance = self._bind(
            pmui.Select(label="Covariance", options=_COVARIANCES, **_COMPACT), "covariance"
        )
        self.n_gaussians = self._bind(
            pmui.IntInput(label="Gaussians to merge", start=0, end=200, **_COMPACT), "n_gaussians"
        )
        self.radius = self._bind(
            pmui.FloatInput(
                label="Radius of a ball (standard deviations)", start=0.001, end=10, step=0.01, **_COMPACT
            ),
            "birch_radius",
        )
        self.least_share = self._bind(
            pmui.FloatSlider(
                label="Least size of a cluster (% of the pixels)", start=0.1, end=20, step=0.1,
                sizing_mode="stretch_width", margin=(6, 16),
            ),
            "least_share", 100,
        )  # fmt: skip
        self.density_share = self._bind(
            pmui.FloatSlider(
                label="Density over (% of the pixels)", start=0.01, end=2, step=0.01, format="0.00",
                sizing_mode="stretch_width", margin=(6, 16),
            ),
            "density_share", 100,
        )  # fmt: skip
        self.seed = self._bind(pmui.IntInput(label="Seed", start=0, end=2**31 - 1, **_COMPACT), "seed")
        self.refined_hint = pmui.Typography(
            "What is on show is refined on the counts; these settings are of the latent clusters.",
            variant="body2", margin=(4, 12), sizing_mode="stretch_width",
        )  # fmt: skip
        self.show_clusters = pmui.Button(
            label="Show the latent clusters", size="small", variant="outlined", margin=(2, 12, 8, 12)
        )
        self.show_clusters.on_click(lambda _event: state.change("refinement", enabled=False))
        self.found = pmui.Typography("", variant="body2", margin=(4, 12), sizing_mode="stretch_width")
        self.panel: pn.viewable.Viewable = Column(
            self.refined_hint, self.show_clusters, self.method, self.explained, self.number, self.number_by,
            Row(self.covariance, self.n_gaussians, sizing_mode="stretch_width", margin=0),
            self.radius, self.least_share, self.density_share, self.seed, self.found,
            sizing_mode="stretch_width", margin=(0, 0, 6, 0),
        )  # fmt: skip

    def _bind(self, widget: Any, name: str, scale: float = 0) -> Any:
        """Bind a widget to a choice; with a scale the widget shows so many times its value."""

        def of_recipe(value: Any) -> Any:
            return round(scale * value, 6) if scale else value

        def changed(event: Any) -> None:
            value = event.new
            if (
                self._following
                or value is None
                or of_recipe(getattr(self.state.recipe.mixture, name)) == value
            ):
                return
            self.state.change("mixture", **{name: value / scale if scale else value})

        widget.param.watch(changed, "value")
        self._bound.append((widget, name, of_recipe))
        return widget

    def follow(self) -> None:
        """Show the recipe and what was found with it."""
        choices, shown = self.state.recipe.mixture, self.state.shown
        self._following = True
        for widget, name, of_recipe in self._bound:
            value = of_recipe(getattr(choices, name))
            if widget.value != value:
                self._widen(widget, value)
                widget.value = value
        self._following = False
        method = choices.method
        self.explained.object = _EXPLAINED[method]
        self.number.visible = method != "hdbscan"
        bayesian = method == "bayesian"
        self.number.label = (
            f"Most clusters (0: {MAX_PHASES})" if bayesian else "Number of clusters (0: automatic)"
        )
        self.number_by.visible = method in ("gaussian", "kmeans", "birch") and choices.n_phases == 0
        self.covariance.visible = self.n_gaussians.visible = method == "gaussian"
        self.radius.visible = method == "birch"
        self.least_share.visible = self.density_share.visible = method == "hdbscan"
        refined = shown is not None and shown.refined
        self.refined_hint.visible = self.show_clusters.visible = refined
        self.found.object = "" if shown is None or refined else self._summary()

    @staticmethod
    def _widen(widget: Any, value: float) -> None:
        """A recipe may hold what lies beyond the ends of a slider."""
        if isinstance(widget, pmui.FloatSlider | pmui.IntSlider):
            widget.param.update(start=min(widget.start, value), end=max(widget.end, value))

    def _summary(self) -> str:
        shown = self.state.shown
        unassigned = shown.n_valid - int(shown.pixels.sum())
        clusters = "1 cluster" if shown.n_phases == 1 else f"{shown.n_phases} clusters"
        left = f"; {unassigned:,} of {shown.n_valid:,} pixels are unassigned" if unassigned else ""
        return f"{clusters} on show{left}. {shown.why}"
