"""Where the end-members are: a map of each, zoomed together, and any three as red, green and blue."""

from __future__ import annotations

from typing import Any

import numpy as np
import panel as pn
import panel_material_ui as pmui

from dashboard import theme
from dashboard.contrast import compose_rgb
from dashboard.exports import Chosen, ExportFile, ExportMenu
from dashboard.map_pyramid import MapPyramid
from dashboard.phases.cards import CHANNELS, MENU, card, swatch
from dashboard.phases.elements.gallery import DRAGS, Gallery
from dashboard.phases.elements.looks import GalleryLook, MapLook
from dashboard.phases.grid import Column, Row
from dashboard.phases.map_plot import MapFrame, MapPlot
from dashboard.phases.tab import Tools
from dashboard.phases.unmixed import Unmixed
from dashboard.selection import drawn
from dashboard.viewport import Viewport
from models.exports_figure import Drawing, render
from models.exports_files import file_name
from models.exports_maps import ColourDrawing, IntensityDrawing
from models.exports_tiff import stack_tiff

_NONE = "none"
_KINDS = {"PNG": "Figure, PNG", "SVG": "Figure, SVG", "TIFF32": "All abundance maps, TIFF 32 bit"}


class Abundance:
    """Two cards, ``gallery_card`` and ``colour_card``."""

    def __init__(self, tools: Tools) -> None:
        self._tools, self.state = tools, tools.state
        self.frame = MapFrame()
        self.gallery = Gallery(tools, self.frame, self._drawn, lambda _name: None, self._clear)
        self.gallery.look = GalleryLook(common=MapLook(low_percent=0.0, high_percent=100.0), scale="common")
        self.rgb = MapPlot(self.frame, "abundance_rgb", ["rgb"], height=330)
        self.rgb.on_selection(self._drawn)
        self.rgb.on_double_tap(self._clear)
        self._pyramids = tools.live(_pyramid, self._show_pyramid)
        self._unmixed: Unmixed | None = None
        self._pyramid: MapPyramid | None = None
        self._pending: Any = None
        self.palette = pmui.Select(options=list(theme.MAP_PALETTES), value="Inferno", width=104, **MENU)
        self.scale = pmui.Select(
            options={"0 to the largest of all": "common", "Each map its own": "each"}, value="common",
            width=184, **MENU,
        )  # fmt: skip
        self.drag = pmui.RadioButtonGroup(options=list(DRAGS), value="Lasso", size="small", margin=(0, 4))
        self.palette.param.watch(self._restyle, "value")
        self.scale.param.watch(self._restyle, "value")
        self.drag.param.watch(lambda event: self.gallery.set_drag(event.new), "value")
        self.menus = [pmui.Select(options=[_NONE], value=_NONE, width=140, **MENU) for _ in CHANNELS]
        for menu in self.menus:
            menu.param.watch(lambda _event: self._draw_rgb(), "value")
        of_all = ExportMenu(tools, "the abundance maps", _KINDS, self._maps_file, width_mm=175.0)
        of_rgb = ExportMenu(tools, "the colour image", dict(list(_KINDS.items())[:2]), self._rgb_file)
        self.gallery_card = card(
            "Abundance maps", [self.drag, self.scale, self.palette, of_all.panel], self.gallery.panel
        )
        pairs = [
            Row(swatch(colour), menu, margin=0, sizing_mode=None, styles={"align-items": "center"})
            for colour, menu in zip(CHANNELS.values(), self.menus, strict=True)
        ]
        self.colour_card = card(
            "Three end-members in colour",
            [of_rgb.panel],
            Column(
                pn.pane.Bokeh(self.rgb.figure, sizing_mode="stretch_width", margin=0),
                Row(
                    *pairs, sizing_mode="stretch_width", margin=(0, 4), styles={"flex-wrap": "wrap"}
                ),
                sizing_mode="stretch_width",
                margin=0,
            ),
        )  # fmt: skip

    def show(self) -> None:
        """The maps of the end-members on show; the ones before stay until these are ready."""
        unmixed = self.state.unmixed
        if unmixed is None or unmixed.unmixing is None or unmixed is self._pending:
            return
        self._pending = unmixed
        self._pyramids.request(unmixed, self.state.prepared.maps.pixel_size_um)

    def select(self, mask: np.ndarray | None) -> None:
        """Light up the selected pixels, (n_y, n_x) bool, or all."""
        self.gallery.select(mask)

    def _show_pyramid(self, answer: tuple[Unmixed, MapPyramid, float | None]) -> None:
        unmixed, pyramid, pixel_size = answer
        if unmixed is not self._pending:
            return
        self._unmixed, self._pyramid = unmixed, pyramid
        shape = unmixed.unmixing.residual.shape
        if (shape, pixel_size or 1.0) != (self.frame.shape, self.frame.pixel_size):
            self.frame.show(shape, pixel_size)
        calibrated = pixel_size is not None
        self.gallery.show(pyramid, unmixed.names, calibrated)
        self.rgb.scale_bar.visible = calibrated
        for position, menu in enumerate(self.menus):
            first = unmixed.names[position] if position < len(unmixed.names) else _NONE
            kept = menu.value if menu.value in unmixed.names else first
            menu.param.update(options=[*unmixed.names, _NONE], value=kept)
        self._draw_rgb()

    def _restyle(self, _event: Any) -> None:
        per_cent = (0.0, 100.0) if self.scale.value == "common" else (0.25, 99.75)
        look = MapLook(self.palette.value, *per_cent)
        self.gallery.set_look(GalleryLook(common=look, scale=self.scale.value))

    def _channels(self) -> list[int | None]:
        names = self._unmixed.names
        return [names.index(menu.value) if menu.value in names else None for menu in self.menus]

    def _draw_rgb(self) -> None:
        if self._pyramid is None:
            return
        pyramid, numbers = self._pyramid, self._channels()
        used = [position for position, number in enumerate(numbers) if number is not None]
        if not used:
            self.rgb.set_layer("rgb", None)
            return

        def layer(viewport: Viewport) -> tuple[np.ndarray, tuple[float, float, float, float]]:
            limits = np.tile([0.0, 1.0], (len(used), 1))
            images, extent = pyramid.view([numbers[i] for i in used], limits, np.ones(len(used)), viewport)
            channels: list[np.ndarray | None] = [None, None, None]
            for position, image in zip(used, images, strict=True):
                channels[position] = image
            return compose_rgb(*channels), extent

        self.rgb.set_layer("rgb", layer)

    def _drawn(self, geometry: dict[str, Any]) -> None:
        try:
            self.state.select(drawn("map", geometry))
        except ValueError as error:
            self._tools.tell(str(error), "warning")

    def _clear(self) -> None:
        self.state.param.update(selection=None, chosen_phase=None)

    def _maps_file(self, chosen: Chosen) -> ExportFile:
        unmixed = self._unmixed
        if unmixed is None:
            raise ValueError("There are no abundance maps yet; wait until the end-members are found.")
        maps = self.state.prepared.maps
        images = [np.ascontiguousarray(image) for image in np.moveaxis(unmixed.unmixing.abundances, 2, 0)]
        if not chosen.is_figure:
            content = stack_tiff(images, unmixed.names, maps.pixel_size_um, 32, "share of the counts")
            return file_name(maps.title, "abundances", ending="tif"), content
        drawings: list[Drawing] = [
            IntensityDrawing(
                image, list(theme.MAP_PALETTES[self.palette.value]), f"{name}: {', '.join(lines)}",
                maps.pixel_size_um, (float(low), float(high)), label="Share of the counts",
            )
            for image, name, lines, (low, high) in zip(
                images, unmixed.names, unmixed.lines, self.gallery.limits, strict=True
            )
        ]  # fmt: skip
        columns = max(1, min(4, round(chosen.style.width_mm / 45)))
        kind = chosen.kind.lower()
        return file_name(maps.title, "abundances", ending=kind), render(drawings, chosen.style, kind, columns)

    def _rgb_file(self, chosen: Chosen) -> ExportFile:
        unmixed = self._unmixed
        if unmixed is None:
            raise ValueError("There are no abundance maps yet; wait until the end-members are found.")
        maps, numbers = self.state.prepared.maps, self._channels()
        colours = np.zeros((*unmixed.unmixing.residual.shape, 3), np.uint8)
        for channel, number in enumerate(numbers):
            if number is not None:
                share = np.clip(unmixed.unmixing.abundances[:, :, number], 0, 1)
                colours[:, :, channel] = np.round(255 * share)
        names = ["" if number is None else unmixed.names[number] for number in numbers]
        drawing = ColourDrawing(colours, names, pixel_size_um=maps.pixel_size_um)
        kind = chosen.kind.lower()
        return file_name(maps.title, "abundances rgb", ending=kind), render([drawing], chosen.style, kind)


def _pyramid(unmixed: Unmixed, pixel_size: float | None) -> tuple[Unmixed, MapPyramid, float | None]:
    return unmixed, MapPyramid.build(unmixed.unmixing.abundances), pixel_size
