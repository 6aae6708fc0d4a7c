"""The card with the triangle: its corners, what is plotted, and the lasso that selects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import panel as pn
import panel_material_ui as pmui

from dashboard.exports import Chosen, ExportFile, ExportMenu
from dashboard.lasso import lasso_in_points
from dashboard.phases.cards import MENU, card
from dashboard.phases.composition.answers import Composed, Ternary, TernaryChoices, ternary
from dashboard.phases.composition.ternary_plot import TernaryPlot
from dashboard.phases.grid import Column, Row
from dashboard.phases.phase_menu import offer
from dashboard.phases.tab import Tools
from dashboard.selection import GivenPixels
from models.exports_figure import render
from models.exports_files import file_name, table_csv
from models.exports_ternary import TernaryDrawing
from models.ternary import shares_at

_ALL = -1
_QUANTITIES = {"Counts": "counts", "wt.%": "weight", "at.%": "atomic"}
#: lines of every mineral say least about which one it is
_LAST = ("O", "C", "N")


class TernaryCard:
    """Pixels of one phase, or of all, in a triangle of three lines."""

    def __init__(self, tools: Tools) -> None:
        self._tools, self._state = tools, tools.state
        self._composed: Composed | None = None
        self._found: Ternary | None = None
        self._drawing = False
        self._work = tools.live(ternary, self._take, self._failed)
        self.plot = TernaryPlot()
        self.plot.on_lasso(self._lassoed)
        compact = {"size": "small", "margin": (4, 4)}
        self.corners = [
            pmui.Select(label=name, options=[], width=104, **compact) for name in ("Left", "Right", "Top")
        ]
        self.quantity = pmui.Select(options=_QUANTITIES, value="weight", width=94, **MENU)
        self.phase = pmui.Select(
            label="Phase", options={"All phases": _ALL}, value=_ALL, width=150, **compact
        )
        self.normalised = pmui.Switch(label="Normalised", value=False, margin=(12, 6))
        self.least = pmui.FloatInput(
            label="Least counts", value=5.0, start=0.0, step=5.0, width=108, **compact
        )
        for widget in (*self.corners, self.quantity, self.phase, self.normalised, self.least):
            widget.param.watch(self._chosen, "value")
        export = ExportMenu(
            tools, "the triangle", {"PNG": "Figure (PNG)", "SVG": "Figure (SVG)", "CSV": "Pixels (CSV)"},
            self._export,
        )  # fmt: skip
        self.note = pmui.Typography("", variant="caption", margin=(0, 10), sizing_mode="stretch_width")
        self.panel = card(
            "Ternary", [self.quantity, export.panel],
            Column(
                Row(*self.corners, margin=0, sizing_mode="stretch_width"),
                Row(self.phase, self.least, self.normalised, margin=0, sizing_mode="stretch_width",
                         styles={"align-items": "center"}),
                Row(pn.pane.Bokeh(self.plot.figure, margin=0), sizing_mode="stretch_width", margin=0,
                         styles={"justify-content": "center"}),
                self.note, sizing_mode="stretch_width", margin=0,
            ),
        )  # fmt: skip

    def offer(self, names: dict[str, int]) -> None:
        """Other phases, by name."""
        options = {"All phases": _ALL, **names}
        value = self.phase.value if self.phase.value in options.values() else _ALL
        self._quietly(self.phase, options, value)

    def show(self, composed: Composed | None) -> None:
        """Other compositions: the corners stay where they can."""
        self._composed = composed
        if composed is None:
            self.plot.clear()
            self.note.object = ""
            return
        lines = list(composed.opened.maps.lines)
        if list(self.corners[0].options) != lines:
            for menu, line in zip(self.corners, _telling(composed), strict=True):
                value = menu.value if menu.value in lines else line
                self._quietly(menu, {name: name for name in lines}, value)
        self.draw()

    def draw(self) -> None:
        """Ask for the triangle as it is chosen now."""
        composed, lines = self._composed, tuple(menu.value for menu in self.corners)
        if composed is None or None in lines or len(composed.opened.maps.lines) < 3:
            self.note.object = "A triangle needs three mapped lines." if composed is not None else ""
            return
        choices = TernaryChoices(
            lines=lines,
            quantity=self.quantity.value,
            normalised=bool(self.normalised.value),
            phase=None if self.phase.value == _ALL else self.phase.value,
            least_counts=float(self.least.value or 0.0),
            colours=tuple(self._state.colour_of(phase) for phase in composed.shown.ids),
        )
        self._work.request(composed, choices, self.plot.viewport())

    def _quietly(self, menu: Any, options: Mapping[str, Any], value: Any) -> None:
        self._drawing = True
        try:
            offer(menu, options, value)
        finally:
            self._drawing = False

    def _chosen(self, _event: Any) -> None:
        if not self._drawing:
            self.draw()

    def _take(self, found: Ternary) -> None:
        self._found = found
        state, shown = self._state, self._composed.shown
        self.plot.show(found, [state.name_of(i) for i in shown.ids], [state.colour_of(i) for i in shown.ids])
        left = f" · {found.n_left_out:,} left out: too few counts" if found.n_left_out else ""
        self.note.object = f"{found.n_shown:,} pixels{left} · dots: means of the phases · a lasso selects"

    def _failed(self, text: str) -> None:
        self.plot.clear()
        self._found = None
        self.note.object = text

    def _lassoed(self, vertices: np.ndarray) -> None:
        if self._found is None or len(vertices) < 3:
            return
        inside = lasso_in_points(self._found.points, vertices)
        if not inside.any():
            self._tools.tell("No pixel of the triangle lies in this lasso.", "info")
            return
        title = f"lasso in the triangle {', '.join(self._found.lines)}"
        self._state.select(GivenPixels.of(inside.reshape(self._composed.opened.maps.shape), title))

    def _export(self, chosen: Chosen) -> ExportFile:
        found, composed, state = self._found, self._composed, self._state
        if found is None or composed is None:
            raise ValueError("There is no triangle to export yet.")
        title = composed.opened.maps.title
        shown = composed.shown
        names = [state.name_of(phase) for phase in shown.ids]
        if chosen.is_figure:
            means = [
                (names[i], state.colour_of(shown.ids[i]), (float(x), float(y)))
                for i, (x, y) in enumerate(found.means) if np.isfinite(x)
            ]  # fmt: skip
            extent = found.extent
            drawing = TernaryDrawing(
                _rgba(found),
                (extent.x, extent.x + extent.dw, extent.y, extent.y + extent.dh),
                found.lines,
                means,
            )
            kind = chosen.kind.lower()
            return file_name(title, "ternary", ending=kind), render([drawing], chosen.style, kind)
        kept = np.flatnonzero(np.isfinite(found.points[:, 0]))
        shares = shares_at(found.points[kept])
        n_x = composed.opened.maps.shape[1]
        label = shown.phase_map.label.ravel()[kept]
        table = {"x": kept % n_x, "y": kept // n_x, "phase": np.array(names, dtype=object)[label]}
        table |= {f"{line}_share": shares[:, i] for i, line in enumerate(found.lines)}
        return file_name(title, "ternary", ending="csv"), table_csv(table)


def _telling(composed: Composed) -> list[str]:
    """Three lines for a start: the strongest, those that everything has at the end."""
    maps = composed.opened.maps
    total = np.maximum(maps.intensity.sum(axis=(0, 1), dtype=np.float64), 0.0)
    order = sorted(
        range(len(maps.lines)), key=lambda i: (maps.lines[i].partition("_")[0] in _LAST, -total[i])
    )
    return ([maps.lines[i] for i in order] * 3)[:3]


def _rgba(found: Ternary) -> np.ndarray:
    """The density as an image (n_y, n_x, 4) uint8, row 0 at the bottom."""
    palette = np.zeros((len(found.palette), 4), np.uint8)
    for i, colour in enumerate(found.palette):
        text = colour.lstrip("#")
        palette[i] = [int(text[k : k + 2], 16) for k in range(0, len(text), 2)]
    return palette[found.index]
