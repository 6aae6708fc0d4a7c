"""The ratio of two lines as a map, without the pixels whose counts are too few."""

from __future__ import annotations

from typing import Any

import numpy as np
import panel as pn
import panel_material_ui as pmui
from bokeh.models import BasicTicker, ColorBar, LinearColorMapper

from dashboard import theme
from dashboard.contrast import contrast_limits, to_uint8
from dashboard.exports import Chosen, ExportFile, ExportMenu
from dashboard.phases.cards import MENU, card
from dashboard.phases.grid import Column, Row
from dashboard.phases.map_plot import MapFrame, MapPlot
from dashboard.phases.tab import Tools
from dashboard.viewport import Viewport, sample_mean
from data.elemental_maps import ElementalMaps
from models.exports_figure import render
from models.exports_files import file_name
from models.exports_maps import IntensityDrawing
from models.exports_tiff import image_tiff
from models.line_ratio import LineRatio, default_least, line_ratio

_CLIP = 0.99
_INPUT: dict[str, Any] = {"size": "small", "margin": (4, 4)}
_WINDOWS = {"Each pixel": 1, "3 × 3 pixels": 3, "5 × 5 pixels": 5}


class RatioMap:
    """A card with numerator by denominator, or its logarithm."""

    def __init__(self, tools: Tools, frame: MapFrame) -> None:
        self.state = tools.state
        self.plot = MapPlot(frame, "elements_ratio", ["ratio", "veil"], height=300)
        self.colours = LinearColorMapper(palette=list(theme.MAP_PALETTES["Viridis"][1:]), low=0, high=1)
        self.plot.figure.add_layout(
            ColorBar(color_mapper=self.colours, width=10, padding=4, ticker=BasicTicker(desired_num_ticks=5)),
            "right",
        )
        self.above = pmui.Select(options=[""], width=104, description="Numerator", **MENU)
        self.below = pmui.Select(options=[""], width=104, description="Denominator", **MENU)
        self.window = pmui.Select(options=_WINDOWS, value=3, width=118, label="Summed over", **MENU)
        self.least = pmui.FloatInput(
            label="Least denominator", value=9.0, start=0, step=1, width=130, **_INPUT
        )
        self.log = pmui.Checkbox(label="log₂", value=False, size="small", margin=(4, 4))
        self.palette = pmui.Select(options=list(theme.MAP_PALETTES), value="Viridis", width=98, **MENU)
        self.said = pmui.Typography("", variant="caption", margin=(0, 8), sizing_mode="stretch_width")
        self.ratio: LineRatio | None = None
        self._maps: ElementalMaps | None = None
        self._setting = False
        self._live = tools.live(line_ratio, self._deliver, self._failed)
        for widget in (self.above, self.least):
            widget.param.watch(self._request, "value")
        for widget in (self.below, self.window):
            widget.param.watch(self._new_denominator, "value")
        for widget in (self.log, self.palette):
            widget.param.watch(self._draw, "value")
        self.export = ExportMenu(
            tools, "the ratio map",
            {"PNG": "Figure, PNG", "SVG": "Figure, SVG", "TIFF32": "Ratio, TIFF 32 bit"}, self._file,
        )  # fmt: skip
        line = dict(
            sizing_mode="stretch_width", margin=(0, 4), styles={"align-items": "center", "flex-wrap": "wrap"}
        )
        self.panel = card(
            "Ratio",
            [self.above, pmui.Typography("/", variant="h6", margin=0, sizing_mode=None), self.below,
             self.export.panel],
            Column(
                pn.pane.Bokeh(self.plot.figure, sizing_mode="stretch_width", margin=0),
                Row(self.window, self.least, self.log, self.palette, **line),
                self.said,
                sizing_mode="stretch_width", margin=0,
            ),
        )  # fmt: skip

    def show(self, maps: ElementalMaps, calibrated: bool) -> None:
        """Other maps."""
        self._maps = maps
        self.plot.scale_bar.visible = calibrated
        lines = list(maps.lines)
        self._setting = True
        first = self.above.value if self.above.value in lines else lines[0]
        second = self.below.value if self.below.value in lines else lines[min(1, len(lines) - 1)]
        self.above.param.update(options=lines, value=first)
        self.below.param.update(options=lines, value=second)
        self.least.value = self._default_least()
        self._setting = False
        self._request()

    def _default_least(self) -> float:
        counts = self.state.prepared is not None and self.state.prepared.image is not None
        least = default_least(self._maps, self.below.value, counts)
        # 9 counts are 9 counts in however many pixels; a share of a bright pixel is one of every pixel summed
        return float(f"{least if counts else least * self.window.value**2:.3g}")

    def _new_denominator(self, _event: Any) -> None:
        if self._setting or self._maps is None:
            return
        self._setting = True
        self.least.value = self._default_least()
        self._setting = False
        self._request()

    def _request(self, *_events: Any) -> None:
        if self._setting or self._maps is None:
            return
        if len(self._maps.lines) < 2:
            self._failed("A ratio needs maps of two lines; there is one. Add a line to the list.")
            return
        self._live.request(
            self._maps, self.above.value, self.below.value, self.least.value or 0.0, self.window.value
        )

    def _deliver(self, ratio: LineRatio) -> None:
        self.ratio = ratio
        unit = (
            "counts" if self.state.prepared is not None and self.state.prepared.image is not None else "units"
        )
        where = "in the pixel" if ratio.n_averaged == 1 else f"in its {ratio.n_averaged} pixels"
        said = (
            f"{ratio.left_out_percent:.3g} % of the pixels are left out: fewer than {ratio.least:g} {unit} "
            f"of {ratio.denominator} {where}."
        )
        if ratio.n_shown:
            said = f"Ratio of the sums: {ratio.of_sums:.4g}. " + said
        self.said.object = said
        self._draw()

    def _failed(self, text: str) -> None:
        self.ratio = None
        self.plot.set_layer("ratio", None)
        self.said.object = text

    def _shown(self) -> tuple[np.ndarray, tuple[float, float], str]:
        """The image, the limits of its contrast, and what it is."""
        ratio = self.ratio
        name = f"{ratio.numerator} / {ratio.denominator}"
        if not self.log.value:
            return ratio.ratio, contrast_limits(ratio.ratio, _CLIP), name
        with np.errstate(divide="ignore", invalid="ignore"):
            image = np.log2(np.where(ratio.ratio > 0, ratio.ratio, np.nan))
        return image, contrast_limits(image, _CLIP), f"log₂ {name}"

    def _draw(self, *_events: Any) -> None:
        if self.ratio is None:
            return
        image, (low, high), _name = self._shown()
        palette = theme.MAP_PALETTES[self.palette.value][1:]
        shape = image.shape

        def layer(viewport: Viewport) -> tuple[np.ndarray, tuple[float, float, float, float]]:
            visible, extent = sample_mean(image, viewport, shape)
            return to_uint8(visible, low, high), extent

        self.plot.set_palette("ratio", ["#00000000", *palette])
        self.colours.update(palette=list(palette), low=low, high=high)
        self.plot.set_layer("ratio", layer)

    def _file(self, chosen: Chosen) -> ExportFile:
        if self.ratio is None:
            raise ValueError("There is no ratio to export: choose two different lines.")
        maps = self.state.prepared.maps
        title = f"{self.ratio.numerator}_by_{self.ratio.denominator}"
        if not chosen.is_figure:
            return file_name(maps.title, title, ending="tif"), image_tiff(
                self.ratio.ratio, maps.pixel_size_um, 32
            )
        image, limits, name = self._shown()
        drawing = IntensityDrawing(
            image, theme.MAP_PALETTES[self.palette.value][1:], pixel_size_um=maps.pixel_size_um,
            limits=limits, label=name,
        )  # fmt: skip
        kind = chosen.kind.lower()
        return file_name(maps.title, title, ending=kind), render([drawing], chosen.style, kind)
