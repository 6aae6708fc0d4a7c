"""The normalisation chain, and how each of its steps changes the distribution of a line."""

from __future__ import annotations

from typing import Any

import numpy as np
import panel as pn
import panel_material_ui as pmui
from bokeh.models import ColumnDataSource, HoverTool, Range1d
from bokeh.plotting import figure

from dashboard import theme
from dashboard.phases.cards import MENU, card
from dashboard.phases.grid import Column, cell, grid
from dashboard.phases.opened import OpenedMap
from dashboard.phases.tab import Tools
from models.recipe import NormalisationStep
from models.step_histograms import StepHistograms, step_histograms

STEPS = {"Neighbour mean": "neighbour_mean", "z-score per line": "zscore", "Softmax per pixel": "softmax"}
_NAMES = {"": "Line map", **{step: name for name, step in STEPS.items()}}
_UNITS = {"": "Counts", "neighbour_mean": "", "zscore": "Standard deviations", "softmax": "Share of a pixel"}
_MOST_FIGURES = 1 + len(STEPS)
_CENTRAL = 0.99


class Normalisation:
    """The card ``panel``: the chain, and a histogram for the maps and for every step."""

    def __init__(self, tools: Tools) -> None:
        self._state = tools.state
        self._computing = tools.live(_compute, self._show, self._failed)
        self._asked: tuple[Any, ...] | None = None
        self._found: tuple[StepHistograms, ...] = ()
        self._lines: tuple[str, ...] = ()
        self.chain = pmui.MultiChoice(
            label="Steps, in this order", options=STEPS, sizing_mode="stretch_width", margin=(4, 8)
        )
        self.chain.param.watch(self._chosen, "value")
        self.line = pmui.Select(options=[], width=108, description="Line whose histogram is filled", **MENU)
        self.line.param.watch(lambda _event: self._draw(), "value")
        self.others = pmui.Checkbox(label="Other lines", value=True, size="small", margin=(0, 4))
        self.others.param.watch(lambda _event: self._draw(), "value")
        self.clip = pmui.Checkbox(label="Central 99 %", value=True, size="small", margin=(0, 4))
        self.clip.param.watch(lambda _event: self._request(), "value")
        self.says = pmui.Typography("", variant="caption", margin=(0, 12), sizing_mode="stretch_width")
        self.figures = [_StepFigure(number) for number in range(_MOST_FIGURES)]
        self.panel = card(
            "Normalisation",
            [self.others, self.clip, self.line],
            Column(
                self.chain,
                grid(
                    *(one.cell for one in self.figures), gap=0,
                    sizing_mode="stretch_width", margin=0,
                ),
                self.says,
                sizing_mode="stretch_width",
                margin=0,
            ),
        )  # fmt: skip

    def refresh(self, changed: frozenset[str]) -> None:
        """Follow the state."""
        opened, chain = self._state.prepared, list(self._state.recipe.line_maps.normalisation)
        if self.chain.value != chain:
            self.chain.value = chain
        self.panel.visible = bool(opened.maps.lines)
        if self.panel.visible:
            self._request()

    def _chosen(self, event: Any) -> None:
        chain: tuple[NormalisationStep, ...] = tuple(event.new)
        if chain != self._state.recipe.line_maps.normalisation:
            self._state.change("line_maps", normalisation=chain)

    def _request(self) -> None:
        opened = self._state.prepared
        clip = _CENTRAL if self.clip.value else 1.0
        asked = id(opened), self._state.recipe.line_maps.normalisation, clip
        if asked != self._asked:
            self._asked = asked
            self.says.object = "Counting pixels ..."
            self._computing.request(opened, self._state.recipe.line_maps.normalisation, clip)

    def _show(self, answer: tuple[OpenedMap, tuple[StepHistograms, ...]]) -> None:
        opened, found = answer
        if opened is not self._state.prepared:
            return
        self._found, self._lines = found, opened.maps.lines
        keep = self.line.value if self.line.value in self._lines else None
        # the line with most contrast says most about the steps
        usual = self._lines[int(np.argmax(found[0].deviation))]
        self.line.param.update(options=list(self._lines), value=keep or usual)
        self._draw()

    def _failed(self, text: str) -> None:
        self.says.object = text

    def _draw(self) -> None:
        if self.line.value not in self._lines:
            return
        index = self._lines.index(self.line.value)
        unit = self._state.prepared.quantity
        for number, one in enumerate(self.figures):
            if number >= len(self._found):
                one.cell.visible = False
                continue
            one.cell.visible = True
            found = self._found[number]
            label = _UNITS[found.step] if found.step in ("zscore", "softmax") else ""
            label = label or _unit_so_far([one.step for one in self._found[: number + 1]], unit)
            one.show(found, index, self._lines, label, self.others.value)
        left_out = max(float(one.beyond[index]) for one in self._found)
        self.says.object = f"{self.line.value} is filled" + (
            f"; up to {left_out:.1f} % of its pixels lie beyond the ends of these histograms."
            if left_out > 0.05
            else "."
        )
        if len(self._found) > _MOST_FIGURES:
            self.says.object += f" The first {_MOST_FIGURES - 1} of {len(self._found) - 1} steps are shown."


