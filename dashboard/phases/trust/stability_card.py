"""Is each phase found again? A job that seeks the phases anew from resampled data, and what it says."""

from __future__ import annotations

from typing import Any

import numpy as np
import panel as pn
import panel_material_ui as pmui

from dashboard import theme
from dashboard.exports import Chosen, ExportFile, ExportMenu
from dashboard.phases.cards import card
from dashboard.phases.clusters.bic import CurveRequest
from dashboard.phases.data_table import DataTable
from dashboard.phases.grid import Column, cell, grid
from dashboard.phases.map_plot import MapFrame, MapPlot
from dashboard.phases.tab import Tools
from dashboard.phases.trust.layers import between
from dashboard.phases.trust.number_plot import NumberPlot
from dashboard.phases.trust.tested import StabilityRequest, TestedPhases
from models.exports_figure import render
from models.exports_files import file_name, table_csv
from models.exports_maps import IntensityDrawing
from models.exports_tiff import image_tiff
from models.stability import DOUBTFUL, STABLE, Stability
from models.stability_runs import StabilityReport

_COLUMNS = [
    dict(key="name", title="Phase", kind="text"),
    dict(key="pixels", title="Pixels", kind="number"),
    dict(
        key="jaccard", title="Jaccard", kind="number",
        hint="Pixels in common over pixels of either, of the phase and its best match in a run: mean of runs",
    ),
    dict(key="range", title="Range", kind="number", hint="Of the Jaccard index over the runs"),
    dict(
        key="rand", title="ARI", kind="number",
        hint="Adjusted Rand index of the phase against the rest: mean of the runs",
    ),
    dict(key="runs", title="Runs", kind="number", hint="Runs that held enough pixels of the phase to tell"),
    dict(
        key="verdict", title="Found again?", kind="text",
        hint=f"stable: mean Jaccard of {STABLE:g} or more; doubtful: {DOUBTFUL:g} or more (Hennig 2007)",
    ),
]  # fmt: skip
_UNTESTED = (
    "Press Test stability: the phases are sought again several times from resampled data, and each is "
    "compared with what comes closest to it. It takes seconds to a minute; the page stays free."
)


#: of the tab that the card is in, which resumes its job
TITLE = "Trust"


class StabilityCard:
    """The card ``panel``."""

    def __init__(self, tools: Tools) -> None:
        self._tools, self.state = tools, tools.state
        self._job, self._curve_job = tools.job_line(), tools.job_line()
        self.runs = pmui.IntInput(label="Runs", start=2, end=100, size="small", width=104, margin=(2, 6))
        self.runs.value = self.state.recipe.stability.n_runs
        self.start = pmui.Button(label="Test stability", variant="contained", size="small", margin=(6, 6))
        self.start.on_click(lambda _event: self.test())
        self.table = DataTable(columns=_COLUMNS, sizing_mode="stretch_width", margin=(0, 4))
        self.says = pmui.Typography("", variant="body2", margin=(6, 12), sizing_mode="stretch_width")
        self.what = pmui.Typography("", variant="caption", margin=(2, 12), sizing_mode="stretch_width")
        self.numbers = NumberPlot()
        self.frame = MapFrame()
        self.map = MapPlot(self.frame, "returned", ["intensity"], height=300)
        self.map.set_palette("intensity", ["#00000000", *theme.MAP_PALETTES["Viridis"][1:]])
        self.map_note = pmui.Typography(
            "Where pixels come back to their phase: dark never, bright in every run.", variant="caption",
            margin=(0, 12), sizing_mode="stretch_width",
        )  # fmt: skip
        self.export = ExportMenu(
            tools, "the test of stability",
            {"CSV": "Table, CSV", "PNG": "Map, PNG", "SVG": "Map, SVG", "TIFF32": "Map, TIFF 32 bit"},
            self._file,
        )  # fmt: skip
        third, half = {"xs": 12, "md": 6, "lg": 3.5}, {"xs": 12, "lg": 5}
        self.panel = card(
            "Is each phase found again?",
            [self.runs, self.start, self.export.panel],
            Column(
                self._job.panel,
                self.says,
                grid(
                    cell(self.table, size=half),
                    cell(
                        pn.pane.Bokeh(self.numbers.figure, sizing_mode="stretch_width", margin=0), size=third
                    ),
                    cell(
                        Column(
                            pn.pane.Bokeh(self.map.figure, sizing_mode="stretch_width", margin=0),
                            self.map_note, sizing_mode="stretch_width", margin=0,
                        ),
                        size=third,
                    ),
            sizing_mode="stretch_width", margin=(0, 4),
                ),
                self._curve_job.panel,
                self.what,
                sizing_mode="stretch_width",
                margin=0,
            ),
        )  # fmt: skip

    def test(self) -> None:
        """Start the job."""
        state = self.state
        if state.result is None or state.shown is None:
            return
        shown, choices = state.shown, state.recipe.stability
        if self.runs.value and self.runs.value != choices.n_runs:
            state.change("stability", n_runs=int(self.runs.value))
            choices = state.recipe.stability
        # several maps on one sheet are no entry of the catalogue: nobody could open them again
        record = self._tools.record(TITLE) if state.entry_id else None
        request = StabilityRequest(state.result, state.recipe, shown, choices, record)

        def report(step: StabilityReport) -> None:
            if step.so_far is not None:
                self._deliver(step.so_far, shown)

        self._job.start(request, lambda found: self._deliver(found, shown), report)
        if state.result.grid is not None:
            self._curve_job.start(
                CurveRequest(state.result, state.recipe.mixture), self.numbers.show_bic, self.numbers.show_bic
            )

    def test_again(self) -> None:
        """Start the job that the end of the server interrupted, as the recipe says."""
        self.runs.value = self.state.recipe.stability.n_runs
        self.test()

    def show(self) -> None:
        """What is known of the phases on show."""
        state, tested = self.state, self.state.stability
        rows = state.rows()
        found = None if tested is None else tested.found
        old = tested is not None and tested.shown is not state.shown
        self.table.rows = [_row(row, found, old, state.label_of(row.id)) for row in rows]
        self.says.object = _says(found, old)
        self.what.object = "" if found is None else found.what
        self.map.figure.visible = self.map_note.visible = found is not None
        self.numbers.figure.visible = found is not None
        if found is None:
            self.numbers.clear()
            return
        self.numbers.show_runs(found, None if state.shown is None else state.shown.n_phases)
        maps = state.prepared.maps
        if (maps.shape, maps.pixel_size_um or 1.0) != (self.frame.shape, self.frame.pixel_size):
            self.frame.show(maps.shape, maps.pixel_size_um)
        self.map.scale_bar.visible = maps.pixel_size_um is not None
        self.map.set_layer("intensity", between(found.returned, 0.0, 1.0))

    def _deliver(self, found: Stability, shown: Any) -> None:
        if self.state.shown is shown:
            self.state.stability = TestedPhases(found, shown)

    def _file(self, chosen: Chosen) -> ExportFile:
        state, tested = self.state, self.state.stability
        if tested is None:
            raise ValueError("Nothing was tested yet. Press Test stability first.")
        maps, found = state.prepared.maps, tested.found
        if chosen.kind == "CSV":
            return file_name(maps.title, "stability", ending="csv"), table_csv(stability_table(state, tested))
        if not chosen.is_figure:
            content = image_tiff(found.returned, maps.pixel_size_um, 32, "share of the runs")
            return file_name(maps.title, "returned", ending="tif"), content
        drawing = IntensityDrawing(
            found.returned, list(theme.MAP_PALETTES["Viridis"]), "", maps.pixel_size_um, (0.0, 1.0),
            label="Share of the runs",
        )  # fmt: skip
        kind = chosen.kind.lower()
        return file_name(maps.title, "returned", ending=kind), render([drawing], chosen.style, kind)


