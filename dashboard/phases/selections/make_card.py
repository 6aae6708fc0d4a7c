"""The card that makes selections: by phase, by an expression or from a file, and keeps them."""

from __future__ import annotations

from typing import Any

import panel_material_ui as pmui

from dashboard.named_selections import free_name, keep
from dashboard.origins import Origin
from dashboard.phases.cards import card
from dashboard.phases.grid import Column, Row
from dashboard.phases.readout import selection_text
from dashboard.phases.selections.words import described
from dashboard.phases.tab import Tools
from dashboard.selection import GivenPixels
from dashboard.selection_expression import combined
from dashboard.selection_files import from_json
from models.mask_files import read_mask

_HINT = (
    "Draw a lasso or a box on a map or in the latent space, move the handle below the map, or show Phases "
    "there and click a grain."
)
_FIELD: dict[str, Any] = {"size": "small", "sizing_mode": "stretch_width", "margin": (6, 6)}
_BUTTON: dict[str, Any] = {"size": "small", "variant": "outlined", "margin": (9, 6), "sizing_mode": None}


class MakeCard:
    """What is selected now, and ways to select that need no drawing."""

    def __init__(self, tools: Tools) -> None:
        self._tools, self._state = tools, tools.state
        self.said = pmui.Typography(_HINT, variant="body2", margin=(4, 8), sizing_mode="stretch_width")
        self.name = pmui.TextInput(label="Keep this selection as", **_FIELD)
        self.keep = pmui.Button(label="Keep", color="primary", **{**_BUTTON, "variant": "contained"})
        self.phase = pmui.Select(label="Select a phase", options={"–": -1}, value=-1, **_FIELD)
        self.expression = pmui.TextInput(
            label="Combine kept selections by name", placeholder="rims and not (cracks or pores)", **_FIELD
        )
        self.combine = pmui.Button(label="Select", **_BUTTON)
        self.file = pmui.FileInput(
            label="Mask (TIFF, PNG) or selections (JSON)", accept=".tif,.tiff,.png,.json", size="small",
            variant="outlined", margin=(6, 6), sizing_mode="stretch_width",
        )  # fmt: skip
        self.clear = pmui.Button(label="Clear selection", size="small", margin=(0, 4), sizing_mode=None)
        self._following = False
        self.keep.on_click(lambda _event: self.keep_now())
        self.combine.on_click(lambda _event: self.select_combined())
        self.expression.param.watch(lambda _event: self.select_combined(), "enter_pressed")
        self.name.param.watch(lambda _event: self.keep_now(), "enter_pressed")
        self.phase.param.watch(self._phase_picked, "value")
        self.file.param.watch(self._file_came, "value")
        self.clear.on_click(lambda _event: self._state.clear_selection())
        row = {"sizing_mode": "stretch_width", "margin": 0}
        self.panel = card(
            "Selection",
            [self.clear],
            Column(
                self.said,
                Row(self.name, self.keep, **row),
                self.phase,
                Row(self.expression, self.combine, **row),
                self.file,
                **row,
            ),
        )

    def show(self) -> None:
        """Show what is selected and which phases there are."""
        state = self._state
        selection = state.selection
        self.clear.disabled = self.keep.disabled = selection is None
        self.name.disabled = selection is None
        if selection is None:
            self.said.object = _HINT
        else:
            made = described(selection.origin, state.name_of, state.selections)
            self.said.object = f"{selection_text(state)}<br><span style='opacity:.7'>{_escaped(made)}</span>"
            self.name.placeholder = self._wish(selection.origin)
        self._following = True
        try:
            options = {"–": -1, **{row.name: row.id for row in state.rows()}}
            value = state.chosen_phases[0] if len(state.chosen_phases) == 1 else -1
            if options != self.phase.options:
                self.phase.param.update(options=options, disabled=len(options) == 1)
            self.phase.value = value if value in options.values() else -1
        finally:
            self._following = False

    def keep_now(self) -> None:
        """Keep what is selected under the name of the field, or under what it is."""
        state = self._state
        if state.selection is None:
            self._tools.tell("Nothing is selected: there is nothing to keep.", "warning")
            return
        origin, shape = state.selection.origin, state.selection.shape
        name = self.name.value.strip() or free_name(state.selections, self._wish(origin))
        try:
            state.selections = keep(state.selections, name, origin, shape)
        except ValueError as error:
            self._tools.tell(str(error), "warning")
            return
        self.name.value = ""

    def select_combined(self) -> None:
        """Select what the expression says."""
        try:
            self._state.select(combined(self.expression.value, self._state.selections))
        except ValueError as error:
            self._tools.tell(str(error), "warning")

    def take_file(self, name: str, content: bytes) -> None:
        """A mask becomes the selection; a file of selections is added to those kept."""
        state = self._state
        try:
            if name.lower().endswith(".json"):
                self._add(from_json(content.decode("utf-8", errors="replace")))
                return
            mask = read_mask(content, name)
            shape = state.prepared.maps.shape
            if mask.shape != shape:
                raise ValueError(
                    f"{name} has {mask.shape[1]} x {mask.shape[0]} pixels (width x height), this map has "
                    f"{shape[1]} x {shape[0]}. Give a mask of this map, or rebin or crop the map to it."
                )
            state.select(GivenPixels.of(mask, name.rsplit(".", 1)[0][:60]))
        except ValueError as error:
            self._tools.tell(str(error), "warning")

    def _add(self, found: Any) -> None:
        state = self._state
        kept = state.selections
        for one in found:
            kept = keep(kept, free_name(kept, one.name), one.origin, one.shape)
        state.selections = kept
        self._tools.tell(f"{len(found)} selections were added.", "info")

    def _wish(self, origin: Origin) -> str:
        text = described(origin, self._state.name_of, self._state.selections)
        return free_name(self._state.selections, text.replace("(", "").replace(")", ""))

    def _phase_picked(self, event: Any) -> None:
        if not self._following and event.new is not None:
            self._state.choose(() if event.new == -1 else (event.new,))

    def _file_came(self, event: Any) -> None:
        if event.new:
            name, content = self.file.filename or "file", event.new
            if isinstance(name, list):
                name, content = name[0], content[0]
            self.take_file(name, content)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
