"""The tab "Particles" put together: table, histogram and map of the connected regions."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import panel as pn
import panel_material_ui as pmui
from bokeh.events import Tap

from dashboard import theme
from dashboard.exports import download_button
from dashboard.phases.cards import card
from dashboard.phases.data_table import DataTable
from dashboard.phases.grid import Column, Row, cell, grid
from dashboard.phases.map_layers import index_layer, intensity_layer, phase_index, phase_palette
from dashboard.phases.map_plot import MapFrame, MapPlot
from dashboard.phases.particles.columns import sort_values, table_columns, table_rows
from dashboard.phases.particles.distribution import DistributionCard
from dashboard.phases.phase_menu import offer, phase_options
from dashboard.phases.tab import Tab, Tools
from dashboard.selection import GivenPixels
from models.composition_choices import ParticleChoices
from models.exports_files import file_name, table_csv
from models.live_phases import LivePhases
from models.particle_statistics import Particles, particles

_ALL = -1
_MOST_ROWS = 250
_HINT = "Click a row, a bar or a particle on the map: it is marked here and selected in Explore."


class ParticlesTab(Tab):
    """Connected regions of one phase or of all, their sizes, shapes and intensities."""

    title: ClassVar[str] = "Particles"
    follows: ClassVar[tuple[str, ...]] = ("prepared", "shown", "names", "colours", "recipe", "selection")
    needs: ClassVar[str] = "phases"
    keeps: ClassVar[tuple[str, ...]] = (
        "phase", "line", "table:sorted_by", "table:descending", "distribution.measure",
        "distribution.weighting", "distribution.log", "distribution.n_bins",
    )  # fmt: skip

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools)
        self._found: Particles | None = None
        self._of: LivePhases | None = None  # the phases that the particles belong to
        self._picked: frozenset[int] = frozenset()
        self._asked: GivenPixels | None = None
        self._made_with: tuple[ParticleChoices, int] | None = None
        self._work = tools.live(_particles_of, self._take)

    # --- building

    def build(self) -> pn.viewable.Viewable:
        choices = self.state.recipe.particles
        compact = {"size": "small", "margin": (4, 6)}
        self.phase = pmui.Select(
            label="Phase", options={"All phases": _ALL}, value=_ALL, width=170, **compact
        )
        self.least = pmui.IntInput(
            label="Least pixels", value=choices.least_pixels, start=1, step=1, width=104, **compact
        )
        self.touching = pmui.Select(
            label="Touching at", options={"Edges and corners": 8, "Edges only": 4},
            value=choices.connectivity, width=165, **compact,
        )  # fmt: skip
        self.fill = pmui.Switch(label="Fill holes", value=choices.fill_holes, margin=(10, 4))
        self.line = pmui.Select(label="Line", options=[], width=94, **compact)
        self.phase.param.watch(lambda event: event.new != event.old and self._request(), "value")
        self.line.param.watch(lambda _event: self._draw_table(), "value")
        for widget, name in (
            (self.least, "least_pixels"), (self.touching, "connectivity"), (self.fill, "fill_holes"),
        ):  # fmt: skip
            widget.param.watch(lambda event, name=name: self._choose(name, event.new), "value")
        self.table = DataTable(
            on_pick=self._row_picked, on_sort=self._sort, sortable=True, sorted_by="area",
            empty="No region is as large as this. Lower the least number of pixels.",
            sizing_mode="stretch_width", margin=0, most_height=560,
        )  # fmt: skip
        self.distribution = DistributionCard(self._pick)
        self.frame = MapFrame()
        self.map = MapPlot(self.frame, "particle_map", ["intensity", "phases", "picked"], height=320)
        self.map.set_palette("intensity", ["#00000000", *theme.MAP_PALETTES["Grey"][1:]])
        self.map.set_palette("picked", ["#00000000", theme.SELECTION_COLOUR + "ff"])
        self.map.figure.on_event(Tap, self._map_clicked)
        self.map.on_double_tap(self._pick_none)
        csv = download_button(
            self.tools, "CSV", lambda: file_name(self.state.prepared.maps.title, "particles", ending="csv"),
            self._csv,
        )  # fmt: skip
        choices_row = Row(
            self.phase, self.least, self.touching, self.fill, self.line, sizing_mode="stretch_width",
            margin=0, styles={"flex-wrap": "wrap", "align-items": "center"},
        )  # fmt: skip
        hint = pmui.Typography(_HINT, variant="body2", margin=(0, 8), sizing_mode="stretch_width")
        half = {"xs": 12, "lg": 5}
        rest = {"xs": 12, "lg": 7}
        return grid(
            cell(
                card("Particles", [csv], Column(choices_row, hint, self.table, margin=0,
                     sizing_mode="stretch_width")),
                size=rest,
            ),
            cell(
                card("Map", [], pn.pane.Bokeh(self.map.figure, sizing_mode="stretch_width", margin=0)),
                self.distribution.panel,
                size=half,
            ),
            sizing_mode="stretch_width", margin=(0, 6),
        )  # fmt: skip

    # --- what changes

    def refresh(self, changed: frozenset[str]) -> None:
        state = self.state
        if changed & {"prepared", "shown"}:
            self._follow_dataset()
        if changed & {"shown", "names"}:
            self._follow_phases()
        if "recipe" in changed:
            choices = state.recipe.particles
            self.least.value, self.touching.value = choices.least_pixels, choices.connectivity
            self.fill.value = choices.fill_holes
        if changed & {"prepared", "shown"} or self._stale():
            self._request()
        elif changed & {"names", "colours"}:
            self._draw_all()
        if "selection" in changed and not self._own_selection() and self._picked:
            self._mark(frozenset(), None)

    def settings_put(self) -> None:
        self._draw_table()

    def _stale(self) -> bool:
        return self._found is None or self._made_with != (self.state.recipe.particles, self.phase.value)

    def _follow_dataset(self) -> None:
        maps = self.state.prepared.maps
        if (maps.shape, maps.pixel_size_um or 1.0) != (self.frame.shape, self.frame.pixel_size):
            self.frame.show(maps.shape, maps.pixel_size_um)
        self.map.scale_bar.visible = maps.pixel_size_um is not None
        self.map.set_layer("intensity", intensity_layer(self.state.prepared.all_counts, maps.shape))
        if self.line.options != list(maps.lines):
            self.line.param.update(options=list(maps.lines), value=maps.lines[0])

    def _follow_phases(self) -> None:
        options = {"All phases": _ALL, **phase_options(self.state)}
        offer(self.phase, options, self.phase.value if self.phase.value in options.values() else _ALL)

    def _choose(self, name: str, value: Any) -> None:
        if value is not None and value != getattr(self.state.recipe.particles, name):
            self.state.change("particles", **{name: value})

    def _request(self) -> None:
        state = self.state
        if state.shown is None or state.prepared is None:
            return
        choices = state.recipe.particles
        self._made_with = (choices, self.phase.value)
        label = None if self.phase.value == _ALL else state.label_of(self.phase.value)
        self._work.request(state.shown, state.prepared.maps, choices, None if label is None else [label])

    def _take(self, answer: tuple[LivePhases, Particles]) -> None:
        self._of, self._found = answer
        self._picked = frozenset()
        self._draw_all()

    # --- drawing

    def _draw_all(self) -> None:
        if self._found is None:
            return
        self._draw_map()
        self._draw_table()
        self.distribution.show(self._found, *self._names_and_colours())

    def _names_and_colours(self) -> tuple[list[str], list[str]]:
        ids = self._of.ids
        return [self.state.name_of(i) for i in ids], [self.state.colour_of(i) for i in ids]

    def _draw_map(self) -> None:
        found, shown = self._found, self._of
        inside = np.zeros(found.shape[0] * found.shape[1], bool)
        inside[found.region] = True
        label = np.where(inside.reshape(found.shape), shown.phase_map.label, np.int16(-1))
        _, colours = self._names_and_colours()
        self.map.set_palette("phases", phase_palette(colours, shown.ids, frozenset(), 0.7))
        self.map.set_layer("phases", index_layer(phase_index(label, shown.n_phases, None)))
        self._draw_picked()

    def _draw_picked(self) -> None:
        if not self._picked:
            self.map.set_layer("picked", None)
            return
        mask = self._found.mask(sorted(self._picked))
        self.map.set_layer("picked", index_layer(mask.astype(np.uint8)))

    def _draw_table(self) -> None:
        found = self._found
        if found is None:
            return
        line = self.line.value or ""
        values = sort_values(found, self.table.sorted_by, line)
        order = np.argsort(-values if self.table.descending else values, kind="stable")[:_MOST_ROWS]
        extra = [i for i in sorted(self._picked)[:20] if i not in set(order.tolist())]
        names, colours = self._names_and_colours()
        self.table.param.update(
            columns=table_columns(found, line),
            rows=table_rows(found, [*extra, *order.tolist()], line, names, colours, self._picked),
            footer=self._footer(len(order) + len(extra)),
        )

    def _footer(self, n_rows: int) -> str:
        found = self._found
        text = f"{len(found):,} particles"
        if n_rows < len(found):
            text += f", {n_rows:,} of them in this table; the CSV has all"
        if found.n_left_out:
            text += f" · {found.n_left_out:,} smaller ones left out"
        edge = int(np.count_nonzero(found.touches_edge))
        return text + (f" · {edge:,} touch the edge and may go on outside" if edge else "")

    # --- picking

    def _sort(self, key: str) -> None:
        descending = not self.table.descending if key == self.table.sorted_by else True
        self.table.param.update(sorted_by=key, descending=descending)
        self._draw_table()

    def _row_picked(self, row: Any, chosen: bool) -> None:
        self._pick([int(row)] if chosen else [])

    def _map_clicked(self, event: Tap) -> None:
        if self._found is None or event.x is None:
            return
        pixel = self.frame.pixel_at(event.x, event.y)
        particle = None if pixel is None else self._found.at(*pixel)
        self._pick([] if particle is None else [particle])

    def _pick_none(self) -> None:
        self._pick([])

    def _pick(self, numbers: list[int], bin_number: int | None = None) -> None:
        """Mark particles in all three views, and select their pixels in Explore."""
        if self._found is None:
            return
        numbers = [number for number in numbers if 0 <= number < len(self._found)]
        self._mark(frozenset(numbers), bin_number)
        if not numbers:
            if self._own_selection():
                self.state.param.update(selection=None, chosen_phase=None)
            return
        names, _ = self._names_and_colours()
        title = (
            f"particle {numbers[0] + 1} of {names[int(self._found.phase[numbers[0]])]}"
            if len(numbers) == 1
            else f"{len(numbers):,} particles"
        )
        self._asked = GivenPixels.of(self._found.mask(numbers), title)
        self.state.select(self._asked)

    def _mark(self, picked: frozenset[int], bin_number: int | None) -> None:
        self._picked = picked
        self._draw_picked()
        self._draw_table()
        self.distribution.plot.mark(bin_number)

    def _own_selection(self) -> bool:
        selection = self.state.selection
        return selection is not None and self._asked is not None and selection.origin == self._asked

    # --- export

    def _csv(self) -> bytes:
        found, shown = self._found, self._of
        if found is None or len(found) == 0:
            raise ValueError("There is no particle to write. Lower the least number of pixels.")
        names = {label: self.state.name_of(phase) for label, phase in enumerate(shown.ids)}
        return table_csv(found.columns(names))


def _particles_of(
    shown: LivePhases, maps: Any, choices: ParticleChoices, phases: list[int] | None
) -> tuple[LivePhases, Particles]:
    return shown, particles(shown.phase_map, maps, choices, phases)
