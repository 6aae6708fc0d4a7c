"""How a measure is distributed over particles, as bars stacked by phase."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from bokeh.events import Tap
from bokeh.models import ColumnDataSource, FixedTicker, HoverTool, Range1d
from bokeh.plotting import figure


def bin_edges(values: np.ndarray, n_bins: int, log: bool) -> np.ndarray:
    """Edges of bins that hold all values, (n_bins + 1,); with ``log`` evenly spaced in the logarithm.

    Values that are not above zero have no place on a logarithmic axis: they lie below the first edge.
    """
    if n_bins < 1:
        raise ValueError(f"A histogram needs at least one bin; {n_bins} were asked for.")
    finite = values[np.isfinite(values)]
    usable = finite[finite > 0] if log else finite
    if usable.size == 0:
        return np.geomspace(0.1, 1.0, n_bins + 1) if log else np.linspace(0.0, 1.0, n_bins + 1)
    low, high = float(usable.min()), float(usable.max())
    if low == high:
        low, high = (low / 1.5, high * 1.5) if log else (low - 0.5, high + 0.5)
    return np.geomspace(low, high, n_bins + 1) if log else np.linspace(low, high, n_bins + 1)


def bin_of(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Bin of every value, (n_values,) int; -1 outside. The last bin holds its upper edge."""
    found = np.searchsorted(edges, values, side="right") - 1
    # rounding of a geometric series must not push the extremes out of their bins
    last = edges.size - 2
    found[(found == last + 1) & (values <= edges[-1] * (1 + 1e-12))] = last
    near = np.isclose(values, edges[0], rtol=1e-9, atol=0.0)
    found[near] = 0
    return np.where((found >= 0) & (found <= last), found, -1)


def log_ticks(low: float, high: float) -> list[float]:
    """1, 2, 5, 10 ... within a range above zero; over many decades the powers of ten alone."""
    if not 0 < low < high:
        return []
    first, last = int(np.floor(np.log10(low))), int(np.ceil(np.log10(high)))
    steps = (1.0,) if last - first > 4 else (1.0, 2.0, 5.0)
    ticks = [step * 10.0**power for power in range(first, last + 1) for step in steps]
    return [tick for tick in ticks if low <= tick <= high]


def stacked(
    bins: np.ndarray, phase: np.ndarray, weight: np.ndarray, n_bins: int, phases: Sequence[int]
) -> np.ndarray:
    """Sums of weights in every bin for every phase, (n_phases, n_bins) float64.

    Parameters
    ----------
    bins, phase, weight : (n_particles,), the bin (-1: none), the label and what a particle counts
    phases : labels in the order of the rows
    """
    inside = bins >= 0
    found = np.zeros((len(phases), n_bins))
    for row, label in enumerate(phases):
        of_phase = inside & (phase == label)
        found[row] = np.bincount(bins[of_phase], weights=weight[of_phase], minlength=n_bins)
    return found


class HistogramPlot:
    """Stacked bars; a click on one calls back with its bin."""

    def __init__(self, height: int = 300) -> None:
        self.x_range, self.y_range = Range1d(0, 1, name="histogram_x"), Range1d(0, 1, name="histogram_y")
        # one figure for each kind of axis: a figure cannot change the kind of the one it has
        self.figures = {log: self._figure(log, height) for log in (False, True)}
        self.source = ColumnDataSource(
            dict(left=[], right=[], bottom=[], top=[], colour=[], phase=[], count=[]), name="histogram:bars"
        )
        self.picked = ColumnDataSource(dict(left=[], right=[], bottom=[], top=[]), name="histogram:picked")
        self._edges = np.array([0.0, 1.0])
        for one in self.figures.values():
            bars = one.quad(
                "left", "right", "top", "bottom", source=self.source, fill_color="colour", fill_alpha=0.85,
                line_color="#80808080", line_width=0.5,
            )  # fmt: skip
            one.quad(
                "left", "right", "top", "bottom", source=self.picked, fill_alpha=0, line_width=2,
                line_color="#ff2d95",
            )  # fmt: skip
            one.add_tools(
                HoverTool(
                    renderers=[bars],
                    tooltips=[
                        ("phase", "@phase"),
                        ("from", "@left{0.[000]}"),
                        ("to", "@right{0.[000]}"),
                        ("here", "@count{0.[00]}"),
                    ],
                )
            )
        self.show_axis(False)

    def _figure(self, log: bool, height: int) -> figure:
        made = figure(
            name=f"particle_histogram_{'log' if log else 'linear'}", height=height,
            sizing_mode="stretch_width", x_range=self.x_range, y_range=self.y_range,
            x_axis_type="log" if log else "linear", tools="", toolbar_location=None, min_border=4,
            outline_line_alpha=0.25,
        )  # fmt: skip
        made.xgrid.visible = False
        return made

    def show_axis(self, log: bool) -> None:
        """A linear or a logarithmic horizontal axis."""
        for kind, one in self.figures.items():
            one.visible = kind == log

    def on_bin(self, handle: Callable[[int], None]) -> None:
        """Call back with the number of the bin that was clicked, -1 beside the bars."""

        def tapped(event: Tap) -> None:
            handle(int(bin_of(np.array([event.x]), self._edges)[0]) if event.x is not None else -1)

        for one in self.figures.values():
            one.on_event(Tap, tapped)

    def show(
        self,
        edges: np.ndarray,
        counts: np.ndarray,
        colours: Sequence[str],
        names: Sequence[str],
        labels: tuple[str, str],
        log: bool,
    ) -> None:
        """Other bars.

        Parameters
        ----------
        edges : (n_bins + 1,)
        counts : (n_phases, n_bins), stacked in this order
        colours, names : of the phases
        labels : of the two axes
        """
        self._edges = edges
        n_bins = edges.size - 1
        top = np.cumsum(counts, axis=0)
        bottom = top - counts
        shown = counts > 0
        where = np.nonzero(shown)
        data = dict(
            left=edges[:-1][where[1]], right=edges[1:][where[1]], bottom=bottom[where], top=top[where],
            colour=[colours[i] for i in where[0]], phase=[names[i] for i in where[0]], count=counts[where],
        )  # fmt: skip
        self.source.data = data
        highest = float(top[-1].max()) if len(counts) and n_bins else 1.0
        self.x_range.update(start=float(edges[0]), end=float(edges[-1]))
        self.y_range.update(start=0, end=1.06 * max(highest, 1e-9))
        for one in self.figures.values():
            one.xaxis.axis_label, one.yaxis.axis_label = labels
        # over less than two decades, the ticks of a logarithmic axis would be few and all at its end
        self.figures[True].xaxis.ticker = FixedTicker(ticks=log_ticks(float(edges[0]), float(edges[-1])))
        self.show_axis(log)
        self.mark(None)

    def mark(self, number: int | None) -> None:
        """Frame a bin, or none."""
        if number is None or not 0 <= number < self._edges.size - 1:
            self.picked.data = dict(left=[], right=[], bottom=[], top=[])
            return
        left, right = float(self._edges[number]), float(self._edges[number + 1])
        tops = [t for t, place in zip(self.source.data["top"], self.source.data["left"], strict=True)
                if place == self._edges[number]]  # fmt: skip
        self.picked.data = dict(left=[left], right=[right], bottom=[0.0], top=[max(tops, default=0.0)])
