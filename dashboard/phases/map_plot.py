"""Maps of the field of view: layers of small images that cover what is visible.

Every map of a visit shares one pair of ranges, so they zoom and pan together. The axes are in um where
the pixel size is known, else in pixels. Row 0 is on top.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from bokeh.events import DoubleTap, MouseLeave, RangesUpdate, SelectionGeometry
from bokeh.models import (
    BoxSelectTool,
    BoxZoomTool,
    ColumnDataSource,
    CustomJS,
    LassoSelectTool,
    LinearColorMapper,
    Metric,
    PanTool,
    Range1d,
    ResetTool,
    ScaleBar,
    WheelZoomTool,
)
from bokeh.plotting import figure

from dashboard.frame_size import frame_size
from dashboard.palette import show_palette
from dashboard.viewport import Viewport

#: a layer draws the visible part: viewport in map pixels -> image and its extent (x0, y0, width, height)
Layer = Callable[[Viewport], tuple[np.ndarray, tuple[float, float, float, float]]]

#: used before the browser has reported the size of its frame
_FIRST_SIZE = 480
_NOTHING = np.zeros((0, 0), np.uint8)

# keeps pixels square: the smaller side of the frame shows the whole field of view after a change of
# dataset, and a resize keeps the centre and the scale
_FIT = """
const [w, h] = [field.data.width[0], field.data.height[0]];
if (fig.properties.inner_width.is_unset) return;  // not laid out yet; that calls this again
const [iw, ih] = [fig.inner_width, fig.inner_height];
if (!(iw > 0 && ih > 0)) return;
const full = Math.max(w / iw, h / ih);
const whole = cb_obj === field || !(x_range.tags.length && x_range.tags[0] === w + ':' + h);
const scale = whole ? full : Math.abs(x_range.end - x_range.start) / x_range.tags[1];
const cx = whole ? w / 2 : (x_range.start + x_range.end) / 2;
const cy = whole ? h / 2 : (y_range.start + y_range.end) / 2;
const set = (upp, x, y) => {
  x_range.setv({start: x - upp * iw / 2, end: x + upp * iw / 2});
  y_range.setv({start: y + upp * ih / 2, end: y - upp * ih / 2});
};
x_range.reset_start = w / 2 - full * iw / 2; x_range.reset_end = w / 2 + full * iw / 2;
y_range.reset_start = h / 2 + full * ih / 2; y_range.reset_end = h / 2 - full * ih / 2;
set(scale, cx, cy);
x_range.tags = [w + ':' + h, iw];
"""

# at most one message per 60 ms while the mouse moves, and always the last position
_PROBE = """
const now = Date.now();
const send = () => { window._lodestone_probe = Date.now(); probe.data = {x: [cb_obj.x], y: [cb_obj.y]}; };
clearTimeout(window._lodestone_probe_timer);
if (now - (window._lodestone_probe || 0) > 60) send();
else window._lodestone_probe_timer = setTimeout(send, 60);
"""


@dataclass
class MapFrame:
    """What the maps of a visit share: the visible part and the size of the field of view."""

    x_range: Range1d = field(default_factory=lambda: Range1d(0, 1, name="map_x"))
    y_range: Range1d = field(default_factory=lambda: Range1d(1, 0, name="map_y"))
    field_of_view: ColumnDataSource = field(
        default_factory=lambda: ColumnDataSource(dict(width=[1.0], height=[1.0]), name="field_of_view")
    )
    probe: ColumnDataSource = field(default_factory=lambda: ColumnDataSource(dict(x=[], y=[]), name="probe"))
    mark: ColumnDataSource = field(default_factory=lambda: ColumnDataSource(dict(x=[], y=[]), name="mark"))
    shape: tuple[int, int] = (1, 1)
    pixel_size: float = 1.0

    def show(self, shape: tuple[int, int], pixel_size_um: float | None) -> None:
        """Another field of view: (n_y, n_x) pixels of a size in um, or None for axes in pixels."""
        self.shape, self.pixel_size = shape, pixel_size_um or 1.0
        n_y, n_x = shape
        self.x_range.update(start=0, end=n_x * self.pixel_size)
        self.y_range.update(start=n_y * self.pixel_size, end=0)
        self.field_of_view.data = dict(width=[n_x * self.pixel_size], height=[n_y * self.pixel_size])
        self.mark.data = dict(x=[], y=[])

    def pixel_at(self, x: float, y: float) -> tuple[int, int] | None:
        """(y, x) of the pixel under a position in axis units, or None outside the map."""
        column, row = int(x // self.pixel_size), int(y // self.pixel_size)
        inside = 0 <= row < self.shape[0] and 0 <= column < self.shape[1]
        return (row, column) if inside else None


class MapPlot:
    """One map: image layers from bottom to top, a scale bar, lasso and box."""

    def __init__(
        self, frame: MapFrame, name: str, layers: Sequence[str], height: int = 336, tile_width: int = 0
    ) -> None:
        """A map of its own, or one of many small ones.

        Parameters
        ----------
        frame : shared by maps that zoom together
        name : of the figure
        layers : names, from bottom to top; "rgb" takes colour images, the others palette indices
        height : of the figure in screen pixels
        tile_width : above 0 makes a tile of that width: without toolbar, and drawn by its gallery
        """
        self.frame = frame
        self._first = (tile_width, height) if tile_width else (_FIRST_SIZE, _FIRST_SIZE)
        lasso, box, wheel = (
            LassoSelectTool(continuous=False),
            BoxSelectTool(continuous=False),
            WheelZoomTool(),
        )
        self.figure = figure(
            name=name,
            x_range=frame.x_range,
            y_range=frame.y_range,
            height=height,
            tools=[PanTool(), wheel, lasso, box]
            if tile_width
            else [PanTool(), wheel, BoxZoomTool(match_aspect=True), lasso, box, ResetTool()],
            x_axis_type=None,
            y_axis_type=None,
            min_border=2 if tile_width else 4,
            lod_timeout=60,  # the default of 500 ms holds back the redraw after the wheel stops
            outline_line_alpha=0.25,
            **(
                dict(width=tile_width, toolbar_location=None)
                if tile_width
                else dict(sizing_mode="stretch_width", toolbar_location="right")
            ),
        )
        self.figure.toolbar.active_scroll = wheel
        self.figure.toolbar.active_drag = lasso
        self.figure.toolbar.logo = None
        self._layers: dict[str, Layer | None] = dict.fromkeys(layers)
        self._sources: dict[str, ColumnDataSource] = {}
        self._mappers: dict[str, LinearColorMapper] = {}
        for layer in layers:
            self._add_layer(layer)
        self.figure.scatter(
            "x", "y", source=frame.mark, marker="cross", size=14, line_width=1.5, line_color="#ffffff"
        )
        self.scale_bar = ScaleBar(
            range=frame.x_range,
            unit="µm",
            dimensional=Metric(base_unit="m", exclude=["dm", "dam", "hm"]),
            location="bottom_left",
            bar_length=0.2,
            background_fill_alpha=0.65,
            visible=False,
        )
        if not tile_width:
            self.lead()
        self.figure.js_on_event("mousemove", CustomJS(args=dict(probe=frame.probe), code=_PROBE))
        self.figure.js_on_event(
            MouseLeave, CustomJS(args=dict(probe=frame.probe), code="probe.data = {x: [], y: []};")
        )
        if not tile_width:
            self.figure.on_event(RangesUpdate, lambda _event: self.redraw())

    def lead(self) -> None:
        """Show the scale bar and keep the pixels square; one of several equal tiles does it for all.

        If all did, the frame would know every figure that knows it, and Bokeh walks through all models that
        know each other at every change of one.
        """
        self.figure.add_layout(self.scale_bar)
        frame = self.frame
        fit = CustomJS(
            args=dict(
                fig=self.figure, x_range=frame.x_range, y_range=frame.y_range, field=frame.field_of_view
            ),
            code=_FIT,
        )
        self.figure.js_on_change("inner_width", fit)
        self.figure.js_on_change("inner_height", fit)
        frame.field_of_view.js_on_change("data", fit)

    def _add_layer(self, name: str) -> None:
        source = ColumnDataSource(dict(image=[], x=[], y=[], dw=[], dh=[]), name=f"{self.figure.name}:{name}")
        placed = dict(source=source, x="x", y="y", dw="dw", dh="dh")
        if name == "rgb":
            self.figure.image_rgba("image", **placed)
        else:
            mapper = LinearColorMapper(palette=["#00000000", "#ffffff"], low=0, high=255)
            self.figure.image("image", color_mapper=mapper, **placed)
            self._mappers[name] = mapper
        self._sources[name] = source

    def on_selection(self, handle: Callable[[dict], None]) -> None:
        """Call back with the geometry of a finished lasso or box, in map pixels."""

        def in_pixels(event: SelectionGeometry) -> None:
            if not event.final:
                return
            size = self.frame.pixel_size
            geometry: dict[str, Any] = {"type": event.geometry["type"]}
            for name in ("x", "y", "x0", "x1", "y0", "y1"):
                if name in event.geometry:
                    # the browser sends a polygon as a typed array, a box as numbers
                    places = np.asarray(event.geometry[name], float) / size
                    geometry[name] = places if places.ndim else float(places)
            handle(geometry)

        self.figure.on_event(SelectionGeometry, in_pixels)

    def on_double_tap(self, handle: Callable[[], None]) -> None:
        """Call back when the map is double-clicked (clears the selection)."""
        self.figure.on_event(DoubleTap, lambda _event: handle())

    def viewport(self) -> Viewport:
        """The visible part in map pixels, with the size of the frame in screen pixels."""
        width, height = frame_size(self.figure, *self._first)
        size, x_range, y_range = self.frame.pixel_size, self.frame.x_range, self.frame.y_range
        return Viewport(
            x0=min(x_range.start, x_range.end) / size,
            x1=max(x_range.start, x_range.end) / size,
            y0=min(y_range.start, y_range.end) / size,
            y1=max(y_range.start, y_range.end) / size,
            width=width,
            height=height,
        )

    def set_layer(self, name: str, layer: Layer | None) -> None:
        """Replace what a layer draws; None empties it."""
        self._layers[name] = layer
        self._draw(name, self.viewport())

    def set_palette(self, name: str, palette: Sequence[str]) -> None:
        """The colours of a layer: image value i is drawn in palette[i]."""
        show_palette(self._mappers[name], palette)

    def palette(self, name: str) -> list[str]:
        """The colours of a layer."""
        return self._mappers[name].palette

    def redraw(self) -> None:
        """Draw the visible part of every layer anew."""
        viewport = self.viewport()
        for name in self._layers:
            self._draw(name, viewport)

    def show(self, name: str, image: np.ndarray, extent: tuple[float, float, float, float]) -> None:
        """Show an image as a layer: palette indices, where they lie in map pixels (x0, y0, width, height)."""
        x0, y0, width, height = extent
        size = self.frame.pixel_size
        self._sources[name].data = dict(
            image=[image], x=[x0 * size], y=[y0 * size], dw=[width * size], dh=[height * size]
        )

    def _draw(self, name: str, viewport: Viewport) -> None:
        layer, source = self._layers[name], self._sources[name]
        image, extent = (_NOTHING, None) if layer is None else layer(viewport)
        if image.size:
            self.show(name, image, extent)
        elif source.data["image"]:
            source.data = dict(image=[], x=[], y=[], dw=[], dh=[])
