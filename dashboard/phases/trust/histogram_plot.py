"""How the residual is distributed over the pixels, beside what chance alone would give."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from bokeh.models import ColumnDataSource, HoverTool, Range1d, Span
from bokeh.plotting import figure

from dashboard import theme
from models.residuals import Residual

_BINS = 60
_LOW, _HIGH = -4.0, 16.0  # standard deviations; what lies beyond is counted in the last bin


class HistogramPlot:
    """Number of pixels on a logarithmic axis: a dozen strange pixels must be seen beside a million."""

    def __init__(self, height: int = 330) -> None:
        empty = dict(left=[], right=[], top=[], label=[])
        self.source = ColumnDataSource(empty, name="residual_histogram")
        self.chance = ColumnDataSource(dict(x=[], y=[]), name="residual_chance")
        self.figure = figure(
            name="residual_histogram",
            height=height,
            sizing_mode="stretch_width",
            y_axis_type="log",
            x_range=Range1d(_LOW, _HIGH),
            y_range=Range1d(0.5, 10),
            y_axis_label="Pixels",
            tools=[],
            toolbar_location=None,
            min_border=4,
            outline_line_alpha=0.25,
        )
        self.figure.quad(
            left="left", right="right", top="top", bottom=0.5, source=self.source,
            fill_color=theme.PHASE_COLOURS[0], fill_alpha=0.75, line_alpha=0, legend_label="measured",
        )  # fmt: skip
        self.figure.step(
            "x", "y", source=self.chance, mode="center", line_color=theme.ACCENT, line_width=2,
            legend_label="by chance",
        )  # fmt: skip
        self.threshold = Span(dimension="height", line_color=theme.SELECTION_COLOUR, line_width=1.5)
        self.figure.add_layout(self.threshold)
        self.figure.add_tools(HoverTool(tooltips=[("Residual", "@label"), ("Pixels", "@top{0,0}")]))
        self.figure.legend.update(
            location="top_right", label_text_font_size="10px", background_fill_alpha=0.5,
            border_line_alpha=0, padding=2, spacing=0, glyph_height=10,
        )  # fmt: skip

    def show(self, residual: Residual) -> None:
        """The pixels of a residual map."""
        known = residual.surprise[np.isfinite(residual.surprise)]
        if residual.in_deviations:
            low, high, unit = _LOW, _HIGH, " σ"
            self.figure.xaxis.axis_label = "Residual (standard deviations of counting noise)"
        else:
            low, high, unit = 0.0, float(known.max(initial=0.0)) or 1.0, ""
            self.figure.xaxis.axis_label = "Relative misfit"
        edges = np.linspace(low, high, _BINS + 1)
        number = np.histogram(np.clip(known, low, high), edges)[0]
        label = [f"{a:.3g} to {b:.3g}{unit}" for a, b in pairwise(edges)]
        if residual.in_deviations:
            label[-1] = f"{edges[-2]:.3g}{unit} and more"
        self.source.data = dict(
            left=edges[:-1], right=edges[1:], top=np.where(number > 0, number, np.nan), label=label
        )
        chance = np.zeros(0)
        if residual.by_chance.size:
            chance = np.histogram(np.clip(residual.by_chance, low, high), edges)[0] * (
                known.size / residual.by_chance.size
            )
        middle = 0.5 * (edges[:-1] + edges[1:])
        drawn = chance >= 0.5
        self.chance.data = dict(x=middle[drawn], y=chance[drawn]) if chance.size else dict(x=[], y=[])
        self.figure.x_range.update(start=low, end=high)
        self.figure.y_range.end = 3 * max(float(number.max(initial=1)), 1.0)

    def mark(self, threshold: float) -> None:
        """Where the worst pixels begin."""
        self.threshold.location = threshold
