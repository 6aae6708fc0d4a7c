"""What could a peak be? Candidate lines at an energy, and whether the rest of their family is there too."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from data.axes import EnergyAxis
from data.xray_lines import XrayLine, candidates, detector_fwhm_kev, lines_of
from models.spectrum_templates import Response

_TOLERANCE_FWHM = 0.9
_LEAST_TOLERANCE_KEV = 0.06
_MOST = 12
_LEAST_WEIGHT = 0.05  # weaker lines of a family prove nothing
_SEEN_SIGMA = 4.0
_LOWEST_KEV = 0.15


@dataclass(frozen=True)
class Partner:
    """Another line that a candidate would bring along.

    Attributes
    ----------
    line, energy_kev : "Fe_Kb", 7.06
    weight : intensity relative to the candidate, of the same family; of another family NaN: there it
        depends on beam and absorption
    seen : whether the spectrum has a peak there; None where the axis or the beam ends before, or where the
        line stands within the candidate's own peak
    """

    line: str
    energy_kev: float
    weight: float
    seen: bool | None


@dataclass(frozen=True)
class Candidate:
    """One line that a peak could be.

    Attributes
    ----------
    line, element, family, energy_kev : "Fe_Ka", "Fe", "K", 6.40
    distance_ev : line minus peak
    weight : intensity relative to the strongest line of its family; below 1 that one must be seen too
    partners : the other lines of the element that matter, by energy
    chosen : whether its map is made already
    """

    line: str
    element: str
    family: str
    energy_kev: float
    distance_ev: float
    weight: float
    partners: tuple[Partner, ...]
    chosen: bool

    @property
    def contradicted(self) -> bool:
        """A line of the same family that would show has no peak: the candidate cannot be it."""
        return any(one.seen is False and one.weight > 0.4 for one in self.partners)


def nearest_peak(spectrum: np.ndarray, axis: EnergyAxis, energy_kev: float) -> float:
    """Energy of the peak next to an energy, keV; the energy itself where there is none near.

    The highest point of the smoothed spectrum within one FWHM, refined by a parabola.
    """
    fwhm = float(detector_fwhm_kev(max(energy_kev, 0.0)))
    reach = axis.window(energy_kev - 0.7 * fwhm, energy_kev + 0.7 * fwhm)
    if reach.stop - reach.start < 3:
        return energy_kev
    width = max(1, round(0.4 * fwhm / axis.scale_kev))
    padded = np.asarray(spectrum[max(0, reach.start - width) : reach.stop + width], np.float64)
    smooth = np.convolve(padded, np.hanning(2 * width + 1)[1:-1] if width > 1 else [1.0], mode="same")
    first = max(0, reach.start - width)
    local = smooth[reach.start - first : reach.stop - first]
    top = int(local.argmax())
    if top in (0, local.size - 1):
        return energy_kev
    left, middle, right = local[top - 1 : top + 2]
    bend = left - 2.0 * middle + right
    shift = 0.5 * (left - right) / bend if bend < 0 else 0.0
    return float(axis.offset_kev + axis.scale_kev * (reach.start + top + shift))


def candidates_at(
    spectrum: np.ndarray,
    axis: EnergyAxis,
    energy_kev: float,
    beam_kev: float | None = None,
    chosen: Collection[str] = (),
) -> tuple[Candidate, ...]:
    """Lines that a peak at an energy could be, the most plausible first.

    Candidates whose stronger lines are missing come last.

    Parameters
    ----------
    spectrum : (n_channels,) counts of the whole map
    axis : its calibrated energy axis
    energy_kev : where the peak is
    beam_kev : beam energy, or None where it is unknown
    chosen : names of the lines that have a map already

    Raises
    ------
    ValueError
        The axis has no calibration.
    """
    if not axis.has_xray_lines:
        raise ValueError(
            "This axis has no X-ray energies, so peaks have no names. Type the energy of the first channel "
            "and the width of a channel first."
        )
    tolerance = max(_LEAST_TOLERANCE_KEV, _TOLERANCE_FWHM * float(detector_fwhm_kev(max(energy_kev, 0.0))))
    found = [
        _candidate(one, spectrum, axis, energy_kev, beam_kev, chosen)
        for one in candidates(energy_kev, tolerance, beam_kev)[:_MOST]
    ]
    return tuple(sorted(found, key=lambda one: one.contradicted))


def _candidate(
    one: XrayLine,
    spectrum: np.ndarray,
    axis: EnergyAxis,
    peak_kev: float,
    beam_kev: float | None,
    chosen: Collection[str],
) -> Candidate:
    beam = np.inf if beam_kev is None else beam_kev
    partners = []
    for other in lines_of(one.element):
        if other.name == one.name or other.edge_kev >= beam or other.weight < _LEAST_WEIGHT:
            continue
        same = other.family == one.family
        if not same and not other.name.endswith("a"):
            continue
        weight = other.weight / one.weight if same else float("nan")
        seen = _is_peak(spectrum, axis, other.energy_kev, peak_kev)
        # a partner that is a small part of a faint peak may well be there unseen
        if seen is False and same and not _would_show(spectrum, axis, one, other):
            seen = None
        partners.append(Partner(other.name, other.energy_kev, weight, seen))
    return Candidate(
        one.name,
        one.element,
        one.family,
        one.energy_kev,
        1e3 * (one.energy_kev - peak_kev),
        one.weight,
        tuple(sorted(partners, key=lambda partner: partner.energy_kev)),
        one.name in chosen,
    )


def _is_peak(spectrum: np.ndarray, axis: EnergyAxis, energy_kev: float, not_at_kev: float) -> bool | None:
    """Is there a peak at an energy? None where that cannot be said."""
    fwhm = float(detector_fwhm_kev(energy_kev))
    if not max(axis.low_kev, _LOWEST_KEV) + 1.3 * fwhm < energy_kev < axis.high_kev - 1.3 * fwhm:
        return None
    if abs(energy_kev - not_at_kev) < 1.3 * fwhm:
        return None
    hat = Response(axis).top_hat(energy_kev)
    return float(hat @ spectrum) > _SEEN_SIGMA * float(np.sqrt(hat**2 @ np.maximum(spectrum, 1.0)))


def _would_show(spectrum: np.ndarray, axis: EnergyAxis, one: XrayLine, other: XrayLine) -> bool:
    """Would the other line stand out if the peak were all this one?"""
    response = Response(axis)
    hat, its_hat = response.top_hat(other.energy_kev), response.top_hat(one.energy_kev)
    shape = response.peak(one.energy_kev)
    counts = float(its_hat @ spectrum) / max(float(its_hat @ shape), 1e-9)
    expected = counts * other.weight / one.weight * float(hat @ response.peak(other.energy_kev))
    noise = float(np.sqrt(hat**2 @ np.maximum(spectrum, 1.0)))
    return expected > 2.0 * _SEEN_SIGMA * noise
