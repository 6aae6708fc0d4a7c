"""Selections drawn in the plane of two lines: pixels with so much of one and so much of the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from dashboard.lasso import box_in_points, lasso_in_points, outline
from dashboard.origins import Context, origin_kind


@origin_kind("line_pair")
@dataclass(frozen=True)
class LinePair:
    """A polygon in the plane of two images: vertices (intensity of ``x``, intensity of ``y``).

    A box is the polygon of its two corners (x0, y0), (x1, y1).
    """

    kind: ClassVar[str] = "line_pair"
    x: str
    y: str
    vertices: tuple[tuple[float, float], ...]

    @property
    def text(self) -> str:
        """What to call it."""
        return f"{'box' if len(self.vertices) == 2 else 'lasso'} on {self.x} and {self.y}"

    def mask(self, context: Context) -> np.ndarray:
        """The pixels whose two intensities lie inside, (n_pixels,) bool.

        Raises
        ------
        ValueError
            The map has no image of one of the lines.
        """
        missing = [line for line in (self.x, self.y) if line not in context.images]
        if missing:
            raise ValueError(
                f"There is no map of {' and '.join(missing)} here, which the {self.text} asks for. "
                "Add it to the lines, or draw another shape."
            )
        points = np.column_stack(
            [np.asarray(context.images[line], np.float32).ravel() for line in (self.x, self.y)]
        )
        if len(self.vertices) == 2:
            (x0, y0), (x1, y1) = self.vertices
            return box_in_points(points, x0, x1, y0, y1)
        return lasso_in_points(points, np.array(self.vertices))

    def to_mapping(self) -> dict[str, Any]:
        """Plain values."""
        return {"x": self.x, "y": self.y, "vertices": [list(vertex) for vertex in self.vertices]}

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> LinePair:
        """From plain values."""
        vertices = tuple((float(x), float(y)) for x, y in mapping["vertices"])
        if len(vertices) < 2:
            raise ValueError(f"a shape in the plane of two lines has 2 or more vertices, not {len(vertices)}")
        return cls(str(mapping["x"]), str(mapping["y"]), vertices)

    @classmethod
    def drawn(cls, x: str, y: str, geometry: Mapping[str, Any]) -> LinePair:
        """From what Bokeh's ``SelectionGeometry`` reports: a ``poly`` or a ``rect``.

        Raises
        ------
        ValueError
            The geometry is of another kind, or encloses no area.
        """
        if geometry["type"] == "poly":
            places = outline(np.column_stack([np.asarray(geometry[name], float) for name in "xy"]))
            return cls(x, y, tuple((float(a), float(b)) for a, b in places))
        if geometry["type"] == "rect":
            corners = tuple((float(geometry[f"x{i}"]), float(geometry[f"y{i}"])) for i in (0, 1))
            return cls(x, y, corners)
        raise ValueError(f"A selection by {geometry['type']!r} is not possible; draw a lasso or a box.")
