"""Maps of energy-loss edges: counts above the power law that the losses before the edge extrapolate to.

The background of energy losses E falls as A E^-r (Egerton, Electron Energy-Loss Spectroscopy in the Electron
Microscope, 3rd ed. 2011, section 4.4.1). The exponent r is fitted to the sum spectrum before each edge, A to
every pixel: so the net intensity is linear in the counts, and pixels of few counts do not throw it off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from data.axes import EnergyAxis
from data.loss_edges import LossEdge, edge
from data.spectrum_image import SpectrumImage

_WINDOW_EV = 40.0  # behind the onset: white lines of 3d metals (Fe L3 and L2) lie within
# Tabulated onsets are those of atoms, up to 2 % above those of solids
_EARLY = 0.02
_BEFORE = 0.1  # width of the window before an edge, relative to its onset
_NARROWEST_EV, _WIDEST_EV = 8.0, 60.0
_FROM_NEIGHBOUR_EV = 20.0  # the steepest part of the edge before is not background


@dataclass(frozen=True)
class LossWindow:
    """Where an edge is measured, and where the background before it is: (low, high) in eV; None without."""

    edge: LossEdge
    low_ev: float
    high_ev: float
    before_ev: tuple[float, float] | None = None


def loss_weights(
    image: SpectrumImage, names: tuple[str, ...], background: Literal["none", "windows", "fit"] = "windows"
) -> np.ndarray:
    """Weights whose product with spectra of this image is the intensity of its edges and bands.

    Parameters
    ----------
    image : energy losses
    names : edges such as "O_K", or bands such as "100-120 eV", which are summed as they are
    background : "none" for the plain counts; anything else subtracts the power law

    Returns
    -------
    (n_channels, n_names) float64

    Raises
    ------
    ValueError
        No name is given, one is unknown or off the axis, or the axis has no calibration.
    """
    windows = loss_windows(image.energy, names)
    total = image.sum_spectrum().astype(np.float64)
    columns = []
    for window in windows:
        weights = image.energy.overlap(window.low_ev / 1e3, window.high_ev / 1e3).astype(np.float64)
        if background != "none" and window.before_ev is not None:
            weights -= _background(image.energy, total, window, weights)
        columns.append(weights)
    return np.stack(columns, axis=1)


def loss_windows(axis: EnergyAxis, names: tuple[str, ...]) -> tuple[LossWindow, ...]:
    """The window of every edge and, where there is room, the one before it; errors as for loss_weights."""
    if not names:
        raise ValueError(
            "No edge was chosen; choose one at least, such as O_K, or a band such as 100-120 eV."
        )
    if not axis.calibrated:
        raise ValueError(
            "The energy axis of this map has no calibration, so edges have no place on it. "
            "Give the energy of the first channel and the width of a channel first."
        )
    edges = [edge(name) for name in names]
    return tuple(_window(one, edges, axis) for one in edges)


def _window(one: LossEdge, edges: list[LossEdge], axis: EnergyAxis) -> LossWindow:
    first, last = 1e3 * axis.low_kev, 1e3 * axis.high_kev
    if one.end_ev is not None:
        low, high = max(one.onset_ev, first), min(one.end_ev, last)
        if high <= low:
            raise ValueError(f"The band {one.name} lies outside of this map, {first:.5g} to {last:.5g} eV.")
        return LossWindow(one, low, high)
    if not first < one.onset_ev < last:
        raise ValueError(
            f"{one.name} begins at {one.onset_ev:.4g} eV; this map covers {first:.5g} to {last:.5g} eV. "
            "Choose "
            f"another edge of {one.element} or leave it out."
        )
    low = (1.0 - _EARLY) * one.onset_ev
    later = [other.onset_ev for other in edges if other.shell and other.onset_ev > one.onset_ev + 5.0]
    high = min([one.onset_ev + _WINDOW_EV, last, *((1.0 - _EARLY) * onset for onset in later)])
    high = max(high, min(one.onset_ev + _NARROWEST_EV, last))
    start = max(low - np.clip(_BEFORE * one.onset_ev, _NARROWEST_EV, _WIDEST_EV), first)
    earlier = [other.onset_ev for other in edges if other.shell and other.onset_ev < one.onset_ev - 5.0]
    if earlier and low - max(earlier) - _FROM_NEIGHBOUR_EV > _NARROWEST_EV:
        start = max(start, max(earlier) + _FROM_NEIGHBOUR_EV)
    before = (start, low) if low - start >= 0.5 * _NARROWEST_EV and start > 0 else None
    return LossWindow(one, max(low, first), high, before)


def _background(axis: EnergyAxis, total: np.ndarray, window: LossWindow, inside: np.ndarray) -> np.ndarray:
    """Weights of the channels before an edge whose sum with counts is the background within its window."""
    before = axis.overlap(window.before_ev[0] / 1e3, window.before_ev[1] / 1e3).astype(np.float64)
    energy = np.maximum(axis.energy_kev * 1e3, 1e-6)
    exponent = power_law_exponent(energy[before > 0.5], total[before > 0.5])
    shape = (energy / window.low_ev) ** -exponent
    extrapolated = (inside * shape).sum() / max((before * shape).sum(), 1e-300)
    return extrapolated * before


def power_law_exponent(energy_ev: np.ndarray, counts: np.ndarray) -> float:
    """Exponent r of counts falling as E^-r, by a straight line through the logarithms, weighted for counting.

    Between 0 (a constant background, also where nothing can be fitted) and 8.
    """
    measured = counts > 0
    if np.count_nonzero(measured) < 3:
        return 0.0
    x, y = np.log(energy_ev[measured]), np.log(counts[measured])
    slope = np.polyfit(x, y, 1, w=np.sqrt(counts[measured]))[0]
    return float(np.clip(-slope, 0.0, 8.0))
