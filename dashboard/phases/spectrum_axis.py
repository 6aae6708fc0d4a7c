"""The axis of a spectrum plot for the map on show: energies, wavelengths, bands or element maps."""

from __future__ import annotations

import numpy as np

from dashboard.phases.opened import OpenedMap
from dashboard.phases.spectrum_plot import SpectrumPlot


def show_axis(plot: SpectrumPlot, prepared: OpenedMap) -> None:
    """Set range, unit and marked lines of a plot; its curves stay."""
    maps = prepared.maps
    if prepared.image is not None:
        energy = prepared.image.energy
        low = max(energy.low_kev, 0.0) if energy.has_xray_lines else energy.low_kev * energy.per_kev
        plot.set_energy(low, highest_energy(prepared), energy.label)
    elif prepared.has_curve:
        bands = maps.axis.shown
        half = 0.5 * float(np.diff(bands).min()) if bands.size > 1 else 0.5
        plot.set_energy(bands[0] - half, bands[-1] + half, maps.axis.label)
    else:
        plot.set_lines(maps.lines)
    plot.set_marks(*prepared.line_marks)


def highest_energy(prepared: OpenedMap) -> float:
    """Where the spectrum ends for the eye: the last channel with counts, not the end of the axis."""
    occupied = np.flatnonzero(prepared.sum_spectrum > prepared.sum_spectrum.max() * 1e-5)
    energy = prepared.image.energy
    last = energy.energy_kev[occupied[-1]] if occupied.size else energy.high_kev
    return float(min(energy.high_kev, last * 1.02 + 0.1) * energy.per_kev)
