"""A triangle on the page: density of pixels in the colours of their phases, means of the phases, lasso."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from bokeh.events import SelectionGeometry
from bokeh.models import (
    ColumnDataSource,
    HoverTool,
    LabelSet,
    LassoSelectTool,
    LinearColorMapper,
    Range1d,
    ResetTool,
)
from bokeh.plotting import figure

from dashboard.palette import show_palette
from dashboard.phases.composition.answers import Ternary
from dashboard.viewport import Viewport
from models.exports_ternary import grid_lines
from models.ternary import CORNERS

_WIDTH = 380
_MARGIN = 0.09
_X = (-_MARGIN, 1.0 + _MARGIN)
_Y = (-_MARGIN, float(CORNERS[2, 1]) + _MARGIN)


class TernaryPlot:
    """The figure; its frame has a fixed size, so that the triangle is equilateral."""

    def __init__(self) -> None:
        height = round(_WIDTH * (_Y[1] - _Y[0]) / (_X[1] - _X[0]))
        lasso = LassoSelectTool(continuous=False)
        self.figure = figure(
            name="ternary", frame_width=_WIDTH, frame_height=height, x_range=Range1d(*_X),
            y_range=Range1d(*_Y), tools=[lasso, ResetTool()], toolbar_location="above", min_border=2,
            outline_line_color=None, width=_WIDTH + 20, height=height + 50,
        )  # fmt: skip
        self.figure.toolbar.logo = None
        self.figure.toolbar.active_drag = lasso
        self.figure.axis.visible = False
        self.figure.grid.visible = False
        lines = grid_lines()
        self.figure.multi_line(
            [[a[0], b[0]] for a, b in lines], [[a[1], b[1]] for a, b in lines], line_color="#808080",
            line_alpha=0.35, line_width=0.7,
        )  # fmt: skip
        self.density = ColumnDataSource(dict(image=[], x=[], y=[], dw=[], dh=[]), name="ternary:density")
        self.mapper = LinearColorMapper(palette=["#00000000", "#ffffff"], low=0, high=1)
        self.figure.image(
            "image", source=self.density, color_mapper=self.mapper, x="x", y="y", dw="dw", dh="dh"
        )
        frame = CORNERS[[0, 1, 2, 0]]
        self.figure.line(frame[:, 0], frame[:, 1], line_color="#808890", line_width=1.4)
        self.means = ColumnDataSource(dict(x=[], y=[], name=[], colour=[]), name="ternary:means")
        dots = self.figure.scatter(
            "x", "y", source=self.means, size=11, fill_color="colour", line_color="#ffffff", line_width=1.5
        )
        self.figure.add_tools(HoverTool(renderers=[dots], tooltips=[("mean of", "@name")]))
        self.corners = ColumnDataSource(
            dict(x=CORNERS[:, 0], y=CORNERS[:, 1] + [-0.065, -0.065, 0.02], text=["", "", ""]),
            name="ternary:corners",
        )
        self.figure.add_layout(
            LabelSet(
                x="x",
                y="y",
                text="text",
                source=self.corners,
                text_align="center",
                text_color="#808890",
                text_font_size="13px",
                text_font_style="bold",
            )
        )

    def viewport(self) -> Viewport:
        """The plane in the resolution of the screen."""
        return Viewport(*_X, *_Y, _WIDTH, self.figure.frame_height)

    def on_lasso(self, handle: Callable[[np.ndarray], None]) -> None:
        """Call back with the vertices (n, 2) of a finished lasso, in the plane of the triangle."""

        def finished(event: SelectionGeometry) -> None:
            geometry: dict[str, Any] = dict(event.geometry)
            if event.final and geometry["type"] == "poly":
                handle(np.column_stack([np.asarray(geometry[axis], float) for axis in "xy"]))

        self.figure.on_event(SelectionGeometry, finished)

    def show(self, found: Ternary, names: Sequence[str], colours: Sequence[str]) -> None:
        """Another triangle; names and colours of the phases are by label."""
        show_palette(self.mapper, found.palette)
        self.density.data = dict(image=[found.index], **found.extent.columns())
        known = np.flatnonzero(np.isfinite(found.means[:, 0]))
        self.means.data = dict(
            x=found.means[known, 0], y=found.means[known, 1], name=[names[i] for i in known],
            colour=[colours[i] for i in known],
        )  # fmt: skip
        self.corners.data = {**self.corners.data, "text": list(found.lines)}

    def clear(self) -> None:
        """An empty triangle."""
        self.density.data = dict(image=[], x=[], y=[], dw=[], dh=[])
        self.means.data = dict(x=[], y=[], name=[], colour=[])
