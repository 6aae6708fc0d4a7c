"""A triangle of three elements for a figure: density of pixels, means of phases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from models.exports_figure import Room
from models.ternary import CORNERS, to_plane


@dataclass(frozen=True, eq=False)
class TernaryDrawing:
    """A triangle.

    Attributes
    ----------
    rgba : (n_y, n_x, 4) uint8 density, row 0 at the bottom
    extent : (x0, x1, y0, y1) that it covers
    corners : names of the left, the right and the top corner
    means : (name, colour, (x, y)) of every phase
    """

    rgba: np.ndarray
    extent: tuple[float, float, float, float]
    corners: tuple[str, str, str]
    means: Sequence[tuple[str, str, tuple[float, float]]] = ()
    aspect: float = float(CORNERS[2, 1])

    def room(self, width: float, em: float) -> Room:
        """Room for the names of the corners."""
        return Room(2.5 * em, 2.5 * em, 2.2 * em, 2.4 * em)

    def draw(self, axes: Axes, em: float) -> None:
        """Density, grid of 20 %, frame, corners and means."""
        points = em * 72
        axes.imshow(self.rgba, origin="lower", extent=self.extent, aspect="auto", interpolation="nearest")
        for start, end in grid_lines():
            axes.plot([start[0], end[0]], [start[1], end[1]], color="#808080", linewidth=0.3, zorder=0)
        frame = CORNERS[[0, 1, 2, 0]]
        axes.plot(frame[:, 0], frame[:, 1], color="black", linewidth=0.7)
        for name, place, align in zip(
            self.corners, ((0.0, -0.03), (1.0, -0.03), (0.5, CORNERS[2, 1] + 0.02)),
            (("center", "top"), ("center", "top"), ("center", "bottom")), strict=True,
        ):  # fmt: skip
            axes.text(*place, name, ha=align[0], va=align[1], fontsize=points)
        for name, colour, (x, y) in self.means:
            axes.plot(x, y, "o", markersize=0.55 * points, color=colour, markeredgecolor="black",
                      markeredgewidth=0.4)  # fmt: skip
            axes.annotate(name.replace("$", r"\$"), (x, y), (0.4 * points, 0.2 * points),
                          textcoords="offset points", fontsize=0.75 * points)  # fmt: skip
        axes.set_xlim(0, 1)
        axes.set_ylim(0, CORNERS[2, 1])
        axes.set_axis_off()
        for artist in (*axes.lines, *axes.texts):
            artist.set_clip_on(False)


def grid_lines(step: float = 0.2) -> list[tuple[np.ndarray, np.ndarray]]:
    """Lines of equal share of each corner, as pairs of ends in the plane."""
    found = []
    for share in np.arange(step, 1.0 - 1e-9, step):
        rest = 1.0 - share
        for corner in range(3):
            ends = np.zeros((2, 3))
            ends[:, corner] = share
            ends[0, (corner + 1) % 3] = ends[1, (corner + 2) % 3] = rest
            start, end = to_plane(ends)
            found.append((start, end))
    return found
