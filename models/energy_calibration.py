"""An energy axis that puts the peaks of known lines right.

The positions are those of :mod:`models.peak_positions`; lines that others overlap take no part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from data.axes import EnergyAxis
from data.xray_lines import line
from models.peak_positions import PeakFit, measure_peaks

_TABLE_ERROR_KEV = 0.002  # of tabulated energies, chemical shifts and incomplete charge collection
_SOFT_KEV, _SOFT_ERROR_KEV = 0.9, 0.010  # ... which pulls soft lines by up to 20 eV
_SPREAD_KEV = 1.0  # lines closer together fix an offset, but no scale
_MOST_SCALE_ERROR = 0.05


@dataclass(frozen=True)
class Calibration:
    """An energy axis found from lines.

    Attributes
    ----------
    offset_kev, scale_kev : energy of the first channel and width of a channel that fit the lines best
    peaks : what was measured, on the axis as it was before
    used : names of the lines that decided, by energy
    residual_ev : root mean square of what is left between these lines and their energies, eV
    says : what was done, one sentence
    """

    offset_kev: float
    scale_kev: float
    peaks: tuple[PeakFit, ...]
    used: tuple[str, ...]
    residual_ev: float
    says: str


def calibrate(
    spectrum: np.ndarray, axis: EnergyAxis, lines: Sequence[str], beam_kev: float | None = None
) -> Calibration:
    """Offset and scale of the axis that put the peaks of lines at their tabulated energies.

    Weighted least squares of nominal energy over measured channel; a line that does not fit the others is
    left out. Lines within 1 keV of each other fix the offset alone.

    Raises
    ------
    ValueError
        No line can be measured well enough; as for :func:`measure_peaks`.
    """
    peaks = measure_peaks(spectrum, axis, lines, beam_kev)
    offset, scale, used, residual, only_offset = axis.offset_kev, axis.scale_kev, (), 0.0, True
    # peaks are sought anew on the better axis: those far off were perhaps not found on the first
    for _ in range(3):
        better = replace(axis, offset_kev=offset, scale_kev=scale)
        good = [one for one in measure_peaks(spectrum, better, lines, beam_kev) if not one.doubt]
        if not good:
            raise ValueError(_nothing_to_go_by(peaks))
        offset, scale, used, residual, only_offset = _regression(good, better)
    corrected = replace(axis, offset_kev=offset, scale_kev=scale)
    moves = " and ".join(
        f"{_moved_ev(energy, axis, corrected):+.1f} eV at {energy:.2f} keV"
        for energy in sorted({line(name).energy_kev for name in (used[0], used[-1])})
    )
    says = f"Fitted from {_listed(sorted(used, key=lines.index))}: energies move by {moves}"
    if only_offset:
        says += "; these lines are too close together to correct the width of a channel as well."
    else:
        says += f"; the lines now lie within {residual:.1f} eV (root mean square)."
    return Calibration(offset, scale, peaks, tuple(used), residual, says)


def from_first_channel(found: Calibration, measured: EnergyAxis, file: EnergyAxis) -> Calibration:
    """The calibration for the axis of the file, whose first channels were cut off before measuring.

    Parameters
    ----------
    found : calibration of ``measured``
    measured, file : axes with the same channels, of which ``measured`` begins later
    """
    n_cut = round((measured.offset_kev - file.offset_kev) / file.scale_kev)
    return replace(found, offset_kev=found.offset_kev - n_cut * found.scale_kev)


def _regression(good: list[PeakFit], axis: EnergyAxis) -> tuple[float, float, tuple[str, ...], float, bool]:
    """Offset, scale, lines used, root mean square in eV, and whether only the offset was free."""
    kept = list(good)
    while True:
        nominal = np.array([one.nominal_kev for one in kept])
        measured = np.array([one.measured_kev for one in kept])
        known_to = np.where(nominal < _SOFT_KEV, _SOFT_ERROR_KEV, _TABLE_ERROR_KEV)
        sigma = np.hypot([one.error_kev for one in kept], known_to)
        only_offset = nominal.max() - nominal.min() < _SPREAD_KEV
        if only_offset:
            slope, shift = 1.0, float(np.average(nominal - measured, weights=sigma**-2))
        else:
            slope, shift = np.polyfit(measured, nominal, 1, w=1.0 / sigma)
        left = nominal - (shift + slope * measured)
        # the worst of at least four lines may be another element's, or overlapped by one nobody named
        worst = int(np.abs(left / sigma).argmax())
        others = np.delete(left, worst)
        if len(kept) >= 4 and abs(left[worst]) > max(0.006, 4.0 * float(np.sqrt(np.mean(others**2)))):
            del kept[worst]
            continue
        break
    if abs(slope - 1.0) > _MOST_SCALE_ERROR:
        slope, shift = 1.0, float(np.average(nominal - measured, weights=sigma**-2))
        left, only_offset = nominal - shift - measured, True
    return (
        float(shift + slope * axis.offset_kev),
        float(slope * axis.scale_kev),
        tuple(one.line for one in sorted(kept, key=lambda one: one.nominal_kev)),
        1e3 * float(np.sqrt(np.mean(left**2))),
        only_offset,
    )


def _moved_ev(energy_kev: float, before: EnergyAxis, after: EnergyAxis) -> float:
    """How far the channel at an energy moves from one axis to another, eV."""
    channel = (energy_kev - after.offset_kev) / after.scale_kev
    return 1e3 * (energy_kev - before.offset_kev - channel * before.scale_kev)


def _nothing_to_go_by(peaks: tuple[PeakFit, ...]) -> str:
    why = "; ".join(f"{one.line} {one.doubt}" for one in peaks) or "no line is chosen"
    return (
        f"No line can be measured well enough to calibrate by: {why}. Choose strong lines that stand alone."
    )


def _listed(lines: Sequence[str]) -> str:
    return lines[0] if len(lines) == 1 else f"{', '.join(lines[:-1])} and {lines[-1]}"
