"""Columns of the table of particles, and measures for the histogram."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.particle_statistics import Particles


@dataclass(frozen=True, eq=False)
class Measure:
    """Something measured of every particle: its key, what it is called, its unit, and how to get it."""

    key: str
    title: str
    unit: str
    get: Callable[[], np.ndarray]

    @property
    def values(self) -> np.ndarray:
        """(n_particles,) float64; made when it is asked for."""
        return np.asarray(self.get(), np.float64)

    @property
    def label(self) -> str:
        """Title and unit, for an axis."""
        return f"{self.title} ({self.unit})" if self.unit else self.title


def measures(found: Particles) -> tuple[Measure, ...]:
    """What the table and the histogram offer, sizes first."""
    size = found.pixel_size_um or 1.0
    unit = "µm" if found.pixel_size_um is not None else "px"
    geometry = (
        Measure("diameter", "Equivalent diameter", unit, lambda: found.equivalent_diameter),
        Measure("area", "Area", f"{unit}²", lambda: found.area),
        Measure("pixels", "Pixels", "", lambda: found.pixels),
        Measure("major", "Major axis", unit, lambda: found.axes[:, 0] * size),
        Measure("minor", "Minor axis", unit, lambda: found.axes[:, 1] * size),
        Measure("aspect", "Aspect ratio", "", lambda: found.aspect_ratio),
        Measure("orientation", "Orientation", "°", lambda: found.orientation_deg),
        Measure("x", "Centre x", unit, lambda: (found.centroid[:, 1] + 0.5) * size),
        Measure("y", "Centre y", unit, lambda: (found.centroid[:, 0] + 0.5) * size),
    )
    lines = tuple(
        Measure(f"{name}:mean", f"{name} mean", "per pixel", lambda i=i: found.mean[:, i])
        for i, name in enumerate(found.lines)
    )
    return geometry + lines


def table_columns(found: Particles, line: str) -> list[dict[str, Any]]:
    """Headings of the table; of the lines, the chosen one has its least, mean and largest intensity."""
    unit = "µm" if found.pixel_size_um is not None else "px"
    columns = [
        dict(key="phase", title="Phase", kind="text"),
        dict(key="number", title="No.", kind="number", hint="by size, all phases together"),
        dict(key="area", title=f"Area ({unit}²)", kind="number"),
        dict(key="diameter", title=f"Diameter ({unit})", kind="number",
             hint="of the circle of the same area"),
        dict(key="major", title=f"Major × minor ({unit})", kind="number",
             hint="axes of the ellipse of the same moments"),
        dict(key="x", title=f"Centre x, y ({unit})", kind="number"),
        dict(key="edge", title="Edge", kind="text", hint="touches the edge of the map: may go on outside"),
    ]  # fmt: skip
    if line:
        columns += [
            dict(key="least", title=f"{line} min", kind="number", hint="intensity of its pixels"),
            dict(key="mean", title="mean", kind="number"),
            dict(key="most", title="max", kind="number"),
        ]
    return columns


def sort_values(found: Particles, key: str, line: str) -> np.ndarray:
    """What the rows are sorted by, (n_particles,)."""
    if key == "phase":
        return found.phase
    if key == "number":
        return -np.arange(len(found))
    if key == "edge":
        return found.touches_edge.astype(np.int8)  # booleans have no negative to sort by
    if key in ("least", "mean", "most") and line in found.lines:
        return getattr(found, key)[:, found.lines.index(line)]
    return next((one.values for one in measures(found) if one.key == key), found.pixels)


def table_rows(
    found: Particles,
    order: Sequence[int],
    line: str,
    names: Sequence[str],
    colours: Sequence[str],
    picked: frozenset[int],
) -> list[dict[str, Any]]:
    """Rows of some particles as texts; names and colours are by label of the phase."""
    size = found.pixel_size_um or 1.0
    area, diameter = found.area, found.equivalent_diameter
    rows = []
    for i in order:
        label = int(found.phase[i])
        row = dict(
            id=int(i),
            phase=names[label],
            colour=colours[label],
            number=f"{i + 1:,}",
            area=short(area[i]),
            diameter=short(diameter[i]),
            major=f"{short(found.axes[i, 0] * size)} × {short(found.axes[i, 1] * size)}",
            x=f"{short((found.centroid[i, 1] + 0.5) * size)}, {short((found.centroid[i, 0] + 0.5) * size)}",
            edge="yes" if found.touches_edge[i] else "",
            chosen=int(i) in picked,
        )
        if line in found.lines:
            column = found.lines.index(line)
            row |= {what: short(getattr(found, what)[i, column]) for what in ("least", "mean", "most")}
        rows.append(row)
    return rows


def short(value: float) -> str:
    """A number with three significant digits, without an exponent where it can be read."""
    if not np.isfinite(value):
        return ""
    if value == 0:
        return "0"
    magnitude = abs(value)
    if magnitude >= 1e6 or magnitude < 1e-3:
        return f"{value:.3g}"
    if magnitude >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if magnitude >= 10 else f"{value:.2f}" if magnitude >= 1 else f"{value:.3g}"
