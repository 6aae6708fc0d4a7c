"""Spectra over energy: sum, phases, selection and end-members, with the X-ray lines marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from bokeh.events import RangesUpdate
from bokeh.models import (
    BasicTicker,
    BoxZoomTool,
    ColumnDataSource,
    HoverTool,
    LabelSet,
    PanTool,
    Range1d,
    ResetTool,
    SaveTool,
    WheelZoomTool,
)
from bokeh.plotting import figure

from dashboard import theme
from dashboard.frame_size import frame_size

#: levels of the names of lines and the room that one takes, screen pixels
_LABEL_HEIGHTS, _LABEL_WIDTH = (4, 42, 80), 12
_FIRST_WIDTH = 800  # of the frame, before the browser has reported it
_XRAY_LABEL, _MAPS_LABEL = "Energy (keV)", "Element map"


@dataclass(frozen=True, eq=False)
class Curve:
    """One curve: intensity (n_channels,) over energy, and how it is drawn."""

    name: str
    intensity: np.ndarray
    colour: str
    width: float = 1.5
    dash: str = "solid"
    alpha: float = 1.0


class SpectrumPlot:
    """A linear and a logarithmic figure, of which one is shown.

    Bokeh cannot change the type of an axis, and a figure rebuilt at each switch would lose its zoom: two
    figures share the energy range instead. Only the one on show gets curves: a browser prepares those of a
    hidden figure too.
    """

    def __init__(self, height: int = 322) -> None:
        self._lowest_scaled = 0.1
        self.energy_range = Range1d(0, 1, name="energy")
        self._curves = _columns(np.empty(0, np.float32), ())
        self._sources = {
            scale: ColumnDataSource(self._curves, name=f"spectra:{scale}") for scale in ("linear", "log")
        }
        self._scale = "log"
        self.marks = ColumnDataSource(dict(energy=[], line=[], height=[]), name="line_marks")
        # fixed ranges: a range that follows its data makes the browser paint every update twice
        self.intensity_range = {"linear": Range1d(0, 1), "log": Range1d(0.1, 1)}
        self.figures = {scale: self._figure(scale, height) for scale in ("linear", "log")}
        self.show_scale("log")
        for plot in self.figures.values():
            plot.on_event(RangesUpdate, lambda _event: self._stagger())
            plot.on_change("inner_width", lambda attr, old, new: self._stagger())

    def _figure(self, scale: str, height: int) -> figure:
        wheel = WheelZoomTool(dimensions="width")
        plot = figure(
            name=f"spectra_{scale}",
            x_range=self.energy_range,
            y_range=self.intensity_range[scale],
            y_axis_type=scale,
            x_axis_label=_XRAY_LABEL,
            y_axis_label="Counts",
            height=height,
            sizing_mode="stretch_width",
            tools=[PanTool(), wheel, BoxZoomTool(), ResetTool(), SaveTool()],
            toolbar_location="right",
            min_border=4,
            outline_line_alpha=0.25,
        )
        plot.toolbar.logo = None
        plot.toolbar.active_scroll = wheel
        plot.toolbar.active_drag = plot.select_one(BoxZoomTool)
        plot.vspan(
            x="energy", source=self.marks, line_color=theme.LINE_MARK, line_dash="dotted", line_alpha=0.7
        )
        curves = plot.multi_line(
            "xs",
            "ys",
            source=self._sources[scale],
            line_color="colour",
            line_width="width",
            line_dash="dash",
            line_alpha="alpha",
        )
        plot.add_layout(
            LabelSet(
                x="energy",
                y="height",
                y_units="screen",
                text="line",
                source=self.marks,
                angle=np.pi / 2,
                x_offset=-2,
                text_font_size="10px",
                text_color=theme.LINE_MARK,
                text_baseline="bottom",
            )
        )
        plot.add_tools(HoverTool(renderers=[curves], tooltips=_tooltips(_XRAY_LABEL), line_policy="nearest"))
        return plot

    @property
    def source(self) -> ColumnDataSource:
        """The curves on show, a row each: xs, ys, colour, width, dash, alpha, name."""
        return self._sources[self._scale]

    def show_scale(self, scale: str) -> None:
        """Show the linear or the logarithmic figure."""
        self._scale = scale
        for name, plot in self.figures.items():
            self._sources[name].data = self._curves if name == scale else _columns(np.empty(0), ())
            plot.visible = name == scale

    def set_energy(self, low: float, high: float, unit_label: str) -> None:
        """A new axis of energies or wavelengths: the whole range is shown."""
        # the strobe peak of an X-ray detector, below 0.1 keV, would flatten everything else
        self._lowest_scaled = 0.1 if unit_label == _XRAY_LABEL else -np.inf
        self.energy_range.update(start=low, end=high, reset_start=low, reset_end=high)
        for plot in self.figures.values():
            plot.select_one(HoverTool).tooltips = _tooltips(unit_label)
            plot.xaxis.axis_label = unit_label
            plot.xaxis.ticker = BasicTicker()
            plot.xaxis.major_label_overrides = {}

    def set_lines(self, lines: Sequence[str]) -> None:
        """Element maps without spectra: one point per line, named on the axis."""
        self.set_energy(-0.5, len(lines) - 0.5, _MAPS_LABEL)
        for plot in self.figures.values():
            plot.xaxis.ticker = list(range(len(lines)))
            plot.xaxis.major_label_overrides = dict(enumerate(lines))

    def set_marks(self, energy: Sequence[float], line: Sequence[str]) -> None:
        """Mark lines or edges at places on the axis."""
        self.marks.data = dict(energy=list(energy), line=list(line), height=[4] * len(line))
        self._stagger()

    def _stagger(self) -> None:
        """Raise the name of a line that stands too close to another one's, as the axis is shown now."""
        width, _ = frame_size(self.figures[self._scale], _FIRST_WIDTH)
        shown = self.energy_range.end - self.energy_range.start
        height = label_heights(self.marks.data["energy"], width / shown if shown > 0 else 1.0)
        if height != self.marks.data["height"]:
            self.marks.data = {**self.marks.data, "height": height}

    def set_curves(self, energy: np.ndarray, curves: Sequence[Curve], label: str) -> None:
        """Replace all curves and fit the intensity axis to them, but for the strobe peak."""
        energy = np.asarray(energy, np.float32)
        self._curves = _columns(energy, curves)
        self.source.data = self._curves
        shown = [curve.intensity[energy > self._lowest_scaled] for curve in curves]
        positive = [part[part > 0] for part in shown if part.size and (part > 0).any()]
        high = max((float(part.max()) for part in positive), default=1.0)
        low = min((float(np.quantile(part, 0.02)) for part in positive), default=high / 1e3)
        # the labels of the lines stand at the bottom: leave them a tenth of the axis
        self.intensity_range["linear"].update(
            start=-0.02 * high, end=1.08 * high, reset_start=-0.02 * high, reset_end=1.08 * high
        )
        low = max(low, high / 1e6) * 0.5
        self.intensity_range["log"].update(start=low, end=high * 2, reset_start=low, reset_end=high * 2)
        for plot in self.figures.values():
            plot.yaxis.axis_label = label


