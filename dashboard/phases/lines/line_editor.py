"""Choosing lines: the periodic table, the list as text, suggestions, and what is left out on purpose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import panel_material_ui as pmui

from dashboard.phases.cards import card
from dashboard.phases.grid import Column, Row
from dashboard.phases.lines.line_table import LineTable
from dashboard.phases.lines.periodic_table import PeriodicTable, cells
from dashboard.phases.lines.texts import SUGGESTION_COLUMNS, suggestion_rows
from dashboard.phases.tab import Tools
from data.elemental_maps import ElementalMaps
from data.loss_edges import edge
from data.spectrum_image import SpectrumImage
from models.line_list import parse_elements, parse_lines, with_element, with_line
from models.line_suggestion import LineSuggestion, suggest_lines

_FIELD: dict[str, Any] = {"size": "small", "sizing_mode": "stretch_width", "margin": (6, 8)}
_BUTTON: dict[str, Any] = {"size": "small", "variant": "outlined", "margin": (4, 4), "sizing_mode": None}
_MOST_SUGGESTED = 24


class LineEditor:
    """Everything that changes the list of lines; ``elements`` and ``suggestions`` are cards."""

    def __init__(self, tools: Tools) -> None:
        self._tools, self._state = tools, tools.state
        self._suggested: tuple[LineSuggestion, ...] = ()
        self._suggested_for: str | None = None
        self._suggesting = tools.live(suggest_lines_of, self._show_suggestions, self._no_suggestions)
        self.table = PeriodicTable(
            on_element=self.toggle_element,
            on_line=self.toggle_line,
            sizing_mode="stretch_width",
            margin=(4, 10),
        )
        self.text = pmui.TextInput(label="Lines", placeholder="Fe_Ka, Si_Ka, or just Fe, Si", **_FIELD)
        self.text.param.watch(self._typed, "value")
        self.choice = pmui.MultiChoice(label="Maps", options=[], sizing_mode="stretch_width", margin=(6, 8))
        self.choice.param.watch(self._picked, "value")
        self.left_out = pmui.TextInput(
            label="Left out on purpose", placeholder="C, Au (coating, substrate)", **_FIELD
        )
        self.left_out.param.watch(self._typed_left_out, "value")
        self.automatic = pmui.Button(label="Choose automatically", **_BUTTON)
        self.automatic.on_click(lambda _event: self._set_lines(()))
        self.method = pmui.Typography("", variant="caption", margin=(0, 12), sizing_mode="stretch_width")
        self.suggested = LineTable(on_action=self.toggle_line, columns=SUGGESTION_COLUMNS, margin=(0, 4),
                                   sizing_mode="stretch_width", height=414)  # fmt: skip
        self.take_all = pmui.Button(label="Use these lines", **_BUTTON)
        self.take_all.on_click(lambda _event: self._use_suggested())
        self.elements = card(
            "Elements",
            [self.automatic],
            Column(
                self.table,
                self.choice,
                self.text,
                Row(self.left_out, sizing_mode="stretch_width", margin=0),
                self.method,
                sizing_mode="stretch_width",
                margin=0,
            ),
        )
        self.suggestions = card("Seen in the spectrum", [self.take_all], self.suggested)

    # --- changes

    def toggle_element(self, element: str) -> None:
        """Add the best line of an element, or take all its lines out."""
        opened = self._state.prepared
        if opened is None or opened.image is None:
            return
        image = opened.image
        self._try(lambda: with_element(self._lines(), element, image.energy, image.beam_kev))

    def toggle_line(self, name: str) -> None:
        """Add a line, or take it out."""
        self._try(lambda: with_line(self._lines(), name))

    def _use_suggested(self) -> None:
        excluded = self._state.recipe.line_maps.exclude
        lines = tuple(one.line for one in self._suggested if one.element not in excluded)
        if lines:
            self._set_lines(lines)

    def _typed(self, event: Any) -> None:
        if event.new.strip() == ", ".join(self._lines()):
            return
        if not event.new.strip():
            self._set_lines(())
            return
        self._try(lambda: self._parsed(event.new))
        self._show_lists()

    def _picked(self, event: Any) -> None:
        if event.new and tuple(event.new) != self._lines():
            self._set_lines(tuple(event.new))

    def _parsed(self, text: str) -> tuple[str, ...]:
        opened = self._state.prepared
        if opened.image is None:
            # which maps a name stands for, and whether there is one, is for the preparation to say
            return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
        if opened.image.energy.kind == "loss":
            return tuple(dict.fromkeys(edge(name.strip()).name for name in text.split(",") if name.strip()))
        return parse_lines(text, opened.image.energy, opened.image.beam_kev)

    def _typed_left_out(self, event: Any) -> None:
        chosen = self._state.recipe.line_maps
        if event.new.strip() == ", ".join(chosen.exclude):
            return
        try:
            exclude = parse_elements(event.new)
        except ValueError as error:
            self._tools.tell(str(error), "warning")
            self.left_out.value = ", ".join(chosen.exclude)
            return
        self._state.change("line_maps", exclude=exclude)

    def _try(self, change: Callable[[], tuple[str, ...]]) -> None:
        """Change the list; where that cannot be, say why and leave everything as it is."""
        try:
            lines = change()
        except ValueError as error:
            self._tools.tell(str(error), "warning")
            return
        self._set_lines(lines)

    def _set_lines(self, lines: tuple[str, ...]) -> None:
        if lines != self._state.recipe.line_maps.lines:
            self._state.change("line_maps", lines=lines)

    def _lines(self) -> tuple[str, ...]:
        """The lines of the recipe or, where it leaves them open, those that were chosen for it."""
        chosen = self._state.recipe.line_maps
        if chosen.lines:
            return tuple(name for name in chosen.lines if name.partition("_")[0] not in chosen.exclude)
        return () if self._state.prepared is None else self._state.prepared.maps.lines

    # --- what is shown

    def refresh(self, changed: frozenset[str]) -> None:
        """Follow the state."""
        opened = self._state.prepared
        spectra = opened.has_xray_lines
        self.suggestions.visible = self.table.visible = spectra
        self.choice.visible = not spectra and bool(opened.maps.lines)
        self.elements.visible = spectra or bool(opened.maps.lines)
        if spectra and opened.image.dataset_id != self._suggested_for:
            self._suggested_for = opened.image.dataset_id
            self._suggested = ()
            self.suggested.param.update(rows=[], empty="Looking at the spectrum ...")
            self._suggesting.request(opened.image)
        self._show_lists()

    def _show_lists(self) -> None:
        chosen, opened, lines = self._state.recipe.line_maps, self._state.prepared, self._lines()
        image = opened.image
        if opened.has_xray_lines:
            self.table.cells = cells(
                image.energy,
                image.beam_kev,
                lines,
                {one.element: one.score for one in self._suggested},
                chosen.exclude,
            )
            self._show_rows()
        elif lines:
            losses = image is not None
            options = list(dict.fromkeys((*lines, *opened.possible_lines)))
            self.choice.param.update(
                label="Edges and bands" if losses else "Maps", options=options, value=list(lines)
            )
        for field, value in ((self.text, ", ".join(lines)), (self.left_out, ", ".join(chosen.exclude))):
            if field.value != value:
                field.value = value
        self.automatic.disabled = not chosen.lines
        self.method.object = _explained(opened.maps, image, bool(chosen.lines))

    def _show_suggestions(self, found: tuple[LineSuggestion, ...]) -> None:
        self._suggested = found
        if self._state.prepared is not None and self._state.prepared.image is not None:
            self._show_lists()
            self.suggested.empty = "No element stands out: there are too few counts."

    def _no_suggestions(self, text: str) -> None:
        self.suggested.empty = text

    def _show_rows(self) -> None:
        rows = suggestion_rows(self._suggested, self._lines(), self._state.recipe.line_maps.exclude)
        self.suggested.rows = rows
        self.take_all.disabled = not rows


def suggest_lines_of(image: SpectrumImage) -> tuple[LineSuggestion, ...]:
    """Everything that the spectra of a map show, the clearest first."""
    return suggest_lines(image, max_lines=_MOST_SUGGESTED)


def _explained(maps: ElementalMaps, image: SpectrumImage | None, by_hand: bool) -> str:
    n = len(maps.lines)
    counted = f"{n} line" if n == 1 else f"{n} lines"
    if image is None:
        return f"{counted} of the folder of images."
    if by_hand:
        return f"{counted}, chosen by hand."
    named = "the elements that the file names" if image.elements else "what the spectrum shows"
    return f"{counted}, chosen automatically from {named}."
