"""The card "What is it?": minerals that a phase could be, with what speaks for and against each."""

from __future__ import annotations

from typing import Any

import panel_material_ui as pmui

from dashboard.phases.cards import MENU, card
from dashboard.phases.composition.answers import Matched
from dashboard.phases.composition.texts import CANDIDATE_COLUMNS, candidate_rows
from dashboard.phases.data_table import DataTable
from dashboard.phases.grid import Column, Row
from dashboard.phases.phase_menu import offer
from dashboard.phases.tab import Tools
from data.minerals import own_mineral

_EXPLAINED = (
    "Compared in counts, with the k-factors on this page. Distance: deviations of the lines in standard "
    "deviations of counting and of the k-factors (15 %, soft lines more); below 1 is a good match, above 2 "
    "a poor one. Where nothing fits well, counts of the phase beside may be mixed in. X-rays see elements, "
    "no structures: polymorphs are one."
)


class MineralsCard:
    """Candidates of the chosen phase; one click names it."""

    def __init__(self, tools: Tools) -> None:
        self._tools, self._state = tools, tools.state
        self._matched: Matched | None = None
        self._drawing = False
        self.phase = pmui.Select(options={}, width=190, **MENU)
        self.phase.param.watch(self._phase_chosen, "value")
        self.table = DataTable(
            columns=CANDIDATE_COLUMNS, on_action=self._name, empty="Comparing with the library …",
            sizing_mode="stretch_width", margin=0,
        )  # fmt: skip
        self.own = pmui.TextInput(
            label="Add a mineral to the library", placeholder="Hibonite = CaAl12O19", size="small",
            margin=(6, 8), width=260,
        )  # fmt: skip
        add = pmui.Button(label="Add", size="small", variant="outlined", margin=(10, 4))
        add.on_click(lambda _event: self._add())
        self.added = pmui.Typography("", variant="caption", margin=(12, 6), sizing_mode=None)
        forget = pmui.Button(
            label="Forget added", size="small", variant="text", margin=(10, 4), visible=False
        )
        forget.on_click(lambda _event: self._state.change("quantification", minerals=()))
        self._forget = forget
        self.panel = card(
            "What is it?", [self.phase],
            Column(
                self.table,
                pmui.Typography(_EXPLAINED, variant="caption", margin=(4, 10), sizing_mode="stretch_width"),
                Row(self.own, add, self.added, forget, sizing_mode="stretch_width", margin=0,
                         styles={"flex-wrap": "wrap", "align-items": "center"}),
                sizing_mode="stretch_width", margin=0,
            ),
        )  # fmt: skip

    @property
    def chosen(self) -> int | None:
        """Lasting number of the phase that the card is about."""
        return self.phase.value

    def offer(self, phases: dict[str, int], chosen: int | None) -> None:
        """Other phases, by name; the card stays with its phase where it can."""
        value = chosen if chosen in phases.values() else self.phase.value
        if value not in phases.values():
            value = next(iter(phases.values()), None)
        self._drawing = True
        try:
            offer(self.phase, phases, value)
        finally:
            self._drawing = False
        added = self._state.recipe.quantification.minerals
        self.added.object = (
            f"Added: {', '.join(text.partition('=')[0].strip() for text in added)}" if added else ""
        )
        self._forget.visible = bool(added)

    def show(self, matched: Matched | None) -> None:
        """Candidates of the phase of the card, or that they are being looked for."""
        self._matched = matched
        if matched is None:
            self.table.param.update(rows=[], empty="Comparing with the library …")
            return
        self.table.param.update(
            rows=candidate_rows(matched.candidates, self._beside(matched)),
            empty=matched.problem or "The library has nothing like it.",
        )

    def _beside(self, matched: Matched) -> str:
        return "" if matched.beside is None else self._state.name_of(matched.beside)

    def _phase_chosen(self, event: Any) -> None:
        if not self._drawing and event.new is not None:
            self._state.chosen_phase = event.new

    def _name(self, row: Any, _key: str) -> None:
        if self._matched is not None and int(row) < len(self._matched.candidates):
            name = self._matched.candidates[int(row)].short_name
            self._state.set_phase(self._matched.phase, "name", name)

    def _add(self) -> None:
        text = (self.own.value or "").strip()
        try:
            mineral = own_mineral(text)
        except ValueError as error:
            self._tools.tell(str(error), "warning")
            return
        known = [
            one for one in self._state.recipe.quantification.minerals
            if one.partition("=")[0].strip() != mineral.name
        ]  # fmt: skip
        self._state.change("quantification", minerals=(*known, f"{mineral.name} = {mineral.formula}"))
        self.own.value = ""
