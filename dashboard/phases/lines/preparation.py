"""What is done to a map before its lines are measured, and to the line maps: cut, crop, fewer components."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import panel as pn
import panel_material_ui as pmui
from bokeh.models import ColumnDataSource, HoverTool, Range1d, Span
from bokeh.plotting import figure

from dashboard import theme
from dashboard.phases.cards import card
from dashboard.phases.grid import Column, Row
from dashboard.phases.opened import OpenedMap
from dashboard.phases.tab import Tools
from data.elemental_maps import ElementalMaps
from data.field_of_view import checked_box
from data.length_units import length
from data.spectrum_image import SpectrumImage
from models.denoising import Components
from models.phases_preparation import components_of_maps, make_line_maps, prepare
from models.recipe import LineMapChoices

_FIELD: dict[str, Any] = {"size": "small", "sizing_mode": "stretch_width", "margin": (6, 6)}
_BUTTON: dict[str, Any] = {"size": "small", "variant": "outlined", "margin": (4, 4), "sizing_mode": None}
Dataset = SpectrumImage | ElementalMaps


class Preparation:
    """The cards ``region`` (cut and crop) and ``denoising`` (principal components)."""

    def __init__(self, tools: Tools) -> None:
        self._tools, self._state = tools, tools.state
        self._components_for: tuple[Any, ...] | None = None
        self._decomposing = tools.live(_decompose, self._show_components, self._no_components)
        self._build_region()
        self._build_denoising()

    def _build_region(self) -> None:
        self.low_energy = pmui.FloatInput(label="Cut below (keV)", start=0, end=20, step=0.05, **_FIELD)
        self.low_energy.param.watch(lambda event: self._set("low_energy_kev", event.new), "value")
        self.low_loss = pmui.FloatInput(label="Cut below (eV)", start=-100, end=10_000, step=1, **_FIELD)
        self.low_loss.param.watch(lambda event: self._set("low_loss_ev", event.new), "value")
        self.edges = [pmui.TextInput(label=name, **_FIELD) for name in ("y from", "y to", "x from", "x to")]
        self.apply = pmui.Button(label="Crop", **_BUTTON)
        self.apply.on_click(lambda _event: self._apply_typed())
        self.to_selection = pmui.Button(label="Crop to the selection", **_BUTTON)
        self.to_selection.on_click(lambda _event: self._crop_to_selection())
        self.whole = pmui.Button(label="Whole map", **_BUTTON)
        self.whole.on_click(lambda _event: self._set("crop", ()))
        self.says = pmui.Typography("", variant="caption", margin=(0, 12), sizing_mode="stretch_width")
        self.region = card(
            "Energies and field of view",
            [],
            Column(
                Row(self.low_energy, self.low_loss, sizing_mode="stretch_width", margin=0),
                Row(*self.edges, sizing_mode="stretch_width", margin=0),
                Row(self.apply, self.to_selection, self.whole, sizing_mode="stretch_width", margin=(0, 4)),
                self.says,
                sizing_mode="stretch_width",
                margin=0,
            ),
        )

    def _build_denoising(self) -> None:
        self.components = pmui.IntInput(label="Components kept (0: all)", start=0, end=99, step=1, **_FIELD)
        self.components.param.watch(lambda event: self._set("pca_components", event.new), "value")
        self.suggestion = pmui.Typography("", variant="caption", margin=(0, 12), sizing_mode="stretch_width")
        self.source = ColumnDataSource(dict(number=[], strength=[], colour=[]), name="components")
        self._y_range = Range1d(0.1, 10)
        plot = figure(
            name="components", height=170, sizing_mode="stretch_width", y_axis_type="log",
            y_range=self._y_range, x_axis_label="Component", y_axis_label="Variance / noise", tools="",
            toolbar_location=None, min_border=4, outline_line_alpha=0.25,
        )  # fmt: skip
        self._axis_label = plot.yaxis[0]
        self.noise = Span(location=1.0, dimension="width", line_color=theme.LINE_MARK, line_dash="dashed")
        plot.add_layout(self.noise)
        bars = plot.vbar(
            x="number", top="strength", bottom=1e-6, width=0.7, source=self.source, fill_color="colour",
            line_color=None,
        )  # fmt: skip
        plot.add_tools(
            HoverTool(
                renderers=[bars], tooltips=[("Component", "@number"), ("Variance", "@strength{0.[00]}")]
            )
        )
        plot.xaxis.ticker.desired_num_ticks = 12
        self.denoising = card(
            "PCA denoising of the line maps",
            [],
            Column(
                self.components,
                pn.pane.Bokeh(plot, sizing_mode="stretch_width", margin=0),
                self.suggestion,
                sizing_mode="stretch_width",
                margin=0,
            ),
        )

    # --- changes

    def _set(self, name: str, value: Any) -> None:
        if value is not None and value != getattr(self._state.recipe.line_maps, name):
            self._state.change("line_maps", **{name: value})

    def _apply_typed(self) -> None:
        texts = [field.value.strip() for field in self.edges]
        try:
            if not all(text.lstrip("+-").isdecimal() for text in texts):
                raise ValueError(
                    f"The edges of a crop are whole pixels; found {', '.join(map(repr, texts))}."
                )
            box = tuple(int(text) for text in texts)
            self._crop(box)
        except ValueError as error:
            self._tools.tell(str(error), "warning")

    def _crop_to_selection(self) -> None:
        selection = self._state.selection
        if selection is None:
            self._tools.tell("Nothing is selected: draw a box on a map in the tab Explore first.", "info")
            return
        chosen = self._state.recipe.line_maps
        y0, _, x0, _ = chosen.crop or (0, 0, 0, 0)
        box = selected_box(selection.image, chosen.rebin, (y0, x0))
        try:
            self._crop(box)
        except ValueError as error:
            self._tools.tell(str(error), "warning")

    def _crop(self, box: tuple[int, ...]) -> None:
        """Crop to a box of the file's pixels; refused before anything changes where that cannot be."""
        shape = self._state.dataset.shape
        rows, columns = checked_box(box, shape)
        rebin = self._state.recipe.line_maps.rebin
        if min(rows.stop - rows.start, columns.stop - columns.start) < rebin:
            raise ValueError(
                f"The crop y {box[0]} to {box[1]}, x {box[2]} to {box[3]} is smaller than the {rebin} pixels "
                f"that are rebinned into one. Crop less, or rebin less."
            )
        self._set("crop", () if box == (0, shape[0], 0, shape[1]) else box)

    # --- what is shown

    def refresh(self, changed: frozenset[str]) -> None:
        """Follow the state."""
        state, chosen, opened = self._state, self._state.recipe.line_maps, self._state.prepared
        image = opened.image
        losses = image is not None and image.energy.kind == "loss"
        self.low_energy.visible = image is not None and image.energy.calibrated and not losses
        self.low_loss.visible = losses
        n_y, n_x = state.dataset.shape
        values = (
            (self.low_energy, chosen.low_energy_kev),
            (self.low_loss, chosen.low_loss_ev),
            (self.components, chosen.pca_components),
            *zip(self.edges, map(str, chosen.crop or (0, n_y, 0, n_x)), strict=True),
        )
        for field, value in values:
            if field.value != value:
                field.value = value
        self.denoising.visible = bool(opened.maps.lines)
        self.whole.disabled = not chosen.crop
        self.to_selection.disabled = state.selection is None
        self.says.object = _field_of_view(state.dataset.shape, opened)
        now = opened.maps.dataset_id, opened.maps.lines, chosen.background
        if now != self._components_for and opened.maps.lines:
            self._components_for = now
            self._decomposing.request(state.dataset, opened, chosen)
        self._colour_bars()

    def _show_components(self, answer: tuple[OpenedMap, Components]) -> None:
        _opened, found = answer
        strength = np.maximum(found.strength, 1e-6)
        self._axis_label.axis_label = "Variance / noise" if found.of_counts else "Share of the variance"
        self.noise.visible = found.of_counts
        if not found.of_counts:
            strength = strength / strength.sum()
        low = min(0.5, float(strength.min())) if found.of_counts else float(strength.min())
        self._y_range.update(start=0.7 * low, end=1.6 * float(strength.max()))
        n = len(strength)
        self.source.data = dict(number=list(range(1, n + 1)), strength=list(strength), colour=[""] * n)
        self.components.end = n
        if not found.of_counts:
            self.suggestion.object = (
                "These maps are no counts: how much of a component is noise is not known."
            )
        elif found.n_above_noise:
            several = (
                f"{found.n_above_noise} components stand" if found.n_above_noise > 1 else "1 component stands"
            )
            self.suggestion.object = (
                f"{several} above the noise of counting (dashed). Fewer smooth more, and may lose a rare "
                f"phase."
            )
        else:
            self.suggestion.object = "No component stands above the noise of counting (dashed): rebin first."
        self._colour_bars()

    def _no_components(self, text: str) -> None:
        self.suggestion.object = text

    def _colour_bars(self) -> None:
        kept, number = self._state.recipe.line_maps.pca_components, self.source.data["number"]
        colours = [theme.ACCENT if not kept or one <= kept else theme.UNSELECTED for one in number]
        if list(self.source.data["colour"]) != colours:
            self.source.data = {**self.source.data, "colour": colours}


