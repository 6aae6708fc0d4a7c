"""The worst explained regions of a map: what was counted there, what was expected, and the lines between."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import panel as pn
import panel_material_ui as pmui

from dashboard.exports import Chosen, ExportFile, ExportMenu
from dashboard.measured_origins import GivenPixels
from dashboard.phases.cards import card
from dashboard.phases.data_table import DataTable
from dashboard.phases.grid import Column, cell, grid
from dashboard.phases.tab import Tools
from dashboard.phases.trust.residual_plot import ResidualPlot
from dashboard.phases.unmixed import Unmixed
from data.elemental_maps import ElementalMaps
from data.spectrum_image import SpectrumImage
from models import residual_spectrum
from models.exports_figure import render
from models.exports_files import file_name, table_csv
from models.exports_plots import CurvesDrawing, DrawnCurve
from models.residual_spectrum import Region, ResidualSpectrum

_SELECTION = -1
_COLUMNS = [
    dict(key="name", title="Region", kind="text", hint="Click a row to see what it holds"),
    dict(key="place", title="At x, y", kind="text", hint="Centre, pixels"),
    dict(key="pixels", title="Pixels", kind="number"),
    dict(key="largest", title="Largest", kind="number", hint="Largest residual in the region"),
    dict(key="select", title="", kind="action"),
]
_LINES = [
    dict(key="energy", title="Energy (keV)", kind="text"),
    dict(key="sigma", title="σ", kind="number", hint="Significance, standard deviations of counting noise"),
    dict(key="counts", title="Counts too many", kind="number"),
    dict(key="lines", title="Candidates", kind="text", hint="Lines that stand there, most plausible first"),
]


class RegionCard:
    """The card ``panel``."""

    def __init__(self, tools: Tools) -> None:
        self._tools, self.state = tools, tools.state
        self.plot = ResidualPlot()
        self._finding = tools.live(_spectrum, self._found)
        self._unmixed: Unmixed | None = None
        self._regions: list[Region] = []
        self._in_deviations = True
        self._chosen = 0
        self._spectrum: ResidualSpectrum | None = None
        self.table = DataTable(
            on_pick=lambda row, _chosen: self.choose(int(row)),
            on_action=lambda row, _key: self._select(int(row)),
            columns=_COLUMNS,
            empty="No pixel is above the threshold: the end-members explain the map that far.",
            sizing_mode="stretch_width",
            max_height=300,
            margin=(0, 4),
        )
        self.lines = DataTable(
            columns=_LINES, sizing_mode="stretch_width", margin=(0, 4), max_height=300,
            empty="No line stands out above what the end-members expect there.",
        )  # fmt: skip
        self.says = pmui.Typography("", variant="body2", margin=(4, 12), sizing_mode="stretch_width")
        self.export = ExportMenu(
            tools, "the residual spectrum",
            {"CSV": "Spectrum, CSV", "LINES": "Lines, CSV", "PNG": "Figure, PNG", "SVG": "Figure, SVG"},
            self._file, width_mm=120.0,
        )  # fmt: skip
        third, wide = {"xs": 12, "md": 5, "lg": 4}, {"xs": 12, "md": 7, "lg": 8}
        self.panel = card(
            "The worst regions: was a phase missed?",
            [self.export.panel],
            grid(
                cell(
                    Column(self.table, self.says, self.lines, sizing_mode="stretch_width", margin=0),
                    size=third,
                ),
                cell(
                    Column(
                        *(
                            pn.pane.Bokeh(figure, sizing_mode="stretch_width", margin=0)
                            for figure in self.plot.figures
                        ),
                        sizing_mode="stretch_width",
                        margin=0,
                    ),
                    size=wide,
                ),
            sizing_mode="stretch_width", margin=(0, 4),
            ),
        )  # fmt: skip

    def show(self, unmixed: Unmixed, regions: list[Region], in_deviations: bool) -> None:
        """Regions of a residual map; the worst one is looked into."""
        self._unmixed, self._regions, self._in_deviations = unmixed, regions, in_deviations
        self._chosen = 0 if regions else _SELECTION
        self._list()
        self._ask()

    def follow_selection(self) -> None:
        """Another selection: it can be looked into like a region."""
        if self._unmixed is not None:
            if self._chosen == _SELECTION and self.state.selection is None and self._regions:
                self._chosen = 0
            self._list()
            if self._chosen == _SELECTION:
                self._ask()

    def choose(self, number: int) -> None:
        """Look into a region by its number, or into the selection."""
        self._chosen = number
        self._list()
        self._ask()

    def _pixels(self) -> np.ndarray | None:
        if self._chosen == _SELECTION:
            selection = self.state.selection
            fits = selection is not None and selection.shape == self._unmixed.shown.phase_map.shape
            return selection.mask if fits else None
        return self._regions[self._chosen].pixels

    def _list(self) -> None:
        rows = []
        if self.state.selection is not None:
            rows.append(
                dict(
                    id=_SELECTION, name="Selection", place="", pixels=f"{self.state.selection.n_selected:,}",
                    largest="", select="", chosen=self._chosen == _SELECTION,
                )
            )  # fmt: skip
        for number, region in enumerate(self._regions):
            y, x = region.centre
            largest = f"{region.largest:.1f} σ" if self._in_deviations else f"{region.largest:.2g}"
            rows.append(
                dict(
                    id=number, name=f"Region {number + 1}", place=f"{x:.0f}, {y:.0f}",
                    pixels=f"{region.pixels.size:,}", largest=largest, select="Select",
                    chosen=number == self._chosen,
                )
            )  # fmt: skip
        self.table.rows = rows

    def _ask(self) -> None:
        pixels = self._pixels()
        if pixels is None:
            self._spectrum = None
            self.plot.clear()
            self.lines.rows, self.says.object = [], ""
            return
        result = self.state.result
        self._finding.request(result.prepared, result.maps, self._unmixed, pixels)

    def _found(self, answer: tuple[Unmixed, ResidualSpectrum]) -> None:
        unmixed, spectrum = answer
        if unmixed is not self._unmixed:
            return
        self._spectrum = spectrum
        opened = self.state.prepared
        self.plot.show(opened, spectrum, self._in_deviations)
        name = "Selection" if self._chosen == _SELECTION else f"Region {self._chosen + 1}"
        pixels = "1 pixel" if spectrum.n_pixels == 1 else f"{spectrum.n_pixels:,} pixels"
        if opened.has_xray_lines:
            self.says.object = f"{name}, {pixels}. Lines above what the end-members expect:"
        else:
            worst = int(np.argmax(spectrum.sigma)) if spectrum.sigma.size else 0
            self.says.object = (
                f"{name}, {pixels}. There are no X-ray lines to name here; most above expectation: "
                f"{_place_name(opened, worst)}."
            )
        self.lines.visible = opened.has_xray_lines
        self.lines.rows = [
            dict(
                id=number, energy=f"{one.energy_kev:.2f}", sigma=f"{one.sigma:.1f}",
                counts=f"{one.counts:,.0f}", lines=", ".join(one.lines) or "–",
            )
            for number, one in enumerate(spectrum.excess)
        ]  # fmt: skip

    def _select(self, number: int) -> None:
        region, shape = self._regions[number], self._unmixed.shown.phase_map.shape
        mask = np.zeros(shape[0] * shape[1], bool)
        mask[region.pixels] = True
        self.state.select(GivenPixels.of(mask.reshape(shape), f"badly explained region {number + 1}"))

    def _file(self, chosen: Chosen) -> ExportFile:
        spectrum, opened = self._spectrum, self.state.prepared
        if spectrum is None:
            raise ValueError("No region is looked into. Lower the threshold, or select pixels.")
        title = opened.maps.title
        if chosen.kind == "LINES":
            columns: dict[str, list[Any]] = {
                "energy_kev": [one.energy_kev for one in spectrum.excess],
                "sigma": [one.sigma for one in spectrum.excess],
                "counts_too_many": [one.counts for one in spectrum.excess],
                "candidates": [" ".join(one.lines) for one in spectrum.excess],
            }
            return file_name(title, "residual lines", ending="csv"), table_csv(columns)
        x = opened.axis if opened.has_curve else list(opened.maps.lines)
        if chosen.kind == "CSV":
            table = pd.DataFrame(
                {opened.axis_label: x, "measured": spectrum.seen, "expected": spectrum.expected}
            )
            return file_name(title, "residual spectrum", ending="csv"), table_csv(table)
        curves = [
            DrawnCurve("Measured", spectrum.seen, "#d62728"),
            DrawnCurve("Expected", spectrum.expected, "#66707c"),
        ]
        marks = [(one.energy_kev, one.lines[0]) for one in spectrum.excess if one.lines]
        limits = (self.plot.x_range.start, self.plot.x_range.end) if opened.has_curve else None
        drawing = CurvesDrawing(
            x, curves, opened.axis_label, opened.quantity, "", marks, limits, log=opened.has_curve
        )
        kind = chosen.kind.lower()
        return file_name(title, "residual spectrum", ending=kind), render([drawing], chosen.style, kind)


def _place_name(opened: Any, channel: int) -> str:
    if not opened.has_curve:
        return opened.maps.lines[channel]
    return f"{opened.axis[channel]:.4g} {opened.axis_unit}"


def _spectrum(
    prepared: SpectrumImage | ElementalMaps, maps: ElementalMaps, unmixed: Unmixed, pixels: np.ndarray
) -> tuple[Unmixed, ResidualSpectrum]:
    if isinstance(prepared, SpectrumImage):
        return unmixed, residual_spectrum.residual_spectrum(prepared, unmixed.unmixing, pixels)
    return unmixed, residual_spectrum.residual_of_maps(maps, unmixed.unmixing, pixels)
