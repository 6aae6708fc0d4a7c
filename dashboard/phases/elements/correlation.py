"""Two lines against each other: all pixels as a histogram in their plane, where a lasso selects pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import panel as pn
import panel_material_ui as pmui
from bokeh.events import DoubleTap, RangesUpdate, SelectionGeometry
from bokeh.models import (
    BoxSelectTool,
    BoxZoomTool,
    ColumnDataSource,
    LassoSelectTool,
    LinearColorMapper,
    PanTool,
    Range1d,
    ResetTool,
    WheelZoomTool,
)
from bokeh.plotting import figure

from dashboard import theme
from dashboard.exports import Chosen, ExportFile, ExportMenu
from dashboard.line_pair import LinePair
from dashboard.phases.cards import MENU, card
from dashboard.phases.grid import Column
from dashboard.phases.tab import Tools
from data.elemental_maps import ElementalMaps
from models.exports_figure import render
from models.exports_files import file_name, table_csv
from models.exports_plots import PlaneDrawing
from models.line_correlation import JointHistogram, joint_histogram, joint_limits

#: opacity of a selected bin of which few, and of which all pixels are selected
_FAINTEST, _FULL = 0x30, 0xE0


@dataclass(frozen=True, eq=False)
class _Answer:
    histogram: JointHistogram
    density: np.ndarray
    share: np.ndarray | None


class Correlation:
    """A card with the joint histogram of two lines; what is drawn on it becomes the selection."""

    def __init__(self, tools: Tools) -> None:
        self.state, self._tell = tools.state, tools.tell
        self.x = pmui.Select(options=[""], width=104, description="Line along x", **MENU)
        self.y = pmui.Select(options=[""], width=104, description="Line along y", **MENU)
        self.said = pmui.Typography("", variant="caption", margin=(0, 8), sizing_mode="stretch_width")
        self.x_range, self.y_range = Range1d(0, 1), Range1d(0, 1)
        self.source = ColumnDataSource(_empty(), name="correlation:density")
        self.chosen = ColumnDataSource(_empty(), name="correlation:selected")
        self.figure = self._figure()
        self.histogram: JointHistogram | None = None
        self._maps: ElementalMaps | None = None
        self._selected: np.ndarray | None = None
        self._setting = False
        self._limits = (0.0, 1.0, 0.0, 1.0)
        self._live = tools.live(_count, self._deliver)
        for widget in (self.x, self.y):
            widget.param.watch(self._other_lines, "value")
        self.export = ExportMenu(
            tools, "the histogram of two lines",
            {"PNG": "Figure, PNG", "SVG": "Figure, SVG", "CSV": "Pixels per bin, CSV"}, self._file,
        )  # fmt: skip
        versus = pmui.Typography("by", variant="body2", margin=0, sizing_mode=None)
        self.panel = card(
            "Correlation",
            [self.y, versus, self.x, self.export.panel],
            Column(
                pn.pane.Bokeh(self.figure, sizing_mode="stretch_width", margin=0),
                self.said,
                sizing_mode="stretch_width",
                margin=0,
            ),
        )

    def show(self, maps: ElementalMaps) -> None:
        """Other maps."""
        self._maps = maps
        lines = list(maps.lines)
        self._setting = True
        some_rows = maps.intensity[:: max(1, maps.shape[0] // 64)]
        strong = np.argsort(-np.nansum(some_rows, axis=(0, 1)), kind="stable")
        first = self.x.value if self.x.value in lines else lines[strong[0]]
        second = self.y.value if self.y.value in lines else lines[strong[min(1, len(lines) - 1)]]
        self.x.param.update(options=lines, value=first)
        self.y.param.update(options=lines, value=second)
        self._setting = False
        self._other_lines()

    def select(self, selected: np.ndarray | None) -> None:
        """Light up the bins that hold selected pixels, mask (n_y, n_x) or None."""
        self._selected = selected
        self._request()

    def _figure(self) -> figure:
        lasso, box = LassoSelectTool(continuous=False), BoxSelectTool(continuous=False)
        wheel = WheelZoomTool()
        plot = figure(
            name="correlation", x_range=self.x_range, y_range=self.y_range, height=386,
            sizing_mode="stretch_width", toolbar_location="right", min_border=4, lod_timeout=60,
            tools=[PanTool(), wheel, BoxZoomTool(), lasso, box, ResetTool()], outline_line_alpha=0.25,
        )  # fmt: skip
        plot.toolbar.logo = None
        plot.toolbar.active_scroll = wheel
        plot.toolbar.active_drag = lasso
        placed = dict(x="x", y="y", dw="dw", dh="dh")
        density = ["#00000000", *theme.MAP_PALETTES["Viridis"][20:]]
        plot.image(
            "image", source=self.source, **placed,
            color_mapper=LinearColorMapper(palette=density, low=0, high=len(density) - 1),
        )  # fmt: skip
        share = [f"{theme.SELECTION_COLOUR}{round(a):02x}" for a in np.linspace(_FAINTEST, _FULL, 255)]
        plot.image(
            "image", source=self.chosen, **placed,
            color_mapper=LinearColorMapper(palette=["#00000000", *share], low=0, high=255),
        )  # fmt: skip
        plot.on_event(SelectionGeometry, self._drawn)
        plot.on_event(DoubleTap, lambda _event: self.state.param.update(selection=None, chosen_phase=None))
        plot.on_event(RangesUpdate, self._zoomed)
        return plot

    def _drawn(self, event: SelectionGeometry) -> None:
        if not event.final:
            return
        try:
            self.state.select(LinePair.drawn(self.x.value, self.y.value, event.geometry))
        except ValueError as error:
            self._tell(str(error), "warning")

    def _zoomed(self, _event: Any) -> None:
        limits = (self.x_range.start, self.x_range.end, self.y_range.start, self.y_range.end)
        if limits != self._limits and limits[0] < limits[1] and limits[2] < limits[3]:
            self._limits = limits
            self._request()

    def _other_lines(self, *_events: Any) -> None:
        if self._setting or self._maps is None:
            return
        x0, x1, y0, y1 = self._limits = joint_limits(self._maps.of(self.x.value), self._maps.of(self.y.value))
        self.x_range.update(start=x0, end=x1, reset_start=x0, reset_end=x1)
        self.y_range.update(start=y0, end=y1, reset_start=y0, reset_end=y1)
        unit = "counts" if self.state.prepared.image is not None else self.state.prepared.quantity.lower()
        self.figure.xaxis.axis_label = f"{self.x.value} ({unit})"
        self.figure.yaxis.axis_label = f"{self.y.value} ({unit})"
        self._request()

    def _request(self) -> None:
        if self._maps is not None:
            self._live.request(self._maps, self.x.value, self.y.value, self._limits, self._selected)

    def _deliver(self, answer: _Answer) -> None:
        found = self.histogram = answer.histogram
        placed = dict(x=[found.x0], y=[found.y0], dw=[found.x1 - found.x0], dh=[found.y1 - found.y0])
        with pn.io.hold():
            self.source.data = dict(image=[answer.density], **placed)
            self.chosen.data = _empty() if answer.share is None else dict(image=[answer.share], **placed)
        outside = found.n_pixels - found.n_inside
        self.said.object = (
            f"Pearson r = {found.pearson:.3f} over {found.n_pixels:,} pixels"
            + (f", {outside:,} of them outside this view." if outside else ".")
            + " Draw a lasso or a box to select pixels."
        )

    def _file(self, chosen: Chosen) -> ExportFile:
        found, title = self.histogram, self.state.prepared.maps.title
        if found is None:
            raise ValueError("There is no histogram yet: choose two lines.")
        name = f"{self.y.value}_by_{self.x.value}"
        if chosen.kind == "CSV":
            rows, columns = np.nonzero(found.pixels)
            n_y, n_x = found.pixels.shape
            table = {
                self.x.value: found.x0 + (columns + 0.5) * (found.x1 - found.x0) / n_x,
                self.y.value: found.y0 + (rows + 0.5) * (found.y1 - found.y0) / n_y,
                "pixels": found.pixels[rows, columns],
            }
            if found.selected is not None:
                table["selected"] = found.selected[rows, columns]
            return file_name(title, name, ending="csv"), table_csv(table)
        palette = np.array([tuple(bytes.fromhex(c[1:])) for c in theme.MAP_PALETTES["Viridis"]], np.uint8)
        level = _levels(found.pixels).astype(int)
        rgba = np.zeros((*level.shape, 4), np.uint8)
        rgba[..., :3] = palette[np.minimum(level + 19, 255)]
        rgba[..., 3] = np.where(level > 0, 255, 0)
        drawing = PlaneDrawing(
            rgba, (found.x0, found.x1, found.y0, found.y1),
            self.figure.xaxis[0].axis_label, self.figure.yaxis[0].axis_label,
        )  # fmt: skip
        kind = chosen.kind.lower()
        return file_name(title, name, ending=kind), render([drawing], chosen.style, kind)


def _empty() -> dict[str, list]:
    return dict(image=[], x=[], y=[], dw=[], dh=[])


def _count(
    maps: ElementalMaps,
    x: str,
    y: str,
    limits: tuple[float, float, float, float],
    selected: np.ndarray | None,
) -> _Answer:
    histogram = joint_histogram(maps.of(x), maps.of(y), limits, maps.valid, selected)
    share = None
    if histogram.selected is not None:
        part = histogram.selected / np.maximum(histogram.pixels, 1)
        share = np.where(histogram.selected > 0, 1 + np.rint(254 * part), 0).astype(np.uint8)
    return _Answer(histogram, _levels(histogram.pixels), share)


def _levels(pixels: np.ndarray) -> np.ndarray:
    """Log density as palette indices: 0 where there is no pixel, else 1 to 236."""
    top = np.log1p(max(1, int(pixels.max(initial=0))))
    return np.where(pixels > 0, 1 + np.rint(235 * np.log1p(pixels) / top), 0).astype(np.uint8)
