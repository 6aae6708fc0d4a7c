"""Where the end-members do not explain the counts: map, histogram against chance, the worst regions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import panel as pn
import panel_material_ui as pmui

from dashboard import theme
from dashboard.exports import Chosen, ExportFile, ExportMenu
from dashboard.measured_origins import GivenPixels
from dashboard.phases.cards import MENU, card
from dashboard.phases.grid import Column, Row
from dashboard.phases.map_layers import index_layer
from dashboard.phases.map_plot import Layer, MapFrame, MapPlot
from dashboard.phases.tab import Tools
from dashboard.phases.trust.histogram_plot import HistogramPlot
from dashboard.phases.trust.layers import between
from dashboard.phases.trust.region_card import RegionCard
from dashboard.phases.trust.residual_texts import about_chance, worst_share
from dashboard.phases.unmixed import Unmixed
from dashboard.phases.unmixer import Unmixer
from dashboard.selection import drawn
from data.elemental_maps import ElementalMaps
from data.spectrum_image import SpectrumImage
from models import residual_spectrum, residuals
from models.exports_figure import render
from models.exports_files import file_name
from models.exports_maps import IntensityDrawing
from models.exports_tiff import image_tiff
from models.residual_spectrum import Region
from models.residuals import Residual

_WINDOWS = {"Single pixels": 1, "Sums of 3 × 3 pixels": 3, "Sums of 5 × 5 pixels": 5}
_FIRST_SIGMA = 5.0
#: of element maps, whose noise is not known: the part of the pixels that begins above the threshold
_FIRST_QUANTILE = 0.995


@dataclass(frozen=True, eq=False)
class Unexplained:
    """What is left of a map, and of which end-members."""

    residual: Residual
    unmixed: Unmixed


class ResidualCard:
    """Cards ``map_card`` and ``histogram_card``, and that of the regions, ``regions``."""

    def __init__(self, tools: Tools) -> None:
        self._tools, self.state = tools, tools.state
        self.unmixer = Unmixer(tools.state, tools.job_line())
        self.regions = RegionCard(tools)
        self.histogram = HistogramPlot()
        self.frame = MapFrame()
        self.map = MapPlot(self.frame, "residual", ["intensity", "above"], height=330)
        self.map.set_palette("intensity", ["#00000000", *theme.MAP_PALETTES["Inferno"][1:]])
        self.map.set_palette("above", ["#00000000", "#00e5ffb0"])
        self.map.on_selection(self._drawn)
        self.map.on_double_tap(lambda: self.state.param.update(selection=None, chosen_phase=None))
        self._finding = tools.live(_residual, self._found)
        self._parting = tools.live(_regions, self._parted)
        self._unexplained: Unexplained | None = None
        self._pending: tuple[Any, int] | None = None
        self._setting = False
        self.window = pmui.Select(options=_WINDOWS, value=3, width=174, **MENU)
        self.window.param.watch(lambda _event: self.show(), "value")
        self.threshold = pmui.FloatSlider(
            label="Threshold (σ)", start=0, end=50, step=0.5, value=_FIRST_SIGMA, size="small",
            sizing_mode="stretch_width", margin=(4, 16),
        )  # fmt: skip
        self.threshold.param.watch(lambda _event: self._part(), "value")
        self.worst = pmui.Button(
            label="Select the worst pixels", variant="outlined", size="small", margin=(6, 8)
        )
        self.worst.on_click(lambda _event: self.select_worst())
        self.says = pmui.Typography("", variant="body2", margin=(4, 12), sizing_mode="stretch_width")
        self.export = ExportMenu(
            tools, "the residual map",
            {"PNG": "Figure, PNG", "SVG": "Figure, SVG", "TIFF32": "Map, TIFF 32 bit"}, self._file,
        )  # fmt: skip
        self.map_card = card(
            "What is not explained",
            [self.window, self.export.panel],
            Column(
                self.unmixer.panel,
                pn.pane.Bokeh(self.map.figure, sizing_mode="stretch_width", margin=0),
                Row(
                    self.threshold, self.worst, sizing_mode="stretch_width", margin=(0, 4),
                    styles={"align-items": "center"},
                ),
                self.says,
                sizing_mode="stretch_width",
                margin=0,
            ),
        )  # fmt: skip
        self.note = pmui.Typography("", variant="caption", margin=(2, 12), sizing_mode="stretch_width")
        self.histogram_card = card(
            "Against chance",
            [],
            Column(
                pn.pane.Bokeh(self.histogram.figure, sizing_mode="stretch_width", margin=0), self.note,
                sizing_mode="stretch_width", margin=0,
            ),
        )  # fmt: skip

    def show(self) -> None:
        """The residual of the end-members on show, in windows of the chosen size."""
        state, unmixed = self.state, self.state.unmixed
        if unmixed is None or unmixed.unmixing is None:
            return
        asked = (unmixed, int(self.window.value))
        if self._pending is not None and self._pending[0] is unmixed and self._pending[1] == asked[1]:
            return
        self._pending = asked
        self._finding.request(state.result.prepared, state.result.maps, *asked)

    @property
    def unexplained(self) -> Unexplained | None:
        """What is on show."""
        return self._unexplained

    def select_worst(self) -> None:
        """Select every pixel above the threshold."""
        above = self._above()
        if above is None or not above.any():
            self._tools.tell("No pixel is above the threshold. Lower it first.", "info")
            return
        title = f"residual above {self.threshold.value:g}{self._unit()}"
        self.state.select(GivenPixels.of(above, title))

    def _above(self) -> np.ndarray | None:
        if self._unexplained is None:
            return None
        return np.nan_to_num(self._unexplained.residual.surprise, nan=-np.inf) > self.threshold.value

    def _unit(self) -> str:
        return " σ" if self._unexplained.residual.in_deviations else ""

    def _found(self, answer: Unexplained) -> None:
        if self._pending is None or answer.unmixed is not self._pending[0]:
            return
        kind = self._unexplained is None or (
            self._unexplained.residual.in_deviations != answer.residual.in_deviations
        )
        self._unexplained = answer
        residual = answer.residual
        known = residual.surprise[np.isfinite(residual.surprise)]
        largest = float(known.max(initial=1.0))
        self._setting = True
        if residual.in_deviations:
            self.threshold.param.update(
                label="Threshold (σ)", start=0, end=max(20.0, np.ceil(largest)), step=0.5
            )
            if kind:
                self.threshold.value = _FIRST_SIGMA
        else:
            first = float(np.quantile(known, _FIRST_QUANTILE)) if known.size else 0.1
            self.threshold.param.update(
                label="Threshold (misfit)", start=0, end=max(largest, 1e-3), step=largest / 200,
                value=first if kind else min(self.threshold.value, largest),
            )  # fmt: skip
        self._setting = False
        maps = self.state.prepared.maps
        if (maps.shape, maps.pixel_size_um or 1.0) != (self.frame.shape, self.frame.pixel_size):
            self.frame.show(maps.shape, maps.pixel_size_um)
        self.map.scale_bar.visible = maps.pixel_size_um is not None
        self.map.set_layer("intensity", between(residual.surprise, *_limits(residual)))
        self.histogram.show(residual)
        self.note.object = about_chance(residual, self.state.result.prepared)
        self._part()

    def _part(self) -> None:
        if self._setting or self._unexplained is None:
            return
        threshold = float(self.threshold.value)
        self.histogram.mark(threshold)
        above = self._above()
        self.map.set_layer("above", _outline(above))
        self.says.object = worst_share(self._unexplained.residual, threshold)
        self._parting.request(self._unexplained, threshold)

    def _parted(self, answer: tuple[Unexplained, list[Region]]) -> None:
        unexplained, regions = answer
        if unexplained is self._unexplained:
            self.regions.show(unexplained.unmixed, regions, unexplained.residual.in_deviations)

    def _drawn(self, geometry: dict[str, Any]) -> None:
        try:
            self.state.select(drawn("map", geometry))
        except ValueError as error:
            self._tools.tell(str(error), "warning")

    def _file(self, chosen: Chosen) -> ExportFile:
        if self._unexplained is None:
            raise ValueError("There is no residual map yet; wait until the end-members are found.")
        maps, residual = self.state.prepared.maps, self._unexplained.residual
        unit = "standard deviations" if residual.in_deviations else "relative misfit"
        if not chosen.is_figure:
            content = image_tiff(residual.surprise, maps.pixel_size_um, 32, unit)
            return file_name(maps.title, "residual", ending="tif"), content
        drawing = IntensityDrawing(
            residual.surprise, list(theme.MAP_PALETTES["Inferno"]), "", maps.pixel_size_um,
            _limits(residual), label=f"Residual, {unit}",
        )  # fmt: skip
        kind = chosen.kind.lower()
        return file_name(maps.title, "residual", ending=kind), render([drawing], chosen.style, kind)


def _limits(residual: Residual) -> tuple[float, float]:
    """The first and last colour: in deviations from 0 to 10, where chance ends at about 4."""
    if residual.in_deviations:
        return 0.0, 10.0
    known = residual.surprise[np.isfinite(residual.surprise)]
    return 0.0, float(np.quantile(known, 0.999)) if known.size and known.max() > 0 else 1.0


def _outline(above: np.ndarray) -> Layer | None:
    """Draws the rim of some pixels; what is inside shall be seen."""
    if not above.any():
        return None
    inside = above.copy()
    inside[1:] &= above[:-1]
    inside[:-1] &= above[1:]
    inside[:, 1:] &= above[:, :-1]
    inside[:, :-1] &= above[:, 1:]
    return index_layer((above & ~inside).astype(np.uint8))


def _residual(
    prepared: SpectrumImage | ElementalMaps, maps: ElementalMaps, unmixed: Unmixed, window: int
) -> Unexplained:
    if isinstance(prepared, SpectrumImage):
        return Unexplained(residuals.of_counts(prepared, unmixed.unmixing, window), unmixed)
    return Unexplained(residuals.of_maps(unmixed.unmixing, maps.valid, window), unmixed)


def _regions(unexplained: Unexplained, threshold: float) -> tuple[Unexplained, list[Region]]:
    surprise = unexplained.residual.surprise
    return unexplained, residual_spectrum.worst_regions(surprise, threshold)