def label_heights(places: Sequence[float], pixels_per_unit: float) -> list[int]:
    """Heights above the axis, screen pixels, at which upright names of lines do not lie on each other.

    Parameters
    ----------
    places : of the lines on the axis, in any order
    pixels_per_unit : screen pixels to one unit of the axis
    """
    heights = [_LABEL_HEIGHTS[0]] * len(places)
    last = [-np.inf] * len(_LABEL_HEIGHTS)
    for i in np.argsort(places, kind="stable"):
        at = places[i] * pixels_per_unit
        # the lowest level with room or, where none has any, the one whose last name is farthest away
        free = [level for level, before in enumerate(last) if at - before >= _LABEL_WIDTH]
        level = free[0] if free else int(np.argmin(last))
        last[level], heights[i] = at, _LABEL_HEIGHTS[level]
    return heights


def _tooltips(axis_label: str) -> list[tuple[str, str]]:
    """What is said of the curve under the mouse."""
    if axis_label == _MAPS_LABEL:
        return [("", "@name"), ("Intensity", "$y{0,0.[00]}")]
    what, _, unit = axis_label.removesuffix(")").partition(" (")
    digits = "0.000" if unit == "keV" else "0.0" if unit else "0"
    return [("", "@name"), (what, f"$x{{{digits}}} {unit}"), ("Intensity", "$y{0,0.[0000]}")]


def _columns(energy: np.ndarray, curves: Sequence[Curve]) -> dict[str, list]:
    return dict(
        xs=[energy] * len(curves),
        ys=[np.asarray(curve.intensity, np.float32) for curve in curves],
        colour=[curve.colour for curve in curves],
        width=[curve.width for curve in curves],
        dash=[curve.dash for curve in curves],
        alpha=[curve.alpha for curve in curves],
        name=[curve.name for curve in curves],
    )
