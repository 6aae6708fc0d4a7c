"""Density of points as shades of their phase's colour: levels, and the palette that paints them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

MAX_LEVELS = 12
MIN_LEVELS = 4


def n_levels(n_labels: int) -> int:
    """Density levels per label: 12, fewer where a byte would not hold them for all labels and both greys."""
    return min(MAX_LEVELS, max(MIN_LEVELS, 255 // (n_labels + 2)))


def density_palette(
    colours: Sequence[str], unassigned: str = "#8a8f98", unselected: str = "#b4b8bf", faintest: float = 0.3
) -> list[str]:
    """RGBA colours of a ``DensityImage``: transparent, then every label from faint to full.

    Opacity carries the density, so the same palette fits a light and a dark page.

    Parameters
    ----------
    colours : "#rrggbb" of every label, in order
    unassigned, unselected : greys of points without a label and of points outside the selection
    faintest : opacity of the lowest density
    """
    levels = n_levels(len(colours))
    palette = ["#00000000"]
    for colour, strength in [*((c, 1.0) for c in colours), (unassigned, 0.8), (unselected, 0.6)]:
        for level in range(levels):
            opacity = strength * (faintest + (1 - faintest) * (level + 1) / levels)
            palette.append(f"{colour}{round(255 * opacity):02x}")
    return palette


def level_thresholds(counts: np.ndarray, levels: int, scale: Literal["log", "eq_hist"]) -> np.ndarray:
    """Counts above which a bin rises to the next level, (levels - 1,) float64.

    ``log`` spaces them evenly in the logarithm of the counts, ``eq_hist`` so that every level has about as
    many bins.
    """
    occupied = counts[counts > 0]
    if occupied.size == 0:
        return np.zeros(levels - 1)
    steps = np.arange(1, levels) / levels
    if scale == "eq_hist":
        return np.quantile(occupied, steps)
    # from half a point, so that a view of single points shows them at full strength
    low, high = 0.5, float(occupied.max())
    return low * (high / low) ** steps
