"""Sum spectra of the phases, each against that of the whole map, over any part of the axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import panel_material_ui as pmui
from bokeh.models import Range1d

from dashboard.exports import Chosen, ExportFile, ExportMenu
from dashboard.phases.cards import MENU, card
from dashboard.phases.endmembers.scaling import NORMS, channels_within, comparable, first_range, whole_range
from dashboard.phases.grid import Column, Row
from dashboard.phases.opened import OpenedMap
from dashboard.phases.spectrum_panels import SCALES, SpectrumPanel, SpectrumPanels
from dashboard.phases.tab import Tools
from models.exports_figure import render
from models.exports_files import file_name, table_csv
from models.exports_plots import CurvesDrawing, DrawnCurve
from models.exports_spectra import NamedSpectrum, spectra_msa

_WHOLE = "#8d96a0"


class PhaseSpectra:
    """The card ``panel``; ``x_range`` is the part of the axis on show, for others to follow.

    Parameters
    ----------
    tools : of the visit
    on_range : called when another part of the axis, or another scale, was chosen
    """

    def __init__(self, tools: Tools, on_range: Callable[[], None]) -> None:
        self._tools, self.state, self._on_range = tools, tools.state, on_range
        self.x_range = Range1d(0, 1, name="endmembers_x")
        self.panels = SpectrumPanels("phase_spectra", self.x_range)
        self.phases = pmui.MultiChoice(
            label="Phases (none chosen: all)", options={}, width=260, margin=(4, 6), sizing_mode=None,
        )  # fmt: skip
        number = {"size": "small", "width": 124, "margin": (4, 4), "format": "0[.]000", "step": 0.1}
        self.low = pmui.FloatInput(label="From", **number)
        self.high = pmui.FloatInput(label="To", **number)
        self.reset = pmui.Button(label="Whole range", size="small", variant="outlined", margin=(8, 4))
        self.norm = pmui.Select(options=list(NORMS), value=NORMS[0], width=124, **MENU)
        self.scale = pmui.Select(options=list(SCALES), value="Square root", width=118, **MENU)
        self.export = ExportMenu(
            tools, "the phase spectra",
            {"PNG": "Figure, PNG", "SVG": "Figure, SVG", "CSV": "Table, CSV", "MSA": "Spectra, MSA"},
            self._file, width_mm=175.0,
        )  # fmt: skip
        self.says = pmui.Typography("", variant="caption", margin=(0, 8), sizing_mode=None)
        self._opened: OpenedMap | None = None
        self._setting = False
        self.phases.param.watch(lambda _event: self.show(), "value")
        self.norm.param.watch(lambda _event: self.show(), "value")
        self.scale.param.watch(lambda _event: self._ranged(), "value")
        for widget in (self.low, self.high):
            widget.param.watch(self._moved, "value")
        self.reset.on_click(lambda _event: self._whole())
        self.ranges = Row(
            self.low, self.high, self.reset, margin=0, sizing_mode=None, styles={"align-items": "center"}
        )
        self.panel = card(
            "Phases against the whole map",
            [self.says, self.norm, self.scale, self.export.panel],
            Column(
                Row(
                    self.phases, self.ranges, sizing_mode="stretch_width", margin=(0, 4),
                    styles={"align-items": "center", "flex-wrap": "wrap"},
                ),
                self.panels.panel,
                sizing_mode="stretch_width",
                margin=0,
            ),
        )  # fmt: skip

    @property
    def channels(self) -> slice:
        """The channels on show."""
        return channels_within(self._opened, self.x_range.start, self.x_range.end)

    def follow(self) -> None:
        """Another map: the whole of its axis; other phases or names: the menu and the panels."""
        state = self.state
        opened = state.prepared
        if opened is not self._opened:
            before, self._opened = self._opened, opened
            if before is None or not np.array_equal(before.axis, opened.axis):
                self._set_range(*first_range(opened))
        unit = f" ({opened.axis_unit})" if opened.axis_unit else ""
        self.low.label, self.high.label = f"From{unit}", f"To{unit}"
        self.says.object = (
            f"{opened.axis_label}, grey: the whole map" if opened.has_curve else "grey: the whole map"
        )
        self.ranges.visible = opened.has_curve
        options = {
            state.name_of(phase): phase
            for phase, n in zip(state.shown.ids, state.shown.pixels, strict=True)
            if n
        }
        kept = [phase for phase in self.phases.value if phase in options.values()]
        if options != self.phases.options or kept != self.phases.value:
            self.phases.param.update(options=options, value=kept)
        self.show()

    def show(self) -> None:
        """The panels as the menus say."""
        state, opened = self.state, self._opened
        if opened is None or state.shown is None:
            return
        whole = comparable(opened.sum_spectrum, opened.maps.n_pixels, self.norm.value, self.channels)
        place = dict(zip(reversed(opened.line_marks[1]), reversed(opened.line_marks[0]), strict=True))
        if not opened.has_curve:
            place = {}
        panels = []
        for row in state.rows():
            label = state.label_of(row.id)
            if not row.pixels or (self.phases.value and row.id not in self.phases.value):
                continue
            spectrum = state.shown.spectra[label]
            panels.append(
                SpectrumPanel(
                    f"{row.name}   {row.area_percent:.3g} %",
                    row.colour,
                    comparable(spectrum, row.pixels, self.norm.value, self.channels),
                    # the sum of all pixels would hide every phase
                    None if self.norm.value == "As summed" else whole,
                    tuple((place[line], line) for line in row.lines if line in place),
                )
            )
        names = None if opened.has_curve else opened.maps.lines
        self.panels.show(opened.axis, opened.axis_label, panels, self.scale.value, names)

    def _whole(self) -> None:
        self._set_range(*whole_range(self._opened))

    def _moved(self, _event: Any) -> None:
        if self._setting or self.low.value is None or self.high.value is None:
            return
        try:
            channels_within(self._opened, self.low.value, self.high.value)
        except ValueError as error:
            self._tools.tell(str(error), "warning")
            self._set_fields(self.x_range.start, self.x_range.end)
            return
        self._set_range(float(self.low.value), float(self.high.value))

    def _set_range(self, low: float, high: float) -> None:
        self._set_fields(low, high)
        self.x_range.update(start=low, end=high, reset_start=low, reset_end=high)
        self._ranged()

    def _set_fields(self, low: float, high: float) -> None:
        self._setting = True
        self.low.value, self.high.value = round(low, 4), round(high, 4)
        self._setting = False

    def _ranged(self) -> None:
        self.show()
        self._on_range()

    def _file(self, chosen: Chosen) -> ExportFile:
        state, opened, norm = self.state, self._opened, self.norm.value
        rows = [row for row in state.rows() if row.pixels]
        if self.phases.value:
            rows = [row for row in rows if row.id in self.phases.value]
        title, shown = opened.maps.title, state.shown
        found = {row.name: shown.spectra[shown.ids.index(row.id)] for row in rows}
        if chosen.kind == "MSA":
            if opened.image is None:
                raise ValueError("Element maps have no spectra to write as MSA; take the table instead.")
            spectra = [NamedSpectrum(name, spectrum) for name, spectrum in found.items()]
            image = opened.image
            content, ending = spectra_msa(
                spectra, image.energy, beam_kev=image.beam_kev, live_time_s=image.live_time_s
            )
            return file_name(title, "phase spectra", ending=ending), content
        scaled = {row.name: comparable(found[row.name], row.pixels, norm, self.channels) for row in rows}
        whole = comparable(opened.sum_spectrum, opened.maps.n_pixels, norm, self.channels)
        if chosen.kind == "CSV":
            first = opened.axis if opened.has_curve else list(opened.maps.lines)
            table = pd.DataFrame({opened.axis_label: first, "Whole map": whole, **scaled})
            return file_name(title, "phase spectra", ending="csv"), table_csv(table)
        x = opened.axis[self.channels] if opened.has_curve else list(opened.maps.lines)
        drawings = [
            CurvesDrawing(
                x,
                [DrawnCurve("Whole map", whole[self.channels], _WHOLE), DrawnCurve(row.name,
                            scaled[row.name][self.channels], row.colour)],
                x_label=opened.axis_label,
                y_label=norm,
                title=row.name,
                log=self.scale.value == "Log",
            )
            for row in rows
        ]  # fmt: skip
        kind = chosen.kind.lower()
        return file_name(title, "phase spectra", ending=kind), render(drawings, chosen.style, kind, 2)
