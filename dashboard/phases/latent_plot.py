"""The latent space: every pixel as a point, drawn as density in the colour of the phase that prevails."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from bokeh.events import DoubleTap, RangesUpdate, SelectionGeometry
from bokeh.models import (
    BoxSelectTool,
    BoxZoomTool,
    ColorBar,
    ColumnDataSource,
    LassoSelectTool,
    LinearColorMapper,
    LogColorMapper,
    PanTool,
    Range1d,
    ResetTool,
    WheelZoomTool,
)
from bokeh.plotting import figure

from dashboard import theme
from dashboard.contrast import contrast_limits, to_uint8
from dashboard.density_levels import density_palette
from dashboard.frame_size import frame_size
from dashboard.latent_bins import LatentBins
from dashboard.palette import show_palette
from dashboard.viewport import Viewport
from models.latent_ellipses import Spread

_FIRST_SIZE = 360
#: share of the points at each end of an axis that the first view may leave outside
_OUTLIERS = 0.0005
_PALETTE = list(theme.MAP_PALETTES["Viridis"][1:255])
_UNSELECTED = len(_PALETTE) + 1


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
        self._add_ellipses()
        self._add_colour_bars()
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
        self._by = "phases"
        self._values: np.ndarray | None = None
        self.figure.on_event(RangesUpdate, lambda _event: self._rebin())
        self.figure.on_change("inner_width", lambda attr, old, new: self._rebin())

    def _add_ellipses(self) -> None:
        self.ellipses: dict[int, ColumnDataSource] = {}
        for sigmas, dash in ((1, "solid"), (2, "dashed")):
            source = ColumnDataSource(dict(xs=[], ys=[], colour=[]), name=f"latent:ellipses{sigmas}")
            # on points of its own colour an ellipse shows by its light edge alone
            for colour, width, alpha in (("#ffffff", 3.4, 0.75), ("colour", 1.7, 1.0)):
                self.figure.multi_line(
                    "xs", "ys", source=source, line_color=colour, line_width=width, line_alpha=alpha,
                    line_dash=dash,
                )  # fmt: skip
            self.ellipses[sigmas] = source

    def _add_colour_bars(self) -> None:
        """One for values and one for densities; their mappers hold the limits of the image."""
        self.bars: dict[str, ColorBar] = {}
        for by, mapper in (("values", LinearColorMapper), ("density", LogColorMapper)):
            self.bars[by] = ColorBar(
                color_mapper=mapper(palette=_PALETTE, low=1, high=2), width=10, padding=4, margin=0,
                background_fill_alpha=0, major_label_text_font_size="11px", title_text_font_size="11px",
                title_standoff=4, visible=False,
            )  # fmt: skip
            self.figure.add_layout(self.bars[by], "right")

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

    def colour_by(self, by: str, values: np.ndarray | None = None, title: str = "") -> None:
        """What the colours say: phases, density, or the mean of values (n_pixels,) that a title names."""
        self._by, self._values = by, values
        for name, bar in self.bars.items():
            bar.visible = name == by
            if name == by:
                bar.title = title or "Pixels per dot"
        self._draw()

    def show_ellipses(self, spread: Spread | None, colours: Sequence[str] = ()) -> None:
        """Ellipses at one and two standard deviations, each in its colour, or none."""
        for sigmas, source in self.ellipses.items():
            if spread is None:
                source.data = dict(xs=[], ys=[], colour=[])
                continue
            xs, ys = spread.outline(sigmas)
            drawn = [i for i in range(len(xs)) if np.isfinite(xs[i]).all()]
            source.data = dict(
                xs=[xs[i] for i in drawn], ys=[ys[i] for i in drawn], colour=[colours[i] for i in drawn]
            )

    def recolour(self, colours: Sequence[str]) -> None:
        """Other colours of the same labels: only the palette travels."""
        if len(colours) == len(self._colours):
            self._colours = tuple(colours)
            if self._by == "phases":
                show_palette(self.mapper, density_palette(self._colours, theme.UNASSIGNED, theme.UNSELECTED))

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
        if self._by == "phases":
            density = self._bins.dominant(self._label, len(self._colours), self._selected)
            show_palette(self.mapper, density_palette(self._colours, theme.UNASSIGNED, theme.UNSELECTED))
            index = density.index
        else:
            # drawn with the palette of phases this image would flash: both change in one message
            index = self._graded()
            show_palette(self.mapper, ["#00000000", *_PALETTE, theme.UNSELECTED + "90"])
        self.source.data = dict(image=[index], **self._bins.extent.columns())

    def _graded(self) -> np.ndarray:
        """Palette indices of densities or means, (n_y, n_x) uint8: 0 where there is no point."""
        counts = self._bins.counts
        if self._by == "density":
            shown = counts if self._selected is None else self._bins.selected_counts(self._selected)
            high = max(2.0, float(shown.max(initial=1)))
            self.bars["density"].color_mapper.update(low=1, high=high)
            with np.errstate(divide="ignore"):
                index = _graded(np.where(shown > 0, np.log(shown), np.nan), 0.0, np.log(high))
        else:
            mean = self._bins.mean(self._values, self._selected)
            low, high = contrast_limits(mean)
            self.bars["values"].color_mapper.update(low=low, high=high)
            index = _graded(mean, low, high)
        index[(index == 0) & (counts > 0)] = _UNSELECTED
        return index


def _graded(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Values as indices 1 to 254 of the palette; 0 for NaN."""
    return np.minimum(to_uint8(values, low, high), np.uint8(len(_PALETTE)))
