"""Panels of maps for figures: one intensity with its colour bar, three as a colour image, phases."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, PowerNorm, to_rgb
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator

from data.length_units import length
from models.exports_figure import Room

CHANNEL_COLOURS = ("#ff0000", "#00ff00", "#0000ff")
#: what a scale bar takes of the width of a map, at most
_LONGEST_BAR = 0.3


def scale_bar_um(width_um: float) -> float:
    """Length of a scale bar for a field of view: the longest of 1, 2, 5 x 10^n um below 0.3 of its width."""
    longest = _LONGEST_BAR * width_um
    decade = 10.0 ** math.floor(math.log10(longest))
    return max(step * decade for step in (1, 2, 5) if step * decade <= longest * (1 + 1e-9))


@dataclass(frozen=True, eq=False)
class IntensityDrawing:
    """A float map in the colours of a palette, with a colour bar.

    Attributes
    ----------
    image : (n_y, n_x); NaN is left white
    palette : colours from low to high
    title : above the map
    pixel_size_um : for the scale bar; None leaves it out
    limits : values of the first and the last colour; None takes the extremes
    gamma : power of the contrast; below 1 brightens the dark parts
    label : of the colour bar, with its unit
    """

    image: np.ndarray
    palette: Sequence[str]
    title: str = ""
    pixel_size_um: float | None = None
    limits: tuple[float, float] | None = None
    gamma: float = 1.0
    label: str = "Counts"

    @property
    def aspect(self) -> float:
        return self.image.shape[0] / self.image.shape[1]

    def room(self, width: float, em: float) -> Room:
        return Room(0.0, 6.4 * em, _title_room(self.title, em), 0.0)

    def draw(self, axes: Axes, em: float) -> None:
        low, high = self.limits or _extremes(self.image)
        shown = axes.imshow(
            np.asarray(self.image, np.float32),
            cmap=ListedColormap(list(self.palette)),
            norm=PowerNorm(self.gamma, low, high, clip=True),
            interpolation=_interpolation(axes, self.image.shape),
            aspect="auto",
        )
        _frame(axes, self.title, self.image.shape, self.pixel_size_um, em)
        width_inch = _inner_width(axes)
        bar = axes.inset_axes((1 + 0.6 * em / width_inch, 0.0, 1.0 * em / width_inch, 1.0))
        ticks = MaxNLocator(5).tick_values(low, high)
        legend = axes.figure.colorbar(shown, cax=bar, ticks=ticks[(ticks >= low) & (ticks <= high)])
        legend.minorticks_off()
        legend.outline.set_linewidth(0.5)
        legend.set_label(self.label)
        bar.tick_params(width=0.5, length=0.2 * em * 72, labelsize=0.9 * em * 72)


@dataclass(frozen=True, eq=False)
class ColourDrawing:
    """A colour image, such as three lines as red, green and blue, with a legend below.

    Attributes
    ----------
    rgb : (n_y, n_x, 3) uint8
    names : what the colours mean
    colours : of the names; red, green, blue by default
    """

    rgb: np.ndarray
    names: Sequence[str] = ()
    colours: Sequence[str] = CHANNEL_COLOURS
    title: str = ""
    pixel_size_um: float | None = None

    @property
    def aspect(self) -> float:
        return self.rgb.shape[0] / self.rgb.shape[1]

    def room(self, width: float, em: float) -> Room:
        return Room(0.0, 0.0, _title_room(self.title, em), _legend_room(self.names, width, em))

    def draw(self, axes: Axes, em: float) -> None:
        axes.imshow(self.rgb, interpolation=_interpolation(axes, self.rgb.shape), aspect="auto")
        _frame(axes, self.title, self.rgb.shape, self.pixel_size_um, em)
        _legend(axes, list(zip(self.names, self.colours, strict=False)), em)


@dataclass(frozen=True)
class PhaseEntry:
    """A phase in a legend: its name, its colour (#rrggbb), and its share of the area in per cent."""

    name: str
    colour: str
    area_percent: float | None = None
    visible: bool = True

    @property
    def text(self) -> str:
        """Name and area as the legend shows them."""
        if self.area_percent is None:
            return self.name
        digits = ".1f" if self.area_percent >= 0.95 else ".2g"
        return f"{self.name}  {self.area_percent:{digits}} %"


@dataclass(frozen=True, eq=False)
class PhasesDrawing:
    """A phase map with a legend of names and areas.

    Attributes
    ----------
    label : (n_y, n_x) integers, -1 unassigned, else an index of ``phases``
    phases : in the order of the labels; those not visible are neither drawn nor named
    background : (n_y, n_x) grey image below, or None for white
    opacity : of the phases over the background
    """

    label: np.ndarray
    phases: Sequence[PhaseEntry]
    title: str = ""
    pixel_size_um: float | None = None
    background: np.ndarray | None = None
    opacity: float = 1.0
    limits: tuple[float, float] | None = field(default=None)

    @property
    def aspect(self) -> float:
        return self.label.shape[0] / self.label.shape[1]

    @property
    def _shown(self) -> list[PhaseEntry]:
        return [phase for phase in self.phases if phase.visible]

    def room(self, width: float, em: float) -> Room:
        names = [phase.text for phase in self._shown]
        return Room(0.0, 0.0, _title_room(self.title, em), _legend_room(names, width, em))

    def draw(self, axes: Axes, em: float) -> None:
        axes.imshow(self.colour_image(), interpolation="nearest", aspect="auto")
        _frame(axes, self.title, self.label.shape, self.pixel_size_um, em)
        _legend(axes, [(phase.text, phase.colour) for phase in self._shown], em)

    def colour_image(self) -> np.ndarray:
        """The map as (n_y, n_x, 3) uint8."""
        if self.background is None:
            below = np.ones((*self.label.shape, 1), np.float32)
        else:
            low, high = self.limits or _extremes(self.background)
            grey = np.clip((self.background - low) / (high - low), 0, 1)
            below = np.nan_to_num(grey, nan=1.0).astype(np.float32)[:, :, None]
        # the last entry is what label -1 takes: nothing
        colours = np.array([*(to_rgb(phase.colour) for phase in self.phases), (0, 0, 0)], np.float32)
        opacity = np.array([*(self.opacity * phase.visible for phase in self.phases), 0], np.float32)
        label = np.where(self.label < 0, len(self.phases), self.label)
        share = opacity[label][:, :, None]
        return np.rint(255 * (share * colours[label] + (1 - share) * below)).astype(np.uint8)


def _extremes(image: np.ndarray) -> tuple[float, float]:
    values = image[np.isfinite(image)]
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    return (low, high) if low < high else (low, low + 1)


def _inner_width(axes: Axes) -> float:
    return axes.get_position().width * axes.figure.get_size_inches()[0]


def _interpolation(axes: Axes, shape: tuple[int, ...]) -> str:
    """Square pixels where they are larger than the dots of the figure, their mean where they are smaller."""
    return "nearest" if _inner_width(axes) * axes.figure.dpi >= 2 * shape[1] else "antialiased"


def _title_room(title: str, em: float) -> float:
    return 1.6 * em if title else 0.0


def _frame(axes: Axes, title: str, shape: tuple[int, ...], pixel_size_um: float | None, em: float) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    if title:
        axes.set_title(title, fontsize=em * 72, pad=0.3 * em * 72)
    if pixel_size_um is None:
        return
    n_y, n_x = shape[:2]
    bar_um = scale_bar_um(n_x * pixel_size_um)
    bar, unit = bar_um / pixel_size_um, em * n_x / _inner_width(axes)  # map pixels in a bar, in an em
    text = length(bar_um)
    wide, tall = max(bar, 0.62 * unit * len(text)) + 1.0 * unit, 2.3 * unit
    x0, y0 = 0.5 * unit, n_y - 0.5 * unit - tall
    centre = x0 + wide / 2
    axes.add_patch(Rectangle((x0, y0), wide, tall, facecolor="black", alpha=0.55, linewidth=0))
    axes.add_patch(
        Rectangle(
            (centre - bar / 2, y0 + tall - 0.7 * unit), bar, 0.35 * unit, facecolor="white", linewidth=0
        )
    )
    axes.text(
        centre, y0 + 0.85 * unit, text, color="white", ha="center", va="center", fontsize=0.95 * em * 72
    )


def _legend_columns(names: Sequence[str], width: float, em: float) -> int:
    longest = max(len(name) for name in names)
    return max(1, min(len(names), int(width / ((0.58 * longest + 3.2) * em))))


def _legend_room(names: Sequence[str], width: float, em: float) -> float:
    if not names:
        return 0.0
    return (math.ceil(len(names) / _legend_columns(names, width, em)) * 1.5 + 0.8) * em


def _legend(axes: Axes, entries: Sequence[tuple[str, str]], em: float) -> None:
    if not entries:
        return
    columns = _legend_columns([name for name, _ in entries], _inner_width(axes), em)
    axes.legend(
        handles=[
            Patch(facecolor=colour, edgecolor="#444444", linewidth=0.3, label=_literal(name))
            for name, colour in entries
        ],
        loc="upper left", bbox_to_anchor=(0, -0.3 * em / (_inner_width(axes) * _aspect(axes))),
        ncols=columns, frameon=False, borderaxespad=0, borderpad=0, handlelength=1.1, handleheight=1.0,
        handletextpad=0.5, columnspacing=1.2, labelspacing=0.4, fontsize=em * 72,
    )  # fmt: skip


def _aspect(axes: Axes) -> float:
    width, height = axes.figure.get_size_inches()
    position = axes.get_position()
    return position.height * height / (position.width * width)


def _literal(text: str) -> str:
    """A name given by a person: dollar signs would start a formula, a leading underscore hides the entry."""
    text = text.replace("$", r"\$")
    return f"\u200b{text}" if text.startswith("_") else text
