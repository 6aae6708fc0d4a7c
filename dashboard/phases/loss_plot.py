"""The loss curve of a training that runs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from bokeh.models import ColumnDataSource, FixedTicker, PrintfTickFormatter, Range1d
from bokeh.plotting import figure

from dashboard import theme

_LEAST_APART = 0.22  # of the height of the axis: labels of ticks that are closer run into each other


class LossPlot:
    """Loss on the training and on the validation pixels against the epoch, on a logarithmic axis."""

    def __init__(self, height: int = 150) -> None:
        self.source = ColumnDataSource(dict(epoch=[], train=[], validation=[]), name="loss")
        self.figure = figure(
            name="loss",
            height=height,
            sizing_mode="stretch_width",
            y_axis_type="log",
            x_range=Range1d(0, 10),
            y_range=Range1d(0.1, 1),
            x_axis_label="Epoch",
            y_axis_label="Loss",
            tools="hover",
            tooltips=[
                ("Epochs done", "@epoch{0.0}"),
                ("Training", "@train{0.0000}"),
                ("Validation", "@validation{0.0000}"),
            ],
            toolbar_location=None,
            min_border=2,
            outline_line_alpha=0.25,
        )
        self.figure.yaxis.update(ticker=FixedTicker(), formatter=PrintfTickFormatter(format="%.3g"))
        for column, colour, name in (
            ("train", theme.PHASE_COLOURS[0], "training"),
            ("validation", theme.PHASE_COLOURS[1], "validation"),
        ):
            self.figure.line(
                "epoch", column, source=self.source, line_color=colour, line_width=2, legend_label=name
            )
        self.figure.legend.update(
            location="top_right", label_text_font_size="10px", background_fill_alpha=0.4, border_line_alpha=0,
            spacing=0, padding=2, glyph_height=10,
        )  # fmt: skip

    def clear(self) -> None:
        """Start anew."""
        self.source.data = dict(epoch=[], train=[], validation=[])

    def add(self, points: Sequence[tuple[float, float, float]]) -> None:
        """Append (epochs done, training loss, validation loss)."""
        if points:
            epoch, train, validation = zip(*points, strict=True)
            self.source.stream(dict(epoch=list(epoch), train=list(train), validation=list(validation)))
            # fixed ranges, set here: ranges that follow the data complain of a curve without points
            losses = [loss for name in ("train", "validation") for loss in self.source.data[name] if loss > 0]
            if losses:
                low, high = min(losses) * 0.9, max(losses) * 1.1
                self.figure.y_range.update(start=low, end=high)
                self.figure.yaxis.ticker.ticks = ticks_between(low, high)
            self.figure.x_range.end = max(10, max(epoch))


def ticks_between(low: float, high: float) -> list[float]:
    """Values such as 1, 2 and 5 x 10^k between two losses, so far apart that their labels can be read."""
    first, last = np.floor(np.log10(low)), np.ceil(np.log10(high))
    ticks: list[float] = []
    # whole powers of ten come first, what lies between them where there is room
    for mantissas in ((1,), (2, 5), (3, 7), (1.5,)):
        for exponent in np.arange(first, last + 1):
            for mantissa in mantissas:
                tick = float(mantissa * 10.0**exponent)
                apart = [abs(np.log(tick / other)) for other in ticks]
                if low <= tick <= high and min(apart, default=np.inf) >= _LEAST_APART * np.log(high / low):
                    ticks.append(tick)
    return sorted(ticks) or [float(f"{np.sqrt(low * high):.3g}")]
