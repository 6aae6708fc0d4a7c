"""Probability map of one phase and the binary map that follows from it, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import panel as pn
import panel_material_ui as pmui

from dashboard import theme
from dashboard.exports import Chosen, ExportFile, ExportMenu
from dashboard.live import LatestWins
from dashboard.phases.cards import MENU, card
from dashboard.phases.grid import Column, Row
from dashboard.phases.map_layers import index_layer, intensity_layer
from dashboard.phases.map_plot import Layer, MapFrame, MapPlot
from dashboard.phases.tab import Tools
from dashboard.selection import GivenPixels
from dashboard.viewport import Viewport, sample_mean
from models.exports_figure import render
from models.exports_files import file_name
from models.exports_maps import IntensityDrawing, PhaseEntry, PhasesDrawing
from models.exports_tiff import image_tiff
from models.live_phases import LivePhases
from models.phase_mask import PhaseMask, phase_mask
from models.phase_probability import probability_of
from models.phases_result import PhasesResult
from models.recipe import MaskChoices, PhasesRecipe

_PALETTE = ["#00000000", *theme.MAP_PALETTES["Viridis"][1:]]
#: beside the map, not in it: both maps stay of one size
_SCALE = (
    "<div style='display:flex; align-items:center; gap:8px; font-size:12px'><span>Probability 0</span>"
    "<div style='flex:1; max-width:260px; height:10px; border-radius:3px; "
    "background:linear-gradient(to right, "
    + ", ".join(theme.MAP_PALETTES["Viridis"][1::42])
    + ")'></div><span>1</span></div>"
)
_SIZE = {"size": "small", "width": 190, "margin": (6, 8)}


@dataclass(frozen=True, eq=False)
class Probability:
    """Probability of one phase in every pixel, (n_y, n_x) float32."""

    phase: int
    image: np.ndarray


@dataclass(frozen=True, eq=False)
class Masked:
    """A binary map, or why there is none."""

    of: Probability
    mask: PhaseMask | None
    why_not: str = ""


def probability_layer(image: np.ndarray, shape: tuple[int, int]) -> Layer:
    """Draws probabilities as palette indices 1..255; 0 where the probability is 0."""

    def draw(viewport: Viewport) -> tuple[np.ndarray, Any]:
        visible, extent = sample_mean(image, viewport, shape)
        index = 1 + np.round(254 * np.clip(visible, 0, 1)).astype(np.uint8)
        return np.where(visible > 0, index, np.uint8(0)), extent

    return draw


class ProbabilityViews:
    """Both maps, their menus and downloads; ``follow`` brings them up to date."""

    def __init__(self, tools: Tools) -> None:
        self.tools, self.state = tools, tools.state
        self._probability: Probability | None = None
        self._masked: Masked | None = None
        self.frame = MapFrame()
        self.probability = MapPlot(self.frame, "probability_map", ["intensity", "probability"], height=330)
        self.binary = MapPlot(self.frame, "binary_map", ["intensity", "mask"], height=330)
        for plot in (self.probability, self.binary):
            plot.set_palette("intensity", ["#00000000", *theme.MAP_PALETTES["Grey"][1:]])
        self.probability.set_palette("probability", _PALETTE)
        self._seek: LatestWins = tools.live(_probability, self._take)
        self._clean: LatestWins = tools.live(_mask, self._take_mask)
        self._build_menus()

    def _build_menus(self) -> None:
        choices = self.state.recipe.masks
        self.phase = pmui.Select(options={}, width=170, description="Phase", **MENU)
        self.phase.param.watch(lambda _event: self._request(), "value")
        self.threshold = pmui.FloatSlider(
            label="Least probability", start=0, end=1, step=0.01, value=choices.threshold,
            sizing_mode="stretch_width", margin=(6, 16),
        )  # fmt: skip
        self.speck = pmui.IntInput(label="Least speck (px)", start=0, value=choices.least_speck, **_SIZE)
        self.hole = pmui.IntInput(label="Least hole (px)", start=0, value=choices.least_hole, **_SIZE)
        for widget, name in (
            (self.threshold, "threshold"), (self.speck, "least_speck"), (self.hole, "least_hole"),
        ):  # fmt: skip
            widget.param.watch(lambda event, name=name: self._choose(name, event.new), "value")
        self.text = pmui.Typography("", variant="body2", margin=(2, 12), sizing_mode="stretch_width")
        self.select = pmui.Button(
            label="Select these pixels", size="small", variant="outlined", margin=(2, 4)
        )
        self.select.on_click(lambda _event: self._select())
        self.exports = ExportMenu(
            self.tools, "the probability map",
            {"TIFF32": "Probability, TIFF 32 bit", "PNG": "Figure, PNG", "SVG": "Figure, SVG"},
            self._probability_file,
        )  # fmt: skip
        self.mask_exports = ExportMenu(
            self.tools, "the binary map",
            {"TIFF": "Binary map, TIFF (0 and 255)", "PNG": "Figure, PNG", "SVG": "Figure, SVG"},
            self._mask_file,
        )  # fmt: skip

    @property
    def cards(self) -> tuple[pn.viewable.Viewable, pn.viewable.Viewable]:
        """The cards of the probability map and of the binary map."""
        drawn = [
            pn.pane.Bokeh(plot.figure, sizing_mode="stretch_width", margin=0)
            for plot in (self.probability, self.binary)
        ]
        scale = pn.pane.HTML(_SCALE, sizing_mode="stretch_width", margin=(6, 16))
        seen = Column(drawn[0], scale, sizing_mode="stretch_width", margin=0)
        first = card("Probability of one phase", [self.phase, self.exports.panel], seen)
        handles = Column(
            self.threshold,
            Row(
                self.speck, self.hole, sizing_mode="stretch_width", margin=0, styles={"flex-wrap": "wrap"}
            ),
            self.text,
            sizing_mode="stretch_width", margin=0,
        )  # fmt: skip
        body = Column(drawn[1], handles, sizing_mode="stretch_width", margin=0)
        return first, card("Binary map", [self.select, self.mask_exports.panel], body)

    # --- what changes

    def follow(self, changed: frozenset[str]) -> None:
        """Show the present state; ``changed`` as in ``Tab.refresh``."""
        state = self.state
        maps, choices = state.prepared.maps, state.recipe.masks
        if (maps.shape, maps.pixel_size_um or 1.0) != (self.frame.shape, self.frame.pixel_size):
            self.frame.show(maps.shape, maps.pixel_size_um)
        if "prepared" in changed:
            for plot in (self.probability, self.binary):
                plot.scale_bar.visible = maps.pixel_size_um is not None
                plot.set_layer("intensity", intensity_layer(state.prepared.all_counts, maps.shape))
        if changed & {"shown", "names"}:
            self._list_phases()
        for widget, value in (
            (self.threshold, choices.threshold), (self.speck, choices.least_speck),
            (self.hole, choices.least_hole),
        ):  # fmt: skip
            if widget.value != value:
                widget.value = value
        self._show_sizes()
        if changed & {"prepared", "shown"}:
            self._request()
        elif self._probability is not None:
            if "recipe" in changed:
                self._clean.request(self._probability, choices)
            if changed & {"colours", "names"} and self._masked is not None:
                self._take_mask(self._masked)

    def _list_phases(self) -> None:
        state, options = self.state, {}
        for row in state.rows():
            name = row.name if row.name not in options else f"{row.name} ({row.id + 1})"
            options[name] = row.id
        wanted = state.chosen_phase if state.chosen_phase in options.values() else self.phase.value
        value = wanted if wanted in options.values() else next(iter(options.values()), None)
        self.phase.param.update(options=options, value=value)

    def _show_sizes(self) -> None:
        size = self.state.prepared.maps.pixel_size_um
        for widget, name in ((self.speck, "Least speck"), (self.hole, "Least hole")):
            pixels = widget.value or 0
            label = f"{name} (px)" if size is None or not pixels else f"{name} (px = {_area(pixels, size)})"
            if widget.label != label:
                widget.label = label

    def _choose(self, name: str, value: Any) -> None:
        if value is not None and value != getattr(self.state.recipe.masks, name):
            self.state.change("masks", **{name: value})

    def _request(self) -> None:
        state, phase = self.state, self.phase.value
        if state.shown is not None and state.result is not None and phase in state.shown.ids:
            self._seek.request(state.result, state.recipe, state.shown, phase)

    def _take(self, answer: Probability) -> None:
        self._probability = answer
        self.probability.set_layer("probability", probability_layer(answer.image, answer.image.shape))
        self._clean.request(answer, self.state.recipe.masks)

    def _take_mask(self, answer: Masked) -> None:
        self._masked = answer
        self.text.object = answer.why_not or self._counts(answer.mask)
        self.text.color = "warning" if answer.why_not else "default"
        self.select.disabled = answer.mask is None
        if answer.mask is None:
            self.binary.set_layer("mask", None)
            return
        self.binary.set_palette("mask", ["#00000000", self.state.colour_of(answer.of.phase) + "d0"])
        self.binary.set_layer("mask", index_layer(answer.mask.mask.astype(np.uint8)))

    def _counts(self, found: PhaseMask) -> str:
        size, n = self.state.prepared.maps.pixel_size_um, found.n_pixels
        area = "" if size is None else f", {_area(n, size)}"
        parts = [f"{n:,} pixels ({100 * n / found.mask.size:.3g} %{area})."]
        if found.n_specks:
            parts.append(f"{_several(found.n_specks, 'speck')} removed ({found.speck_pixels:,} px).")
        if found.n_holes:
            parts.append(f"{_several(found.n_holes, 'hole')} filled ({found.hole_pixels:,} px).")
        return " ".join(parts)

    def _select(self) -> None:
        masked = self._masked
        if masked is not None and masked.mask is not None:
            name = self.state.name_of(masked.of.phase)
            title = f"{name} from {self.state.recipe.masks.threshold:.0%}"
            self.state.select(GivenPixels.of(masked.mask.mask, title))
            self.tools.tell(f"{masked.mask.n_pixels:,} pixels are selected in all views.", "info")

    # --- downloads

    def _probability_file(self, chosen: Chosen) -> ExportFile:
        found, maps = self._probability, self.state.prepared.maps
        if found is None:
            raise ValueError("There is no probability map yet.")
        name = self.state.name_of(found.phase)
        if chosen.kind == "TIFF32":
            content = image_tiff(found.image, maps.pixel_size_um, 32)
            return file_name(maps.title, name, "probability", ending="tif"), content
        drawing = IntensityDrawing(
            found.image, theme.MAP_PALETTES["Viridis"], title=name, pixel_size_um=maps.pixel_size_um,
            limits=(0.0, 1.0), label="Probability",
        )  # fmt: skip
        return _figure(maps.title, f"{name}_probability", drawing, chosen)

    def _mask_file(self, chosen: Chosen) -> ExportFile:
        masked, prepared = self._masked, self.state.prepared
        if masked is None or masked.mask is None:
            raise ValueError("This binary map is empty. " + (masked.why_not if masked else "Choose a phase."))
        name, mask = self.state.name_of(masked.of.phase), masked.mask.mask
        if chosen.kind == "TIFF":
            content = image_tiff(mask.astype(np.uint8) * np.uint8(255), prepared.maps.pixel_size_um)
            return file_name(prepared.maps.title, name, "mask", ending="tif"), content
        entry = PhaseEntry(name, self.state.colour_of(masked.of.phase), 100 * mask.mean(), True)
        drawing = PhasesDrawing(
            mask.astype(np.int16) - 1, [entry], pixel_size_um=prepared.maps.pixel_size_um,
            background=prepared.intensity,
        )  # fmt: skip
        return _figure(prepared.maps.title, f"{name}_mask", drawing, chosen)


def _figure(title: str, name: str, drawing: Any, chosen: Chosen) -> ExportFile:
    content = render([drawing], chosen.style, chosen.kind.lower())
    return file_name(title, name, ending=chosen.kind.lower()), content


def _area(pixels: int, pixel_size_um: float) -> str:
    area = pixels * pixel_size_um**2
    return f"{area:,.0f} µm²" if area >= 1000 else f"{area:.3g} µm²"


def _several(number: int, noun: str) -> str:
    return f"1 {noun} was" if number == 1 else f"{number:,} {noun}s were"


def _probability(result: PhasesResult, recipe: PhasesRecipe, shown: LivePhases, phase: int) -> Probability:
    return Probability(phase, probability_of(result, recipe, shown, phase))


def _mask(probability: Probability, choices: MaskChoices) -> Masked:
    """The binary map; that it is empty is an answer, not a fault."""
    try:
        return Masked(probability, phase_mask(probability.image, choices))
    except ValueError as error:
        return Masked(probability, None, str(error))
