"""Figures for papers, as PNG or SVG: panels placed to the tenth of a millimetre, text as text.

A panel (:class:`Drawing`) says how much room it needs around its axes and draws into them; :func:`render`
puts panels into columns on a page of the wanted width. Matplotlib's objects are used, not its pyplot:
nothing is shared between two figures, so several can be made in threads.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

FigureKind = Literal["png", "svg"]

#: the most pixels on a side; beyond it a slip of the hand would take all memory
_MOST_PIXELS = 20_000
_MM_PER_INCH = 25.4

# for the process: text of an SVG stays text, and equal figures are equal files
matplotlib.rcParams["svg.fonttype"] = "none"
matplotlib.rcParams["svg.hashsalt"] = "lodestone"
matplotlib.rcParams["font.sans-serif"] = ["DejaVu Sans", "Arial", "Helvetica"]


@dataclass(frozen=True)
class FigureStyle:
    """Size and look of a figure.

    Attributes
    ----------
    width_mm : of the whole figure; 85 is a column of most journals, 175 a page
    dpi : dots per inch of PNG
    font_pt : size of the text in points
    title : above the figure; empty for none
    """

    width_mm: float = 85.0
    dpi: int = 300
    font_pt: float = 7.0
    title: str = ""

    def __post_init__(self) -> None:
        if not 20 <= self.width_mm <= 1000:
            raise ValueError(f"A figure {self.width_mm:g} mm wide is not possible; choose 20 to 1000 mm.")
        if not 30 <= self.dpi <= 2400:
            raise ValueError(f"A figure of {self.dpi} dpi is not possible; choose 30 to 2400 dpi.")
        if self.width_mm / _MM_PER_INCH * self.dpi > _MOST_PIXELS:
            raise ValueError(
                f"{self.width_mm:g} mm at {self.dpi} dpi are more than {_MOST_PIXELS:,} pixels; "
                "choose fewer dpi or a narrower figure."
            )

    @property
    def em(self) -> float:
        """Height of the text, inch."""
        return self.font_pt / 72


class Room(NamedTuple):
    """What a panel needs around its axes, inch."""

    left: float
    right: float
    top: float
    bottom: float


class Drawing(Protocol):
    """A panel of a figure."""

    @property
    def aspect(self) -> float:
        """Height of the axes by their width."""

    def room(self, width: float, em: float) -> Room:
        """Room around the axes in a cell of a width, for text of height ``em``; all in inch."""

    def draw(self, axes: Axes, em: float) -> None:
        """Draw into axes of the asked aspect."""


def render(
    drawings: Sequence[Drawing], style: FigureStyle, kind: FigureKind = "png", columns: int = 1
) -> bytes:
    """A figure of panels, row by row.

    Parameters
    ----------
    drawings : at least one
    style : width, resolution, text
    kind : "png" or "svg"
    columns : panels side by side

    Raises
    ------
    ValueError
        No panel, another kind, or a figure too narrow or too large for what stands in it.
    """
    if not drawings:
        raise ValueError("There is nothing to draw: choose at least one map or curve.")
    if kind not in ("png", "svg"):
        raise ValueError(f"A figure as {kind!r} is not offered; choose png or svg.")
    em, gap = style.em, 0.6 * style.em
    width = style.width_mm / _MM_PER_INCH
    columns = min(columns, len(drawings))
    cell = (width - gap * (columns + 1)) / columns
    rooms = [drawing.room(cell, em) for drawing in drawings]
    axes_widths = [cell - room.left - room.right for room in rooms]
    if min(axes_widths) < 2 * em:
        raise ValueError(
            f"{columns} panels side by side do not fit into {style.width_mm:g} mm; choose a wider figure or "
            "fewer columns."
        )
    heights = [
        room.top + room.bottom + inner * drawing.aspect
        for room, inner, drawing in zip(rooms, axes_widths, drawings, strict=True)
    ]
    rows = [max(heights[first : first + columns]) for first in range(0, len(drawings), columns)]
    head = 2.0 * em if style.title else 0.0
    height = head + sum(rows) + gap * (len(rows) + 1)
    if height * style.dpi > 2 * _MOST_PIXELS:
        raise ValueError(
            f"This figure would be {height * _MM_PER_INCH:.0f} mm high; choose more columns or fewer dpi."
        )
    figure = Figure(figsize=(width, height), dpi=style.dpi, facecolor="white")
    with matplotlib.rc_context({"font.size": style.font_pt}):
        _place(figure, drawings, rooms, axes_widths, rows, style, columns, cell, gap, head)
    return _saved(figure, kind, style.dpi)


def _place(
    figure: Figure,
    drawings: Sequence[Drawing],
    rooms: Sequence[Room],
    axes_widths: Sequence[float],
    rows: Sequence[float],
    style: FigureStyle,
    columns: int,
    cell: float,
    gap: float,
    head: float,
) -> None:
    width, height = figure.get_size_inches()
    if style.title:
        figure.text(
            0.5, 1 - 0.5 * (head + gap) / height, style.title, ha="center", va="center",
            fontsize=1.15 * style.font_pt, fontweight="bold",
        )  # fmt: skip
    for number, (drawing, room, inner) in enumerate(zip(drawings, rooms, axes_widths, strict=True)):
        row, column = divmod(number, columns)
        left = gap + column * (cell + gap) + room.left
        top = head + gap + sum(rows[:row]) + gap * row + room.top
        tall = inner * drawing.aspect
        axes = figure.add_axes((left / width, 1 - (top + tall) / height, inner / width, tall / height))
        axes.tick_params(labelsize=0.9 * style.font_pt, width=0.5, length=0.3 * style.font_pt)
        for spine in axes.spines.values():
            spine.set_linewidth(0.5)
        drawing.draw(axes, style.em)


def _saved(figure: Figure, kind: FigureKind, dpi: int) -> bytes:
    buffer = io.BytesIO()
    if kind == "svg":
        FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None, "Creator": "Lodestone"})
    else:
        FigureCanvasAgg(figure).print_png(
            buffer, metadata={"Software": "Lodestone"}, pil_kwargs={"dpi": (dpi, dpi)}
        )
    return buffer.getvalue()
