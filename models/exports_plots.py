"""Panels of plots for figures: spectra, density of points in a plane, bars with errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from models.exports_figure import Room


@dataclass(frozen=True, eq=False)
class DrawnCurve:
    """A curve: intensity (n,) over the axis of its panel."""

    name: str
    intensity: np.ndarray
    colour: str
    width: float = 1.0
    dash: str = "solid"
    alpha: float = 1.0


@dataclass(frozen=True, eq=False)
class CurvesDrawing:
    """Curves over one axis, e.g. spectra over energy, with marked lines.

    Attributes
    ----------
    x : (n,) places on the axis, or names of categories
    curves : drawn in this order
    marks : (place, name) of lines marked over the whole height
    x_limits, y_limits : what is shown; None fits the curves
    log : logarithmic intensity
    """

    x: np.ndarray | Sequence[str]
    curves: Sequence[DrawnCurve]
    x_label: str = "Energy (keV)"
    y_label: str = "Counts"
    title: str = ""
    marks: Sequence[tuple[float, str]] = ()
    x_limits: tuple[float, float] | None = None
    y_limits: tuple[float, float] | None = None
    log: bool = False
    aspect: float = 0.55

    def room(self, width: float, em: float) -> Room:
        named = len(self.x) and isinstance(self.x[0], str)
        return Room(5.2 * em, 0.6 * em, (2.9 if self.marks else 0.6) * em + _head(self.title, em),
                    (4.6 if named else 3.2) * em)  # fmt: skip

    def draw(self, axes: Axes, em: float) -> None:
        points = em * 72
        names = [str(place) for place in self.x] if len(self.x) and isinstance(self.x[0], str) else None
        x = np.arange(len(self.x)) if names else np.asarray(self.x, float)
        low, high = self.x_limits or (float(x[0]), float(x[-1]))
        axes.set_xlim(low, high)
        for place, name in self.marks:
            if low <= place <= high:
                axes.axvline(place, color="#9aa2aa", linewidth=0.4, linestyle=(0, (1, 2)), zorder=0)
                axes.annotate(
                    name, (place, 1), xycoords=("data", "axes fraction"), xytext=(0, 1.5),
                    textcoords="offset points", rotation=90, ha="center", va="bottom",
                    fontsize=0.72 * points, color="#555b61", annotation_clip=False,
                )  # fmt: skip
        for curve in self.curves:
            axes.plot(
                x, curve.intensity, color=curve.colour, linewidth=0.6 * curve.width, linestyle=curve.dash,
                alpha=curve.alpha, label=curve.name.replace("$", r"\$"), marker="o" if names else None,
                markersize=2,
            )  # fmt: skip
        if self.log:
            axes.set_yscale("log", nonpositive="mask")
        if self.y_limits:
            axes.set_ylim(*self.y_limits)
        if names:
            axes.set_xticks(x, names, rotation=60 if len(names) > 8 else 0)
        axes.set_xlabel(self.x_label, labelpad=1.5)
        axes.set_ylabel(self.y_label, labelpad=2)
        if self.title:
            axes.set_title(self.title, fontsize=points, pad=(2.6 if self.marks else 0.3) * points)
        if len(self.curves) > 1:
            axes.legend(
                loc="upper right", fontsize=0.85 * points, frameon=True, framealpha=0.8, edgecolor="none",
                handlelength=1.4, labelspacing=0.25, borderpad=0.3, ncols=1 + len(self.curves) // 9,
            )  # fmt: skip


@dataclass(frozen=True, eq=False)
class PlaneDrawing:
    """An image in a plane of two quantities: the density of the latent space, or of two lines.

    Attributes
    ----------
    rgba : (n_y, n_x, 4) uint8, row 0 at the low end of y
    extent : (x0, x1, y0, y1) that the image covers
    legend : (name, colour) entries
    curves : further lines, (m, 2) places each, e.g. ellipses
    """

    rgba: np.ndarray
    extent: tuple[float, float, float, float]
    x_label: str
    y_label: str
    title: str = ""
    legend: Sequence[tuple[str, str]] = ()
    curves: Sequence[np.ndarray] = ()
    aspect: float = 1.0

    def room(self, width: float, em: float) -> Room:
        return Room(5.2 * em, 0.6 * em, 0.6 * em + _head(self.title, em), 3.2 * em)

    def draw(self, axes: Axes, em: float) -> None:
        axes.imshow(self.rgba, origin="lower", extent=self.extent, aspect="auto", interpolation="nearest")
        for curve in self.curves:
            axes.plot(curve[:, 0], curve[:, 1], color="black", linewidth=0.6)
        axes.set_xlim(*self.extent[:2])
        axes.set_ylim(*self.extent[2:])
        axes.set_xlabel(self.x_label, labelpad=1.5)
        axes.set_ylabel(self.y_label, labelpad=2)
        if self.title:
            axes.set_title(self.title, fontsize=em * 72, pad=0.3 * em * 72)
        if self.legend:
            axes.legend(
                handles=[
                    Patch(facecolor=colour, label=name.replace("$", r"\$")) for name, colour in self.legend
                ],
                loc="best", fontsize=0.85 * em * 72, framealpha=0.8, edgecolor="none", handlelength=1.0,
                labelspacing=0.25, borderpad=0.3, ncols=1 + len(self.legend) // 12,
            )  # fmt: skip


@dataclass(frozen=True, eq=False)
class BarGroup:
    """Bars of one colour: a value for every category, with its error or None."""

    name: str
    values: np.ndarray
    colour: str
    errors: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class BarsDrawing:
    """Groups of bars side by side over named categories.

    Attributes
    ----------
    categories : one name per value
    groups : bars of each colour
    y_label : of the values, with unit
    horizontal : bars run to the right, categories from top to bottom
    log : logarithmic values
    reference : a line across all bars (1 for ratios), or None
    """

    categories: Sequence[str]
    groups: Sequence[BarGroup]
    y_label: str
    title: str = ""
    horizontal: bool = False
    log: bool = False
    reference: float | None = None

    @property
    def aspect(self) -> float:
        if not self.horizontal:
            return 0.5
        return max(0.3, 0.045 * len(self.categories) * max(1, len(self.groups)))

    def room(self, width: float, em: float) -> Room:
        longest = 0.62 * em * max(len(name) for name in self.categories)
        head = 0.8 * em + _head(self.title, em)
        if self.horizontal:
            return Room(longest + 1.2 * em, 1.2 * em, head, 3.2 * em)
        return Room(5.2 * em, 0.6 * em, head, longest + 1.4 * em)

    def draw(self, axes: Axes, em: float) -> None:
        place = np.arange(len(self.categories))
        thick = 0.8 / max(1, len(self.groups))
        for number, group in enumerate(self.groups):
            at = place + (number - 0.5 * (len(self.groups) - 1)) * thick
            style = dict(color=group.colour, label=group.name.replace("$", r"\$"),
                         error_kw=dict(elinewidth=0.5, capsize=0.2 * em * 72, capthick=0.5))  # fmt: skip
            if self.horizontal:
                axes.barh(at, group.values, height=thick, xerr=group.errors, **style)
            else:
                axes.bar(at, group.values, width=thick, yerr=group.errors, **style)
        if self.horizontal:
            axes.set_yticks(place, self.categories)
            axes.set_ylim(len(place) - 0.5, -0.5)
            axes.set_xlabel(self.y_label, labelpad=1.5)
            if self.log:
                axes.set_xscale("log")
        else:
            axes.set_xticks(place, self.categories, rotation=90)
            axes.set_xlim(-0.5, len(place) - 0.5)
            axes.set_ylabel(self.y_label, labelpad=2)
            if self.log:
                axes.set_yscale("log")
        if self.reference is not None:
            line = axes.axvline if self.horizontal else axes.axhline
            line(self.reference, color="#555b61", linewidth=0.5, linestyle="--")
        if self.title:
            axes.set_title(self.title, fontsize=em * 72, pad=0.3 * em * 72)
        if len(self.groups) > 1:
            axes.legend(fontsize=0.85 * em * 72, framealpha=0.8, edgecolor="none", handlelength=1.0,
                        labelspacing=0.25)  # fmt: skip


def _head(title: str, em: float) -> float:
    return 1.4 * em if title else 0.0
