"""How a selection was made: a shape that was drawn, the pixels of a phase, a range of values, a combination.

An origin is a small frozen value. It makes its mask again on any map, as far as that map has what it needs,
and it stands in files and links as plain values. A further way to select is one more class with
``@origin_kind``: nothing else has to know of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol, TypeVar, runtime_checkable

import numpy as np

from dashboard.lasso import box_in_points, box_on_map, lasso_in_points, lasso_on_map

Space = Literal["latent", "map"]
Operation = Literal["and", "or", "and_not", "not"]


@dataclass(frozen=True, eq=False)
class Context:
    """What an origin may need of a map; None where the map has none (yet).

    Attributes
    ----------
    shape : (n_y, n_x)
    coordinates : (n_pixels, 2) latent coordinates
    label : (n_y, n_x) integers, the phase of every pixel; below 0: none
    ids : lasting number of every label; None where labels are the numbers
    probability : (n_y, n_x), of the label
    images : name -> (n_y, n_x) image: line maps, counts, navigation images
    """

    shape: tuple[int, int]
    coordinates: np.ndarray | None = None
    label: np.ndarray | None = None
    ids: tuple[int, ...] | None = None
    probability: np.ndarray | None = None
    images: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def n_pixels(self) -> int:
        """Number of pixels of the map."""
        return self.shape[0] * self.shape[1]

    def label_of(self, phase: int) -> int | None:
        """The label of a phase by its lasting number; None where the map has no such phase."""
        if self.ids is None:
            return phase
        return self.ids.index(phase) if phase in self.ids else None


@runtime_checkable
class Origin(Protocol):
    """How a selection was made."""

    #: what it is called in files and links
    kind: ClassVar[str]
    #: what has to stay for it to select the same pixels: "map" (its shape), "latent", "phases" or "images"
    follows: ClassVar[str]

    @property
    def text(self) -> str:
        """What to call it, for a person."""

    def mask(self, context: Context) -> np.ndarray:
        """The pixels, (n_pixels,) bool; ValueError where the map lacks what is needed."""

    def to_mapping(self) -> dict[str, Any]:
        """Plain values, ``kind`` apart, for YAML or JSON."""

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Origin:
        """The origin of these values; KeyError, TypeError or ValueError where they make none."""


_Kind = TypeVar("_Kind", bound=type)
_KINDS: dict[str, type[Origin]] = {}


def origin_kind(*names: str) -> Callable[[_Kind], _Kind]:
    """Make a class known by the names that its origins bear in files."""

    def known(cls: _Kind) -> _Kind:
        for name in names:
            _KINDS[name] = cls
        return cls

    return known


def to_mapping(origin: Origin) -> dict[str, Any]:
    """An origin as plain values (for YAML or JSON)."""
    return {"kind": origin.kind, **origin.to_mapping()}


def from_mapping(mapping: Mapping[str, Any]) -> Origin:
    """The origin that :func:`to_mapping` wrote.

    Raises
    ------
    ValueError
        The mapping does not describe a selection.
    """
    try:
        return _KINDS[mapping["kind"]].from_mapping(mapping)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ValueError(f"The saved selection cannot be read: {type(error).__name__}: {error}.") from error


@origin_kind("lasso")
@dataclass(frozen=True)
class Lasso:
    """A polygon drawn in the latent space or on the map; vertices (x, y) in the coordinates of that plot."""

    kind: ClassVar[str] = "lasso"
    space: Space
    vertices: tuple[tuple[float, float], ...]

    @property
    def text(self) -> str:
        """What to call it."""
        return f"lasso {_where(self.space)}"

    @property
    def follows(self) -> str:
        """The space that it was drawn in."""
        return self.space

    def mask(self, context: Context) -> np.ndarray:
        """Pixels whose centre, or whose point in the latent space, lies inside."""
        if self.space == "map":
            return lasso_on_map(context.shape, np.array(self.vertices))
        return lasso_in_points(_points(self, context), np.array(self.vertices))

    def to_mapping(self) -> dict[str, Any]:
        """Plain values."""
        return {"space": self.space, "vertices": [list(vertex) for vertex in self.vertices]}

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Lasso:
        """From plain values."""
        return cls(_space(mapping), tuple((float(x), float(y)) for x, y in mapping["vertices"]))


@origin_kind("box")
@dataclass(frozen=True)
class Box:
    """A rectangle drawn in the latent space or on the map, in the coordinates of that plot."""

    kind: ClassVar[str] = "box"
    space: Space
    x0: float
    x1: float
    y0: float
    y1: float

    @property
    def text(self) -> str:
        """What to call it."""
        return f"box {_where(self.space)}"

    @property
    def follows(self) -> str:
        """The space that it was drawn in."""
        return self.space

    def mask(self, context: Context) -> np.ndarray:
        """Pixels whose centre, or whose point in the latent space, lies inside."""
        box = (self.x0, self.x1, self.y0, self.y1)
        if self.space == "map":
            return box_on_map(context.shape, *box)
        return box_in_points(_points(self, context), *box)

    def to_mapping(self) -> dict[str, Any]:
        """Plain values."""
        return {"space": self.space, "x": [self.x0, self.x1], "y": [self.y0, self.y1]}

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Box:
        """From plain values."""
        (x0, x1), (y0, y1) = mapping["x"], mapping["y"]
        return cls(_space(mapping), float(x0), float(x1), float(y0), float(y1))


@origin_kind("phase")
@dataclass(frozen=True)
class PhaseMembers:
    """The pixels of one phase, by its lasting number, whose probability is at least the threshold."""

    kind: ClassVar[str] = "phase"
    follows: ClassVar[str] = "phases"
    phase: int
    threshold: float = 0.0

    @property
    def text(self) -> str:
        """What to call it."""
        above = f" above {self.threshold:.0%}" if self.threshold > 0 else ""
        return f"phase {self.phase + 1}{above}"

    def mask(self, context: Context) -> np.ndarray:
        """The pixels that bear the phase."""
        if context.label is None:
            raise ValueError(f"There are no phases yet from which to select {self.text}.")
        label = context.label_of(self.phase)
        if label is None:
            raise ValueError(f"There is no phase {self.phase + 1} among the phases on show.")
        members = context.label.ravel() == label
        if context.probability is not None and self.threshold > 0:
            members &= context.probability.ravel() >= self.threshold
        return members

    def to_mapping(self) -> dict[str, Any]:
        """Plain values."""
        return {"phase": self.phase, "threshold": self.threshold}

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> PhaseMembers:
        """From plain values."""
        return cls(int(mapping["phase"]), float(mapping["threshold"]))


@origin_kind("and", "or", "and_not", "not")
@dataclass(frozen=True)
class Combined:
    """Selections combined; ``not`` has one part, the others two."""

    operation: Operation
    parts: tuple[Origin, ...]

    @property
    def kind(self) -> str:
        """Its operation."""
        return self.operation

    @property
    def follows(self) -> str:
        """What the most fickle of its parts follows."""
        of_parts = {getattr(part, "follows", "phases") for part in self.parts}
        return next(what for what in ("phases", "latent", "images", "map") if what in of_parts)

    @property
    def text(self) -> str:
        """What to call it."""
        if self.operation == "not":
            return f"not ({self.parts[0].text})"
        return f"({self.parts[0].text}) {self.operation.replace('_', ' ')} ({self.parts[1].text})"

    def mask(self, context: Context) -> np.ndarray:
        """The parts' pixels, combined."""
        masks = [part.mask(context) for part in self.parts]
        if self.operation == "not":
            return ~masks[0]
        return {"and": np.logical_and, "or": np.logical_or, "and_not": np.greater}[self.operation](*masks)

    def to_mapping(self) -> dict[str, Any]:
        """Plain values."""
        return {"parts": [to_mapping(part) for part in self.parts]}

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Combined:
        """From plain values."""
        operation = mapping["kind"]
        n_parts = 1 if operation == "not" else 2
        parts = tuple(from_mapping(part) for part in mapping["parts"])
        if len(parts) != n_parts:
            raise ValueError(f"{operation!r} takes {n_parts} selections, not {len(parts)}")
        return cls(operation, parts)


def _points(origin: Lasso | Box, context: Context) -> np.ndarray:
    if context.coordinates is None:
        raise ValueError(f"There is no latent space yet for a {origin.text}.")
    return context.coordinates


def _space(mapping: Mapping[str, Any]) -> Space:
    space = mapping["space"]
    if space not in ("latent", "map"):
        raise ValueError(f"a selection is drawn in the latent space or on the map, not in {space!r}")
    return space


def _where(space: Space) -> str:
    return "in the latent space" if space == "latent" else "on the map"
