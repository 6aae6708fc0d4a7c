"""The tab "Several maps": one recipe on many maps, with phases that all of them share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import panel as pn
import panel_material_ui as pmui

from dashboard.exports import Chosen, ExportFile, ExportMenu, download_button
from dashboard.phases.cards import card
from dashboard.phases.grid import Column, Row
from dashboard.phases.opened import OpenedMap
from dashboard.phases.requests import FoundMap
from dashboard.phases.several_exports import label_images, modal_csv, shared_figure
from dashboard.phases.several_pictures import shared_rows
from dashboard.phases.several_request import SharedRequest
from dashboard.phases.shared_table import SharedTable
from dashboard.phases.tab import Tab, Tools
from models.live_phases import LivePhases
from models.recipe import PhasesRecipe, from_yaml
from models.shared_phases import SharedPhases, phases_of_part
from models.shared_run import MapOutcome, SharedReport

_TOGETHER = -1
_HINT = (
    "The recipe on the left is used for every map: the same lines, one autoencoder, one set of phases. "
    "Energies "
    "are brought to one axis. A map that cannot be opened is left out, and the table says why."
)
_DONE = (
    "Click a map to open it in Explore with the shared phases. Names and colours given there come back here."
)


class SeveralMapsTab(Tab):
    """Choose maps of the catalogue, find their phases together, compare their modal shares."""

    title = "Several maps"
    follows = ("prepared", "shown", "names", "colours")
    needs = "nothing"
    keeps = ("choice",)

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools)
        self._shared: SharedPhases | None = None
        self._shown: LivePhases | None = None
        self._outcomes: tuple[MapOutcome, ...] = ()
        self._names: dict[int, str] = {}
        self._colours: dict[int, str] = {}
        self._recipe: PhasesRecipe | None = None
        self._parts: dict[str, int] = {}  # dataset id -> number of the map, or _TOGETHER
        self._line = tools.job_line()
        self._rows = tools.live(shared_rows, self._show_rows)
        self._opening = tools.live(_found_map, self._show_found)

    def build(self) -> pn.viewable.Viewable:
        self.choice = pmui.MultiChoice(
            label="Maps", options=[], placeholder="Choose two or more", searchable=True,
            sizing_mode="stretch_width", margin=(8, 8),
        )  # fmt: skip
        self.choice.param.watch(lambda _event: self._follow_choice(), "value")
        self._run = pmui.Button(
            label="Find shared phases", variant="contained", size="small", margin=(4, 8), disabled=True
        )
        self._run.on_click(lambda _event: self._start())
        rescan = pmui.Button(label="Look for new files", variant="text", size="small", margin=(4, 8))
        rescan.on_click(lambda _event: self._list_entries())
        self._said = pmui.Typography(_HINT, variant="body2", margin=(2, 10), sizing_mode="stretch_width")
        chooser = card(
            "Maps to compare", [], Column(
                self._said, self.choice,
                Row(self._run, rescan, self._line.panel, sizing_mode="stretch_width", margin=0),
                sizing_mode="stretch_width", margin=0,
            ),
        )  # fmt: skip
        self._table = SharedTable(on_open=self._open, sizing_mode="stretch_width", margin=(2, 4))
        together = pmui.Button(label="Explore all together", size="small", variant="outlined", margin=(0, 4))
        together.on_click(lambda _event: self._open(_TOGETHER))
        csv = download_button(self.tools, "Table (CSV)", "modal_percent.csv", self._csv)
        maps = download_button(self.tools, "Labels (TIFF)", "shared_labels.zip", self._tiff)
        figure = ExportMenu(
            self.tools, "the phase maps", {"PNG": "Figure (PNG)", "SVG": "Figure (SVG)"}, self._figure, 175.0
        )
        self._actions = Row(
            together, csv, maps, figure.panel, visible=False, sizing_mode=None, margin=0,
            styles={"align-items": "center"},
        )  # fmt: skip
        self._notes = pmui.Typography("", variant="caption", margin=(2, 10), sizing_mode="stretch_width")
        self._result = card(
            "Shared phases, % of the area", [self._actions],
            Column(self._table, self._notes, sizing_mode="stretch_width", margin=0), visible=False,
        )  # fmt: skip
        self._list_entries()
        return Column(chooser, self._result, sizing_mode="stretch_width", margin=0, styles={"gap": "6px"})

    def refresh(self, changed: frozenset[str]) -> None:
        """Names, colours and the number of phases follow Explore while it shows one of these maps."""
        state = self.state
        result = None if state.result is None else state.result.dataset_id
        here = None if result is None else self._parts.get(result)
        if here is not None:
            self._names, self._colours = dict(state.names), dict(state.colours)
            if here == _TOGETHER and state.shown is not None:
                self._shown, self._recipe = state.shown, state.recipe
        self._table.opened = -1 if here is None else self._row_of(here)
        if self._shared is not None:
            self._draw()

    def missing(self) -> str:
        """Maps can be chosen whatever is open."""
        return ""

    # --- choosing and running

    def _list_entries(self) -> None:
        entries = self.tools.catalogue.entries()
        self.choice.param.update(
            options={entry.name: entry.id for entry in entries},
            value=[value for value in self.choice.value if value in {entry.id for entry in entries}],
        )
        self._follow_choice()

    def _follow_choice(self) -> None:
        self._run.disabled = len(self.choice.value) < 2

    def resume(self, record: Mapping[str, Any]) -> None:
        """The maps that were chosen, with the recipe of then; those that are gone are left out and named."""
        maps = record.get("maps")
        maps = [one for one in maps if isinstance(one, str)] if isinstance(maps, list) else []
        try:
            recipe = from_yaml(str(record.get("recipe", "")))
        except ValueError:  # of another version of the program
            recipe = self.state.recipe
            self.tools.tell("The recipe of then cannot be read: the one on the left is used.", "warning")
        offered = self.choice.options.values()
        self.choice.value = [one for one in maps if one in offered]
        self._seek(maps, recipe)

    def _start(self) -> None:
        self._seek(self.choice.value, self.state.recipe)

    def _seek(self, maps: Sequence[str], recipe: PhasesRecipe) -> None:
        table = self.tools.record(self.title)
        request = SharedRequest(self.tools.library, tuple(maps), _for_many(recipe), self.tools.kept, table)
        self._run.disabled = True

        def done(report: SharedReport) -> None:
            self._follow_choice()
            self._take(report.shared, report.shown, report.outcomes)

        self._line.start(request, done, self._reported, lambda _text: self._follow_choice())

    def _reported(self, report: SharedReport) -> None:
        """While files are opened, say which of them are there."""
        if report.stage in ("open", "pool") and report.outcomes and self._shared is None:
            rows = [
                {"name": one.name, "error": one.error, "image": "", "title": "", "share": []}
                for one in report.outcomes
            ]
            self._table.shown = {"maps": rows, "phases": [], "overall": []}
            self._result.visible = True

    def _take(self, shared: SharedPhases, shown: LivePhases, outcomes: tuple[MapOutcome, ...]) -> None:
        self._shared, self._shown, self._outcomes = shared, shown, outcomes
        self._names, self._colours, self._recipe = {}, {}, shared.result.recipe
        self._parts = {shared.result.dataset_id: _TOGETHER}
        self._parts |= {shared.dataset_id(number): number for number in range(len(shared.names))}
        failed = [one.name for one in outcomes if one.error]
        self._said.object = _DONE if not failed else f"{_DONE} Left out: {', '.join(failed)}."
        self._notes.object = " ".join(shared.maps.notes)
        self._result.visible = self._actions.visible = True
        self._table.opened = -1
        self._draw()

    def _draw(self) -> None:
        self._rows.request(self._shared, self._shown, self._outcomes, self._names, self._colours)

    def _show_rows(self, rows: dict[str, Any]) -> None:
        self._table.shown = rows

    def _row_of(self, number: int) -> int:
        """Row of a map in the table, which lists those that were left out as well."""
        taking_part = [row for row, outcome in enumerate(self._outcomes) if not outcome.error]
        return taking_part[number] if 0 <= number < len(taking_part) else -1

    # --- opening one of them, or all

    def _open(self, row: int) -> None:
        if self._shared is None:
            return
        number = row
        if row != _TOGETHER:
            if not 0 <= row < len(self._outcomes) or self._outcomes[row].error:
                return
            # rows that were left out have no map on the sheet
            number = row - sum(bool(one.error) for one in self._outcomes[:row])
        self._opening.request(self._shared, self._shown, self._recipe, number, self._names, self._colours)

    def _show_found(self, found: FoundMap) -> None:
        self.tools.show_found(found)
        self.tools.open_tab("Explore")

    # --- exports

    def _entries(self) -> tuple[SharedPhases, LivePhases, dict[int, str], dict[int, str]]:
        return self._shared, self._shown, dict(self._names), dict(self._colours)

    def _csv(self) -> bytes:
        shared, shown, names, _ = self._entries()
        return modal_csv(shared, shown, names, self._outcomes)

    def _tiff(self) -> bytes:
        shared, shown, _, _ = self._entries()
        return label_images(shared, shown)

    def _figure(self, chosen: Chosen) -> ExportFile:
        kind = chosen.kind.lower()
        return f"shared_phases.{kind}", shared_figure(*self._entries(), chosen.style, kind)


def _for_many(recipe: PhasesRecipe) -> PhasesRecipe:
    """A recipe without what belongs to the map on show: crop, energies, names and edits of phases."""
    line_maps = replace(recipe.line_maps, crop=(), energy_offset_kev=None, energy_scale_kev=None)
    return replace(recipe, line_maps=line_maps, edits=(), numbering=())


def _found_map(
    shared: SharedPhases,
    shown: LivePhases,
    recipe: PhasesRecipe,
    number: int,
    names: dict[int, str],
    colours: dict[int, str],
) -> FoundMap:
    """One of the maps, or all on their sheet, ready for Explore."""
    part = shared.result if number == _TOGETHER else shared.part(number)
    part = replace(part, recipe=recipe)
    phases = shown if number == _TOGETHER else phases_of_part(shared, number, part, shown)
    view = OpenedMap.of(part.prepared, part.maps, part.recipe.line_maps)
    return FoundMap(view, part, phases, names, colours)
