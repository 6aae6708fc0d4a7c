"""Where peaks of known lines stand in a spectrum.

A peak is fitted as the components of its line group with a common shift and width on a straight background,
so that the doublet of Fe Ka, or the many transitions of an L group, do not pull the position. Lines that
others overlap are measured too, but say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from data.axes import EnergyAxis
from data.xray_lines import XrayLine, detector_fwhm_kev, line, lines_of, transitions_of

_MOST_SHIFT_KEV = 0.12  # farther off, the peak next door is taken for the line
_LEAST_COUNTS = 100.0  # above background: the position of fewer is known to no better than 10 eV
_LEAST_SIGMA = 5.0
_OVERLAP_FWHM = 1.6  # a neighbour within so many FWHM pulls the fitted position
_OVERLAP_WEIGHT = 0.15  # ... if it may be so strong beside the line


@dataclass(frozen=True)
class PeakFit:
    """Where one line lies in a spectrum.

    Attributes
    ----------
    line, nominal_kev : the line and its tabulated energy
    measured_kev, error_kev : position of its peak on the axis, and standard error
    fwhm_kev : fitted width of one component, keV
    counts : counts of the peak above its background
    doubt : why the position is not to be trusted, one short phrase; empty where it is
    """

    line: str
    nominal_kev: float
    measured_kev: float
    error_kev: float
    fwhm_kev: float
    counts: float
    doubt: str = ""

    @property
    def difference_ev(self) -> float:
        """Measured minus nominal, eV."""
        return 1e3 * (self.measured_kev - self.nominal_kev)


def measure_peaks(
    spectrum: np.ndarray, axis: EnergyAxis, lines: Sequence[str], beam_kev: float | None = None
) -> tuple[PeakFit, ...]:
    """Positions of lines in a spectrum, in the order asked for.

    Parameters
    ----------
    spectrum : (n_channels,) counts
    axis : calibrated energy axis of the spectrum
    lines : names such as "Fe_Ka"; those of one sample, for each is tested for overlap with the others
    beam_kev : beam energy, or None where it is unknown

    Raises
    ------
    ValueError
        A line is unknown, or the axis has no calibration.
    """
    if not axis.calibrated:
        raise ValueError(
            "This energy axis has no calibration to check. Type the energy of the first channel and the "
            "width of a channel first."
        )
    asked = [line(name) for name in lines]
    beam = np.inf if beam_kev is None else beam_kev
    present = [
        other
        for element in dict.fromkeys(one.element for one in asked)
        for other in lines_of(element)
        if other.edge_kev < beam
    ]
    return tuple(_measured(spectrum, axis, one, present) for one in asked)


def _measured(spectrum: np.ndarray, axis: EnergyAxis, one: XrayLine, present: list[XrayLine]) -> PeakFit:
    fwhm = float(detector_fwhm_kev(one.energy_kev))
    nothing = PeakFit(one.name, one.energy_kev, one.energy_kev, np.inf, fwhm, 0.0)
    if not axis.low_kev + fwhm < one.energy_kev < axis.high_kev - fwhm:
        return replace(nothing, doubt="off the axis")
    near = axis.window(one.energy_kev - 0.6, one.energy_kev + 0.6)
    spectrum, axis = spectrum[near], axis.cropped(near)
    shape = _components(one)
    position = _highest(spectrum, axis, one, fwhm)
    for _ in range(2):  # the window follows the peak
        fitted = _fit(spectrum, axis, one, shape, position, fwhm)
        if fitted is None:
            return replace(nothing, doubt="no peak found")
        position, width, counts, error, counts_error = fitted
    if counts < max(_LEAST_COUNTS, _LEAST_SIGMA * counts_error):
        return replace(nothing, counts=max(counts, 0.0), doubt="too few counts")
    doubt = ""
    if abs(position - one.energy_kev) > _MOST_SHIFT_KEV:
        doubt = "too far off: another line?"
    elif not 0.6 < width / fwhm < 1.5:
        doubt = "not the width of a single line"
    else:
        doubt = _overlap(one, present, fwhm)
    return PeakFit(one.name, one.energy_kev, position, error, width, counts, doubt)


def _components(one: XrayLine) -> tuple[np.ndarray, np.ndarray]:
    """Energies of the transitions of a group relative to its mean, keV, and their shares."""
    group = one.name.partition("_")[2]
    members = [
        other for other in transitions_of(one.element) if other.name.partition("_")[2].startswith(group)
    ]
    energy = np.array([other.energy_kev for other in members] or [one.energy_kev])
    share = np.array([other.photon_yield for other in members] or [1.0])
    return energy - one.energy_kev, share / share.sum()


def _overlap(one: XrayLine, present: list[XrayLine], fwhm: float) -> str:
    """What pulls the peak of a line, as a phrase: the strongest near line of the sample; empty for none."""
    near = [
        other
        for other in present
        if other.name != one.name
        and abs(other.energy_kev - one.energy_kev) < _OVERLAP_FWHM * fwhm
        and other.weight > _OVERLAP_WEIGHT * one.weight
        # lines of one family keep their ratio: a weak one pulls no more than that ratio
        and not (
            other.element == one.element and other.family == one.family and other.weight < 0.2 * one.weight
        )
    ]
    return f"overlaps {max(near, key=lambda other: other.weight).name}" if near else ""


def _highest(spectrum: np.ndarray, axis: EnergyAxis, one: XrayLine, fwhm: float) -> float:
    """Energy near a line where a box as wide as the line holds most above its flanks."""
    best, best_height = one.energy_kev, -np.inf
    for shift in np.arange(-0.08, 0.0801, 0.5 * axis.scale_kev):
        centre = one.energy_kev + shift
        inside = float(axis.overlap(centre - 0.5 * fwhm, centre + 0.5 * fwhm) @ spectrum)
        around = float(axis.overlap(centre - fwhm, centre + fwhm) @ spectrum)
        height = 2.0 * inside - around
        if height > best_height:
            best, best_height = centre, height
    return best


def _fit(
    spectrum: np.ndarray,
    axis: EnergyAxis,
    one: XrayLine,
    shape: tuple[np.ndarray, np.ndarray],
    start_kev: float,
    fwhm: float,
) -> tuple[float, float, float, float, float] | None:
    """Position, width, counts, their standard errors; None where the fit does not settle.

    Gauss-Newton on position and width, with height and straight background solved for in every step.
    """
    channels = axis.window(start_kev - 1.1 * fwhm, start_kev + 1.1 * fwhm)
    energy = axis.energy_kev[channels]
    if energy.size < 5:
        return None
    counts = np.asarray(spectrum[channels], np.float64)
    weight = 1.0 / np.sqrt(np.maximum(counts, 1.0))
    along = (energy - energy.mean()) / fwhm
    position, width = start_kev, fwhm
    for _ in range(12):
        peak, by_position, by_width = _peak(energy, shape, position, width, axis.scale_kev)
        linear = np.stack([peak, np.ones_like(along), along], axis=1)
        height, *_ = np.linalg.lstsq(linear * weight[:, None], counts * weight, rcond=None)[0]
        if not height > 0:
            return None
        columns = np.column_stack([linear, height * by_position, height * by_width])
        normal = (columns * weight[:, None] ** 2).T @ columns
        answer = np.linalg.lstsq(columns * weight[:, None], counts * weight, rcond=None)[0]
        step, widen = np.clip(answer[3], -0.3 * fwhm, 0.3 * fwhm), np.clip(answer[4], -0.2 * fwhm, 0.2 * fwhm)
        position, width = position + step, float(np.clip(width + widen, 0.4 * fwhm, 2.0 * fwhm))
        if abs(position - start_kev) > 0.8 * fwhm:
            return None
        if abs(step) < 1e-6 and abs(widen) < 1e-5:
            break
    spread = np.sqrt(np.maximum(np.diag(np.linalg.pinv(normal, hermitian=True)), 0.0))
    return float(position), width, float(answer[0]), float(spread[3]), float(spread[0])


def _peak(
    energy: np.ndarray, shape: tuple[np.ndarray, np.ndarray], position: float, width: float, channel: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A peak of one count and its derivatives by position and by width, (n_channels,) each."""
    sigma = width / 2.3548
    z = (energy[:, None] - position - shape[0]) / sigma
    each = shape[1] * channel / (sigma * np.sqrt(2 * np.pi)) * np.exp(-0.5 * z**2)
    return (
        each.sum(axis=1),
        (each * z / sigma).sum(axis=1),
        (each * (z**2 - 1.0) / sigma).sum(axis=1) / 2.3548,
    )