class _StepFigure:
    """One histogram: the chosen line filled, the others as outlines in the same units."""

    def __init__(self, number: int) -> None:
        self._number = number
        self.bars = ColumnDataSource(dict(left=[], right=[], top=[]), name=f"histogram:{number}")
        self.outlines = ColumnDataSource(dict(xs=[], ys=[], line=[]), name=f"histograms:{number}")
        self._x, self._y = Range1d(0, 1), Range1d(0, 1)
        self._figure = figure(
            height=190, sizing_mode="stretch_width", x_range=self._x, y_range=self._y, tools="",
            toolbar_location=None, min_border=4, outline_line_alpha=0.25, y_axis_label="Pixels (%)",
        )  # fmt: skip
        self._figure.title.text_font_size = "12px"
        others = self._figure.multi_line(
            "xs", "ys", source=self.outlines, line_color=theme.LINE_MARK, line_alpha=0.55, line_width=1
        )
        chosen = self._figure.quad(
            left="left", right="right", top="top", bottom=0, source=self.bars, fill_color=theme.ACCENT,
            fill_alpha=0.65, line_color=None,
        )  # fmt: skip
        self._figure.xaxis.ticker.desired_num_ticks = 5
        self._figure.add_tools(
            HoverTool(renderers=[chosen], tooltips=[("", "@left{0.[000]} to @right{0.[000]}: @top{0.0} %")]),
            HoverTool(renderers=[others], tooltips=[("", "@line")]),
        )
        pane = pn.pane.Bokeh(self._figure, sizing_mode="stretch_width", margin=0)
        self.cell = cell(pane, size={"xs": 6, "lg": 3}, visible=False)

    def show(
        self, found: StepHistograms, chosen: int, lines: tuple[str, ...], unit: str, others: bool
    ) -> None:
        edges, share = found.edges[chosen], found.share[chosen]
        self.bars.data = dict(left=edges[:-1], right=edges[1:], top=share)
        width = edges[1] - edges[0]
        outlines = [i for i in range(len(lines)) if i != chosen] if others else []
        self.outlines.data = dict(
            xs=[0.5 * (found.edges[i][:-1] + found.edges[i][1:]) for i in outlines],
            # per bin of the chosen line, so that areas can be compared
            ys=[found.share[i] * width / (found.edges[i][1] - found.edges[i][0]) for i in outlines],
            line=[lines[i] for i in outlines],
        )
        self._x.update(start=float(edges[0]), end=float(edges[-1]))
        self._y.update(start=0, end=1.15 * max(float(share.max()), 1e-6))
        name = _NAMES[found.step]
        mean, spread = found.mean[chosen], found.deviation[chosen]
        mean = 0.0 if abs(mean) < 1e-6 * spread else mean
        self._figure.title.text = (
            f"{f'{self._number}. ' if found.step else ''}{name}: {mean:.3g} ± {spread:.2g}"
        )
        self._figure.xaxis.axis_label = unit


def _unit_so_far(steps: list[str], unit: str) -> str:
    """The unit that a mean over neighbours leaves as it is."""
    for step in reversed(steps):
        if step in ("zscore", "softmax"):
            return _UNITS[step]
    return unit


def _compute(
    opened: OpenedMap, chain: tuple[NormalisationStep, ...], clip: float
) -> tuple[OpenedMap, tuple[StepHistograms, ...]]:
    maps = opened.maps
    return opened, step_histograms(maps.intensity, chain, maps.valid, clip)
