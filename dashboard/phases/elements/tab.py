"""The tab "Elements": gallery, colour image, ratio, correlation and the mean intensities of a selection."""

from __future__ import annotations

from html import escape
from typing import Any, ClassVar

import numpy as np
import panel as pn
import panel_material_ui as pmui

from dashboard import theme
from dashboard.arrival import Arrival
from dashboard.exports import Chosen, ExportFile, ExportMenu
from dashboard.map_pyramid import MapPyramid
from dashboard.phases.cards import MENU, card
from dashboard.phases.elements.brushing import Brushing
from dashboard.phases.elements.colour_image import ColourImage
from dashboard.phases.elements.correlation import Correlation
from dashboard.phases.elements.gallery import DRAGS, Gallery
from dashboard.phases.elements.ratio import RatioMap
from dashboard.phases.grid import Column, Row, cell, grid
from dashboard.phases.map_layers import index_layer
from dashboard.phases.map_plot import MapFrame
from dashboard.phases.tab import Tab, Tools
from dashboard.selection import drawn
from data.elemental_maps import ElementalMaps
from models.exports_figure import Drawing, render
from models.exports_files import file_name, table_csv
from models.exports_maps import IntensityDrawing
from models.exports_tiff import stack_tiff

ALL_MAPS = "All maps"
_HINT = "Point at a map to read a pixel; click one to change its colours alone; draw on it to select."
_VEIL = ["#00000000", "#0c1014c0"]
_KINDS = {
    "PNG": "Figure of all maps, PNG",
    "SVG": "Figure of all maps, SVG",
    "TIFF32": "All maps, TIFF 32 bit",
    "TIFF16": "All maps, TIFF 16 bit",
    "CSV": "Statistics of the maps, CSV",
}


