"""Spectra made comparable, and ranges of their axis: plain functions."""

from __future__ import annotations

import numpy as np

from dashboard.phases.opened import OpenedMap

#: how spectra are made comparable, by what a person calls it
NORMS = ("Equal area", "Equal maximum", "Per pixel", "As summed")


def comparable(spectrum: np.ndarray, pixels: int, norm: str, channels: slice) -> np.ndarray:
    """A sum spectrum in the units of a norm.

    Parameters
    ----------
    spectrum : (n_channels,) summed over ``pixels`` pixels
    norm : one of ``NORMS``; area and maximum are those within the channels
    channels : the part of the axis that is looked at
    """
    values = np.asarray(spectrum, np.float64)
    if norm == "As summed":
        return values
    part = values[channels]
    size = {
        "Equal area": lambda: float(np.maximum(part, 0).sum()),
        "Equal maximum": lambda: float(part.max(initial=0)),
        "Per pixel": lambda: float(pixels),
    }[norm]()
    return values / size if size > 0 else np.zeros_like(values)


def whole_range(opened: OpenedMap) -> tuple[float, float]:
    """The part of the axis that holds something: up to the last channel with counts."""
    axis = opened.axis
    if not opened.has_curve:
        return -0.7, len(axis) - 0.3
    occupied = np.flatnonzero(opened.sum_spectrum > opened.sum_spectrum.max() * 1e-5)
    last = float(axis[occupied[-1]]) if occupied.size else float(axis[-1])
    low = float(axis[0])
    if opened.has_xray_lines:
        low, last = max(low, 0.0), last * 1.02 + 0.1
    return low, min(float(axis[-1]), last)


def first_range(opened: OpenedMap) -> tuple[float, float]:
    """The part of the axis to begin with: that of the mapped lines, where these have a place."""
    low, high = whole_range(opened)
    places = [place for place in opened.line_marks[0] if low < place < high] if opened.has_curve else []
    if not places:
        return low, high
    return low, min(high, 1.2 * max(places) + 0.02 * (high - low))


def channels_within(opened: OpenedMap, low: float, high: float) -> slice:
    """Channels of a part of the axis.

    Raises
    ------
    ValueError
        The range is none, or no channel lies in it.
    """
    axis, unit = opened.axis, opened.axis_unit
    if not low < high:
        raise ValueError(f"A range goes from a lower to a higher value; {low:g} to {high:g} was asked for.")
    first, stop = np.searchsorted(axis, low, "left"), np.searchsorted(axis, high, "right")
    if stop <= first:
        raise ValueError(
            f"No channel lies between {low:g} and {high:g} {unit}; this map covers {axis[0]:.4g} to "
            f"{axis[-1]:.4g} {unit}."
        )
    return slice(int(first), int(stop))
