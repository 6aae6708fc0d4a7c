"""All end-members as small multiples, each named by the lines that tell it from the map."""

from __future__ import annotations

from typing import Any

import pandas as pd
import panel_material_ui as pmui
from bokeh.models import Range1d

from dashboard import theme
from dashboard.exports import Chosen, ExportFile, ExportMenu
from dashboard.phases.cards import card
from dashboard.phases.endmembers.scaling import channels_within, comparable
from dashboard.phases.spectrum_panels import SpectrumPanel, SpectrumPanels
from dashboard.phases.tab import Tools
from models.exports_figure import render
from models.exports_files import file_name, table_csv
from models.exports_plots import CurvesDrawing, DrawnCurve
from models.exports_spectra import NamedSpectrum, spectra_msa


class Components:
    """The card ``panel``; spectra have equal areas over the part of the axis on show."""

    def __init__(self, tools: Tools, x_range: Range1d, scale: Any) -> None:
        self.state, self._scale = tools.state, scale
        self.panels = SpectrumPanels("components", x_range)
        self.export = ExportMenu(
            tools, "the end-members",
            {"PNG": "Figure, PNG", "SVG": "Figure, SVG", "CSV": "Table, CSV", "MSA": "Spectra, MSA"},
            self._file, width_mm=175.0,
        )  # fmt: skip
        self.panel = card(
            "Spectra of the end-members",
            [
                pmui.Typography(
                    "grey: the whole map at equal area", variant="caption", margin=(0, 8), sizing_mode=None
                ),
                self.export.panel,
            ],
            self.panels.panel,
        )

    def show(self) -> None:
        """The panels of the end-members on show."""
        state = self.state
        opened, unmixed = state.prepared, state.unmixed
        if opened is None or unmixed is None or unmixed.found.endmembers.shape[1] != len(opened.axis):
            self.panels.show(opened.axis, opened.axis_label, [], self._scale.value)
            return
        channels = channels_within(opened, self.panels.x_range.start, self.panels.x_range.end)
        whole = comparable(opened.sum_spectrum, opened.maps.n_pixels, "Equal area", channels)
        marks = opened.line_marks if opened.has_curve else ([], [])
        place = dict(zip(reversed(marks[1]), reversed(marks[0]), strict=True))
        panels = [
            SpectrumPanel(
                f"{name}   {', '.join(lines)}",
                theme.endmember_colour(number),
                comparable(endmember, 1, "Equal area", channels),
                whole,
                tuple((place[line], line) for line in lines if line in place),
            )
            for number, (name, endmember, lines) in enumerate(
                zip(unmixed.names, unmixed.found.endmembers, unmixed.lines, strict=True)
            )
        ]
        names = None if opened.has_curve else opened.maps.lines
        self.panels.show(opened.axis, opened.axis_label, panels, self._scale.value, names)

    def _file(self, chosen: Chosen) -> ExportFile:
        opened, unmixed = self.state.prepared, self.state.unmixed
        if unmixed is None:
            raise ValueError("There are no end-members yet; wait until they are found.")
        title, spectra = opened.maps.title, unmixed.found.endmembers
        if chosen.kind == "MSA":
            if opened.image is None:
                raise ValueError("Element maps have no spectra to write as MSA; take the table instead.")
            # shapes, not counts: written at the counts of a mean pixel, so that programs can draw them
            scale = opened.sum_spectrum.sum() / opened.maps.n_pixels
            named = [NamedSpectrum(n, s * scale) for n, s in zip(unmixed.names, spectra, strict=True)]
            content, ending = spectra_msa(
                named, opened.image.energy, beam_kev=opened.image.beam_kev, comment=unmixed.found.why
            )
            return file_name(title, "end-members", ending=ending), content
        x = opened.axis if opened.has_curve else list(opened.maps.lines)
        if chosen.kind == "CSV":
            table = pd.DataFrame({opened.axis_label: x, **dict(zip(unmixed.names, spectra, strict=True))})
            return file_name(title, "end-members", ending="csv"), table_csv(table)
        low, high = self.panels.x_range.start, self.panels.x_range.end
        channels = channels_within(opened, low, high)
        drawings = [
            CurvesDrawing(
                x[channels],
                [DrawnCurve(name, spectrum[channels], theme.endmember_colour(number))],
                x_label=opened.axis_label,
                y_label="Share of the counts",
                title=f"{name}: {', '.join(lines)}",
                log=self._scale.value == "Log",
            )
            for number, (name, spectrum, lines) in enumerate(
                zip(unmixed.names, spectra, unmixed.lines, strict=True)
            )
        ]
        kind = chosen.kind.lower()
        return file_name(title, "end-members", ending=kind), render(drawings, chosen.style, kind, 2)
