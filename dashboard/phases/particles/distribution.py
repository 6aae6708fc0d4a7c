"""The card "Distribution": a histogram of any measure of the particles, with its menus."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import panel as pn
import panel_material_ui as pmui

from dashboard.phases.cards import MENU, card
from dashboard.phases.grid import Column
from dashboard.phases.particles.columns import measures
from dashboard.phases.particles.histogram import HistogramPlot, bin_edges, bin_of, stacked
from models.particle_statistics import Particles


class DistributionCard:
    """Bars of particles by size, shape or intensity; ``on_particles`` gets those of a bar that is clicked."""

    def __init__(self, on_particles: Callable[[list[int], int | None], None]) -> None:
        self._on_particles = on_particles
        self._found: Particles | None = None
        self._names: Sequence[str] = ()
        self._colours: Sequence[str] = ()
        self._bins = np.zeros(0, np.int64)
        self.plot = HistogramPlot()
        self.plot.on_bin(self.pick)
        self.measure = pmui.Select(options={"Equivalent diameter": "diameter"}, width=160, **MENU)
        self.weighting = pmui.Select(options=["Number", "Area"], value="Number", width=96, **MENU)
        self.log = pmui.Switch(label="Log", value=True, margin=(0, 6))
        self.n_bins = pmui.IntSlider(
            label="Bins", start=5, end=80, value=30, size="small", margin=(0, 16), sizing_mode="stretch_width"
        )
        for widget in (self.measure, self.weighting, self.log, self.n_bins):
            widget.param.watch(lambda _event: self._draw(), "value")
        bars = [
            pn.pane.Bokeh(one, sizing_mode="stretch_width", margin=0) for one in self.plot.figures.values()
        ]
        self.panel = card(
            "Distribution", [self.measure, self.weighting, self.log],
            Column(*bars, self.n_bins, margin=0, sizing_mode="stretch_width"), margin=(8, 0, 0, 0),
        )  # fmt: skip

    def show(self, found: Particles, names: Sequence[str], colours: Sequence[str]) -> None:
        """Other particles; names and colours are of their phases, by label."""
        self._found, self._names, self._colours = found, names, colours
        offered = {one.title: one.key for one in measures(found)}
        if offered != self.measure.options:
            value = self.measure.value if self.measure.value in offered.values() else "diameter"
            self.measure.param.update(options=offered, value=value)
        self._draw()

    def pick(self, number: int) -> None:
        """A bar was clicked, or (-1) what lies beside the bars."""
        inside = np.flatnonzero(self._bins == number) if number >= 0 else np.zeros(0, np.int64)
        self._on_particles(inside.tolist(), number if inside.size else None)

    def _draw(self) -> None:
        found = self._found
        if found is None:
            return
        known = measures(found)
        measure = next((one for one in known if one.key == self.measure.value), known[0])
        log = bool(self.log.value) and bool(np.any(measure.values > 0))
        edges = bin_edges(measure.values, int(self.n_bins.value), log)
        self._bins = bin_of(measure.values, edges)
        by_area = self.weighting.value == "Area"
        weight = found.area if by_area else np.ones(len(found))
        phases = sorted(set(found.phase.tolist()))
        unit = "µm²" if found.pixel_size_um is not None else "px²"
        self.plot.show(
            edges, stacked(self._bins, found.phase, weight, edges.size - 1, phases),
            [self._colours[i] for i in phases], [self._names[i] for i in phases],
            (measure.label, f"Area ({unit})" if by_area else "Particles"), log,
        )  # fmt: skip
