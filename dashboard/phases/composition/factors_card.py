"""The card of k-factors: a table that is edited, files, the reference line, a phase as the standard."""

from __future__ import annotations

from typing import Any

import panel_material_ui as pmui

from dashboard.exports import download_button
from dashboard.phases.cards import MENU, card
from dashboard.phases.composition.answers import Composed
from dashboard.phases.composition.texts import FACTOR_COLUMNS, factor_rows
from dashboard.phases.data_table import DataTable
from dashboard.phases.grid import Column, Row
from dashboard.phases.tab import Tools
from models import k_factors
from models.exports_files import file_name

_TEXT: dict[str, Any] = {"variant": "caption", "margin": (2, 10), "sizing_mode": "stretch_width"}


class FactorsCard:
    """k-factors of the lines on show; every change goes into the recipe, and what cannot be used is told."""

    def __init__(self, tools: Tools) -> None:
        self._tools, self._state = tools, tools.state
        self._composed: Composed | None = None
        self._drawing = False
        self.table = DataTable(
            columns=FACTOR_COLUMNS, on_edit=self._edited, on_action=self._reset, sizing_mode="stretch_width",
            margin=0, most_height=370,
        )  # fmt: skip
        self.reference = pmui.Select(options=["Si_Ka"], value="Si_Ka", width=96, **MENU)
        self.reference.param.watch(self._reference_chosen, "value")
        self.assumptions = pmui.Typography("", **_TEXT)
        down = download_button(
            tools, "CSV", lambda: file_name(self._title(), "k-factors", ending="csv"), self._csv
        )
        self.upload = pmui.FileInput(
            accept=".csv,.txt", label="Read CSV", size="small", variant="outlined", margin=(10, 4)
        )
        self.upload.param.watch(self._uploaded, "value")
        self.standard = pmui.TextInput(
            label="The chosen phase is a standard of", placeholder="Mg1.8Fe0.2SiO4", size="small",
            margin=(6, 8), width=210,
        )  # fmt: skip
        take = pmui.Button(label="Take its k-factors", size="small", variant="outlined", margin=(10, 4))
        take.on_click(lambda _event: self._take_standard())
        reference = pmui.Typography("Relative to", variant="body2", margin=(0, 2), sizing_mode=None)
        self.panel = card(
            "k-factors", [reference, self.reference, down],
            Column(
                self.table, self.assumptions,
                Row(self.standard, take, self.upload, sizing_mode="stretch_width", margin=0,
                         styles={"flex-wrap": "wrap", "align-items": "center"}),
                sizing_mode="stretch_width", margin=0,
            ),
        )  # fmt: skip

    def show(self, composed: Composed | None) -> None:
        """Other k-factors, or none where there is nothing to quantify."""
        self._composed = composed
        if composed is None:
            self.table.rows, self.assumptions.object = [], ""
            return
        factors = composed.factors
        self.table.rows = factor_rows(factors)
        self.assumptions.object = factors.assumptions
        options = list(dict.fromkeys([factors.reference, "Si_Ka", *factors.computed]))
        self._drawing = True
        try:
            self.reference.param.update(options=options, value=factors.reference)
        finally:
            self._drawing = False

    def _title(self) -> str:
        return "" if self._state.prepared is None else self._state.prepared.maps.title

    def _own(self) -> dict[str, float]:
        return k_factors.parsed(self._state.recipe.quantification.k_factors)

    def _keep(self, own: dict[str, float], **more: Any) -> None:
        self._state.change("quantification", k_factors=k_factors.as_texts(own), **more)

    def _edited(self, line: Any, _key: str, text: str) -> None:
        try:
            value = k_factors.checked(str(line), text)
        except ValueError as error:
            self._tools.tell(str(error), "warning")
            self.table.redraw()
            return
        self._keep({**self._own(), str(line): value})

    def _reset(self, line: Any, _key: str) -> None:
        self._keep({name: value for name, value in self._own().items() if name != line})

    def _reference_chosen(self, event: Any) -> None:
        composed = self._composed
        if self._drawing or composed is None or event.new in (None, composed.factors.reference):
            return
        factors = composed.factors
        now = factors.values.get(event.new, factors.computed.get(event.new, 1.0))
        self._keep(k_factors.rescaled(self._own(), now), reference=event.new)

    def _csv(self) -> bytes:
        if self._composed is None:
            raise ValueError("There are no k-factors yet: find phases with X-ray lines first.")
        return k_factors.to_csv(self._composed.factors)

    def _uploaded(self, event: Any) -> None:
        if not event.new:
            return
        try:
            found = k_factors.from_csv(event.new)
        except ValueError as error:
            self._tools.tell(str(error), "warning")
            return
        self._keep({**self._own(), **found})
        self._tools.tell(f"{len(found)} k-factors were read.", "info")

    def _take_standard(self) -> None:
        composed, phase = self._composed, self._state.chosen_phase
        if composed is None:
            return
        if phase is None or phase not in composed.shown.ids:
            self._tools.tell(
                "Choose the phase that is the standard in the table of compositions first.", "info"
            )
            return
        counts = dict(
            zip(composed.net.lines, composed.net.counts[composed.shown.ids.index(phase)], strict=True)
        )
        try:
            found = k_factors.from_standard(counts, self.standard.value or "", composed.factors)
        except ValueError as error:
            self._tools.tell(str(error), "warning")
            return
        self._keep({**self._own(), **found})
        self._tools.tell(
            f"k-factors of {', '.join(found)} make {self._state.name_of(phase)} {self.standard.value}.",
            "info",
        )
