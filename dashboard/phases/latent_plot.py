"""The latent space: every pixel as a point, drawn as density in the colour of the phase that prevails."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
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
from dashboard.density_levels import density_palette
from dashboard.frame_size import frame_size
from dashboard.latent_bins import LatentBins
from dashboard.viewport import Viewport

_FIRST_SIZE = 360
#: share of the points at each end of an axis that the first view may leave outside
_OUTLIERS = 0.0005


class LatentPlot:
    """Density of all pixels in the latent space; a lasso or a box on it selects pixels."""

    def __init__(self, height: int = 336) -> None:
        self.x_range, self.y_range = Range1d(0, 1, name="latent_x"), Range1d(0, 1, name="latent_y")
        lasso, box, wheel = (
            LassoSelectTool(continuous=False),
            BoxSelectTool(continuous=False),
            WheelZoomTool(),
        )
        self.figure = figure(
            name="latent",
            x_range=self.x_range,
            y_range=self.y_range,
            x_axis_label="Latent 1",
            y_axis_label="Latent 2",
            height=height,
            sizing_mode="stretch_width",
            tools=[PanTool(), wheel, BoxZoomTool(), lasso, box, ResetTool()],
            toolbar_location="right",
            min_border=4,
            lod_timeout=60,
            outline_line_alpha=0.25,
        )
        self.figure.toolbar.logo = None
        self.figure.toolbar.active_scroll = wheel
        self.figure.toolbar.active_drag = lasso
        self.source = ColumnDataSource(dict(image=[], x=[], y=[], dw=[], dh=[]), name="latent:density")
        self.mapper = LinearColorMapper(palette=["#00000000", "#ffffff"], low=0, high=1)
        self.figure.image(
            "image", source=self.source, color_mapper=self.mapper, x="x", y="y", dw="dw", dh="dh"
        )
        self.mark = ColumnDataSource(dict(x=[], y=[]), name="latent_mark")
        self.figure.scatter(
            "x",
            "y",
            source=self.mark,
            marker="cross",
            size=14,
            line_width=1.5,
            line_color=theme.SELECTION_COLOUR,
        )
        self._coordinates: np.ndarray | None = None
        self._bins: LatentBins | None = None
        self._label: np.ndarray | None = None
        self._selected: np.ndarray | None = None
        self._colours: tuple[str, ...] = ()
        self.figure.on_event(RangesUpdate, lambda _event: self._rebin())
        self.figure.on_change("inner_width", lambda attr, old, new: self._rebin())

    def on_selection(self, handle: Callable[[dict], None]) -> None:
        """Call back with the geometry of a finished lasso or box, in latent coordinates."""

        def finished(event: SelectionGeometry) -> None:
            if event.final:
                handle(dict(event.geometry))

        self.figure.on_event(SelectionGeometry, finished)

    def on_double_tap(self, handle: Callable[[], None]) -> None:
        """Call back when the plot is double-clicked (clears the selection)."""
        self.figure.on_event(DoubleTap, lambda _event: handle())

    def show_points(
        self, coordinates: np.ndarray | None, axis_labels: Sequence[str] = ("Latent 1", "Latent 2")
    ) -> None:
        """Other points, (n_pixels, 2) float32; the view shows all but the farthest outliers."""
        self._coordinates = coordinates
        self._bins = self._label = self._selected = None
        self.mark.data = dict(x=[], y=[])
        self.figure.xaxis.axis_label, self.figure.yaxis.axis_label = axis_labels
        if coordinates is None:
            self.source.data = dict(image=[], x=[], y=[], dw=[], dh=[])
            return
        # a view needs no exact quantile: every n-th of the points tells the same
        sample = coordinates[:: max(1, len(coordinates) // 400_000)]
        sample = sample[np.isfinite(sample).all(axis=1)]  # pixels that take part in nothing have no place
        if sample.size == 0:
            sample = np.zeros((1, 2), np.float32)
        low, high = np.quantile(sample, [_OUTLIERS, 1 - _OUTLIERS], axis=0)
        margin = np.maximum(0.05 * (high - low), 1e-6)
        for axis, (start, end) in zip(
            (self.x_range, self.y_range), zip(low - margin, high + margin, strict=True), strict=True
        ):
            start, end = float(start), float(end)
            axis.update(start=start, end=end, reset_start=start, reset_end=end)
        self._rebin()

    def show_labels(self, label: np.ndarray, colours: Sequence[str], selected: np.ndarray | None) -> None:
        """Colour the points: label (n_pixels,) 0..len(colours)-1 or -1, mask of the selected or None."""
        self._label, self._colours, self._selected = label.ravel(), tuple(colours), selected
        self._draw()

    def recolour(self, colours: Sequence[str]) -> None:
        """Other colours of the same labels: only the palette travels."""
        if len(colours) == len(self._colours):
            self._colours = tuple(colours)
            palette = density_palette(self._colours, theme.UNASSIGNED, theme.UNSELECTED)
            self.mapper.update(palette=palette, low=0, high=len(palette) - 1)

    def _rebin(self) -> None:
        if self._coordinates is None:
            return
        self._bins = LatentBins.build(
            self._coordinates,
            Viewport(
                self.x_range.start,
                self.x_range.end,
                self.y_range.start,
                self.y_range.end,
                *frame_size(self.figure, _FIRST_SIZE),
            ),
        )
        self._draw()

    def _draw(self) -> None:
        if self._bins is None or self._label is None:
            return
        density = self._bins.dominant(self._label, len(self._colours), self._selected)
        palette = density_palette(self._colours, theme.UNASSIGNED, theme.UNSELECTED)
        if palette != self.mapper.palette:
            self.mapper.update(palette=palette, low=0, high=len(palette) - 1)
        self.source.data = dict(image=[density.index], **density.extent.columns())
