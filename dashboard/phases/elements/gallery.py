"""All element maps side by side, zoomed together, each in its colours, with the selection lit up."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import panel as pn
from bokeh.events import RangesUpdate, Tap
from bokeh.models import (
    BoxSelectTool,
    ColumnDataSource,
    CustomJS,
    LassoSelectTool,
    LinearColorMapper,
    PanTool,
    Title,
)

from dashboard import theme
from dashboard.arrival import Arrival
from dashboard.map_pyramid import MapPyramid
from dashboard.phases.elements.looks import GalleryLook, tile_side
from dashboard.phases.grid import Row
from dashboard.phases.map_plot import MapFrame, MapPlot
from dashboard.phases.tab import Tools
from dashboard.viewport import Extent, Viewport, sample_nearest

#: what dragging the mouse on a map does
DRAGS = {"Lasso": LassoSelectTool, "Box": BoxSelectTool, "Pan": PanTool}
_VEIL = ("#00000000", "#0c1014c0")
#: the sides of a tile in relation to each other stay readable
_MOST_ASPECT = 1.7

_SET_DRAG = "const on = mode.data.drag[0]; for (const tool of tools[on]) tool.active = true;"

Drawn = tuple[np.ndarray, np.ndarray, Extent, tuple[np.ndarray, Extent] | None]


class Gallery:
    """Small multiples of the line maps.

    Parameters
    ----------
    tools : of the visit
    frame : the visible part of the field of view, shared with other maps of the tab
    on_selection : gets the geometry of a lasso or a box on a map, in map pixels
    on_choice : gets the line whose map was clicked
    on_clear : called at a double click
    """

    def __init__(
        self,
        tools: Tools,
        frame: MapFrame,
        on_selection: Callable[[dict], None],
        on_choice: Callable[[str], None],
        on_clear: Callable[[], None],
    ) -> None:
        self.frame = frame
        self._on_selection, self._on_choice, self._on_clear = on_selection, on_choice, on_clear
        self.tiles: dict[str, MapPlot] = {}
        # one veil for all tiles: it travels once
        self.veil = ColumnDataSource(dict(image=[], x=[], y=[], dw=[], dh=[]), name="gallery:veil")
        self.panel = Row(
            styles={"flex-wrap": "wrap", "gap": "4px"}, sizing_mode="stretch_width", margin=(0, 4)
        )
        self.look = GalleryLook()
        self.drag = "Lasso"
        self._mode = ColumnDataSource(dict(drag=[self.drag]), name="gallery:drag")
        self.chosen: str | None = None
        self._lines: tuple[str, ...] = ()
        self._key: tuple = ()
        self._size, self._calibrated = "Automatic", False
        self._pyramid: MapPyramid | None = None
        self._selected: np.ndarray | None = None
        self._limits = np.zeros((0, 2))
        self._arrival: Arrival | None = None
        self._live = tools.live(_draw, self._receive)

    def show(self, pyramid: MapPyramid, lines: Sequence[str], calibrated: bool) -> None:
        """Other maps: their pyramid and names, and whether the pixel size is known."""
        self._pyramid, self._lines = pyramid, tuple(lines)
        self._calibrated = calibrated
        self._build()
        self.redraw()

    def select(self, selected: np.ndarray | None) -> None:
        """Light up the selected pixels, (n_y, n_x) bool, or all."""
        self._selected = selected
        if selected is None:
            self.veil.data = dict(image=[], x=[], y=[], dw=[], dh=[])
        self.redraw()

    def set_look(self, look: GalleryLook) -> None:
        """Other colours or contrast."""
        self.look = look
        self.redraw()

    def set_size(self, size: str) -> None:
        """Tiles of another size: "Automatic", "Small" or "Large"."""
        if size != self._size:
            self._size = size
            self._build()
            self.redraw()

    def set_drag(self, drag: str) -> None:
        """What dragging does on every map: a key of ``DRAGS``."""
        self.drag = drag
        self._mode.data = dict(drag=[drag])

    def fit(self) -> None:
        """Show the whole field of view again."""
        # the browser fits the maps to the field whenever that is set
        self.frame.field_of_view.data = dict(self.frame.field_of_view.data)

    def mark_choice(self, line: str | None) -> None:
        """Frame the map whose look is being changed."""
        self.chosen = line
        for name, plot in self.tiles.items():
            chosen = name == line
            plot.figure.update(
                outline_line_color=theme.ACCENT if chosen else "#8d96a0",
                outline_line_alpha=1.0 if chosen else 0.25,
                outline_line_width=2 if chosen else 1,
            )

    def redraw(self) -> None:
        """Draw what is visible of all maps, in a thread."""
        if self._pyramid is None or not self.tiles:
            return
        self._limits = self.look.limits(self._pyramid, self._lines)
        self._arrival("colours", self._colour)
        self._live.request(
            self._pyramid,
            self._limits,
            self.look.gammas(self._lines),
            next(iter(self.tiles.values())).viewport(),
            self._selected,
        )

    def _colour(self) -> None:
        for line, plot in self.tiles.items():
            palette = ["#00000000", *theme.MAP_PALETTES[self.look.of(line).palette][1:]]
            if plot.palette("intensity") != palette:
                plot.set_palette("intensity", palette)

    @property
    def limits(self) -> np.ndarray:
        """Intensities of the first and last colour of every map, (n_lines, 2)."""
        return self._limits

    def _build(self) -> None:
        """The tiles, made anew where their number or their size has changed."""
        n_y, n_x = self._pyramid.shape
        side = tile_side(len(self._lines), self._size)
        aspect = min(max(n_y / n_x, 1 / _MOST_ASPECT), _MOST_ASPECT)
        width, height = (side, round(side * aspect)) if aspect < 1 else (round(side / aspect), side)
        key = (self._lines, width, height)
        new = key != self._key
        if new:
            self._key = key
            self.tiles = {line: self._tile(line, width, height + 18) for line in self._lines}
            first = next(iter(self.tiles.values()), None)
            if first is not None:
                # all maps share their ranges: one keeps the pixels square, tells of a zoom and of the scale
                first.lead()
                self._arrival = Arrival(first.figure)
                first.figure.on_event(RangesUpdate, lambda _event: self.redraw())
                self._connect_drag(first)
        for plot in self.tiles.values():
            plot.scale_bar.visible = self._calibrated
        self.mark_choice(self.chosen if self.chosen in self._lines else None)
        self._colour()
        if new:
            self.panel.objects = [
                pn.pane.Bokeh(plot.figure, width=width, height=height + 18, margin=0)
                for plot in self.tiles.values()
            ]

    def _connect_drag(self, first: MapPlot) -> None:
        """Let the browser change what dragging does: a figure on show takes no other tool from here."""
        tools = {
            drag: [
                tool for plot in self.tiles.values() for tool in plot.figure.tools if isinstance(tool, kind)
            ]
            for drag, kind in DRAGS.items()
        }
        self._mode = ColumnDataSource(dict(drag=[self.drag]), name="gallery:drag")
        self._mode.js_on_change("data", CustomJS(args=dict(mode=self._mode, tools=tools), code=_SET_DRAG))
        first.figure.tags = [self._mode]  # travels with the figure
        for tool, plot in zip(tools[self.drag], self.tiles.values(), strict=True):
            plot.figure.toolbar.active_drag = tool

    def _tile(self, line: str, width: int, height: int) -> MapPlot:
        plot = MapPlot(self.frame, f"gallery_{line}", ["intensity"], height=height, tile_width=width)
        plot.figure.image(
            "image", source=self.veil, x="x", y="y", dw="dw", dh="dh",
            color_mapper=LinearColorMapper(palette=list(_VEIL), low=0, high=1),
        )  # fmt: skip
        plot.figure.add_layout(
            Title(text=line, text_font_size="11px", text_font_style="bold", offset=2, standoff=1), "above"
        )
        plot.scale_bar.update(
            bar_length=0.3, padding=3, margin=3, label_text_font_size="9px", label_standoff=1
        )
        plot.on_selection(self._on_selection)
        plot.on_double_tap(self._on_clear)
        plot.figure.on_event(Tap, lambda _event: self._on_choice(line))
        return plot

    def _receive(self, drawn: Drawn) -> None:
        self._arrival("pictures", lambda: self._deliver(drawn))

    def _deliver(self, drawn: Drawn) -> None:
        images, limits, extent, veil = drawn
        if len(images) != len(self.tiles):
            return  # the maps have changed since: their own answer is on its way
        with pn.io.hold():
            for image, (low, high), (line, plot) in zip(images, limits, self.tiles.items(), strict=True):
                plot.show("intensity", image, extent)
                plot.figure.above[-1].text = f"{line}   {_number(low)} to {_number(high)}"
            if veil is not None and self._selected is not None:
                size = self.frame.pixel_size
                image, (x0, y0, width, height) = veil
                self.veil.data = dict(
                    image=[image], x=[x0 * size], y=[y0 * size], dw=[width * size], dh=[height * size]
                )


def _draw(
    pyramid: MapPyramid,
    limits: np.ndarray,
    gammas: np.ndarray,
    viewport: Viewport,
    selected: np.ndarray | None,
) -> Drawn:
    """Pictures of all maps and the veil over what is not selected."""
    images, extent = pyramid.view(range(pyramid.n_maps), limits, gammas, viewport)
    veil = None
    if selected is not None:
        shown, covered = sample_nearest(selected, viewport)
        veil = (~shown).astype(np.uint8), covered
    return images, limits, extent, veil


def _number(value: float) -> str:
    """An intensity in few characters."""
    if value == 0:
        return "0"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2g}"
