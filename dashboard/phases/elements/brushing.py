"""What the selected pixels are made of: their mean line intensities against those of the whole map, live."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import panel as pn
import panel_material_ui as pmui
from bokeh.models import (
    BoxZoomTool,
    ColumnDataSource,
    FactorRange,
    HoverTool,
    Legend,
    LegendItem,
    PanTool,
    Range1d,
    ResetTool,
    Span,
    TeeHead,
    Whisker,
)
from bokeh.plotting import figure
from bokeh.transform import dodge

from dashboard import theme
from dashboard.arrival import Arrival
from dashboard.exports import Chosen, ExportFile, ExportMenu
from dashboard.phases.cards import MENU, card
from dashboard.phases.grid import Column
from dashboard.phases.state import PhasesState
from dashboard.phases.tab import Tools
from data.elemental_maps import ElementalMaps
from models.exports_figure import render
from models.exports_files import file_name, table_csv
from models.exports_plots import BarGroup, BarsDrawing
from models.line_means import LineMeans, LineRatios, line_means, ratios

SELECTION = "Selection"
MEAN, RATIO = "Mean intensity", "Ratio to the map"
_HEIGHT = 330


@dataclass(frozen=True, eq=False)
class Comparison:
    """A part of the map against the whole of it."""

    part: LineMeans
    whole: LineMeans
    ratio: LineRatios


class Brushing:
    """A card of bars; it follows the selection, or the phase that is chosen in its menu."""

    def __init__(self, tools: Tools) -> None:
        self.state = tools.state
        self.of = pmui.Select(options=[SELECTION], value=SELECTION, width=150, description="Pixels", **MENU)
        self.shows = pmui.RadioButtonGroup(
            options=[MEAN, RATIO], value=MEAN, size="small", margin=(0, 4),
            sx={"& .MuiToggleButton-root": {"whiteSpace": "nowrap"}},
        )  # fmt: skip
        self.direction = pmui.RadioButtonGroup(
            options={"Vertical": False, "Horizontal": True}, value=False, size="small", margin=(0, 4)
        )
        self.said = pmui.Typography("", variant="caption", margin=(0, 8), sizing_mode="stretch_width")
        self.source = ColumnDataSource(
            {name: [] for name in ("line", "mean", "low", "high", "map", "map_low", "map_high",
                                   "ratio", "ratio_low", "ratio_high", "text", "map_text", "ratio_text")},
            name="brushing",
        )  # fmt: skip
        self.lines = FactorRange(factors=[])
        self.lines_down = FactorRange(factors=[])
        self.means, self.ratios = Range1d(0, 1), Range1d(0, 1)
        self.figures = {
            (shows, down): self._figure(shows, down) for shows in (MEAN, RATIO) for down in (False, True)
        }
        self.comparison: Comparison | None = None
        self._whole: tuple[ElementalMaps | None, LineMeans | None] = (None, None)
        self._arrival = Arrival(self.figures[MEAN, False])
        self._live = tools.live(_compare, self._receive, self._failed)
        self.of.param.watch(lambda _event: self._request(), "value")
        for widget in (self.shows, self.direction):
            widget.param.watch(self._arrange, "value")
        self.export = ExportMenu(
            tools, "the mean intensities", {"CSV": "Table, CSV", "PNG": "Figure, PNG", "SVG": "Figure, SVG"},
            self._file, width_mm=120.0,
        )  # fmt: skip
        self.panel = card(
            "What is it made of?",
            [self.of, self.shows, self.direction, self.export.panel],
            Column(
                *(
                    pn.pane.Bokeh(plot, sizing_mode="stretch_width", margin=0)
                    for plot in self.figures.values()
                ),
                self.said,
                sizing_mode="stretch_width",
                margin=0,
            ),
        )
        self._arrange()

    def show(self) -> None:
        """Other maps, phases, names, colours or another selection."""
        state = self.state
        phases = {state.name_of(row.id): row.id for row in state.rows()}
        options = {SELECTION: SELECTION, **{f"{name} ({phase + 1})" if name in (SELECTION,) else name: phase
                                            for name, phase in phases.items()}}  # fmt: skip
        value = self.of.value if self.of.value in options.values() else SELECTION
        if options != self.of.options:
            self.of.param.update(options=options, value=value)
        self._request()

    @property
    def _colour(self) -> str:
        return theme.SELECTION_COLOUR if self.of.value == SELECTION else self.state.colour_of(self.of.value)

    @property
    def _name(self) -> str:
        return SELECTION if self.of.value == SELECTION else self.state.name_of(self.of.value)

    def _request(self) -> None:
        state = self.state
        if state.prepared is None:
            return
        mask = _mask(state, self.of.value)
        if mask is None:
            self._failed(
                "Nothing is selected: draw a lasso or a box on any map, in the latent space or in the "
                "correlation, or choose a phase in the menu above."
            )
            return
        maps, whole = self._whole
        self._live.request(state.prepared.maps, mask, whole if maps is state.prepared.maps else None)

    def _failed(self, text: str) -> None:
        self._live.drop()
        self.comparison = None
        self.said.object = text
        self._arrival("bars", self._empty)

    def _empty(self) -> None:
        self.source.data = {name: [] for name in self.source.data}

    def _receive(self, found: Comparison) -> None:
        self._arrival("bars", lambda: self._deliver(found))

    def _deliver(self, found: Comparison) -> None:
        prepared = self.state.prepared
        if found.part.lines != prepared.maps.lines:
            return
        self.comparison, self._whole = found, (prepared.maps, found.whole)
        part, whole, ratio = found.part, found.whole, found.ratio
        with pn.io.hold():
            if list(self.lines.factors) != list(part.lines):
                self.lines.factors = list(part.lines)
                self.lines_down.factors = list(part.lines)[::-1]
            self.source.data = {
                "line": list(part.lines),
                "mean": part.mean, "low": part.mean - part.error, "high": part.mean + part.error,
                "map": whole.mean, "map_low": whole.mean - whole.error, "map_high": whole.mean + whole.error,
                "ratio": ratio.ratio, "ratio_low": ratio.ratio - ratio.error,
                "ratio_high": ratio.ratio + ratio.error,
                "text": _texts(part.mean, part.error), "map_text": _texts(whole.mean, whole.error),
                "ratio_text": _texts(ratio.ratio, ratio.error),
            }  # fmt: skip
            _fit(self.means, part.mean + part.error, whole.mean + whole.error)
            _fit(self.ratios, ratio.ratio + ratio.error, np.ones(1))
            unit = f"Mean {prepared.quantity.lower()} per pixel"
            for (shows, down), plot in self.figures.items():
                axis = plot.xaxis if down else plot.yaxis
                axis.axis_label = unit if shows == MEAN else f"{self._name} / whole map"
                bars, legend = plot.renderers[0], plot.legend[0]
                bars.glyph.fill_color = bars.glyph.line_color = self._colour
                legend.items[0].label = {"value": self._name}
            share = 100 * part.n_pixels / whole.n_pixels
            self.said.object = (
                f"{self._name}: {part.n_pixels:,} of {whole.n_pixels:,} pixels ({share:.3g} %). "
                "Bars end at the mean; whiskers are one standard error of it, from the spread of the pixels."
            )

    def _arrange(self, *_events: Any) -> None:
        for key, plot in self.figures.items():
            plot.visible = key == (self.shows.value, self.direction.value)

    def _figure(self, shows: str, down: bool) -> figure:
        categories, values = (
            (self.lines_down if down else self.lines),
            (self.means if shows == MEAN else self.ratios),
        )
        ranges = (
            dict(x_range=values, y_range=categories) if down else dict(x_range=categories, y_range=values)
        )
        plot = figure(
            name=f"brushing_{'mean' if shows == MEAN else 'ratio'}_{'down' if down else 'up'}", **ranges,
            height=_HEIGHT, sizing_mode="stretch_width", tools=[PanTool(), BoxZoomTool(), ResetTool()],
            toolbar_location="right", min_border=4, outline_line_alpha=0.25,
        )  # fmt: skip
        plot.toolbar.logo = None
        series = [("mean", "low", "high", theme.SELECTION_COLOUR), ("map", "map_low", "map_high",
                                                                   theme.SUM_COLOUR)]  # fmt: skip
        if shows == RATIO:
            series = [("ratio", "ratio_low", "ratio_high", theme.SELECTION_COLOUR)]
        thick = 0.36 if len(series) == 2 else 0.6
        items = []
        for number, (value, low, high, colour) in enumerate(series):
            shift = 0.0 if len(series) == 1 else (0.19 if down else -0.19) * (1 if number == 0 else -1)
            place = dodge("line", shift, range=categories)
            style = dict(source=self.source, fill_color=colour, line_color=colour, fill_alpha=0.85)
            if down:
                bars = plot.hbar(y=place, right=value, height=thick, **style)
            else:
                bars = plot.vbar(x=place, top=value, width=thick, **style)
            head = TeeHead(size=7, line_color="#5a6470")
            plot.add_layout(
                Whisker(
                    source=self.source, base=place, lower=low, upper=high, line_color="#5a6470",
                    dimension="width" if down else "height", lower_head=head, upper_head=head,
                )
            )  # fmt: skip
            items.append(LegendItem(label="Whole map" if value == "map" else SELECTION, renderers=[bars]))
        plot.add_layout(Legend(items=items, location="top_right", orientation="horizontal", padding=2))
        if shows == RATIO:
            plot.add_layout(
                Span(location=1, dimension="height" if down else "width", line_color="#5a6470",
                     line_dash="dashed")
            )  # fmt: skip
        plot.add_tools(
            HoverTool(tooltips=[("", "@line"), ("Pixels", "@text"), ("Whole map", "@map_text"),
                                ("Ratio", "@ratio_text")])
        )  # fmt: skip
        (plot.ygrid if down else plot.xgrid).visible = False
        if not down:
            plot.xaxis.major_label_orientation = np.pi / 3
        return plot

    def _file(self, chosen: Chosen) -> ExportFile:
        found, title, name = self.comparison, self.state.prepared.maps.title, self._name
        if found is None:
            raise ValueError("There is nothing to export: select some pixels, or choose a phase.")
        part, whole, ratio = found.part, found.whole, found.ratio
        if chosen.kind == "CSV":
            table = {
                "line": part.lines,
                "mean_per_pixel": part.mean, "standard_error": part.error,
                "map_mean_per_pixel": whole.mean, "map_standard_error": whole.error,
                "ratio": ratio.ratio, "ratio_standard_error": ratio.error,
                "pixels": [part.n_pixels] * len(part.lines), "map_pixels": [whole.n_pixels] * len(part.lines),
            }  # fmt: skip
            return file_name(title, name, "line_means", ending="csv"), table_csv(table)
        if self.shows.value == RATIO:
            groups = [BarGroup(name, np.nan_to_num(ratio.ratio), self._colour, np.nan_to_num(ratio.error))]
            label, reference = f"{name} / whole map", 1.0
        else:
            groups = [BarGroup(name, part.mean, self._colour, part.error),
                      BarGroup("Whole map", whole.mean, theme.SUM_COLOUR, whole.error)]  # fmt: skip
            label, reference = f"Mean {self.state.prepared.quantity.lower()} per pixel", None
        drawing = BarsDrawing(part.lines, groups, label, horizontal=self.direction.value, reference=reference)
        kind = chosen.kind.lower()
        return file_name(title, name, "line_means", ending=kind), render([drawing], chosen.style, kind)


def _mask(state: PhasesState, of: Any) -> np.ndarray | None:
    """The pixels that are asked for, or None where there are none."""
    if of == SELECTION:
        return None if state.selection is None else state.selection.mask
    label = None if state.shown is None else state.label_of(of)
    return None if label is None else (state.shown.phase_map.label == label).ravel()


def _compare(maps: ElementalMaps, mask: np.ndarray, whole: LineMeans | None) -> Comparison:
    of_map = whole or line_means(maps)
    part = line_means(maps, mask)
    return Comparison(part, of_map, ratios(part, of_map))


def _fit(values: Range1d, *tops: np.ndarray) -> None:
    finite = np.concatenate([top[np.isfinite(top)] for top in tops])
    end = 1.12 * float(finite.max(initial=0.0)) or 1.0
    values.update(start=0.0, end=end, reset_start=0.0, reset_end=end)


def _texts(values: np.ndarray, errors: np.ndarray) -> list[str]:
    return [f"{value:.4g} ± {error:.2g}" for value, error in zip(values, errors, strict=True)]
