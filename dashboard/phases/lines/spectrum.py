"""The sum spectrum of the tab "Lines": curves, windows, a clicked peak and the family of a candidate."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from bokeh.events import Tap
from bokeh.models import ColumnDataSource, LabelSet

from dashboard import theme
from dashboard.phases.opened import OpenedMap
from dashboard.phases.spectrum_plot import Curve, SpectrumPlot
from data.line_maps import line_windows
from models.line_identification import Candidate

_FIT_COLOUR = theme.ACCENT
_PREVIEW_COLOUR = theme.SELECTION_COLOUR
_HEIGHT = 330
_BELOW = 1e-6  # counts: below the end of either axis, and above zero for the logarithmic one


class LinesSpectrum:
    """The figure; ``on_click(energy_kev)`` is called where it is clicked."""

    def __init__(self, on_click: Callable[[float], None]) -> None:
        self.plot = SpectrumPlot(_HEIGHT)
        self.strips = ColumnDataSource(dict(x0=[], x1=[], alpha=[]), name="line_windows")
        self.family = ColumnDataSource(dict(energy=[], line=[], counts=[]), name="candidate_family")
        self.peak = ColumnDataSource(dict(energy=[]), name="clicked_peak")
        for figure in self.plot.figures.values():
            figure.name = f"lines_{figure.name}"
            figure.vstrip(
                x0="x0",
                x1="x1",
                fill_alpha="alpha",
                source=self.strips,
                fill_color=theme.ACCENT,
                line_color=None,
                level="underlay",
            )
            figure.vspan(
                x="energy", source=self.peak, line_color=_PREVIEW_COLOUR, line_width=1, line_alpha=0.6
            )
            figure.vspan(
                x="energy",
                source=self.family,
                line_color=_PREVIEW_COLOUR,
                line_dash="dashed",
                line_alpha=0.45,
            )
            figure.segment(
                x0="energy", x1="energy", y0=_BELOW, y1="counts", source=self.family,
                line_color=_PREVIEW_COLOUR, line_width=2.2,
            )  # fmt: skip
            figure.scatter(
                x="energy", y="counts", source=self.family, marker="dash", size=12, line_width=2.2,
                line_color=_PREVIEW_COLOUR,
            )  # fmt: skip
            figure.add_layout(
                LabelSet(
                    x="energy",
                    y=_HEIGHT - 78,
                    y_units="screen",
                    text="line",
                    source=self.family,
                    angle=np.pi / 2,
                    x_offset=-2,
                    text_align="right",
                    text_font_size="11px",
                    text_font_style="bold",
                    text_color=_PREVIEW_COLOUR,
                )
            )
            figure.on_event(Tap, lambda event: None if event.x is None else on_click(float(event.x)))

    def show(self, opened: OpenedMap, fitted: np.ndarray | None, keep_view: bool) -> None:
        """The sum spectrum of a map and, where there is one, what the linear fit makes of it.

        ``keep_view`` leaves the energies on show as they are: the map is the same, its lines are others.
        """
        energy = opened.image.energy
        if not keep_view:
            occupied = np.flatnonzero(opened.sum_spectrum > opened.sum_spectrum.max() * 1e-5)
            last = energy.shown[occupied[-1]] if occupied.size else energy.shown[-1]
            first = energy.shown[0]
            self.plot.set_energy(
                float(max(first, 0.0) if energy.has_xray_lines else first),
                float(min(energy.shown[-1], last + 0.02 * abs(last - first))),
                energy.label,
            )
        self.plot.set_marks(*opened.line_marks)
        curves = [Curve("All pixels", opened.sum_spectrum, theme.SUM_COLOUR, 1.3)]
        if fitted is not None and fitted.shape == opened.sum_spectrum.shape:
            curves.append(Curve("Linear fit", np.where(fitted > 0, fitted, np.nan), _FIT_COLOUR, 1.2))
        self.plot.set_curves(opened.axis, curves, "Counts")

    def show_windows(self, opened: OpenedMap | None) -> None:
        """Shade the window of every line, and more lightly its background windows; None shades nothing."""
        strips = [] if opened is None else _strips(opened)
        self.strips.data = dict(
            x0=[low for low, _, _ in strips],
            x1=[high for _, high, _ in strips],
            alpha=[alpha for _, _, alpha in strips],
        )

    def show_peak(self, energy_kev: float | None) -> None:
        """Mark the peak that was clicked, or none."""
        self.peak.data = dict(energy=[] if energy_kev is None else [energy_kev])

    def show_family(self, candidate: Candidate | None, counts: float = 0.0) -> None:
        """Mark a candidate and every line that it would bring along, or nothing.

        Lines of its family are as high as they would be if all of a peak of so many ``counts`` were the
        candidate; those of other families stand without a height, for it depends on beam and absorption.
        """
        if candidate is None:
            self.family.data = dict(energy=[], line=[], counts=[])
            return
        lines = [(candidate.energy_kev, candidate.line, counts)]
        lines += [(one.energy_kev, one.line, counts * one.weight) for one in candidate.partners]
        energy, name, heights = (list(column) for column in zip(*lines, strict=True))
        self.family.data = dict(energy=energy, line=name, counts=heights)


def _strips(opened: OpenedMap) -> Sequence[tuple[float, float, float]]:
    """Window (low, high, opacity) of every line of a map, by the method that the map was made with."""
    method = "windows" if opened.choices is None else opened.choices.background
    if method == "fit" or not opened.has_xray_lines or not opened.maps.lines:
        return []
    strips = []
    for window in line_windows(opened.image, opened.maps.lines):
        strips.append((window.low_kev, window.high_kev, 0.22))
        if method == "windows":
            strips += [(low, high, 0.08) for low, high in window.background]
    return strips
