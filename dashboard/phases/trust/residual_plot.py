"""Counts of a region against what its end-members expect, and the difference in units of noise."""

from __future__ import annotations

import numpy as np
from bokeh.models import (
    BasicTicker,
    BoxZoomTool,
    ColumnDataSource,
    HoverTool,
    LabelSet,
    PanTool,
    Range1d,
    ResetTool,
    Span,
    WheelZoomTool,
)
from bokeh.plotting import figure

from dashboard import theme
from dashboard.phases.endmembers.scaling import first_range
from dashboard.phases.opened import OpenedMap
from models.residual_spectrum import ResidualSpectrum

_SEEN, _SURE = theme.PHASE_COLOURS[3], 4.0


class ResidualPlot:
    """Two ``figures`` over one axis."""

    def __init__(self) -> None:
        self.x_range = Range1d(0, 1, name="residual_x")
        self.source = ColumnDataSource(
            dict(x=[], seen=[], expected=[], sigma=[], name=[]), name="residual_spectrum"
        )
        self.labels = ColumnDataSource(dict(x=[], y=[], name=[]), name="residual_lines")
        self._counts = self._figure(250, "Counts", Range1d(0.5, 10), "log")
        self._sigma = self._figure(150, "Difference (σ)", Range1d(-5, 10), "linear")
        self.figures = (self._counts, self._sigma)
        expected = self._counts.line("x", "expected", source=self.source, line_color=theme.SUM_COLOUR,
                                     line_width=2, legend_label="expected")  # fmt: skip
        seen = self._counts.line("x", "seen", source=self.source, line_color=_SEEN, line_width=1.3,
                                 legend_label="measured")  # fmt: skip
        self._counts.scatter("x", "seen", source=self.source, size=7, color=_SEEN, name="points")
        self._counts.scatter(
            "x", "expected", source=self.source, size=7, color=theme.SUM_COLOUR, name="points"
        )
        self._counts.legend.update(
            location="top_right", label_text_font_size="10px", background_fill_alpha=0.5,
            border_line_alpha=0, padding=2, spacing=0, glyph_height=10,
        )  # fmt: skip
        curve = self._sigma.line("x", "sigma", source=self.source, line_color=_SEEN, line_width=1.3)
        self._sigma.scatter("x", "sigma", source=self.source, size=7, color=_SEEN, name="points")
        for location in (-_SURE, _SURE):
            self._sigma.add_layout(
                Span(location=location, dimension="width", line_color=theme.LINE_MARK, line_dash="dotted")
            )
        self._sigma.add_layout(
            LabelSet(
                x="x", y="y", text="name", source=self.labels, text_font_size="10px", angle=np.pi / 2,
                text_baseline="middle", y_offset=3, text_color=theme.LINE_MARK,
            )
        )  # fmt: skip
        for plot, renderers in ((self._counts, [seen, expected]), (self._sigma, [curve])):
            plot.add_tools(
                HoverTool(
                    renderers=renderers[:1], mode="vline",
                    tooltips=[("", "@name"), ("At", "@x{0.000}"), ("Measured", "@seen{0,0.[0]}"),
                              ("Expected", "@expected{0,0.[0]}"), ("Difference", "@sigma{0.0}")],
                )
            )  # fmt: skip
        self._for: tuple[object, ...] = ()

    def _figure(self, height: int, label: str, y_range: Range1d, scale: str) -> figure:
        wheel, zoom = WheelZoomTool(dimensions="width"), BoxZoomTool(dimensions="width")
        plot = figure(
            x_range=self.x_range,
            y_range=y_range,
            y_axis_type=scale,
            y_axis_label=label,
            height=height,
            sizing_mode="stretch_width",
            tools=[PanTool(dimensions="width"), wheel, zoom, ResetTool()],
            toolbar_location="right",
            min_border=4,
            min_border_left=58,
            outline_line_alpha=0.25,
        )
        plot.toolbar.active_scroll, plot.toolbar.active_drag, plot.toolbar.logo = wheel, zoom, None
        return plot

    def clear(self) -> None:
        """No region is looked into."""
        self.source.data = {name: [] for name in self.source.data}
        self.labels.data = {name: [] for name in self.labels.data}

    def show(self, opened: OpenedMap, spectrum: ResidualSpectrum, in_deviations: bool) -> None:
        """A region's counts and expectation; the same part of the axis as before, where it is the same."""
        axis = opened.axis
        if self._for != (len(axis), float(axis[0]), opened.axis_label):
            self._for = (len(axis), float(axis[0]), opened.axis_label)
            self._set_axis(opened)
        self.source.data = dict(
            x=np.asarray(axis, np.float32),
            seen=np.asarray(spectrum.seen, np.float32),
            expected=np.asarray(spectrum.expected, np.float32),
            sigma=np.asarray(spectrum.sigma, np.float32),
            name=[""] * len(axis) if opened.has_curve else list(opened.maps.lines),
        )
        top = float(max(spectrum.seen.max(initial=1), spectrum.expected.max(initial=1), 1.0))
        positive = spectrum.expected[spectrum.expected > 0]
        low = float(np.quantile(positive, 0.3)) if positive.size else 0.1
        start, end = max(min(low * 0.5, top / 100), top * 1e-5), top * 2
        self._counts.y_range.update(start=start, end=end, reset_start=start, reset_end=end)
        high = float(spectrum.sigma.max(initial=1.0))
        bottom = float(spectrum.sigma.min(initial=-1.0))
        span = max(high - bottom, 1.0 if not in_deviations else 8.0)
        # the names of the lines stand on their peaks: leave them room
        self._sigma.y_range.update(start=bottom - 0.08 * span, end=high + 0.6 * span)
        self._sigma.yaxis.axis_label = "Difference (σ)" if in_deviations else "Difference / expected"
        self._counts.yaxis.axis_label = opened.quantity
        named = [one for one in spectrum.excess if one.lines]
        self.labels.data = dict(
            x=[one.energy_kev for one in named], y=[one.sigma for one in named],
            name=[one.lines[0] for one in named],
        )  # fmt: skip

    def _set_axis(self, opened: OpenedMap) -> None:
        axis = opened.axis
        low, high = first_range(opened)
        self.x_range.update(start=low, end=high, reset_start=low, reset_end=high)
        for plot in self.figures:
            plot.xaxis.ticker = BasicTicker() if opened.has_curve else list(range(len(axis)))
            plot.xaxis.major_label_overrides = {} if opened.has_curve else dict(enumerate(opened.maps.lines))
            for renderer in plot.renderers:
                if renderer.name == "points":
                    renderer.visible = not opened.has_curve
        self._sigma.xaxis.axis_label = opened.axis_label
