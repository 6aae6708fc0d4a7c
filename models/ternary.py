"""Pixels in a triangle: the shares of three lines, as weights, atoms or counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from data.chemical_formula import atomic_mass
from data.elemental_maps import ElementalMaps

Quantity = Literal["counts", "weight", "atomic"]
_HEIGHT = np.sqrt(3.0) / 2.0
#: the corners of the triangle in the plane: left, right, top
CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, _HEIGHT]])
_SCALE_QUANTILE = 0.99


def to_plane(values: np.ndarray) -> np.ndarray:
    """Places in the plane of triples: the mean of the corners, weighted by the values.

    Parameters
    ----------
    values : (n, 3), for the left, the right and the top corner; negative ones count as zero

    Returns
    -------
    (n, 2) float32; NaN where nothing is above zero
    """
    positive = np.maximum(np.asarray(values, np.float64), 0.0)
    total = positive.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = np.where(total > 0, positive / total, np.nan)
    return (shares @ CORNERS).astype(np.float32)


def shares_at(points: np.ndarray) -> np.ndarray:
    """Shares of the left, right and top corner at places in the plane, (n, 2) -> (n, 3), sum 1."""
    top = np.asarray(points, np.float64)[:, 1] / _HEIGHT
    right = points[:, 0] - 0.5 * top
    return np.stack([1.0 - right - top, right, top], axis=1)


def triples(
    maps: ElementalMaps,
    lines: Sequence[str],
    label: np.ndarray,
    quantity: Quantity = "counts",
    mass_per_count: np.ndarray | None = None,
    least_counts: float = 3.0,
) -> np.ndarray:
    """Three intensities of every pixel, as they go into a triangle.

    Parameters
    ----------
    maps : line maps
    lines : three of its lines, for the left, the right and the top corner
    label : (n_y, n_x) phases of the pixels; -1 where a pixel belongs to none, which leaves it out
    quantity : counts as they are, or masses or atoms by k-factors
    mass_per_count : (n_phases, 3) mass per count of the three lines in every phase, for weight and atomic
    least_counts : pixels of fewer counts of the three lines together are left out: their shares are noise

    Returns
    -------
    (n_pixels, 3) float64; NaN for pixels that are left out

    Raises
    ------
    ValueError
        There are not three different lines, one is not mapped, or masses are asked for without k-factors.
    """
    if len(lines) != 3 or len(set(lines)) != 3:
        raise ValueError(f"A triangle needs three different lines; {', '.join(lines) or 'none'} were chosen.")
    values = np.stack([maps.of(name).ravel() for name in lines], axis=1).astype(np.float64)
    flat = np.asarray(label).ravel()
    left_out = (flat < 0) | (np.maximum(values, 0.0).sum(axis=1) < least_counts)
    if quantity != "counts":
        if mass_per_count is None:
            raise ValueError("Weights and atoms need k-factors of the three lines; show counts instead.")
        per_count = np.asarray(mass_per_count, np.float64)
        if quantity == "atomic":
            per_count = per_count / [atomic_mass(name.partition("_")[0]) for name in lines]
        values *= per_count[np.maximum(flat, 0)]
    values[left_out] = np.nan
    return values


def scales(values: np.ndarray) -> np.ndarray:
    """The 99 % value of each of three intensities, (3,): dividing by it lets weak lines be seen.

    1 where an intensity is nowhere above zero.
    """
    kept = values[np.isfinite(values).all(axis=1)]
    if len(kept) == 0:
        return np.ones(3)
    high = np.quantile(kept, _SCALE_QUANTILE, axis=0)
    highest = np.maximum(kept.max(axis=0), 0.0)
    return np.where(high > 0, high, np.where(highest > 0, highest, 1.0))


def phase_means(values: np.ndarray, label: np.ndarray, n_phases: int) -> np.ndarray:
    """Mean triple of every phase over its pixels that take part, (n_phases, 3); NaN for a phase without any.

    Label 0 is a phase like any other.
    """
    flat = np.asarray(label).ravel().astype(np.intp)
    kept = (flat >= 0) & np.isfinite(values).all(axis=1)
    pixels = np.bincount(flat[kept], minlength=n_phases)
    sums = np.stack([np.bincount(flat[kept], values[kept, i], minlength=n_phases) for i in range(3)], axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(pixels[:, None] > 0, sums / pixels[:, None], np.nan)
