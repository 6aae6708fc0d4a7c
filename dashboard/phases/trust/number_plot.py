"""How well every number of phases is found again, beside the BIC of as many Gaussians."""

from __future__ import annotations

import numpy as np
from bokeh.models import ColumnDataSource, HoverTool, LinearAxis, Range1d, SingleIntervalTicker, Span
from bokeh.plotting import figure

from dashboard import theme
from models.number_curve import NumberCurve
from models.stability import MOST_NUMBERS, Stability

_AGAIN, _BIC = theme.PHASE_COLOURS[0], theme.PHASE_COLOURS[1]


class NumberPlot:
    """Adjusted Rand index of the runs at every number of phases, mean and range, and the BIC."""

    def __init__(self, height: int = 320) -> None:
        self.source = ColumnDataSource(dict(number=[], mean=[], low=[], high=[]), name="again_by_number")
        self.bic = ColumnDataSource(dict(number=[], bic=[], label=[]), name="trust_bic")
        self.figure = figure(
            name="again_by_number",
            height=height,
            sizing_mode="stretch_width",
            x_range=Range1d(0.5, MOST_NUMBERS + 0.5),
            y_range=Range1d(0, 1.04),
            x_axis_label="Number of phases",
            y_axis_label="Adjusted Rand index over the runs",
            tools=[],
            toolbar_location=None,
            min_border=4,
            outline_line_alpha=0.25,
        )
        plot = self.figure
        plot.xaxis.ticker = SingleIntervalTicker(interval=2, num_minor_ticks=2)
        plot.extra_y_ranges = {"bic": Range1d(0, 1.04)}
        axis = LinearAxis(y_range_name="bic", axis_label="BIC (least 0, largest 1)", visible=False)
        plot.add_layout(axis, "right")
        self._bic_axis = axis
        plot.varea(x="number", y1="low", y2="high", source=self.source, fill_color=_AGAIN, fill_alpha=0.18)
        hit = plot.line("number", "mean", source=self.source, line_color=_AGAIN, line_width=2,
                        legend_label="found again")  # fmt: skip
        plot.scatter("number", "mean", source=self.source, size=6, color=_AGAIN)
        curve = plot.line("number", "bic", source=self.bic, line_color=_BIC, line_width=1.6,
                          line_dash="dashed", y_range_name="bic", legend_label="BIC")  # fmt: skip
        self.mark = Span(dimension="height", line_color=theme.ACCENT, line_width=1.5, visible=False)
        plot.add_layout(self.mark)
        plot.add_tools(
            HoverTool(
                renderers=[hit],
                tooltips=[("Phases", "@number"), ("Index", "@mean{0.00} (@low{0.00} to @high{0.00})")],
                mode="vline",
            ),
            HoverTool(
                renderers=[curve], tooltips=[("Gaussians", "@number"), ("BIC", "@label")], mode="vline"
            ),
        )
        plot.legend.update(
            location="top_right", label_text_font_size="10px", background_fill_alpha=0.5,
            border_line_alpha=0, padding=2, spacing=0, glyph_height=10,
        )  # fmt: skip

    def clear(self) -> None:
        """Nothing is known."""
        self.source.data = dict(number=[], mean=[], low=[], high=[])
        self.bic.data = dict(number=[], bic=[], label=[])
        self._bic_axis.visible = self.mark.visible = False

    def show_runs(self, found: Stability, chosen: int | None) -> None:
        """The runs at every number, and the number of phases on show."""
        known = np.isfinite(found.by_number).any(axis=0)
        values = found.by_number[:, known]
        self.source.data = dict(
            number=found.numbers[known],
            mean=np.nanmean(values, axis=0) if values.size else [],
            low=np.nanmin(values, axis=0) if values.size else [],
            high=np.nanmax(values, axis=0) if values.size else [],
        )
        self.mark.update(location=chosen or 0, visible=chosen is not None)

    def show_bic(self, curve: NumberCurve) -> None:
        """The BIC of 1, 2, 3 ... Gaussians in the latent space, the criterion of the published system."""
        bic = np.asarray(curve.bic, np.float64)
        extent = float(np.ptp(bic)) or 1.0
        self.bic.data = dict(
            number=list(curve.numbers),
            bic=(bic - bic.min()) / extent,
            label=[f"{value:,.0f}" for value in bic],
        )
        self._bic_axis.visible = True
