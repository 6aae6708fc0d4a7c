"""Spectra as small multiples: one panel for each, the spectrum of the whole map behind it in grey."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import panel as pn
from bokeh.models import (
    BoxZoomTool,
    ColumnDataSource,
    HoverTool,
    LabelSet,
    PanTool,
    Range1d,
    ResetTool,
    WheelZoomTool,
)
from bokeh.models import Title as FigureTitle
from bokeh.plotting import figure

from dashboard import theme
from dashboard.phases.grid import Column, cell, grid

#: how intensities are drawn, by what a person calls it
SCALES = ("Linear", "Square root", "Log")
_DECADES = 4.0  # that the logarithmic scale shows below the largest value
_HEIGHT = 150
_LABELLED = 0.12  # keV, or steps between two element maps: how far from a line its peak is sought


@dataclass(frozen=True, eq=False)
class SpectrumPanel:
    """What one panel shows.

    Attributes
    ----------
    title, colour : of the panel
    values : (n_channels,) its spectrum
    whole : (n_channels,) the spectrum of the whole map in the same units, or None
    marks : (place, name) of the lines to label
    """

    title: str
    colour: str
    values: np.ndarray
    whole: np.ndarray | None
    marks: tuple[tuple[float, str], ...] = ()


def drawn(values: np.ndarray, scale: str, top: float) -> np.ndarray:
    """Values as heights of a panel: 0 at the bottom, 1 for the value ``top``.

    Parameters
    ----------
    scale : one of ``SCALES``; the logarithmic one ends four decades below the top
    """
    share = np.maximum(np.asarray(values, np.float64), 0) / max(top, 1e-300)
    if scale == "Square root":
        share = np.sqrt(share)
    elif scale == "Log":
        share = 1 + np.log10(np.maximum(share, 10**-_DECADES)) / _DECADES
    return share.astype(np.float32)


class SpectrumPanels:
    """A grid of spectra that zoom together; figures are made when first needed and used again.

    Parameters
    ----------
    name : of the figures
    x_range : where other panels are to zoom with these
    """

    def __init__(self, name: str, x_range: Range1d | None = None) -> None:
        self._name = name
        self.x_range = x_range or Range1d(0, 1, name=f"{name}_x")
        self._figures: list[figure] = []
        self._sources: list[ColumnDataSource] = []
        self._labels: list[ColumnDataSource] = []
        self._cells: list[Column] = []
        self.panel = grid(sizing_mode="stretch_width", margin=(0, 6))
        self._n_shown = 0

    @property
    def titles(self) -> list[str]:
        """Titles of the panels on show."""
        return [plot.above[-1].text for plot in self._figures[: self._n_shown]]

    def data(self, number: int) -> dict[str, np.ndarray]:
        """What a panel shows: places, values and heights."""
        return self._sources[number].data

    def labels(self, number: int) -> list[str]:
        """The lines that are labelled in a panel."""
        return list(self._labels[number].data["name"])

    def show_range(self, low: float, high: float) -> None:
        """The part of the axis that all panels show."""
        self.x_range.update(start=low, end=high, reset_start=low, reset_end=high)

    def show(
        self,
        axis: np.ndarray,
        axis_label: str,
        panels: Sequence[SpectrumPanel],
        scale: str,
        names: Sequence[str] | None = None,
    ) -> None:
        """Replace what the panels show.

        Parameters
        ----------
        axis : (n_channels,) places
        axis_label : with its unit; for the hover, since the axes of panels have no room for it
        panels : at most some dozens
        scale : one of ``SCALES``
        names : of the places, where these are element maps: then bars stand in place of curves
        """
        visible = (axis >= self.x_range.start) & (axis <= self.x_range.end)
        with pn.io.hold():
            for number, panel in enumerate(panels):
                if number == len(self._figures):
                    self._add()
                self._fill(number, axis, axis_label, panel, scale, names, visible)
            if len(panels) != self._n_shown:
                self._n_shown = len(panels)
                self.panel.objects = self._cells[: self._n_shown]

    def _add(self) -> None:
        number = len(self._figures)
        empty = dict(x=[], value=[], whole=[], height=[], whole_height=[], name=[])
        source = ColumnDataSource(empty, name=f"{self._name}:{number}")
        labels = ColumnDataSource(dict(x=[], y=[], name=[]), name=f"{self._name}_labels:{number}")
        wheel = WheelZoomTool(dimensions="width")
        zoom = BoxZoomTool(dimensions="width")
        plot = figure(
            name=f"{self._name}_{number}",
            x_range=self.x_range,
            y_range=Range1d(-0.02, 1.5),
            height=_HEIGHT,
            sizing_mode="stretch_width",
            tools=[PanTool(dimensions="width"), wheel, zoom, ResetTool()],
            toolbar_location=None,
            min_border=3,
            outline_line_alpha=0.25,
        )
        plot.toolbar.active_scroll, plot.toolbar.active_drag = wheel, zoom
        plot.yaxis.visible = False
        plot.ygrid.visible = False
        plot.xaxis.update(major_label_text_font_size="10px", major_label_standoff=2)
        bars = plot.vbar(
            x="x", top="height", width=0.62, source=source, name="bars", fill_alpha=0.85, line_alpha=0
        )
        plot.scatter(
            "x", "whole_height", source=source, marker="dash", size=26, line_color=theme.SUM_COLOUR,
            line_width=2, name="whole_marks",
        )  # fmt: skip
        plot.line("x", "whole_height", source=source, line_color=theme.SUM_COLOUR, line_width=1, name="whole")
        curve = plot.line("x", "height", source=source, line_width=1.3, name="curve")
        plot.add_layout(
            LabelSet(
                x="x", y="y", text="name", source=labels, text_font_size="10px", angle=np.pi / 2,
                text_baseline="middle", y_offset=3, text_color=theme.LINE_MARK,
            )
        )  # fmt: skip
        plot.add_tools(HoverTool(renderers=[curve, bars], tooltips=[], mode="vline"))
        plot.add_layout(FigureTitle(text="", text_font_size="12px", offset=2, standoff=1), "above")
        self._figures.append(plot)
        self._sources.append(source)
        self._labels.append(labels)
        pane = pn.pane.Bokeh(plot, sizing_mode="stretch_width", margin=0)
        self._cells.append(cell(pane, size={"xs": 12, "md": 6, "lg": 4}))

    def _fill(
        self,
        number: int,
        axis: np.ndarray,
        axis_label: str,
        panel: SpectrumPanel,
        scale: str,
        names: Sequence[str] | None,
        visible: np.ndarray,
    ) -> None:
        plot = self._figures[number]
        both = panel.values if panel.whole is None else np.maximum(panel.values, panel.whole)
        top = float(both[visible].max(initial=0))
        height = drawn(panel.values, scale, top)
        whole = np.full(len(axis), np.nan) if panel.whole is None else panel.whole
        whole_height = whole if panel.whole is None else drawn(panel.whole, scale, top)
        self._sources[number].data = dict(
            x=np.asarray(axis, np.float32),
            value=np.asarray(panel.values, np.float32),
            whole=np.asarray(whole, np.float32),
            height=height,
            whole_height=np.asarray(whole_height, np.float32),
            name=list(names) if names is not None else [""] * len(axis),
        )
        plot.above[-1].update(text=panel.title, text_color=panel.colour)
        for renderer in plot.renderers:
            as_bars = renderer.name in ("bars", "whole_marks")
            renderer.visible = as_bars == (names is not None)
            if renderer.name == "bars":
                renderer.glyph.fill_color = panel.colour
            elif renderer.name == "curve":
                renderer.glyph.line_color = panel.colour
        hover = plot.select_one(HoverTool)
        unit = axis_label.rpartition("(")[2].rstrip(")") if "(" in axis_label else ""
        place = ("", "@name") if names is not None else (axis_label.partition(" (")[0], f"@x{{0.000}} {unit}")
        shown = [("This", "@value{0.[000]a}")]
        hover.tooltips = [
            place,
            *shown,
            *([] if panel.whole is None else [("Whole map", "@whole{0.[000]a}")]),
        ]
        if names is not None:
            plot.xaxis.ticker = list(range(len(names)))
            plot.xaxis.major_label_overrides = dict(enumerate(names))
        self._label(number, axis, height, panel.marks)

    def _label(
        self, number: int, axis: np.ndarray, height: np.ndarray, marks: Sequence[tuple[float, str]]
    ) -> None:
        """Names stand on the peaks of their lines."""
        tops = []
        for place, _ in marks:
            near = np.abs(axis - place) <= _LABELLED
            tops.append(float(height[near].max()) if near.any() else 0.0)
        self._labels[number].data = dict(
            x=[place for place, _ in marks], y=tops, name=[name for _, name in marks]
        )
