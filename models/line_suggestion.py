"""Which elements does a map show? Lines to map where the metadata name none.

The sum spectrum is explained by matching pursuit with the lines of the elements; then the parts of the
map are searched for elements that only few pixels hold and the sum hides.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from data.axes import EnergyAxis
from data.spectrum_image import SpectrumImage
from data.xray_lines import best_line
from models.matching_pursuit import LocalFind, calibrated, pursue, pursue_locally
from models.spectrum_templates import Family, Fit, families_on

_LOWEST_KEV = 0.2  # below lie the zero peak, the threshold and outer-shell lines of everything
_LEAST_COUNTS = 50
_MAX_FAMILIES = 40
_PARTS_PER_SIDE = 8  # a grain that is 0.3 % of the map is a fifth of one of its parts
_LEAST_SIDE = 8  # pixels: smaller parts hold too few counts


@dataclass(frozen=True)
class LineSuggestion:
    """One element that the spectrum shows, and the line to map it by.

    Attributes
    ----------
    line, element, energy_kev : "Fe_Ka", "Fe", 6.40
    score : significance in standard deviations, of counting statistics and the error of the templates,
        in the sum spectrum or, for an element of few pixels, in the part of the map that shows it best
    net_counts : counts of the line above background, in that spectrum
    reason : one sentence for a person
    """

    line: str
    element: str
    energy_kev: float
    score: float
    net_counts: float
    reason: str


def suggest_lines(
    image: SpectrumImage, max_lines: int = 16, exclude: tuple[str, ...] = ()
) -> tuple[LineSuggestion, ...]:
    """Lines of the elements in a map, the clearest first.

    Parameters
    ----------
    max_lines : return no more than so many
    exclude : elements that are not to be suggested (coating, substrate); their lines still explain
        peaks, so that no other element is claimed for them

    Raises
    ------
    ValueError
        The energy axis has no calibration.
    """
    if not image.energy.calibrated:
        raise ValueError(
            "The energy axis of this map has no calibration, so its peaks have no names. "
            "Give the energy of the first channel and the width of a channel first."
        )
    found = suggest_for_parts(image.sum_by_label(*_parts(image.shape)), image.energy, image.beam_kev)
    return tuple(one for one in found if one.element not in exclude)[:max_lines]


def suggest_for_parts(
    parts: np.ndarray, axis: EnergyAxis, beam_kev: float | None
) -> tuple[LineSuggestion, ...]:
    """All elements that the parts of a map show together or singly, the clearest first.

    Parameters
    ----------
    parts : (n_parts, n_channels) counts of every part; one part is a single spectrum
    beam_kev : beam energy; None: where the bremsstrahlung ends
    """
    beam_kev = beam_limit_kev(parts.sum(axis=0), axis) if beam_kev is None else beam_kev
    channels = axis.window(max(_LOWEST_KEV, axis.low_kev), min(beam_kev, axis.high_kev))
    parts = parts[:, channels].astype(np.float64)
    if parts.sum() < _LEAST_COUNTS:
        return ()
    total, region = parts.sum(axis=0), axis.cropped(channels)
    families = families_on(region, beam_kev)
    response = calibrated(families, total, region)
    chosen, fit = pursue(families, total, response, _MAX_FAMILIES)
    found = _suggestions(chosen, fit, region, beam_kev)
    if len(parts) > 1 and chosen:
        local = pursue_locally(families, chosen, parts, response)
        known = {one.element for one in found}
        found += [_local_suggestion(one) for one in local if one.family.element not in known]
    return tuple(sorted(found, key=lambda one: -one.score))


def _parts(shape: tuple[int, int]) -> tuple[np.ndarray, int]:
    """Labels of the tiles of a map, (n_y * n_x,) int32, and their number."""
    n_y, n_x = (max(1, min(_PARTS_PER_SIDE, n // _LEAST_SIDE)) for n in shape)
    y, x = (np.arange(n) * m // n for n, m in zip(shape, (n_y, n_x), strict=True))
    return (y[:, None] * n_x + x[None, :]).ravel().astype(np.int32), n_y * n_x


def beam_limit_kev(spectrum: np.ndarray, axis: EnergyAxis) -> float:
    """The energy where the bremsstrahlung ends (Duane & Hunt), or infinity where the axis ends first."""
    cumulated = np.cumsum(np.where(axis.energy_kev < _LOWEST_KEV, 0, spectrum))
    if cumulated[-1] < _LEAST_COUNTS:
        return math.inf
    limit = axis.energy_kev[np.searchsorted(cumulated, 0.9995 * cumulated[-1])]
    return math.inf if limit > 0.85 * axis.high_kev else 1.05 * float(limit)


def _suggestions(chosen: list[Family], fit: Fit, axis: EnergyAxis, beam_kev: float) -> list[LineSuggestion]:
    found = []
    for element in dict.fromkeys(one.element for one in chosen):
        indices = [i for i, one in enumerate(chosen) if one.element == element]
        usual = best_line(element, beam_kev, axis.low_kev, axis.high_kev)
        strongest = max(indices, key=lambda i: fit.sigma[i])
        index = next((i for i in indices if chosen[i].main.name == usual.name), strongest)
        main, net_counts = chosen[index].main, float(fit.amplitude[index])
        others = [chosen[i].family for i in indices if i != index and len(chosen[i].family) == 1]
        also = f"; its {' and '.join(others)} lines are seen too" if others else ""
        reason = f"{net_counts:,.0f} counts above background at {main.energy_kev:.2f} keV{also}"
        score = float(fit.sigma[index])
        found.append(LineSuggestion(main.name, element, main.energy_kev, score, net_counts, reason))
    return found


def _local_suggestion(one: LocalFind) -> LineSuggestion:
    main = one.family.main
    reason = (
        f"{one.net_counts:,.0f} counts at {main.energy_kev:.2f} keV in one part of the map: a minor phase"
    )
    return LineSuggestion(main.name, main.element, main.energy_kev, one.sigma, one.net_counts, reason)
