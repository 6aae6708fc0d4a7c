"""The loss curve of a training that runs."""

from __future__ import annotations

from collections.abc import Sequence

from bokeh.models import ColumnDataSource, Range1d
from bokeh.plotting import figure

from dashboard import theme


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
                ("Epoch", "@epoch"),
                ("Training", "@train{0.0000}"),
                ("Validation", "@validation{0.0000}"),
            ],
            toolbar_location=None,
            min_border=2,
            outline_line_alpha=0.25,
        )
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

    def add(self, points: Sequence[tuple[int, float, float]]) -> None:
        """Append (epoch, training loss, validation loss)."""
        if points:
            epoch, train, validation = zip(*points, strict=True)
            self.source.stream(dict(epoch=list(epoch), train=list(train), validation=list(validation)))
            # fixed ranges, set here: ranges that follow the data complain of a curve without points
            losses = [loss for name in ("train", "validation") for loss in self.source.data[name] if loss > 0]
            if losses:
                self.figure.y_range.update(start=min(losses) * 0.9, end=max(losses) * 1.1)
            self.figure.x_range.end = max(10, max(epoch))
