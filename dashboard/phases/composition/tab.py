"""The tab "Composition" put together: compositions, k-factors, minerals, triangle."""

from __future__ import annotations

from typing import Any, ClassVar

import panel as pn
import panel_material_ui as pmui

from dashboard.exports import download_button
from dashboard.phases.cards import card
from dashboard.phases.composition.answers import Composed, Matched, compose, match
from dashboard.phases.composition.factors_card import FactorsCard
from dashboard.phases.composition.minerals_card import MineralsCard
from dashboard.phases.composition.ternary_card import TernaryCard
from dashboard.phases.composition.texts import UNITS, composition_columns, composition_rows
from dashboard.phases.data_table import DataTable
from dashboard.phases.grid import Column, Row, cell, grid
from dashboard.phases.phase_menu import phase_options
from dashboard.phases.tab import Tab, Tools
from models import composition
from models.exports_files import file_name, table_csv
from models.k_factors import ASSUMED_BEAM_KEV
from models.mineral_candidate import Candidate

_SAMPLES = {"By the beam energy": "auto", "Thick, flat sample": "bulk", "Thin foil": "thin"}
_OXYGEN = {"Measured": "measured", "By stoichiometry": "stoichiometry"}
_INTENSITIES = {"Fit of all lines": "fit", "As the line maps": "maps"}
_WINDOWS = {"Polymer window": "polymer", "No window": "none"}


