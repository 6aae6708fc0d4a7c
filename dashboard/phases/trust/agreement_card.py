"""Do the two ways to phases agree? Clusters of the latent space against phases refined on the counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import panel as pn
import panel_material_ui as pmui
from bokeh.models import ColumnDataSource, FactorRange, HoverTool, LinearColorMapper
from bokeh.plotting import figure

from dashboard import theme
from dashboard.exports import Chosen, ExportFile, ExportMenu
from dashboard.measured_origins import GivenPixels
from dashboard.phases.cards import MENU, card
from dashboard.phases.grid import Column, Row, cell, grid
from dashboard.phases.map_layers import index_layer, phase_index
from dashboard.phases.map_plot import MapFrame, MapPlot
from dashboard.phases.tab import Tools
from dashboard.phases.trust.compared import Agreement, cells_of, compare, missing
from models.exports_figure import render
from models.exports_files import file_name, table_csv
from models.exports_maps import PhaseEntry, PhasesDrawing
from models.exports_tiff import image_tiff

_NUMBERS = {"Clusters: their own number": "own", "Clusters: as many as phases": "same"}


class AgreementCard:
    """The card ``panel``."""

    def __init__(self, tools: Tools) -> None:
        self._tools, self.state = tools, tools.state
        self._comparing = tools.live(compare, self._show)
        self._agreement: Agreement | None = None
        self.number = pmui.Select(options=_NUMBERS, value="own", width=218, **MENU)
        self.number.param.watch(lambda _event: self.show(), "value")
        self.source = ColumnDataSource(
            dict(phase=[], cluster=[], share=[], pixels=[], text=[], colour=[]), name="confusion"
        )
        self.figure = figure(
            name="confusion",
            x_range=FactorRange(),
            y_range=FactorRange(),
            height=330,
            sizing_mode="stretch_width",
            x_axis_label="Clusters of the latent space",
            y_axis_label="Phases refined on the counts",
            tools=[],
            toolbar_location=None,
            min_border=4,
            outline_line_alpha=0.25,
        )
        mapper = LinearColorMapper(palette=[*theme.MAP_PALETTES["Cividis"]], low=0, high=100)
        self.figure.rect(
            x="cluster", y="phase", width=1, height=1, source=self.source, line_alpha=0.2,
            line_color="#8d96a0", fill_color={"field": "share", "transform": mapper},
        )  # fmt: skip
        self.figure.text(
            x="cluster", y="phase", text="text", source=self.source, text_align="center",
            text_baseline="middle", text_font_size="10px", text_color="colour",
        )  # fmt: skip
        self.figure.grid.visible = False
        self.figure.xaxis.major_label_orientation = 0.7
        self.figure.add_tools(
            HoverTool(
                tooltips=[("Phase", "@phase"), ("Cluster", "@cluster"), ("Pixels", "@pixels{0,0}"),
                          ("Of the phase", "@share{0.0} %")]
            )
        )  # fmt: skip
        self.frame = MapFrame()
        self.map = MapPlot(self.frame, "disagreement", ["phases"], height=300)
        self.select = pmui.Button(
            label="Select these pixels", variant="outlined", size="small", margin=(4, 8)
        )
        self.select.on_click(lambda _event: self.select_differing())
        self.says = pmui.Typography("", variant="body2", margin=(4, 12), sizing_mode="stretch_width")
        self.export = ExportMenu(
            tools, "the agreement",
            {"CSV": "Table, CSV", "PNG": "Map, PNG", "SVG": "Map, SVG", "TIFF": "Map (1 = differs), TIFF"},
            self._file,
        )  # fmt: skip
        half = {"xs": 12, "md": 6}
        self.body = grid(
            cell(pn.pane.Bokeh(self.figure, sizing_mode="stretch_width", margin=0), size=half),
            cell(
                Column(
                    pn.pane.Bokeh(self.map.figure, sizing_mode="stretch_width", margin=0),
                    Row(
                        pmui.Typography(
                            "In the colour of its phase: every pixel whose cluster is another one.",
                            variant="caption", margin=(4, 12), sizing_mode=None,
                        ),
                        self.select, sizing_mode="stretch_width", margin=0, styles={"align-items": "center"},
                    ),
                    sizing_mode="stretch_width", margin=0,
                ),
                size=half,
            ),
            sizing_mode="stretch_width", margin=(0, 4),
        )  # fmt: skip
        self.panel = card(
            "Do latent clusters and refined phases agree?",
            [self.number, self.export.panel],
            Column(self.says, self.body, sizing_mode="stretch_width", margin=0),
        )

    def show(self) -> None:
        """Compare what is on show, or say why nothing can be compared."""
        state, result = self.state, self.state.result
        why = missing(result)
        self.body.visible = self.number.visible = not why
        self.export.panel.visible = not why
        if why:
            self._agreement = None
            self.says.object = why
            return
        shown = state.shown if state.shown.refined else None
        self._comparing.request(result, state.recipe, shown, self.number.value == "same")

    def select_differing(self) -> None:
        """Select the pixels on which the two do not agree."""
        if self._agreement is None or not self._agreement.differs.any():
            self._tools.tell("There is no pixel on which they differ.", "info")
            return
        title = "where latent clusters and refined phases differ"
        self.state.select(GivenPixels.of(self._agreement.differs, title))

    def _show(self, found: Agreement) -> None:
        state, self._agreement = self.state, found
        maps = state.prepared.maps
        if found.differs.shape != maps.shape:
            return  # another map was opened since
        phases, clusters, rows = cells_of(state, found)
        self.figure.x_range.factors, self.figure.y_range.factors = clusters, phases[::-1]
        self.figure.height = max(240, 120 + 24 * len(phases))
        self.source.data = rows
        if (maps.shape, maps.pixel_size_um or 1.0) != (self.frame.shape, self.frame.pixel_size):
            self.frame.show(maps.shape, maps.pixel_size_um)
        self.map.scale_bar.visible = maps.pixel_size_um is not None
        label = np.where(found.differs, found.refined.phase_map.label, np.int16(-1))
        colours = [state.colour_of(phase) for phase in found.refined.ids]
        self.map.set_palette("phases", [theme.UNASSIGNED + "30", *colours, theme.UNSELECTED])
        self.map.set_layer("phases", index_layer(phase_index(label, found.refined.n_phases, None)))
        both = int(found.table.sum())
        n_differs = int(found.differs.sum())
        self.says.object = (
            f"Adjusted Rand index {found.rand:.2f}; {n_differs:,} of {both:,} pixels "
            f"({100 * n_differs / max(both, 1):.3g} %) lie in another cluster than their phase. "
            f"{found.refined.n_phases} phases on the counts, {found.latent.n_phases} clusters in the latent "
            "space; each phase is matched with one cluster. Where they differ, the counts of a pixel speak "
            "for the phase; the latent space has seen its line maps alone."
        )

    def _file(self, chosen: Chosen) -> ExportFile:
        found, state = self._agreement, self.state
        if found is None:
            raise ValueError("Nothing was compared yet.")
        maps = state.prepared.maps
        if chosen.kind == "CSV":
            columns: dict[str, Any] = {
                "phase": [phase + 1 for phase in found.refined.ids],
                "name": [state.name_of(phase) for phase in found.refined.ids],
                **{
                    f"cluster_{cluster + 1}": found.table[:, label]
                    for label, cluster in enumerate(found.latent.ids)
                },
            }
            return file_name(maps.title, "agreement", ending="csv"), table_csv(columns)
        if not chosen.is_figure:
            content = image_tiff(found.differs.astype(np.uint8), maps.pixel_size_um)
            return file_name(maps.title, "disagreement", ending="tif"), content
        label = np.where(found.differs, found.refined.phase_map.label, np.int16(-1))
        entries = [PhaseEntry(state.name_of(phase), state.colour_of(phase)) for phase in found.refined.ids]
        drawing = PhasesDrawing(label, entries, pixel_size_um=maps.pixel_size_um)
        kind = chosen.kind.lower()
        return file_name(maps.title, "disagreement", ending=kind), render([drawing], chosen.style, kind)
