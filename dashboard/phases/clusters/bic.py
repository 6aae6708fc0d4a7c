"""The curve of the BIC against the number of phases, and the job that computes it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from bokeh.events import Tap
from bokeh.models import (
    ColumnDataSource,
    HoverTool,
    NumeralTickFormatter,
    Range1d,
    SingleIntervalTicker,
    Span,
)
from bokeh.plotting import figure

from dashboard import theme
from models.number_curve import NumberCurve, sweep
from models.number_of_phases import MAX_PHASES
from models.phases_result import PhasesResult
from models.recipe import MixtureChoices

_BIC, _ICL = theme.PHASE_COLOURS[0], theme.PHASE_COLOURS[1]


@dataclass(frozen=True, eq=False)
class CurveRequest:
    """Mixtures of 1 to 20 Gaussians on the latent grid of a run."""

    result: PhasesResult
    choices: MixtureChoices

    title = "BIC of 1 to 20 phases"
    is_short = True

    @property
    def key(self) -> Hashable:
        # the grid follows from these; the number of phases and the method change nothing
        recipe = self.result.recipe
        space = recipe.line_maps, recipe.autoencoder, recipe.latent
        return ("bic", self.result.dataset_id, space, self.choices.covariance, self.choices.seed)

    def run(self) -> Iterator[NumberCurve]:
        """The curve as it grows."""
        yield from sweep(self.result.grid.basis, self.choices)


class CurvePlot:
    """BIC and ICL against the number of phases; a click takes a number."""

    def __init__(self, height: int = 360) -> None:
        self.source = ColumnDataSource(dict(number=[], bic=[], icl=[]), name="bic")
        self.least = ColumnDataSource(dict(number=[], bic=[]), name="bic_least")
        self.figure = figure(
            name="bic",
            height=height,
            sizing_mode="stretch_width",
            x_range=Range1d(0.4, MAX_PHASES + 0.6),
            y_range=Range1d(0, 1),
            x_axis_label="Number of phases",
            y_axis_label="Criterion (less is better)",
            tools="",
            toolbar_location=None,
            min_border=4,
            outline_line_alpha=0.25,
        )
        self.figure.xaxis.ticker = SingleIntervalTicker(interval=1, num_minor_ticks=0)
        self.figure.yaxis.formatter = NumeralTickFormatter(format="0.[0]a")
        self.figure.xgrid.visible = False
        hit = []
        for column, colour, name, dash in (("icl", _ICL, "ICL", "dashed"), ("bic", _BIC, "BIC", "solid")):
            self.figure.line(
                "number", column, source=self.source, line_color=colour, line_width=2, line_dash=dash,
                legend_label=name,
            )  # fmt: skip
            hit.append(
                self.figure.scatter(
                    "number", column, source=self.source, size=8, fill_color=colour, line_color=colour,
                    legend_label=name,
                )
            )  # fmt: skip
        self.figure.scatter(
            "number", "bic", source=self.least, size=17, fill_color=None, line_color=_BIC, line_width=2,
            legend_label="Least BIC",
        )  # fmt: skip
        self.chosen = Span(dimension="height", line_color=theme.SELECTION_COLOUR, line_width=2, visible=False)
        self.chosen.line_dash = "dotted"
        self.figure.add_layout(self.chosen)
        self.figure.add_tools(
            HoverTool(
                renderers=hit,
                tooltips=[("Phases", "@number"), ("BIC", "@bic{0,0}"), ("ICL", "@icl{0,0}")],
                mode="vline",
            )
        )
        self.figure.legend.update(
            location="top_right", label_text_font_size="11px", background_fill_alpha=0.5, border_line_alpha=0,
            padding=4, spacing=0,
        )  # fmt: skip

    def on_number(self, take: Callable[[int], None]) -> None:
        """Call back with the number whose point was clicked, or that nearest to the click."""

        def tapped(event: Tap) -> None:
            numbers = np.asarray(self.source.data["number"])
            if event.x is not None and numbers.size:
                take(int(numbers[np.abs(numbers - event.x).argmin()]))

        self.figure.on_event(Tap, tapped)

    def show(self, curve: NumberCurve | None) -> None:
        """Another curve, whole or as far as it is; None empties the plot."""
        if curve is None:
            self.source.data = dict(number=[], bic=[], icl=[])
            self.least.data = dict(number=[], bic=[])
            return
        values = np.array([*curve.bic, *curve.icl])
        margin = 0.06 * (np.ptp(values) or abs(values[0]) or 1.0)
        self.figure.y_range.update(start=values.min() - margin, end=values.max() + margin)
        self.source.data = dict(number=list(curve.numbers), bic=list(curve.bic), icl=list(curve.icl))
        whole = curve.fraction >= 1
        self.least.data = dict(
            number=[curve.best] if whole else [], bic=[curve.bic[curve.best - 1]] if whole else []
        )

    def mark(self, number: int | None) -> None:
        """Mark the number of phases on show."""
        self.chosen.update(location=number or 0, visible=number is not None and number <= MAX_PHASES)


def curve_choices(choices: MixtureChoices) -> MixtureChoices:
    """Of the choices of a clustering, those that the curve depends on."""
    return replace(MixtureChoices(), covariance=choices.covariance, seed=choices.seed)
