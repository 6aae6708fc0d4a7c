"""The energy scale: where known lines are measured, and offset and width of a channel to put them right."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import panel_material_ui as pmui

from dashboard.phases.cards import card
from dashboard.phases.grid import Column, Row
from dashboard.phases.lines.line_table import LineTable
from dashboard.phases.lines.texts import PEAK_COLUMNS, peak_rows
from dashboard.phases.opened import OpenedMap
from dashboard.phases.tab import Tools
from data.axes import EnergyAxis
from data.spectrum_image import SpectrumImage
from models.energy_calibration import Calibration, calibrate, from_first_channel
from models.peak_positions import PeakFit, measure_peaks

_FIELD: dict[str, Any] = {"size": "small", "sizing_mode": "stretch_width", "margin": (6, 6)}
_BUTTON: dict[str, Any] = {"size": "small", "margin": (4, 4), "sizing_mode": None}


class EnergyScale:
    """The card ``panel``."""

    def __init__(self, tools: Tools) -> None:
        self._tools, self._state = tools, tools.state
        self._shown_for: tuple[Any, ...] | None = None
        self._measuring = tools.live(_measure, self._show_peaks, self._failed)
        self._calibrating = tools.live(_calibrate, self._calibrated)
        self.offset = pmui.TextInput(label="First channel (keV)", **_FIELD)
        self.scale = pmui.TextInput(label="Width of a channel (keV)", **_FIELD)
        self.apply = pmui.Button(label="Apply", variant="contained", **_BUTTON)
        self.apply.on_click(lambda _event: self._apply())
        self.by_lines = pmui.Button(label="Calibrate from the lines", variant="outlined", **_BUTTON)
        self.by_lines.on_click(lambda _event: self._ask())
        self.reset = pmui.Button(label="As in the file", variant="outlined", **_BUTTON)
        self.reset.on_click(lambda _event: self._take(None, None))
        self.says = pmui.Typography("", variant="caption", margin=(0, 12), sizing_mode="stretch_width")
        self.table = LineTable(columns=PEAK_COLUMNS, sizing_mode="stretch_width", height=186, margin=(0, 4))
        self.panel = card(
            "Energy scale",
            [self.by_lines, self.reset],
            Column(
                self.table,
                Row(
                    self.offset, self.scale, self.apply, sizing_mode="stretch_width", margin=0,
                    styles={"align-items": "center"},
                ),
                self.says,
                sizing_mode="stretch_width",
                margin=0,
            ),
        )  # fmt: skip

    def refresh(self, changed: frozenset[str]) -> None:
        """Follow the state."""
        state = self._state
        self.panel.visible = isinstance(state.dataset, SpectrumImage)
        if not self.panel.visible:
            return
        opened, chosen = state.prepared, state.recipe.line_maps
        file = state.dataset.energy
        for field, by_hand, of_file in (
            (self.offset, chosen.energy_offset_kev, file.offset_kev),
            (self.scale, chosen.energy_scale_kev, file.scale_kev),
        ):
            value = by_hand if by_hand is not None else of_file if file.calibrated else None
            text = "" if value is None else f"{value:.7g}"
            if field.value != text:
                field.value = text
        corrected = (chosen.energy_offset_kev, chosen.energy_scale_kev) != (None, None)
        self.reset.disabled = not corrected
        self.by_lines.disabled = not (opened.has_xray_lines and opened.maps.lines)
        self._explain(file, corrected)
        now = opened.image.dataset_id, opened.image.energy, opened.maps.lines
        if now == self._shown_for:
            return
        self._shown_for = now
        if opened.has_xray_lines and opened.maps.lines:
            self._measuring.request(opened)
        else:
            self.table.param.update(
                rows=[],
                empty="This file gives no energies. Type the energy of its first channel and the width of a "
                "channel, such as -0.47 and 0.01 keV: then its lines can be found, and the scale be refined "
                "by them.",
            )

    def _explain(self, file: EnergyAxis, corrected: bool) -> None:
        if not file.calibrated:
            self.says.object = "The file gives channels without energies."
            return
        of_file = f"{file.offset_kev:.6g} keV and {file.scale_kev:.6g} keV per channel"
        self.says.object = (
            f"Corrected; the file says {of_file}." if corrected else f"As in the file: {of_file}."
        )

    def _apply(self) -> None:
        try:
            offset = _number(self.offset.value, "first channel")
            scale = _number(self.scale.value, "width of a channel")
            file = self._state.dataset.energy
            # whether this makes an axis is asked before anything is changed
            self._state.dataset.with_energy(offset, scale)
        except ValueError as error:
            self._tools.tell(str(error), "warning")
            return
        if file.calibrated:
            offset = None if offset is None or f"{offset:.7g}" == f"{file.offset_kev:.7g}" else offset
            scale = None if scale is None or f"{scale:.7g}" == f"{file.scale_kev:.7g}" else scale
        self._take(offset, scale)

    def _take(self, offset_kev: float | None, scale_kev: float | None) -> None:
        self._state.change("line_maps", energy_offset_kev=offset_kev, energy_scale_kev=scale_kev)

    def _ask(self) -> None:
        self.by_lines.loading = True
        chosen = self._state.recipe.line_maps
        file = self._state.dataset.energy
        axis = replace(
            file,
            offset_kev=file.offset_kev if chosen.energy_offset_kev is None else chosen.energy_offset_kev,
            scale_kev=file.scale_kev if chosen.energy_scale_kev is None else chosen.energy_scale_kev,
        )
        self._calibrating.request(self._state.prepared, axis)

    def _calibrated(self, answer: tuple[OpenedMap, Calibration | str]) -> None:
        self.by_lines.loading = False
        opened, found = answer
        if isinstance(found, str):
            self._tools.tell(found, "warning")
            return
        if opened is self._state.prepared:
            self._take(float(f"{found.offset_kev:.7g}"), float(f"{found.scale_kev:.7g}"))
            self._tools.tell(found.says, "info")

    def _show_peaks(self, answer: tuple[OpenedMap, tuple[PeakFit, ...]]) -> None:
        opened, peaks = answer
        if opened is self._state.prepared:
            self.table.param.update(rows=peak_rows(peaks), empty="")

    def _failed(self, text: str) -> None:
        self.table.param.update(rows=[], empty=text)


def _number(text: str, what: str) -> float | None:
    text = text.strip().removesuffix("keV").strip().replace(",", ".")
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"The {what} is {text!r}; it must be a number of keV, such as 0.01.") from None


def _measure(opened: OpenedMap) -> tuple[OpenedMap, tuple[PeakFit, ...]]:
    image = opened.image
    return opened, measure_peaks(opened.sum_spectrum, image.energy, opened.maps.lines, image.beam_kev)


def _calibrate(opened: OpenedMap, axis: EnergyAxis) -> tuple[OpenedMap, Calibration | str]:
    """The calibration of the whole axis, or why there is none."""
    image = opened.image
    try:
        found = calibrate(opened.sum_spectrum, image.energy, opened.maps.lines, image.beam_kev)
    except ValueError as error:
        return opened, str(error)
    return opened, from_first_channel(found, image.energy, axis)
