"""The sum spectrum, and what a peak in it could be: click a peak, see candidates, add one."""

from __future__ import annotations

from typing import Any

import numpy as np
import panel as pn
import panel_material_ui as pmui

from dashboard.phases.cards import card
from dashboard.phases.grid import Column
from dashboard.phases.lines.line_editor import LineEditor
from dashboard.phases.lines.line_table import LineTable
from dashboard.phases.lines.spectrum import LinesSpectrum
from dashboard.phases.lines.texts import CANDIDATE_COLUMNS, candidate_rows
from dashboard.phases.opened import OpenedMap
from dashboard.phases.tab import Tools
from models.line_fit import fit_lines
from models.line_identification import Candidate, candidates_at, nearest_peak

_HINT = "Click a peak of the spectrum to see which lines it could be."


class PeakSearch:
    """The cards ``spectrum`` and ``candidates``."""

    def __init__(self, tools: Tools, editor: LineEditor) -> None:
        self._tools, self._state, self._editor = tools, tools.state, editor
        self._at_kev: float | None = None
        self._found: tuple[Candidate, ...] = ()
        self._drawn_for: tuple[Any, ...] | None = None
        self._searching = tools.live(_search, self._show_candidates)
        self._fitting = tools.live(_fit, self._show_fit)
        self.figure = LinesSpectrum(self.search)
        self.scale = pmui.RadioButtonGroup(
            options={"Log": "log", "Linear": "linear"}, value="log", size="small", margin=(0, 4)
        )
        self.scale.param.watch(lambda event: self.figure.plot.show_scale(event.new), "value")
        # windows of the lines or, where they were fitted, the fit: what the line maps come from
        self.shown = pmui.Checkbox(label="Windows", value=True, size="small", margin=(0, 4))
        self.shown.param.watch(lambda _event: self._draw(keep_view=True), "value")
        self.energy = pmui.TextInput(
            label="", placeholder="at ... keV", width=96, size="small", margin=(0, 4),
            sx={"& .MuiInputBase-input": {"padding": "5px 8px"}},
        )  # fmt: skip
        self.energy.param.watch(self._typed, "value")
        self.table = LineTable(
            on_action=editor.toggle_line, on_point=self._point, columns=CANDIDATE_COLUMNS, empty=_HINT,
            sizing_mode="stretch_width", height=262, margin=(0, 4),
        )  # fmt: skip
        self.where = pmui.Typography("", variant="caption", margin=(0, 12), sizing_mode="stretch_width")
        self.spectrum = card(
            "Sum spectrum",
            [self.shown, self.scale],
            Column(
                *(
                    pn.pane.Bokeh(figure, sizing_mode="stretch_width", margin=0)
                    for figure in self.figure.plot.figures.values()
                ),
                sizing_mode="stretch_width",
                margin=0,
            ),
        )
        self.candidates = card(
            "What is this peak?",
            [self.energy],
            Column(self.where, self.table, sizing_mode="stretch_width", margin=0),
        )

    def search(self, energy: float) -> None:
        """Look for the lines of the peak next to an energy (keV)."""
        opened = self._state.prepared
        if opened is None or not opened.has_xray_lines:
            return
        axis = opened.image.energy
        if not axis.low_kev <= energy <= axis.high_kev:
            self._tools.tell(
                f"{energy:g} keV is not on this axis, which goes from {axis.low_kev:.2f} to "
                f"{axis.high_kev:.2f} keV.",
                "warning",
            )
            return
        self._searching.request(opened, energy)

    def refresh(self, changed: frozenset[str]) -> None:
        """Follow the state."""
        opened = self._state.prepared
        self.spectrum.visible = opened.image is not None
        self.candidates.visible = opened.has_xray_lines
        if opened.image is None:
            return
        # the same spectra with other lines keep the energies on show; another map or axis shows all of it
        same = opened.image.dataset_id, opened.image.energy
        if same != self._drawn_for:
            self._forget()
        self._draw(keep_view=same == self._drawn_for)
        self._drawn_for = same
        if self._at_kev is not None:
            self._searching.request(opened, self._at_kev)

    def _forget(self) -> None:
        self._at_kev, self._found = None, ()
        self.figure.show_peak(None)
        self.figure.show_family(None)
        self.table.param.update(rows=[], empty=_HINT)
        self.where.object = ""

    def _draw(self, keep_view: bool) -> None:
        opened = self._state.prepared
        if opened is None or opened.image is None:
            return
        by_fit = opened.choices is not None and opened.choices.background == "fit"
        self.shown.label = "Fit" if by_fit else "Windows"
        self.shown.visible = opened.has_xray_lines and bool(opened.maps.lines)
        wanted = self.shown.value and self.shown.visible
        self.figure.show(opened, None, keep_view)
        self.figure.show_windows(opened if wanted and not by_fit else None)
        if wanted and by_fit:
            self._fitting.request(opened)

    def _typed(self, event: Any) -> None:
        text = event.new.strip().removesuffix("keV").strip().replace(",", ".")
        if not text:
            return
        try:
            energy = float(text)
        except ValueError:
            self._tools.tell(f"{event.new!r} is no energy. Type a number of keV, such as 6.4.", "warning")
            return
        self.search(energy)

    def _show_candidates(self, answer: tuple[OpenedMap, float, tuple[Candidate, ...]]) -> None:
        opened, at_kev, found = answer
        if opened is not self._state.prepared:
            return
        self._at_kev, self._found = at_kev, found
        self.figure.show_peak(at_kev)
        self._show_family(found[0] if found else None)
        self.where.object = (
            f"Peak at {at_kev:.3f} keV. Point at a row to see its family in the spectrum: ✓ peak there, "
            "✗ none, ? cannot say."
        )
        self.table.param.update(
            rows=candidate_rows(found), empty=f"No line lies near {at_kev:.3f} keV that this beam excites."
        )

    def _show_fit(self, answer: tuple[OpenedMap, np.ndarray]) -> None:
        opened, fitted = answer
        if opened is self._state.prepared:
            self.figure.show(opened, fitted, keep_view=True)

    def _point(self, key: str) -> None:
        pointed = next((one for one in self._found if one.line == key), None)
        self._show_family(pointed or (self._found[0] if self._found else None))

    def _show_family(self, candidate: Candidate | None) -> None:
        opened = self._state.prepared
        if candidate is None or self._at_kev is None or opened is None or opened.image is None:
            self.figure.show_family(None)
            return
        channel = min(max(opened.image.energy.channel(self._at_kev), 0), len(opened.sum_spectrum) - 1)
        self.figure.show_family(candidate, float(opened.sum_spectrum[channel]))


def _search(opened: OpenedMap, energy_kev: float) -> tuple[OpenedMap, float, tuple[Candidate, ...]]:
    image, spectrum = opened.image, opened.sum_spectrum
    at_kev = nearest_peak(spectrum, image.energy, energy_kev)
    found = candidates_at(spectrum, image.energy, at_kev, image.beam_kev, opened.maps.lines)
    return opened, at_kev, found


def _fit(opened: OpenedMap) -> tuple[OpenedMap, np.ndarray]:
    return opened, fit_lines(opened.image, opened.maps.lines).model(opened.sum_spectrum)