class ElementsTab(Tab):
    """All that can be seen of line maps without any phase."""

    title: ClassVar[str] = "Elements"
    follows: ClassVar[tuple[str, ...]] = (
        "prepared", "selection", "shown", "names", "colours", "composite",
    )  # fmt: skip
    needs: ClassVar[str] = "dataset"
    keeps: ClassVar[tuple[str, ...]] = (
        "scale", "size", "drag", "ratio.above", "ratio.below", "ratio.window", "ratio.log", "ratio.palette",
        "correlation.x", "correlation.y", "brushing.shows", "brushing.direction",
    )  # fmt: skip

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools)
        self._maps: ElementalMaps | None = None
        self._setting = False

    def build(self) -> pn.viewable.Viewable:
        """The cards."""
        tools = self.tools
        self.frame = MapFrame()
        self.gallery = Gallery(tools, self.frame, self._drawn, self._choose, self._clear)
        # frames of other sides than the tiles would pull their pixels out of square: they zoom by themselves
        self.rgb, self.ratio = ColourImage(tools, MapFrame()), RatioMap(tools, MapFrame())
        self.correlation, self.brushing = Correlation(tools), Brushing(tools)
        for plot in (self.rgb.plot, self.ratio.plot):
            plot.set_palette("veil", _VEIL)
            plot.on_selection(self._drawn)
            plot.on_double_tap(self._clear)
        self._arrival = Arrival(self.rgb.plot.figure)
        self._pyramids = tools.live(
            _pyramid, lambda answer: self._arrival("maps", lambda: self._show_maps(answer))
        )
        third, wide = {"xs": 12, "md": 6, "lg": 4}, {"xs": 12}
        cells = grid(
            cell(self._gallery_card(), size=wide),
            *(cell(part.panel, size=third) for part in (self.rgb, self.ratio, self.correlation)),
            cell(self.brushing.panel, size=wide),
            sizing_mode="stretch_width", margin=(4, 6),
        )  # fmt: skip
        return Column(cells, sizing_mode="stretch_width", margin=0)

    def refresh(self, changed: frozenset[str]) -> None:
        """Show the present maps and selection."""
        maps = self.state.prepared.maps
        if maps is not self._maps:
            self._maps = maps
            self._pyramids.request(maps, self.state.prepared.pyramid)
        if changed & {"composite"} and not changed & {"prepared"}:
            self._arrival("composite", self.rgb.follow)
        if changed & {"selection", "prepared"}:
            self._arrival("selection", self._show_selection)
        if changed & {"prepared", "selection", "shown", "names", "colours"}:
            self.brushing.show()

    def _gallery_card(self) -> Column:
        self.target = pmui.Select(
            options=[ALL_MAPS], value=ALL_MAPS, width=124, label="Colours of", size="small", margin=(6, 6)
        )
        self.palette = pmui.Select(
            options=list(theme.MAP_PALETTES), width=104, label="Palette", size="small", margin=(6, 6)
        )
        slider = {"size": "small", "width": 190, "margin": (2, 16)}
        self.contrast = pmui.RangeSlider(
            label="Contrast (%)", start=0, end=100, step=0.25, value=(0.25, 99.75), **slider
        )
        self.gamma = pmui.FloatSlider(label="Gamma", start=0.2, end=3, step=0.05, value=1.0, **slider)
        self.scale = pmui.Select(
            options={"Each map its own": "each", "The same for all": "common"}, value="each", width=176,
            label="Intensity range", size="small", margin=(6, 6),
        )  # fmt: skip
        self.same = pmui.Button(
            label="Same colours for all", size="small", variant="outlined", margin=(8, 6), visible=False
        )
        self.size = pmui.Select(
            options=["Automatic", "Small", "Large"], width=122, description="Size of the maps", **MENU
        )
        self.drag = pmui.RadioButtonGroup(options=list(DRAGS), value="Lasso", size="small", margin=(0, 4))
        self.clear = pmui.Button(label="Clear selection", size="small", visible=False, margin=(0, 4))
        self.clear.on_click(lambda _event: self._clear())
        self.fit = pmui.IconButton(
            icon="fit_screen", size="small", icon_size="20px", width=30, height=30, margin=(0, 4),
            description="Show the whole field of view",
        )  # fmt: skip
        self.fit.on_click(lambda _event: self.gallery.fit())
        self.target.param.watch(self._follow_target, "value")
        self.frame.probe.on_change("data", self._probed)
        for widget, name in ((self.palette, "palette"), (self.gamma, "gamma")):
            widget.param.watch(lambda event, name=name: self._restyle(**{name: event.new}), "value")
        self.contrast.param.watch(
            lambda event: self._restyle(low_percent=event.new[0], high_percent=event.new[1]), "value"
        )
        self.scale.param.watch(self._rescale, "value")
        self.same.on_click(self._same_for_all)
        self.size.param.watch(lambda event: self.gallery.set_size(event.new), "value")
        self.drag.param.watch(lambda event: self.gallery.set_drag(event.new), "value")
        self.export = ExportMenu(self.tools, "all element maps", _KINDS, self._file, width_mm=175.0)
        self.readout = pn.pane.HTML(
            _HINT, sizing_mode="stretch_width", height=20, margin=(0, 10),
            styles={"font-size": "12.5px", "white-space": "nowrap", "overflow": "hidden",
                    "text-overflow": "ellipsis"},
        )  # fmt: skip
        looks = Row(
            self.target, self.palette, self.contrast, self.gamma, self.scale, self.same,
            sizing_mode="stretch_width", margin=(0, 4), styles={"align-items": "center", "flex-wrap": "wrap"},
        )  # fmt: skip
        return card(
            "All element maps",
            [self.clear, self.drag, self.fit, self.size, self.export.panel],
            Column(looks, self.readout, self.gallery.panel, sizing_mode="stretch_width", margin=0),
        )

    # --- what the state shows

    def _show_maps(self, answer: tuple[ElementalMaps, MapPyramid]) -> None:
        maps, pyramid = answer
        if maps is not self._maps:
            return
        for frame in (self.frame, self.rgb.plot.frame, self.ratio.plot.frame):
            if (maps.shape, maps.pixel_size_um or 1.0) != (frame.shape, frame.pixel_size):
                frame.show(maps.shape, maps.pixel_size_um)
        calibrated = maps.pixel_size_um is not None
        target = self.target.value if self.target.value in maps.lines else ALL_MAPS
        self.target.param.update(options=[ALL_MAPS, *maps.lines], value=target)
        self.gallery.show(pyramid, maps.lines, calibrated)
        self.rgb.show(pyramid, maps.lines, calibrated)
        self.ratio.show(maps, calibrated)
        self.correlation.show(maps)

    def _show_selection(self) -> None:
        selection = self.state.selection
        self.clear.visible = selection is not None
        fits = selection is not None and selection.shape == self._maps.shape
        mask = selection.image if fits else None
        self.gallery.select(mask)
        self.correlation.select(mask)
        veil = None if mask is None else index_layer((~mask).astype(np.uint8))
        for plot in (self.rgb.plot, self.ratio.plot):
            plot.set_layer("veil", veil)

    # --- what a person does

    def _drawn(self, geometry: dict[str, Any]) -> None:
        try:
            self.state.select(drawn("map", geometry))
        except ValueError as error:
            self.tools.tell(str(error), "warning")

    def _clear(self) -> None:
        self.state.param.update(selection=None, chosen_phase=None)

    def _choose(self, line: str) -> None:
        self.target.value = line

    def _probed(self, attr: str, old: dict[str, list], new: dict[str, list]) -> None:
        """The mouse rests on a map: mark the pixel on all of them and say what is there."""
        if self._maps is None:
            return
        here = self.frame.pixel_at(new["x"][0], new["y"][0]) if new["x"] else None
        if here is None:
            self.frame.mark.data, self.readout.object = dict(x=[], y=[]), _HINT
            return
        y, x = here
        size = self.frame.pixel_size
        self.frame.mark.data = dict(x=[(x + 0.5) * size], y=[(y + 0.5) * size])
        values = zip(self._maps.lines, self._maps.intensity[y, x], strict=True)
        told = " &nbsp; ".join(f"{escape(line)} <b>{value:.4g}</b>" for line, value in values)
        self.readout.object = f"Pixel x {x}, y {y}: &nbsp; {told}"

    @property
    def _line(self) -> str | None:
        return None if self.target.value == ALL_MAPS else self.target.value

    def _follow_target(self, *_events: Any) -> None:
        look = self.gallery.look.common if self._line is None else self.gallery.look.of(self._line)
        self._setting = True
        self.palette.value, self.gamma.value = look.palette, look.gamma
        self.contrast.value = (look.low_percent, look.high_percent)
        self._setting = False
        self.gallery.mark_choice(self._line)

    def _restyle(self, **choices: Any) -> None:
        if self._setting:
            return
        self.gallery.set_look(self.gallery.look.changed(self._line, **choices))
        self.same.visible = bool(self.gallery.look.own)

    def _rescale(self, event: Any) -> None:
        look = self.gallery.look
        self.gallery.set_look(type(look)(look.common, look.own, event.new))

    def _same_for_all(self, _event: Any) -> None:
        self.gallery.set_look(self.gallery.look.same_for_all())
        self.same.visible = False
        self.target.value = ALL_MAPS
        self._follow_target()

    def _file(self, chosen: Chosen) -> ExportFile:
        maps, look = self.state.prepared.maps, self.gallery.look
        if chosen.kind == "CSV":
            return file_name(maps.title, "maps", ending="csv"), table_csv(_statistics(maps))
        if not chosen.is_figure:
            content = stack_tiff(
                [maps.of(line) for line in maps.lines], maps.lines, maps.pixel_size_um,
                int(chosen.kind[-2:]), self.state.prepared.quantity.lower(),
            )  # fmt: skip
            return file_name(maps.title, "maps", ending="tif"), content
        drawings: list[Drawing] = [
            IntensityDrawing(
                maps.of(line), theme.MAP_PALETTES[look.of(line).palette], line, maps.pixel_size_um,
                (float(low), float(high)), look.of(line).gamma, self.state.prepared.quantity,
            )
            for line, (low, high) in zip(maps.lines, self.gallery.limits, strict=True)
        ]  # fmt: skip
        columns = max(1, min(4, round(chosen.style.width_mm / 45)))
        kind = chosen.kind.lower()
        return file_name(maps.title, "maps", ending=kind), render(drawings, chosen.style, kind, columns)


def _pyramid(maps: ElementalMaps, made: MapPyramid | None) -> tuple[ElementalMaps, MapPyramid]:
    return maps, made or MapPyramid.build(maps.intensity)


def _statistics(maps: ElementalMaps) -> dict[str, Any]:
    """One row for each map: mean, spread and percentiles of the pixels that take part."""
    valid = slice(None) if maps.valid is None else maps.valid.ravel()
    values = [maps.of(line).ravel()[valid] for line in maps.lines]
    percentiles = [np.nanpercentile(of_line, [1, 50, 99]) for of_line in values]
    return {
        "line": maps.lines,
        "pixels": [int(np.isfinite(of_line).sum()) for of_line in values],
        "mean": [float(np.nanmean(of_line, dtype=np.float64)) for of_line in values],
        "standard_deviation": [float(np.nanstd(of_line, dtype=np.float64)) for of_line in values],
        "minimum": [float(np.nanmin(of_line)) for of_line in values],
        **{f"percentile_{p}": [row[i] for row in percentiles] for i, p in enumerate((1, 50, 99))},
        "maximum": [float(np.nanmax(of_line)) for of_line in values],
    }
