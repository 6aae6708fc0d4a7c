"""How much of every end-member is in every phase: a table, bars, and what stays unexplained."""

from __future__ import annotations

from typing import Any

import numpy as np
import panel as pn
import panel_material_ui as pmui
from bokeh.models import ColumnDataSource, FactorRange, HoverTool, Range1d
from bokeh.plotting import figure

from dashboard import theme
from dashboard.exports import Chosen, ExportFile, ExportMenu
from dashboard.phases.cards import card
from dashboard.phases.data_table import DataTable
from dashboard.phases.grid import Column
from dashboard.phases.state import PhasesState
from dashboard.phases.tab import Tools
from models.exports_figure import render
from models.exports_files import file_name, table_csv
from models.exports_plots import BarGroup, BarsDrawing

_ROW, _LEAST_HEIGHT = 26, 150


class Weights:
    """The card ``panel``."""

    def __init__(self, tools: Tools) -> None:
        self.state = tools.state
        self.table = DataTable(sizing_mode="stretch_width", margin=(0, 4), max_height=420)
        self.source = ColumnDataSource(
            dict(phase=[], left=[], right=[], colour=[], name=[], weight=[]), name="weights"
        )
        self.figure = figure(
            name="weights",
            y_range=FactorRange(),
            x_range=Range1d(0, 100),
            x_axis_label="Share of the counts (%)",
            height=_LEAST_HEIGHT,
            sizing_mode="stretch_width",
            tools=[],
            toolbar_location=None,
            min_border=4,
            outline_line_alpha=0.25,
        )
        self.figure.hbar(
            y="phase", left="left", right="right", height=0.72, color="colour", line_alpha=0,
            source=self.source,
        )  # fmt: skip
        self.figure.ygrid.visible = False
        self.figure.add_tools(
            HoverTool(tooltips=[("Phase", "@phase"), ("", "@name"), ("Share", "@weight{0.0} %")])
        )
        self.export = ExportMenu(
            tools, "the weights", {"CSV": "Table, CSV", "PNG": "Bars, PNG", "SVG": "Bars, SVG"}, self._file,
            width_mm=120.0,
        )  # fmt: skip
        self.panel = card(
            "Weights",
            [
                pmui.Typography(
                    "share of every end-member in the counts of every phase", variant="caption",
                    margin=(0, 8), sizing_mode=None,
                ),
                self.export.panel,
            ],
            Column(
                pn.pane.Bokeh(self.figure, sizing_mode="stretch_width", margin=0), self.table,
                sizing_mode="stretch_width", margin=0,
            ),
        )  # fmt: skip

    def show(self) -> None:
        """Table and bars of the end-members on show."""
        state, unmixed = self.state, self.state.unmixed
        if unmixed is None:
            self.table.rows = []
            self.source.data = {name: [] for name in self.source.data}
            return
        rows = _rows(state)
        weights = unmixed.found.weights
        bars: dict[str, list[Any]] = {name: [] for name in self.source.data}
        for row in rows:
            start = 0.0
            for number, name in enumerate(unmixed.names):
                share = 100 * float(weights[row["label"], number])
                if share > 0.05:
                    values = (row["name"], start, start + share, theme.endmember_colour(number), name, share)
                    for column, value in zip(bars, values, strict=True):
                        bars[column].append(value)
                start += share
        # the first factor stands at the bottom of the axis
        self.figure.y_range.factors = [row["name"] for row in reversed(rows)]
        self.figure.height = max(_LEAST_HEIGHT, 64 + _ROW * len(rows))
        self.source.data = bars
        self.table.param.update(columns=_columns(unmixed), rows=_table_rows(state, rows))

    def _file(self, chosen: Chosen) -> ExportFile:
        state, unmixed = self.state, self.state.unmixed
        if unmixed is None:
            raise ValueError("There are no weights yet; wait until the end-members are found.")
        title, found, rows = state.prepared.maps.title, unmixed.found, _rows(state)
        order = [row["label"] for row in rows]
        if chosen.kind == "CSV":
            columns: dict[str, Any] = {
                "phase": [row["id"] + 1 for row in rows],
                "name": [row["name"] for row in rows],
                "factorised": [row["label"] in found.included for row in rows],
                **{name: found.weights[order, number] for number, name in enumerate(unmixed.names)},
                "relative_error": found.misfit[order],
                "relative_error_by_chance": found.chance_misfit[order],
            }
            return file_name(title, "weights", ending="csv"), table_csv(columns)
        groups = [
            BarGroup(name, 100 * found.weights[order, number], theme.endmember_colour(number))
            for number, name in enumerate(unmixed.names)
        ]
        drawing = BarsDrawing(
            [row["name"] for row in rows], groups, y_label="Share of the counts (%)", horizontal=True
        )
        kind = chosen.kind.lower()
        return file_name(title, "weights", ending=kind), render([drawing], chosen.style, kind)


def _rows(state: PhasesState) -> list[dict[str, Any]]:
    """The phases of the end-members on show that bear pixels, the largest first, with unlike names."""
    unmixed = state.unmixed
    shown = unmixed.shown
    order = [int(label) for label in np.argsort(-shown.pixels, kind="stable") if shown.pixels[label]]
    rows, seen = [], set()
    for label in order:
        phase = shown.ids[label]
        name = state.name_of(phase)
        # bars stand on names: two phases of one name would share a bar
        name = name if name not in seen else f"{name} ({phase + 1})"
        seen.add(name)
        rows.append(dict(id=phase, label=label, name=name, colour=state.colour_of(phase)))
    return rows


def _columns(unmixed: Any) -> list[dict[str, str]]:
    of_members = [
        dict(
            key=f"w{number}", title=str(number + 1), kind="number",
            hint=f"{name}: {', '.join(lines)}; share of the phase's counts, %",
        )
        for number, (name, lines) in enumerate(zip(unmixed.names, unmixed.lines, strict=True))
    ]  # fmt: skip
    return [
        dict(key="name", title="Phase", kind="text", hint="Phases in grey took no part in the factorisation"),
        *of_members,
        dict(
            key="error", title="Error %", kind="number",
            hint="What the end-members leave of the spectrum of the phase: norm of the difference relative "
            "to that of the spectrum",
        ),
        dict(key="chance", title="Noise %", kind="number", hint="What counting noise alone would leave"),
    ]  # fmt: skip


def _table_rows(state: PhasesState, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = state.unmixed.found
    table = [
        dict(
            id=row["id"], name=row["name"], colour=row["colour"], dim=row["label"] not in found.included,
            error=_percent(found.misfit[row["label"]]), chance=_percent(found.chance_misfit[row["label"]]),
            **{f"w{number}": _percent(weight) for number, weight in enumerate(found.weights[row["label"]])},
        )
        for row in rows
    ]  # fmt: skip
    total = dict(
        id=-1, name="All together", error=_percent(found.total_misfit), chance="", dim=True,
        **{f"w{number}": "" for number in range(found.weights.shape[1])},
    )  # fmt: skip
    return [*table, total]


def _percent(share: float) -> str:
    """A share in per cent, in few characters; a dash where it is not known."""
    percent = 100 * float(share)
    if not np.isfinite(percent):
        return "–"
    return f"{percent:.0f}" if percent >= 9.95 or percent < 0.05 else f"{percent:.1f}"
