"""The map of the tab: draw on it, click a region, or select by the values that it shows."""

from __future__ import annotations

from typing import Any

import numpy as np
import panel as pn
import panel_material_ui as pmui
from bokeh.events import Tap

from dashboard import theme
from dashboard.phases import overlay
from dashboard.phases.cards import MENU, card
from dashboard.phases.grid import Column
from dashboard.phases.map_layers import (
    index_layer,
    intensity_layer,
    phase_index,
    phase_palette,
    shown_image,
)
from dashboard.phases.map_plot import MapFrame, MapPlot
from dashboard.phases.selecting import MapImages
from dashboard.phases.state import ALL_COUNTS, NAVIGATION
from dashboard.phases.tab import Tools
from dashboard.selection import ConnectedRegion, ImageRange, drawn

PHASES = "Phases"
_VEIL = ["#00000000", "#0c1014c0"]
_STEPS = 400


class MapCard:
    """One map with the present selection and the kept ones over it, and a handle for its values."""

    def __init__(self, tools: Tools) -> None:
        self._tools, self._state = tools, tools.state
        self.frame = MapFrame()
        self.plot = MapPlot(self.frame, "selections_map", ["intensity", "phases", "veil", overlay.LAYER], 480)
        self.plot.set_palette("veil", _VEIL)
        self.plot.on_selection(self._drawn)
        self.plot.on_double_tap(self._state.clear_selection)
        self.plot.figure.on_event(Tap, self._tapped)
        self._overlay = overlay.KeptOverlay(self._state, (self.plot,), follow=False)
        self.image = pmui.Select(options=[ALL_COUNTS], value=ALL_COUNTS, width=150, **MENU)
        self.image.param.watch(lambda _event: self.show_image(), "value")
        self.range = pmui.RangeSlider(
            label="Select by values", start=0.0, end=1.0, value=(0.0, 1.0), step=0.01, size="small",
            sizing_mode="stretch_width", margin=(2, 20, 8, 20),
        )  # fmt: skip
        self.range.param.watch(self._moved, "value")
        self._following = False
        body = Column(
            pn.pane.Bokeh(self.plot.figure, sizing_mode="stretch_width", margin=0), self.range,
            sizing_mode="stretch_width", margin=0,
        )  # fmt: skip
        self.panel = card("Map", [self.image], body)

    def show_dataset(self) -> None:
        """Another map."""
        prepared = self._state.prepared
        maps = prepared.maps
        if (maps.shape, maps.pixel_size_um or 1.0) != (self.frame.shape, self.frame.pixel_size):
            self.frame.show(maps.shape, maps.pixel_size_um)
        self.plot.scale_bar.visible = maps.pixel_size_um is not None
        self.show_menu()
        self.show_image()

    def show_menu(self) -> None:
        """What the map can show; what it shows stays where it can."""
        names = list(MapImages(self._state.prepared)) + ([PHASES] if self._state.shown is not None else [])
        if names != self.image.options:
            value = self.image.value if self.image.value in names else names[0]
            self.image.param.update(options=names, value=value)

    def show_image(self) -> None:
        """Draw the image of the menu, and let the handle reach over its values."""
        prepared, name = self._state.prepared, self.image.value
        if prepared is None or name is None:
            return
        of_phases = name == PHASES
        self.range.visible = not of_phases
        grey = of_phases or name.startswith(NAVIGATION)
        palette = theme.MAP_PALETTES["Grey" if grey else self._state.map_palette]
        first = next((NAVIGATION + image for image in prepared.maps.navigation), ALL_COUNTS)
        image = shown_image(prepared, first if of_phases else name)
        self.plot.set_palette("intensity", ["#00000000", *palette[1:]])
        self.plot.set_layer("intensity", intensity_layer(image, prepared.maps.shape))
        self.show_phases()
        if not of_phases:
            self._reach(name)

    def show_phases(self) -> None:
        """Draw the phases, where the menu asks for them."""
        state, shown = self._state, self._state.shown
        if self.image.value != PHASES or shown is None:
            self.plot.set_layer("phases", None)
            return
        opacity = state.phase_opacity
        self.plot.set_palette(
            "phases", phase_palette(state.colours_by_label(), shown.ids, state.hidden, opacity)
        )
        index = phase_index(shown.phase_map.label, shown.n_phases, None)
        self.plot.set_layer("phases", index_layer(index))

    def show_selection(self) -> None:
        """Darken what is not selected; the handle follows a selection by values."""
        selection = self._state.selection
        shape = self._state.prepared.maps.shape
        if selection is None or selection.shape != shape:
            self.plot.set_layer("veil", None)
        else:
            self.plot.set_layer("veil", index_layer((~selection.image).astype(np.uint8)))
        self._place_handle()

    def show_kept(self) -> None:
        """Draw the kept selections."""
        self._overlay.draw()

    def _reach(self, name: str) -> None:
        image = MapImages(self._state.prepared)[name]
        finite = image[np.isfinite(image)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
        high = high if high > low else low + 1.0
        whole = np.issubdtype(image.dtype, np.integer) or bool((finite == np.round(finite)).all())
        step = max((high - low) / _STEPS, 1.0 if whole and high - low > 20 else 0.0)
        self._following = True
        try:
            unit = self._state.prepared.quantity.lower()
            label = f"Select by {name}" if name.startswith(NAVIGATION) else f"Select by {name} ({unit})"
            self.range.param.update(label=label, start=low, end=high, step=step, value=(low, high))
        finally:
            self._following = False
        self._place_handle()

    def _place_handle(self) -> None:
        selection = self._state.selection
        origin = None if selection is None else selection.origin
        ends = (self.range.start, self.range.end)
        wanted = ends
        if isinstance(origin, ImageRange) and origin.image == self.image.value:
            wanted = (
                ends[0] if origin.low is None else origin.low,
                ends[1] if origin.high is None else origin.high,
            )
        if tuple(self.range.value) != wanted and not self._moving(origin):
            self._following = True
            try:
                self.range.value = wanted
            finally:
                self._following = False

    def _moving(self, origin: Any) -> bool:
        """Has the handle been moved on since this selection was asked for? Then it leads."""
        asked = self._state.asked
        return isinstance(asked, ImageRange) and asked.image == self.image.value and asked != origin

    def _moved(self, event: Any) -> None:
        if self._following or self.image.value in (None, PHASES):
            return
        low, high = event.new
        low = None if low <= self.range.start else float(low)
        high = None if high >= self.range.end else float(high)
        if low is None and high is None:
            self._state.clear_selection()
        else:
            self._state.select(ImageRange(self.image.value, low, high))

    def _drawn(self, geometry: dict[str, Any]) -> None:
        try:
            self._state.select(drawn("map", geometry))
        except ValueError as error:
            self._tools.tell(str(error), "warning")

    def _tapped(self, event: Tap) -> None:
        """A click on a phase selects the region around the pixel."""
        here = self.frame.pixel_at(event.x, event.y)
        if here is not None and self.image.value == PHASES:
            self._state.select(ConnectedRegion(*here))
