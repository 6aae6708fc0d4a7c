"""Any three lines as red, green and blue, each with its own contrast."""

from __future__ import annotations

from typing import Any

import numpy as np
import panel as pn
import panel_material_ui as pmui

from dashboard.contrast import compose_rgb
from dashboard.exports import Chosen, ExportFile, ExportMenu
from dashboard.map_pyramid import MapPyramid
from dashboard.phases.cards import CHANNELS, MENU, card, swatch
from dashboard.phases.grid import Column, Row
from dashboard.phases.map_plot import MapFrame, MapPlot
from dashboard.phases.tab import Tools
from dashboard.viewport import Viewport
from models.exports_figure import render
from models.exports_files import file_name
from models.exports_maps import ColourDrawing
from models.exports_tiff import stack_tiff

_NONE = "none"


class ColourImage:
    """A card with a colour image of three lines; the lines are those of Explore's colour image too."""

    def __init__(self, tools: Tools, frame: MapFrame) -> None:
        self.state = tools.state
        self.plot = MapPlot(frame, "elements_rgb", ["rgb", "veil"], height=300)
        self._pyramid: MapPyramid | None = None
        self._lines: tuple[str, ...] = ()
        self.lines = [
            pmui.Select(options=[""], width=104, description=f"Line shown as {name}", **MENU)
            for name in CHANNELS
        ]
        self.contrasts = [
            pmui.RangeSlider(
                label="", start=0, end=100, step=0.25, value=(0.25, 99.75), size="small", margin=(2, 14),
                sizing_mode="stretch_width", format="0.[00]",
            )
            for _ in CHANNELS
        ]  # fmt: skip
        for position, (menu, slider) in enumerate(zip(self.lines, self.contrasts, strict=True)):
            menu.param.watch(lambda event, position=position: self._set_line(position, event.new), "value")
            slider.param.watch(self._draw, "value")
        self.export = ExportMenu(
            tools, "the colour image",
            {"PNG": "Figure, PNG", "SVG": "Figure, SVG", "TIFF32": "The three maps, TIFF 32 bit"}, self._file,
        )  # fmt: skip
        rows = [
            Row(
                swatch(colour), menu, slider, sizing_mode="stretch_width", height=40, margin=(0, 4),
                styles={"align-items": "center"},
            )
            for colour, menu, slider in zip(CHANNELS.values(), self.lines, self.contrasts, strict=True)
        ]  # fmt: skip
        self.panel = card(
            "Red, green, blue",
            [self.export.panel],
            Column(
                pn.pane.Bokeh(self.plot.figure, sizing_mode="stretch_width", margin=0),
                *rows,
                sizing_mode="stretch_width",
                margin=(0, 0, 8, 0),
            ),
        )

    def show(self, pyramid: MapPyramid, lines: tuple[str, ...], calibrated: bool) -> None:
        """Other maps."""
        self._pyramid, self._lines = pyramid, lines
        self.plot.scale_bar.visible = calibrated
        self.follow()

    def follow(self) -> None:
        """The lines that the state shows as red, green and blue."""
        for menu, line in zip(self.lines, self.state.composite, strict=True):
            value = line if line in self._lines else _NONE
            menu.param.update(options=[*self._lines, _NONE], value=value)
        self._draw()

    def _set_line(self, position: int, line: str) -> None:
        composite = list(self.state.composite)
        if line in self._lines and composite[position] != line:
            composite[position] = line
            self.state.composite = tuple(composite)
        else:
            self._draw()

    def _channels(self) -> tuple[list[int | None], np.ndarray]:
        """Number of the map of every channel (None for a dark one), and the limits of its contrast."""
        numbers = [self._lines.index(m.value) if m.value in self._lines else None for m in self.lines]
        limits = [
            (0.0, 1.0) if number is None else self._pyramid.limits(number, *slider.value)
            for number, slider in zip(numbers, self.contrasts, strict=True)
        ]
        return numbers, np.array(limits)

    def _draw(self, *_events: Any) -> None:
        if self._pyramid is None or not self._lines:
            return
        pyramid, (numbers, limits) = self._pyramid, self._channels()
        used = [position for position, number in enumerate(numbers) if number is not None]
        if not used:
            self.plot.set_layer("rgb", None)
            return

        def layer(viewport: Viewport) -> tuple[np.ndarray, tuple[float, float, float, float]]:
            images, extent = pyramid.view(
                [numbers[i] for i in used], limits[used], np.ones(len(used)), viewport
            )
            channels: list[np.ndarray | None] = [None, None, None]
            for position, image in zip(used, images, strict=True):
                channels[position] = image
            return compose_rgb(*channels), extent

        self.plot.set_layer("rgb", layer)

    def _file(self, chosen: Chosen) -> ExportFile:
        maps = self.state.prepared.maps
        numbers, limits = self._channels()
        used = [position for position, number in enumerate(numbers) if number is not None]
        if not used:
            raise ValueError("No line is shown: choose one for red, green or blue.")
        names = [self._lines[numbers[i]] for i in used]
        images = [maps.of(name) for name in names]
        title = "_".join(names)
        if not chosen.is_figure:
            content = stack_tiff(images, names, maps.pixel_size_um)
            return file_name(maps.title, title, ending="tif"), content
        rgb = np.zeros((*maps.shape, 3), np.uint8)
        for position, image in zip(used, images, strict=True):
            low, high = limits[position]
            rgb[:, :, position] = np.nan_to_num(255 * np.clip((image - low) / (high - low), 0, 1))
        pure = ("#ff0000", "#00ff00", "#0000ff")
        drawing = ColourDrawing(rgb, names, [pure[i] for i in used], pixel_size_um=maps.pixel_size_um)
        kind = chosen.kind.lower()
        return file_name(maps.title, title, ending=kind), render([drawing], chosen.style, kind)
