"""The sidebar of the Phases workspace: every choice of the recipe that a person makes by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import panel as pn
import panel_material_ui as pmui

from dashboard.phases.grid import Column
from dashboard.phases.state import PhasesState
from data.spectrum_image import SpectrumImage
from models.placement import space_choices

#: the slider goes so far; a file with more phases than this is not looked at by eye
MOST_PHASES = 20

_COVARIANCES = {"Full": "full", "Tied": "tied", "Diagonal": "diag", "Spherical": "spherical"}
_PLACED = {"sizing_mode": "stretch_width", "margin": (6, 8)}
_COMPACT = {"size": "small", **_PLACED}


def _identity(value: Any) -> Any:
    return value


class PhasesControls:
    """Widgets bound both ways to the recipe of a state.

    ``find`` is what the button does; ``open_tab`` opens a tab of the workspace by its title.
    """

    def __init__(
        self,
        state: PhasesState,
        find: Callable[[], None],
        open_tab: Callable[[str], None] = lambda title: None,
    ) -> None:
        self.state, self._open_tab = state, open_tab
        self._bound: list[tuple[Any, str | None, str, Callable[[Any], Any]]] = []
        self.find = pmui.Button(
            label="Find phases",
            variant="contained",
            color="primary",
            sizing_mode="stretch_width",
            margin=(8, 8),
        )
        self.find.on_click(lambda _event: find())
        self.stale = pmui.Typography(
            "The line maps or the latent space were changed since: find the phases again to apply that.",
            variant="caption", visible=False, margin=(0, 12), sizing_mode="stretch_width",
        )  # fmt: skip
        self.preparation = self._preparation()
        self.phases = self._phases()
        self._follow()
        state.param.watch(self._follow, ["recipe", "shown", "result", "prepared"])

    def _bind(
        self,
        widget: Any,
        part: str | None,
        name: str,
        to_recipe: Callable[[Any], Any] = _identity,
        to_widget: Callable[[Any], Any] = _identity,
        on: str = "value",
    ) -> Any:
        def changed(event: Any) -> None:
            if event.new is not None and to_widget(self._choice(part, name)) != event.new:
                self.state.change(part, **{name: to_recipe(event.new)})

        widget.param.watch(changed, on)
        self._bound.append((widget, part, name, to_widget))
        return widget

    def _choice(self, part: str | None, name: str) -> Any:
        recipe = self.state.recipe
        return getattr(recipe if part is None else getattr(recipe, part), name)

    def _preparation(self) -> pn.viewable.Viewable:
        self.lines = pmui.Typography("", variant="body2", margin=(2, 8), sizing_mode="stretch_width")
        self.edit_lines = pmui.Button(
            label="Lines, energies, normalisation ...", size="small", variant="outlined",
            sizing_mode="stretch_width", margin=(4, 8),
        )  # fmt: skip
        self.edit_lines.on_click(lambda _event: self._open_tab("Lines"))
        self.rebin = self._bind(
            pmui.IntInput(label="Rebin (pixels)", start=1, end=64, step=1, **_COMPACT), "line_maps", "rebin"
        )
        self.background = self._bind(
            pmui.Select(
                label="Line intensity",
                options={
                    "Net of background windows": "windows",
                    "Linear fit of all lines": "fit",
                    "Plain window": "none",
                },
                **_COMPACT,
            ),
            "line_maps", "background",
        )  # fmt: skip
        return Column(self.lines, self.background, self.rebin, self.edit_lines, sizing_mode="stretch_width")

    def _phases(self) -> pn.viewable.Viewable:
        self.source = self._bind(
            pmui.RadioButtonGroup(
                options={"Refined on counts": True, "Latent clusters": False},
                size="small",
                sizing_mode="stretch_width",
                margin=(4, 8),
            ),
            "refinement", "enabled",
        )  # fmt: skip
        self.n_phases = pmui.IntSlider(
            label="Number of phases",
            start=1,
            end=MOST_PHASES,
            value=1,
            sizing_mode="stretch_width",
            margin=(6, 16),
        )
        self.n_phases.param.watch(self._number_moved, "value")
        self.automatic = pmui.Checkbox(label="Choose the number automatically", size="small", margin=(0, 8))
        self.automatic.param.watch(self._automatic_ticked, "value")
        self.why = pmui.Typography("", variant="caption", margin=(0, 12), sizing_mode="stretch_width")
        self.covariance = self._bind(
            pmui.Select(label="Covariance of the clusters", options=_COVARIANCES, **_COMPACT),
            "mixture", "covariance",
        )  # fmt: skip
        self.threshold = self._bind(
            pmui.FloatSlider(
                label="Least probability", start=0, end=0.99, step=0.01,
                sizing_mode="stretch_width", margin=(6, 16),
            ),
            None, "probability_threshold", to_recipe=float,
        )  # fmt: skip
        self.source_note = pmui.Typography(
            "", variant="caption", visible=False, margin=(0, 12), sizing_mode="stretch_width"
        )
        return Column(
            self.source,
            self.source_note,
            self.n_phases,
            self.automatic,
            self.why,
            self.covariance,
            self.threshold,
            sizing_mode="stretch_width",
        )

    @property
    def _part(self) -> str:
        """The part of the recipe that holds the number of phases on show."""
        return "refinement" if self._refined else "mixture"

    @property
    def _refined(self) -> bool:
        """Are the phases on show refined on the counts? Element maps have no counts to refine on."""
        dataset = self.state.dataset
        events = dataset is None or (isinstance(dataset, SpectrumImage) and dataset.counts_are_events)
        return self.state.recipe.refinement.enabled and events

    def _number_moved(self, event: Any) -> None:
        shown = self.state.shown
        if event.new != (shown.n_before_edits if shown else None) and event.new != self._choice(
            self._part, "n_phases"
        ):
            self.state.change(self._part, n_phases=int(event.new))

    def _automatic_ticked(self, event: Any) -> None:
        if event.new and self._choice(self._part, "n_phases"):
            self.state.change(self._part, n_phases=0)
        elif not event.new and not self._choice(self._part, "n_phases") and self.state.shown:
            self.state.change(self._part, n_phases=self.state.shown.n_before_edits)

    def _follow(self, *_events: Any) -> None:
        """Set every widget from the state; their own watchers see equal values and stay quiet."""
        prepared, shown = self.state.prepared, self.state.shown
        if prepared is not None:
            self.lines.object = ", ".join(prepared.maps.lines) or "No lines: the file gives no energies."
        for widget, part, name, to_widget in self._bound:
            value = to_widget(self._choice(part, name))
            if widget.value != value:
                widget.value = value
        spectra = prepared is not None and prepared.image is not None
        losses = spectra and prepared.image.energy.kind == "loss"
        self.background.disabled = not spectra
        self.source.disabled = not spectra or not prepared.image.counts_are_events
        self.source_note.visible = prepared is not None and self.source.disabled
        if self.source_note.visible:
            self.source_note.object = (
                "A camera's counts are no single electrons: phases are clusters of the latent space, and not "
                "refined on the counts."
                if losses
                else "There are no counts to refine on: phases are clusters of the latent space."
            )
        refined = self._refined
        method = self.state.recipe.mixture.method
        self.covariance.disabled = refined or method != "gaussian"
        self.covariance.label = (
            "Covariance (latent clusters only)" if refined else "Covariance of the clusters"
        )
        by_density = not refined and method == "hdbscan"  # which finds the number itself
        number = self._choice(self._part, "n_phases")
        self.automatic.value = number == 0
        if shown is not None:
            most = max(2, min(MOST_PHASES, shown.most_phases))
            if self.n_phases.end != most:
                self.n_phases.end = most
            wanted = number or shown.n_before_edits
            if self.n_phases.value != wanted:
                self.n_phases.value = min(wanted, most)
            self.why.object = shown.why
        self.n_phases.disabled = shown is None or by_density
        self.automatic.disabled = by_density
        self.find.disabled = prepared is None
        result, recipe = self.state.result, self.state.recipe
        self.stale.visible = result is not None and (
            result.recipe.line_maps != recipe.line_maps
            or space_choices(result.recipe) != space_choices(recipe)
        )