def stability_table(state: Any, tested: TestedPhases) -> dict[str, list[Any]]:
    """One row for each phase: its best match in every run, and what follows from these."""
    found = tested.found
    phases = range(len(found.ids))
    table: dict[str, list[Any]] = {
        "phase": [found.ids[phase] + 1 for phase in phases],
        "name": [state.name_of(found.ids[phase]) for phase in phases],
        "pixels": [int(tested.shown.pixels[phase]) for phase in phases],
        "jaccard_mean": [_mean(found.jaccard[:, phase]) for phase in phases],
        "ari_mean": [_mean(found.rand[:, phase]) for phase in phases],
        "verdict": [found.verdict(phase) for phase in phases],
    }
    for run in range(found.n_runs):
        table[f"jaccard_run_{run + 1}"] = [float(value) for value in found.jaccard[run]]
    return table


def _row(row: Any, found: Stability | None, old: bool, label: int | None) -> dict[str, Any]:
    base = dict(id=row.id, name=row.name, colour=row.colour, pixels=f"{row.pixels:,}")
    if found is None or old or label is None:
        unknown = dict.fromkeys(("jaccard", "range", "rand", "runs", "verdict"), "–")
        return {**base, **unknown, "dim": old}
    values = found.jaccard[:, label]
    known = values[np.isfinite(values)]
    verdict = found.verdict(label)
    if not known.size:
        return {**base, "verdict": verdict, "runs": "0", "dim": True}
    return {
        **base,
        "jaccard": f"{known.mean():.2f}",
        "range": f"{known.min():.2f}–{known.max():.2f}",
        "rand": f"{_mean(found.rand[:, label]):.2f}",
        "runs": str(known.size),
        "verdict": {"stable": "✓ stable", "doubtful": "~ doubtful"}.get(verdict, f"✗ {verdict}"),
    }


def _says(found: Stability | None, old: bool) -> str:
    if found is None:
        return _UNTESTED
    if old:
        return "The phases have changed since they were tested. Press Test stability to test those on show."
    numbers, counts = np.unique(found.found, return_counts=True)
    often = int(numbers[counts.argmax()])
    number = (
        f"Every run found {often} phases."
        if numbers.size == 1
        else f"The runs found {numbers[0]} to {numbers[-1]} phases, {often} most often."
    )
    return (
        f"All phases together: adjusted Rand index {found.overall.mean():.2f} "
        f"({found.overall.min():.2f} to {found.overall.max():.2f}) over {found.n_runs} runs. {number}"
    )


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")