class CompositionTab(Tab):
    """What the phases are made of, by k-factors, and which minerals they could be."""

    title: ClassVar[str] = "Composition"
    follows: ClassVar[tuple[str, ...]] = ("prepared", "shown", "names", "colours", "recipe", "chosen_phase")
    needs: ClassVar[str] = "phases"
    keeps: ClassVar[tuple[str, ...]] = (
        "unit", "ternary.corners.0", "ternary.corners.1", "ternary.corners.2", "ternary.quantity",
        "ternary.phase", "ternary.normalised", "ternary.least", "minerals.phase",
    )  # fmt: skip

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools)
        self._composed: Composed | None = None
        self._made_with: tuple[Any, ...] = ()
        self._matches: dict[int, Matched] = {}
        self._last_match: Matched | None = None
        self._composing = tools.live(compose, self._take, self._failed)
        self._matching = tools.live(match, self._take_match)

    def build(self) -> pn.viewable.Viewable:
        self.factors = FactorsCard(self.tools)
        self.minerals = MineralsCard(self.tools)
        self.ternary = TernaryCard(self.tools)
        self.table = DataTable(
            on_pick=self._row_picked,
            empty="Computing …",
            sizing_mode="stretch_width",
            margin=0,
            most_height=420,
        )
        self.unit = pmui.RadioButtonGroup(
            options=list(UNITS), value="wt.%", size="small", margin=(0, 4),
            sx={"& .MuiToggleButton-root": {"whiteSpace": "nowrap"}},
        )  # fmt: skip
        self.unit.param.watch(lambda _event: self._draw_table(), "value")
        csv = download_button(
            self.tools, "CSV", lambda: file_name(self.state.prepared.maps.title, "composition", ending="csv"),
            self._csv,
        )  # fmt: skip
        self.notes = pmui.Typography("", variant="caption", margin=(4, 10), sizing_mode="stretch_width")
        table = card(
            "Composition of the phases", [self.unit, csv],
            Column(self._choices(), self.table, self.notes, sizing_mode="stretch_width", margin=0),
        )  # fmt: skip
        wide, narrow = {"xs": 12, "lg": 7}, {"xs": 12, "lg": 5}

        def column(*cards: pn.viewable.Viewable) -> Column:
            for one in cards:
                one.margin = (0, 0, 8, 0)
            return Column(*cards, sizing_mode="stretch_width", margin=0)

        return grid(
            cell(column(table), size=12),
            cell(column(self.minerals.panel, self.factors.panel), size=wide),
            cell(column(self.ternary.panel), size=narrow),
            sizing_mode="stretch_width", margin=(0, 6),
        )  # fmt: skip

    def _choices(self) -> Row:
        compact: dict[str, Any] = {"size": "small", "margin": (4, 6)}
        self._widgets: dict[str, Any] = {
            "sample": pmui.Select(label="Sample", options=_SAMPLES, width=170, **compact),
            "oxygen": pmui.Select(label="Oxygen", options=_OXYGEN, width=150, **compact),
            "leave_out": pmui.TextInput(label="Leave out", width=100, **compact),
            "oxides": pmui.TextInput(label="Oxides", placeholder="Fe2O3, S", width=110, **compact),
            "intensity": pmui.Select(label="Intensities", options=_INTENSITIES, width=150, **compact),
            "least_counts": pmui.IntInput(label="Least counts", start=0, step=100, width=110, **compact),
            "beam_kev": pmui.FloatInput(label="Beam (kV)", value=None, step=1, width=112, **compact),
            "window": pmui.Select(label="Detector", options=_WINDOWS, width=150, **compact),
            "take_off_deg": pmui.FloatInput(
                label="Take-off (°)", start=1, end=90, step=1, width=100, **compact
            ),
        }
        self._show_choices()
        for name, widget in self._widgets.items():
            widget.param.watch(lambda event, name=name: self._choose(name, event.new), "value")
        return Row(
            *self._widgets.values(), sizing_mode="stretch_width", margin=0,
            styles={"flex-wrap": "wrap", "align-items": "center"},
        )  # fmt: skip

    # --- what changes

    def refresh(self, changed: frozenset[str]) -> None:
        state = self.state
        if changed & {"recipe", "prepared"}:
            self._show_choices()
        if changed & {"shown", "names", "chosen_phase", "recipe"}:
            self._offer_phases()
        wanted = (state.prepared, state.shown, state.recipe.quantification, state.recipe.line_maps)
        if wanted != self._made_with:
            self._made_with = wanted
            self._composing.request(state.prepared, state.shown, state.recipe)
            return
        if changed & {"names", "colours", "chosen_phase"} and self._composed is not None:
            self._draw_table()
            self._match_next()
        if changed & {"names", "colours"} and self._composed is not None:
            self.ternary.draw()

    def _offer_phases(self) -> None:
        names = phase_options(self.state)
        self.minerals.offer(names, self.state.chosen_phase)
        self.ternary.offer(names)

    def _show_choices(self) -> None:
        choices = self.state.recipe.quantification
        for name, widget in self._widgets.items():
            value = getattr(choices, name)
            if name == "beam_kev":
                value = value or self.state.prepared.maps.beam_kev or ASSUMED_BEAM_KEV
            widget.value = ", ".join(value) if isinstance(value, tuple) else value

    def _choose(self, name: str, value: Any) -> None:
        if name in ("leave_out", "oxides"):
            value = tuple(part for part in str(value or "").replace(",", " ").split() if part)
        elif name == "beam_kev":
            # that of the file needs no choice: it stays the file's when another one is opened
            of_file = self.state.prepared.maps.beam_kev or ASSUMED_BEAM_KEV
            value = None if not value or value == of_file else float(value)
        elif value is None:
            return
        before = getattr(self.state.recipe.quantification, name)
        if value == before:
            return
        try:
            composition.check_choice(self.state.recipe, **{name: value})
        except ValueError as error:
            self.tools.tell(str(error), "warning")
            self._show_choices()
            return
        self.state.change("quantification", **{name: value})

    # --- answers

    def _take(self, composed: Composed) -> None:
        self._composed = composed
        if self._last_match is None or self._last_match.compared_with != composed.compared_with:
            self._last_match = None
        self._matches = {}
        self._draw_table()
        self.factors.show(composed)
        self.ternary.show(composed)
        self._match_next()

    def _failed(self, text: str) -> None:
        self._composed, self._matches = None, {}
        self.table.param.update(rows=[], empty=text)
        self.notes.object = ""
        self.factors.show(None)
        self.ternary.show(None)
        self.minerals.show(None)
        self.minerals.table.empty = text

    def _match_next(self) -> None:
        """Compare the phase of the card first, then the others, one at a time."""
        composed = self._composed
        if composed is None:
            return
        chosen = self.minerals.chosen
        self.minerals.show(self._matches.get(chosen))
        waiting = [phase for phase in (chosen, *composed.shown.ids) if phase is not None]
        following = next(
            (phase for phase in waiting if phase not in self._matches and phase in composed.shown.ids), None
        )
        if following is not None and not self._matching.busy:
            self._matching.request(composed, following, self._last_match)

    def _take_match(self, matched: Matched) -> None:
        self._last_match = matched
        if matched.of is self._composed:
            self._matches[matched.phase] = matched
            self._draw_table()
        self.tools.schedule(self._match_next)

    # --- drawing

    def _draw_table(self) -> None:
        composed = self._composed
        if composed is None:
            return
        if composed.found is None:
            self.table.param.update(rows=[], empty=composed.problem)
            self.notes.object = composed.factors.caveat
            return
        shares = getattr(composed.found, UNITS[self.unit.value])
        names = [self.state.name_of(phase) for phase in composed.shown.ids]
        colours = [self.state.colour_of(phase) for phase in composed.shown.ids]
        self.table.param.update(
            columns=composition_columns(shares),
            rows=composition_rows(composed, shares, names, colours, self.state.chosen_phase, self._nearest()),
        )
        self.notes.object = " ".join([composed.factors.caveat, *composed.found.notes])

    def _nearest(self) -> dict[int, Candidate]:
        return {phase: one.candidates[0] for phase, one in self._matches.items() if one.candidates}

    def _row_picked(self, phase: Any, chosen: bool) -> None:
        self.state.set_phase(int(phase), "chosen", chosen)

    def _csv(self) -> bytes:
        composed = self._composed
        if composed is None or composed.found is None:
            raise ValueError(composed.problem if composed else "There is no composition to write yet.")
        names = [self.state.name_of(phase) for phase in composed.shown.ids]
        columns = composition.table(composed.found, names)
        matches = self._matches
        best = [matches[i].candidates[:1] if i in matches else () for i in composed.shown.ids]
        columns["nearest_mineral"] = [one[0].name if one else "" for one in best]
        columns["mineral_distance_sigma"] = [one[0].distance if one else float("nan") for one in best]
        columns["mixed_in_from_neighbour"] = [one[0].admixture if one else float("nan") for one in best]
        return table_csv(columns)