def selected_box(selected: np.ndarray, rebin: int, origin: tuple[int, int]) -> tuple[int, int, int, int]:
    """Box (y0, y1, x0, x1) in pixels of the file around the selected pixels of a cropped, rebinned map.

    Parameters
    ----------
    selected : (n_y, n_x) bool, at least one pixel
    rebin : pixels of the file along the side of one of these
    origin : (y, x) of the first pixel in the file
    """
    rows, columns = np.flatnonzero(selected.any(axis=1)), np.flatnonzero(selected.any(axis=0))
    y, x = origin
    return (
        int(y + rebin * rows[0]),
        int(y + rebin * (rows[-1] + 1)),
        int(x + rebin * columns[0]),
        int(x + rebin * (columns[-1] + 1)),
    )


def _decompose(dataset: Dataset, opened: OpenedMap, choices: LineMapChoices) -> tuple[OpenedMap, Components]:
    # the maps on show may be denoised already: the components are those of the maps as measured
    measured = opened.image or prepare(dataset, choices)
    plain = replace(choices, pca_components=0, lines=opened.maps.lines, exclude=())
    return opened, components_of_maps(measured, make_line_maps(measured, plain), choices.background)


def _field_of_view(of_file: tuple[int, int], opened: OpenedMap) -> str:
    n_y, n_x = opened.maps.shape
    size = opened.maps.pixel_size_um
    field = "" if size is None else f", {length(n_x * size)} × {length(n_y * size)}"
    return (
        f"The file has {of_file[0]} rows (y) and {of_file[1]} columns (x). The map on show has "
        f"{n_y} × {n_x} pixels{field}."
    )
