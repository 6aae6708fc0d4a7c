"""What the four linked views show of a state: element map, phase map, latent space and spectra.

``map_layers``, ``latent_marks`` and ``spectrum_curves`` make the pictures; :class:`LinkedViews` redraws what
a change touches.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import param

from dashboard import theme
from dashboard.image_levels import ImageLevels
from dashboard.live import LatestWins
from dashboard.phases import overlay
from dashboard.phases.latent_marks import axis_labels, ellipses
from dashboard.phases.latent_plot import LatentPlot
from dashboard.phases.map_layers import (
    composite_layer,
    index_layer,
    intensity_layer,
    phase_index,
    phase_palette,
    shown_image,
)
from dashboard.phases.map_plot import MapFrame, MapPlot
from dashboard.phases.spectrum_axis import show_axis
from dashboard.phases.spectrum_curves import curves
from dashboard.phases.spectrum_plot import SpectrumPlot
from dashboard.phases.state import (
    BY_DENSITY,
    BY_PHASE,
    COLOUR_COMPOSITE,
    NAVIGATION,
    PhasesState,
)

_VEIL = ["#00000000", "#0c1014c0"]


class LinkedViews:
    """The figures of one visit, kept in step with its state."""

    def __init__(self, state: PhasesState) -> None:
        self.state = state
        self.frame = MapFrame()
        self.element = MapPlot(self.frame, "element_map", ["intensity", "rgb", "veil", overlay.LAYER])
        self.phase = MapPlot(self.frame, "phase_map", ["intensity", "phases", overlay.LAYER])
        self.latent = LatentPlot()
        self._ellipses: LatestWins | None = None
        self.spectra = SpectrumPlot()
        self.element.set_palette("veil", _VEIL)
        self.phase.set_palette("intensity", ["#00000000", *theme.MAP_PALETTES["Grey"][1:]])
        self.kept = overlay.KeptOverlay(state, (self.element, self.phase))
        watch = state.param.watch
        watch(self._show_dataset, "prepared")
        watch(self._draw_element, ["map_shown", "composite", "map_palette"])
        watch(self._draw_background, "background_shown")
        watch(self._show_points, "result")
        watch(self._draw_phases, ["shown", "selection"])
        watch(self._colour_points, "latent_colour")
        watch(self._draw_ellipses, ["latent_ellipses", "shown", "colours", "hidden"])
        watch(self._recolour, ["colours", "hidden", "phase_opacity"])
        watch(self._draw_spectra, ["shown", "unmixed", "selection_spectrum", "colours", "names", "hidden",
                                   "spectra_shown", "spectra_norm", "chosen_phases"])  # fmt: skip
        watch(lambda event: self.spectra.show_scale(event.new), "spectra_scale")

    def mark_pixel(self, pixel: tuple[int, int] | None) -> None:
        """Mark a pixel (y, x) on both maps and in the latent space, or none."""
        frame, result = self.frame, self.state.result
        if pixel is None:
            empty = dict(x=[], y=[])
            frame.mark.data, self.latent.mark.data = empty, dict(empty)
            return
        y, x = pixel
        frame.mark.data = dict(x=[(x + 0.5) * frame.pixel_size], y=[(y + 0.5) * frame.pixel_size])
        if result is not None and result.latent.map_shape == frame.shape:
            point = result.latent.coordinates[y * frame.shape[1] + x]
            self.latent.mark.data = dict(x=[float(point[0])], y=[float(point[1])])

    def _show_dataset(self, *_events: param.parameterized.Event) -> None:
        prepared = self.state.prepared
        if prepared is None:
            return
        maps = prepared.maps
        if (maps.shape, maps.pixel_size_um or 1.0) != (self.frame.shape, self.frame.pixel_size):
            self.frame.show(maps.shape, maps.pixel_size_um)
        for plot in (self.element, self.phase):
            plot.scale_bar.visible = maps.pixel_size_um is not None
        show_axis(self.spectra, prepared)
        self._draw_element()
        self._draw_background()
        self._show_points()
        self._draw_phases()
        self._draw_spectra()

    def _draw_element(self, *_events: param.parameterized.Event) -> None:
        prepared = self.state.prepared
        if prepared is None:
            return
        shape, name = prepared.maps.shape, self.state.map_shown
        if name == COLOUR_COMPOSITE:
            images = [prepared.levels_of(line) for line in self.state.composite]
            self.element.set_layer("intensity", None)
            self.element.set_layer("rgb", composite_layer(images, shape))
            return
        grey = name.startswith(NAVIGATION)
        palette = theme.MAP_PALETTES["Grey" if grey else self.state.map_palette]
        self.element.set_palette("intensity", ["#00000000", *palette[1:]])
        self.element.set_layer("rgb", None)
        self.element.set_layer("intensity", intensity_layer(shown_image(prepared, name), shape))

    def _draw_background(self, *_events: param.parameterized.Event) -> None:
        prepared = self.state.prepared
        if prepared is not None:
            image = prepared.maps.navigation.get(self.state.background_shown)
            levels = prepared.all_counts if image is None else ImageLevels(image)
            self.phase.set_layer("intensity", intensity_layer(levels, prepared.maps.shape))

    def _show_points(self, *_events: param.parameterized.Event) -> None:
        result = self.state.result
        if result is None:
            self.latent.show_points(None)
            self.latent.show_ellipses(None)
            return
        points = result.latent.coordinates[:, :2]
        if points.shape[1] == 1:  # a single coordinate is drawn along the axis
            points = np.column_stack([points, np.where(np.isnan(points[:, 0]), np.nan, np.float32(0))])
        self.latent.show_points(points, axis_labels(result))
        self._colour_points()

    def _colour_points(self, *_events: param.parameterized.Event) -> None:
        state, by = self.state, self.state.latent_colour
        if by in (BY_PHASE, BY_DENSITY) or state.prepared is None or state.result is None:
            self.latent.colour_by("density" if by == BY_DENSITY else "phases")
        elif state.result.latent.map_shape == state.prepared.maps.shape:
            title = f"{by}: {state.prepared.quantity.lower()}"
            self.latent.colour_by("values", state.prepared.maps.of(by), title)

    def answer_live(self, live: Callable[..., LatestWins]) -> None:
        """Fit what the ellipses need in a thread, by ``Tools.live``, instead of at once."""
        self._ellipses = live(ellipses, lambda answer: self.latent.show_ellipses(*answer))

    def _draw_ellipses(self, *_events: param.parameterized.Event) -> None:
        state, shown, result = self.state, self.state.shown, self.state.result
        if state.latent_ellipses == "Off" or shown is None or result is None or result.latent.n_latent < 2:
            if self._ellipses is not None:
                self._ellipses.drop()
            self.latent.show_ellipses(None)
            return
        request = (
            state.latent_ellipses, result, state.recipe.mixture, shown, state.colours_by_label(),
            state.hidden,
        )  # fmt: skip
        if self._ellipses is None:
            self.latent.show_ellipses(*ellipses(*request))
        else:
            self._ellipses.request(*request)

    def _draw_phases(self, *_events: param.parameterized.Event) -> None:
        state, shown = self.state, self.state.shown
        selected = None if state.selection is None else state.selection.mask
        if selected is None or state.prepared is None:
            self.element.set_layer("veil", None)
        else:
            veil = (~selected).astype(np.uint8).reshape(state.prepared.maps.shape)
            self.element.set_layer("veil", index_layer(veil))
        if shown is None:
            self.phase.set_layer("phases", None)
            return
        self._recolour_map()
        index = phase_index(shown.phase_map.label, shown.n_phases, selected)
        self.phase.set_layer("phases", index_layer(index))
        self.latent.show_labels(shown.phase_map.label, state.colours_by_label(), selected)

    def _recolour_map(self) -> None:
        state = self.state
        self.phase.set_palette(
            "phases",
            phase_palette(state.colours_by_label(), state.shown.ids, state.hidden, state.phase_opacity),
        )

    def _recolour(self, *_events: param.parameterized.Event) -> None:
        if self.state.shown is not None:
            self._recolour_map()
            self.latent.recolour(self.state.colours_by_label())

    def _draw_spectra(self, *_events: param.parameterized.Event) -> None:
        if self.state.prepared is not None:
            self.spectra.set_curves(*curves(self.state))
