"""Selections: a set of pixels, and how it was made, so that it can be saved, shown and made again.

Every selection is over the pixels of one map, flattened row-major, whether it was drawn in the latent space
or on the map. Selections combine with ``&``, ``|``, ``-`` (and not) and ``~``. The ways to make one are in
``origins``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from dashboard.lasso import outline
from dashboard.measured_origins import ConnectedRegion, GivenPixels, ImageRange
from dashboard.origins import (
    Box,
    Combined,
    Context,
    Lasso,
    Operation,
    Origin,
    PhaseMembers,
    Space,
    from_mapping,
    origin_kind,
    to_mapping,
)

__all__ = [
    "Box",
    "Combined",
    "ConnectedRegion",
    "Context",
    "GivenPixels",
    "ImageRange",
    "Lasso",
    "Operation",
    "Origin",
    "PhaseMembers",
    "Selection",
    "Space",
    "drawn",
    "from_mapping",
    "origin_kind",
    "select",
    "to_mapping",
]


@dataclass(frozen=True, eq=False)
class Selection:
    """Some pixels of a map.

    Attributes
    ----------
    mask : (n_pixels,) bool
    shape : (n_y, n_x)
    origin : how it was made
    n_selected : number of pixels in it, at least 1

    Raises
    ------
    ValueError
        The mask is of another size than the map, or no pixel is selected.
    """

    mask: np.ndarray
    shape: tuple[int, int]
    origin: Origin
    n_selected: int = 0

    def __post_init__(self) -> None:
        n_pixels = self.shape[0] * self.shape[1]
        if self.mask.shape != (n_pixels,) or self.mask.dtype != bool:
            raise ValueError(
                f"A selection mask {self.mask.shape} of {self.mask.dtype} does not fit {n_pixels} pixels; "
                f"({n_pixels},) bool was expected."
            )
        n_selected = int(np.count_nonzero(self.mask))
        if n_selected == 0:
            hint = " Draw it around some points." if isinstance(self.origin, Lasso | Box) else ""
            raise ValueError(f"No pixel is selected by this {self.origin.text}.{hint}")
        object.__setattr__(self, "n_selected", n_selected)

    @property
    def image(self) -> np.ndarray:
        """The mask as it lies on the map, (n_y, n_x) bool."""
        return self.mask.reshape(self.shape)

    def __and__(self, other: Selection) -> Selection:
        return self._combined("and", other, np.logical_and)

    def __or__(self, other: Selection) -> Selection:
        return self._combined("or", other, np.logical_or)

    def __sub__(self, other: Selection) -> Selection:
        return self._combined("and_not", other, np.greater)  # of bools: here and not there

    def __invert__(self) -> Selection:
        return Selection(~self.mask, self.shape, Combined("not", (self.origin,)))

    def _combined(self, operation: Operation, other: Selection, of_masks: np.ufunc) -> Selection:
        if self.shape != other.shape:
            raise ValueError(
                f"A selection on a map of {self.shape[0]} x {self.shape[1]} pixels cannot be combined with "
                f"one on {other.shape[0]} x {other.shape[1]}."
            )
        origin = Combined(operation, (self.origin, other.origin))
        return Selection(of_masks(self.mask, other.mask), self.shape, origin)


def select(origin: Origin, context: Context | tuple[int, int]) -> Selection:
    """The pixels of a map that an origin describes: a shape just drawn, or a saved one made again.

    Parameters
    ----------
    origin : what to select
    context : what the map has to select by; a shape (n_y, n_x) stands for a map without anything else

    Raises
    ------
    ValueError
        The shape encloses no area, no pixel is in it, or what it needs is not there (yet).
    """
    known = context if isinstance(context, Context) else Context(context)
    return Selection(origin.mask(known), known.shape, origin)


def drawn(space: Space, geometry: Mapping[str, Any]) -> Lasso | Box:
    """The origin of what Bokeh's ``SelectionGeometry`` reports: a ``poly`` or a ``rect``.

    Raises
    ------
    ValueError
        The geometry is of another kind, or encloses no area.
    """
    if geometry["type"] == "poly":
        vertices = outline(np.column_stack([np.asarray(geometry[name], float) for name in "xy"]))
        return Lasso(space, tuple((float(x), float(y)) for x, y in vertices))
    if geometry["type"] == "rect":
        return Box(space, *(float(geometry[name]) for name in ("x0", "x1", "y0", "y1")))
    raise ValueError(f"A selection by {geometry['type']!r} is not possible; draw a lasso or a box.")
