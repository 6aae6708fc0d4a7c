"""How the spectra of the phases are unmixed: the choices of the recipe, the job, and what came of it."""

from __future__ import annotations

from typing import Any

import panel_material_ui as pmui

from dashboard.phases.cards import card
from dashboard.phases.grid import Column, Row
from dashboard.phases.state import PhasesState
from dashboard.phases.tab import Tools
from dashboard.phases.unmixer import Unmixer
from models.recipe import UnmixingChoices

_STARTS = {
    "nndsvda (deterministic)": "nndsvda",
    "nndsvd (deterministic, sparse)": "nndsvd",
    "nndsvdar (with small random numbers)": "nndsvdar",
    "Random (by the seed)": "random",
}
_SCALES = {
    "Equal area": "area", "Equal maximum (as published)": "maximum", "Counts per pixel": "pixel",
    "None, as summed": "none",
}  # fmt: skip
_WEIGHTS = {"By counting noise": "noise", "All alike (as published)": "none"}
_FIELD: dict[str, Any] = {"size": "small", "sizing_mode": "stretch_width", "margin": (6, 8)}


class ChoicesCard:
    """The card ``panel``.

    Parameters
    ----------
    tools : of the visit
    """

    def __init__(self, tools: Tools) -> None:
        self._tools, self.state = tools, tools.state
        self.unmixer = Unmixer(tools.state, tools.job_line(), self._failed)
        self._error = ""
        self._setting = False
        self.method = pmui.RadioButtonGroup(
            options={"Automatic": "auto", "NMF": "nmf"}, value="auto", size="small",
            sizing_mode="stretch_width", margin=(4, 8),
        )  # fmt: skip
        self.number = pmui.IntInput(label="Components (0: as many as phases)", start=0, end=100, **_FIELD)
        self.phases = pmui.MultiChoice(
            label="Phases that are factorised", options={}, sizing_mode="stretch_width", margin=(6, 8)
        )
        self.low = pmui.TextInput(label="From", **_FIELD)
        self.high = pmui.TextInput(label="To", **_FIELD)
        self.start = pmui.Select(label="Start of the factors", options=_STARTS, **_FIELD)
        self.scale = pmui.Select(label="Scale of the spectra", options=_SCALES, **_FIELD)
        self.weighting = pmui.Select(label="Weight of the channels", options=_WEIGHTS, **_FIELD)
        self.seed = pmui.IntInput(label="Seed", start=0, end=2**31 - 1, **_FIELD)
        self.published = pmui.Button(label="As published", size="small", variant="text", margin=(0, 4))
        self.default = pmui.Button(label="Default", size="small", variant="text", margin=(0, 4))
        self.says = pmui.Typography("", variant="body2", margin=(6, 12), sizing_mode="stretch_width")
        self._bind(self.method, "method")
        self._bind(self.number, "n_components")
        self._bind(self.start, "init")
        self._bind(self.scale, "normalisation")
        self._bind(self.weighting, "weighting")
        self._bind(self.seed, "seed")
        self.phases.param.watch(self._phases_chosen, "value")
        for widget in (self.low, self.high):
            widget.param.watch(self._range_typed, "value")
        self.default.on_click(lambda _event: self._take(UnmixingChoices()))
        self.published.on_click(lambda _event: self._take(PUBLISHED_NMF))
        self.range_row = Row(self.low, self.high, sizing_mode="stretch_width", margin=0)
        self.of_nmf = Column(
            self.number, self.scale, self.weighting,
            Row(self.start, self.seed, sizing_mode="stretch_width", margin=0),
            sizing_mode="stretch_width", margin=0,
        )  # fmt: skip
        self.panel = card(
            "End-members",
            [self.default, self.published],
            Column(
                self.method, self.of_nmf, self.phases, self.range_row, self.unmixer.panel, self.says,
                sizing_mode="stretch_width", margin=0,
            ),
        )  # fmt: skip

    def follow(self) -> None:
        """Set every widget from the state."""
        state, choices = self.state, self.state.recipe.unmixing
        opened = state.prepared
        self._setting = True
        try:
            for widget, name in (
                (self.method, "method"), (self.number, "n_components"), (self.start, "init"),
                (self.scale, "normalisation"), (self.weighting, "weighting"), (self.seed, "seed"),
            ):  # fmt: skip
                if widget.value != getattr(choices, name):
                    widget.value = getattr(choices, name)
            self.number.label = (
                "Components (0: as many as phases)"
                if choices.method == "nmf"
                else "Components (0: the data choose)"
            )
            options = _phase_options(state)
            known = set(options.values())
            # none chosen in the recipe means all: on the page all of them are named
            value = [number for number in choices.phases if number in known] or list(options.values())
            self.phases.param.update(options=options, value=value)
            self.range_row.visible = opened.image is not None
            unit = f" ({opened.axis_unit})" if opened.axis_unit else ""
            self.low.label, self.high.label = f"From{unit}", f"To{unit}"
            low, high = _range_texts(state, choices)
            self.low.value, self.high.value = low, high
        finally:
            self._setting = False
        self._say()

    def show(self) -> None:
        """What came of it."""
        if self.state.unmixed is not None:
            self._error = ""
        self._say()

    def _say(self) -> None:
        unmixed = self.state.unmixed
        if self._error:
            self.says.object = self._error
        elif unmixed is None:
            self.says.object = ""
        else:
            error = f"Of all phase spectra {100 * unmixed.found.total_misfit:.2g} % stay unexplained."
            self.says.object = f"{unmixed.found.why} {error}"

    def _failed(self, text: str) -> None:
        self._error = text
        self._say()

    def _bind(self, widget: Any, name: str) -> None:
        def changed(event: Any) -> None:
            if not self._setting and event.new is not None:
                self._change(**{name: event.new})

        widget.param.watch(changed, "value")

    def _change(self, **choices: Any) -> None:
        self._error = ""
        self.state.change("unmixing", **choices)

    def _take(self, choices: UnmixingChoices) -> None:
        self._error = ""
        self.state.change(None, unmixing=choices)

    def _phases_chosen(self, event: Any) -> None:
        if self._setting:
            return
        if not event.new:
            self._tools.tell(
                "No phase is left to unmix. Keep at least one; the choice before stays.", "warning"
            )
            self.follow()
            return
        every = set(event.new) == set(self.phases.options.values())
        self._change(phases=() if every else tuple(sorted(event.new)))

    def _range_typed(self, _event: Any) -> None:
        if self._setting:
            return
        opened = self.state.prepared
        texts = self.low.value.strip(), self.high.value.strip()
        if not any(texts):
            self._change(energy_kev=())
            return
        energy = opened.image.energy
        ends = (energy.low_kev * energy.per_kev, energy.high_kev * energy.per_kev)
        try:
            low, high = (
                float(text.replace(",", ".")) if text else end for text, end in zip(texts, ends, strict=True)
            )
        except ValueError:
            self._tools.tell(
                f"{' to '.join(texts)} is no range. Type two numbers, or nothing for the whole axis.",
                "warning",
            )
            self.follow()
            return
        whole = low <= ends[0] + 1e-9 and float(f"{ends[1]:.6g}") <= high + 1e-9
        self._change(energy_kev=() if whole else (low / energy.per_kev, high / energy.per_kev))


#: the unmixing of the published system, with as many components as phases
PUBLISHED_NMF = UnmixingChoices(method="nmf", normalisation="maximum", weighting="none", init="nndsvd")


def _phase_options(state: PhasesState) -> dict[str, int]:
    """Name of every phase with pixels -> its number, counted from 1, the largest first."""
    return {row.name: row.id + 1 for row in state.rows() if row.pixels}


def _range_texts(state: PhasesState, choices: UnmixingChoices) -> tuple[str, str]:
    if len(choices.energy_kev) != 2 or state.prepared.image is None:
        return "", ""
    per_kev = state.prepared.image.energy.per_kev
    low, high = (f"{value * per_kev:.6g}" for value in choices.energy_kev)
    return low, high
