"""Selections: a set of pixels, and how it was made, so that it can be saved, shown and made again.

Every selection is over the pixels of one map, flattened row-major, whether it was drawn in the latent space
or on the map. Selections combine with ``&``, ``|``, ``-`` (and not) and ``~``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from dashboard.lasso import box_in_points, box_on_map, lasso_in_points, lasso_on_map, outline

Space = Literal["latent", "map"]
Operation = Literal["and", "or", "and_not", "not"]


@dataclass(frozen=True)
class Lasso:
    """A polygon drawn in the latent space or on the map; vertices (x, y) in the coordinates of that plot."""

    space: Space
    vertices: tuple[tuple[float, float], ...]

    @property
    def text(self) -> str:
        """What to call it."""
        return f"lasso {_where(self.space)}"


@dataclass(frozen=True)
class Box:
    """A rectangle drawn in the latent space or on the map, in the coordinates of that plot."""

    space: Space
    x0: float
    x1: float
    y0: float
    y1: float

    @property
    def text(self) -> str:
        """What to call it."""
        return f"box {_where(self.space)}"


@dataclass(frozen=True)
class PhaseMembers:
    """The pixels of one phase whose probability is at least the threshold."""

    phase: int
    threshold: float = 0.0

    @property
    def text(self) -> str:
        """What to call it."""
        above = f" above {self.threshold:.0%}" if self.threshold > 0 else ""
        return f"phase {self.phase + 1}{above}"


@dataclass(frozen=True)
class Combined:
    """Selections combined; ``not`` has one part, the others two."""

    operation: Operation
    parts: tuple[Origin, ...]

    @property
    def text(self) -> str:
        """What to call it."""
        if self.operation == "not":
            return f"not ({self.parts[0].text})"
        return f"({self.parts[0].text}) {self.operation.replace('_', ' ')} ({self.parts[1].text})"


Origin = Lasso | Box | PhaseMembers | Combined


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
            raise ValueError(f"No pixel is selected by this {self.origin.text}. Draw it around some points.")
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


def select(
    origin: Origin,
    shape: tuple[int, int],
    coordinates: np.ndarray | None = None,
    label: np.ndarray | None = None,
    probability: np.ndarray | None = None,
) -> Selection:
    """The pixels of a map that an origin describes: a shape just drawn, or a saved one made again.

    Parameters
    ----------
    origin : what to select
    shape : (n_y, n_x) of the map
    coordinates : (n_pixels, 2) latent coordinates, for shapes drawn in the latent space
    label, probability : (n_y, n_x), for the pixels of a phase

    Raises
    ------
    ValueError
        The shape encloses no area, no pixel is in it, or what it needs is not there (yet).
    """
    return Selection(_mask(origin, shape, coordinates, label, probability), shape, origin)


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


def to_mapping(origin: Origin) -> dict[str, Any]:
    """An origin as plain values (for YAML or JSON)."""
    if isinstance(origin, Lasso):
        return {"kind": "lasso", "space": origin.space, "vertices": [list(v) for v in origin.vertices]}
    if isinstance(origin, Box):
        return {
            "kind": "box",
            "space": origin.space,
            "x": [origin.x0, origin.x1],
            "y": [origin.y0, origin.y1],
        }
    if isinstance(origin, PhaseMembers):
        return {"kind": "phase", "phase": origin.phase, "threshold": origin.threshold}
    return {"kind": origin.operation, "parts": [to_mapping(part) for part in origin.parts]}


def from_mapping(mapping: Mapping[str, Any]) -> Origin:
    """The origin that :func:`to_mapping` wrote.

    Raises
    ------
    ValueError
        The mapping does not describe a selection.
    """
    try:
        kind = mapping["kind"]
        if kind == "lasso":
            return Lasso(_space(mapping), tuple((float(x), float(y)) for x, y in mapping["vertices"]))
        if kind == "box":
            (x0, x1), (y0, y1) = mapping["x"], mapping["y"]
            return Box(_space(mapping), float(x0), float(x1), float(y0), float(y1))
        if kind == "phase":
            return PhaseMembers(int(mapping["phase"]), float(mapping["threshold"]))
        n_parts = {"and": 2, "or": 2, "and_not": 2, "not": 1}[kind]
        parts = tuple(from_mapping(part) for part in mapping["parts"])
        if len(parts) != n_parts:
            raise ValueError(f"{kind!r} takes {n_parts} selections, not {len(parts)}")
        return Combined(kind, parts)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"The saved selection cannot be read: {type(error).__name__}: {error}.") from error


def _space(mapping: Mapping[str, Any]) -> Space:
    space = mapping["space"]
    if space not in ("latent", "map"):
        raise ValueError(f"a selection is drawn in the latent space or on the map, not in {space!r}")
    return space


def _where(space: Space) -> str:
    return "in the latent space" if space == "latent" else "on the map"


def _mask(
    origin: Origin,
    shape: tuple[int, int],
    coordinates: np.ndarray | None,
    label: np.ndarray | None,
    probability: np.ndarray | None,
) -> np.ndarray:
    if isinstance(origin, Combined):
        masks = [_mask(part, shape, coordinates, label, probability) for part in origin.parts]
        if origin.operation == "not":
            return ~masks[0]
        return {"and": np.logical_and, "or": np.logical_or, "and_not": np.greater}[origin.operation](*masks)
    if isinstance(origin, PhaseMembers):
        if label is None:
            raise ValueError(f"There are no phases yet from which to select {origin.text}.")
        members = label.ravel() == origin.phase
        if probability is not None and origin.threshold > 0:
            members &= probability.ravel() >= origin.threshold
        return members
    if origin.space == "map":
        if isinstance(origin, Lasso):
            return lasso_on_map(shape, np.array(origin.vertices))
        return box_on_map(shape, origin.x0, origin.x1, origin.y0, origin.y1)
    if coordinates is None:
        raise ValueError(f"There is no latent space yet for a {origin.text}.")
    if isinstance(origin, Lasso):
        return lasso_in_points(coordinates, np.array(origin.vertices))
    return box_in_points(coordinates, origin.x0, origin.x1, origin.y0, origin.y1)
