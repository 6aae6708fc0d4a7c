"""The tab "Selections": make, keep, combine and measure selections."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import panel as pn
import panel_material_ui as pmui

from dashboard import theme
from dashboard.exports import Chosen, ExportFile, ExportMenu
from dashboard.phases.cards import MENU, card
from dashboard.phases.data_table import DataTable
from dashboard.phases.grid import Column, cell, grid
from dashboard.phases.selections.composition_rows import MOST_COLUMNS, NET, UNITS, caveats, composition_rows
from dashboard.phases.selections.facts import Measured, measured
from dashboard.phases.selections.kept_card import KeptCard
from dashboard.phases.selections.make_card import MakeCard
from dashboard.phases.selections.map_card import MapCard
from dashboard.phases.spectrum_axis import show_axis
from dashboard.phases.spectrum_plot import Curve, SpectrumPlot
from dashboard.phases.tab import Tab, Tools
from dashboard.selection import Selection
from models import composition
from models.exports_figure import render
from models.exports_files import file_name, table_csv
from models.exports_plots import CurvesDrawing, DrawnCurve
from models.exports_spectra import NamedSpectrum, spectra_csv, spectra_msa

_NORMS = ["Per pixel", "Counts", "Equal area"]
_LABELS = {"Per pixel": "Counts per pixel", "Counts": "Counts", "Equal area": "Share of the counts"}
_KINDS = {
    "CSV": "Sum spectra (CSV)", "MSA": "Sum spectra (MSA)", "PNG": "Figure (PNG)", "SVG": "Figure (SVG)",
}  # fmt: skip
#: what the present selection is called among the kept ones
_NOW = "Selection now"


class SelectionsTab(Tab):
    """Named selections of the map on show."""

    title: ClassVar[str] = "Selections"
    follows: ClassVar[tuple[str, ...]] = (
        "prepared", "shown", "names", "colours", "hidden", "selection", "selection_phases", "selections",
        "kept_masks", "chosen_phases", "recipe", "map_palette", "phase_opacity",
    )  # fmt: skip
    needs: ClassVar[str] = "dataset"
    keeps: ClassVar[tuple[str, ...]] = (
        "norm", "scale", "unit", "map.image",
    )  # fmt: skip

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools)
        self.found: Measured | None = None

    def build(self) -> pn.viewable.Viewable:
        """The cards."""
        tools = self.tools
        self.map, self.make, self.kept = MapCard(tools), MakeCard(tools), KeptCard(tools)
        self.spectra = SpectrumPlot(height=300)
        self.norm = pmui.Select(options=_NORMS, value=_NORMS[0], width=120, **MENU)
        self.scale = pmui.RadioButtonGroup(
            options={"Log": "log", "Linear": "linear"}, value="log", size="small", margin=(0, 4)
        )
        self.unit = pmui.Select(options=[*UNITS, NET], value=next(iter(UNITS)), width=140, **MENU)
        self.table = DataTable(sizing_mode="stretch_width", margin=(0, 4), most_height=300)
        self.said = pmui.Typography("", variant="caption", margin=(2, 10), sizing_mode="stretch_width")
        self.norm.param.watch(lambda _event: self._show_spectra(), "value")
        self.scale.param.watch(lambda event: self.spectra.show_scale(event.new), "value")
        self.unit.param.watch(lambda _event: self._show_table(), "value")
        self._measure = tools.live(measured, self._deliver)
        export = ExportMenu(tools, "the spectra of the selections", _KINDS, self._file, width_mm=120.0)
        lines = ExportMenu(tools, "the compositions of the selections", {"CSV": "Table (CSV)"}, self._lines)
        figures = Column(
            *(pn.pane.Bokeh(figure, sizing_mode="stretch_width", margin=0)
              for figure in self.spectra.figures.values()),
            sizing_mode="stretch_width", margin=0,
        )  # fmt: skip
        half, third, wide = {"xs": 12, "lg": 5}, {"xs": 12, "lg": 7}, {"xs": 12, "lg": 7}
        right = Column(self.make.panel, pn.Spacer(height=8), self.kept.panel,
                            sizing_mode="stretch_width", margin=0)  # fmt: skip
        cells = grid(
            cell(self.map.panel, size=half),
            cell(right, size=third),
            cell(card("Sum spectra", [self.norm, self.scale, export.panel], figures), size=wide),
            cell(
                card("Composition and lines", [self.unit, lines.panel],
                     Column(self.table, self.said, sizing_mode="stretch_width", margin=0)),
                size=half,
            ),
            sizing_mode="stretch_width", margin=(4, 6),
        )  # fmt: skip
        return Column(cells, sizing_mode="stretch_width", margin=0)

    def refresh(self, changed: frozenset[str]) -> None:
        """Show the present map, selection and kept selections."""
        if "prepared" in changed:
            self.map.show_dataset()
            show_axis(self.spectra, self.state.prepared)
        if changed & {"shown", "colours", "hidden", "phase_opacity", "map_palette"}:
            self.map.show_menu()
            self.map.show_phases()
        if changed & {"selection", "prepared"}:
            self.map.show_selection()
        if changed & {"selections", "kept_masks", "prepared"}:
            self.map.show_kept()
        if changed & {"selections", "kept_masks", "prepared", "names", "shown"}:
            self.kept.show()
        self.make.show()
        if changed & {"selection", "selections", "kept_masks", "prepared", "recipe"}:
            self._request()

    def _there(self) -> list[tuple[str, Selection]]:
        """Selections on this map, by name: the present one, and those kept."""
        state = self.state
        there = [(one.name, state.kept_masks.get(one.name)) for one in state.selections]
        kept = [(name, mask) for name, mask in there if isinstance(mask, Selection)]
        now = state.selection
        if now is not None and all(mask.origin != now.origin for _, mask in kept):
            kept.insert(0, (_NOW, now))
        shape = state.prepared.maps.shape
        return [(name, mask) for name, mask in kept if mask.shape == shape]

    def _request(self) -> None:
        kept = self._there()
        if kept:
            self._measure.request(self.state.prepared, self.state.recipe, kept)
        else:
            self._measure.drop()
            self._deliver(None)

    def _deliver(self, found: Measured | None) -> None:
        if found is not None and found.opened is not self.state.prepared:
            return
        self.found = found
        with pn.io.hold():
            self._show_spectra()
            self._show_table()

    def _colour(self, name: str) -> str:
        kept = {one.name: one.colour for one in self.state.selections}
        return kept.get(name, theme.SELECTION_COLOUR)

    def _curves(self) -> list[Curve]:
        prepared, found, norm = self.state.prepared, self.found, self.norm.value
        rows = [("All pixels", prepared.sum_spectrum, prepared.maps.n_pixels, theme.SUM_COLOUR)]
        if found is not None:
            rows += [
                (name, spectrum, selection.n_selected, self._colour(name))
                for name, spectrum, selection in zip(
                    found.names, found.spectra, found.selections, strict=True
                )
            ]
        curves = []
        for name, spectrum, pixels, colour in rows:
            values = np.asarray(spectrum, np.float64)
            if norm != "Counts":
                values = values / max(pixels if norm == "Per pixel" else values.sum(), 1e-12)
            curves.append(Curve(name, values, colour, 1.2 if name == "All pixels" else 1.8))
        return curves

    def _show_spectra(self) -> None:
        prepared = self.state.prepared
        if prepared is not None:
            self.spectra.set_curves(prepared.axis, self._curves(), _LABELS[self.norm.value])

    def _show_table(self) -> None:
        found = self.found
        if found is None or found.composition is None:
            hint = "Select pixels, or keep some selections, to see what they are made of."
            self.table.param.update(columns=[], rows=[], empty=hint if found is None else found.why_not)
            self.said.object = ""
            return
        columns, rows = composition_rows(found, self.unit.value)
        self.table.param.update(columns=columns, rows=rows, empty="")
        left = len(found.names) - MOST_COLUMNS
        more = f" {left} more stand in the CSV." if left > 0 else ""
        self.said.object = f"± is one standard deviation of counting.{more} {caveats(found)}".strip()

    def _file(self, chosen: Chosen) -> ExportFile:
        found, opened = self._found_or_told(), self.state.prepared
        title = opened.maps.title
        if chosen.is_figure:
            curves = [DrawnCurve(one.name, one.intensity, one.colour) for one in self._curves()]
            unit = self.spectra.figures["log"].xaxis.axis_label
            drawing = CurvesDrawing(
                opened.axis, curves, unit, _LABELS[self.norm.value], log=self.scale.value == "log"
            )
            kind = chosen.kind.lower()
            return file_name(title, "selections", ending=kind), render([drawing], chosen.style, kind)
        spectra = [NamedSpectrum(name, one) for name, one in zip(found.names, found.spectra, strict=True)]
        if chosen.kind == "MSA":
            if opened.image is None:
                raise ValueError("Element maps have no spectra to write as MSA; take the CSV.")
            image = opened.image
            content, ending = spectra_msa(spectra, image.energy, image.beam_kev, image.live_time_s)
            return file_name(title, "selections", ending=ending), content
        axis = opened.axis if opened.image is not None else list(opened.maps.lines)
        named = "energy_kev" if opened.image is not None else "line"
        return file_name(title, "selections", ending="csv"), spectra_csv(spectra, axis, named)

    def _lines(self, _chosen: Chosen) -> ExportFile:
        found = self._found_or_told()
        if found.composition is None:
            raise ValueError(found.why_not)
        columns = composition.table(found.composition, found.names)
        pixels = {"selection": columns.pop("phase"), "pixels": [one.n_selected for one in found.selections]}
        name = file_name(self.state.prepared.maps.title, "selections", "composition", ending="csv")
        return name, table_csv({**pixels, **columns})

    def _found_or_told(self) -> Measured:
        if self.found is None:
            raise ValueError("Nothing is selected or kept on this map: there is nothing to export.")
        return self.found
