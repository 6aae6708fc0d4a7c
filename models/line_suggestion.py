"""Which elements does a sum spectrum show? Lines to map where the metadata name none.

Orthogonal matching pursuit with a physical dictionary: the template that explains most of what is left
above the background, weighted by how common the element is, is chosen; after each choice all amplitudes
are fitted again together, and a template that a later one explains better is dropped.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from data.axes import EnergyAxis
from data.element_abundance import commonness
from data.spectrum_image import SpectrumImage
from data.xray_lines import best_line
from models.spectrum_templates import (
    Family,
    Fit,
    Response,
    clipped_background,
    families_on,
    fit_templates,
)

_LOWEST_KEV = 0.2  # below lie the zero peak, the threshold and outer-shell lines of everything
_LEAST_COUNTS = 50
_LEAST_SIGMA = 5.0  # for an element as common as oxygen; rarer ones must be seen more clearly
_RARE_SIGMA = 11.0
_LEAST_PEAK_SIGMA = 4.0  # of the main line over its own flanks
_LEAST_PART = 0.08  # a line must make so much of the counts above background at its own energy
_MAX_FAMILIES = 40
_N_CALIBRATING = 8  # the response is found from so many of the clearest families of common elements
_CALIBRATING_COMMONNESS = 0.65


@dataclass(frozen=True)
class LineSuggestion:
    """One element that the spectrum shows, and the line to map it by.

    ``score`` is the significance of the line in standard deviations (counting statistics and the error
    of the templates); ``net_counts`` the counts of the line above background in the sum spectrum.
    """

    line: str
    element: str
    energy_kev: float
    score: float
    net_counts: float
    reason: str


def suggest_lines(
    image: SpectrumImage, max_lines: int = 12, exclude: tuple[str, ...] = ()
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
    found = suggest_for_spectrum(image.sum_spectrum(), image.energy, image.beam_kev)
    return tuple(one for one in found if one.element not in exclude)[:max_lines]


def suggest_for_spectrum(
    spectrum: np.ndarray, axis: EnergyAxis, beam_kev: float | None
) -> tuple[LineSuggestion, ...]:
    """All elements that a spectrum shows, the clearest first.

    Parameters
    ----------
    spectrum : (n_channels,) counts
    beam_kev : beam energy; None: where the bremsstrahlung ends
    """
    beam_kev = _beam_limit_kev(spectrum, axis) if beam_kev is None else beam_kev
    channels = axis.window(max(_LOWEST_KEV, axis.low_kev), min(beam_kev, axis.high_kev))
    counts = spectrum[channels].astype(np.float64)
    if counts.sum() < _LEAST_COUNTS:
        return ()
    region = axis.cropped(channels)
    families = families_on(region, beam_kev)
    response = _calibrated(families, counts, region)
    chosen, fit = _pursue(families, counts, response, _MAX_FAMILIES)
    return _suggestions(chosen, fit, region, beam_kev)


def _beam_limit_kev(spectrum: np.ndarray, axis: EnergyAxis) -> float:
    """The energy where the bremsstrahlung ends (Duane & Hunt), or infinity where the axis ends first."""
    cumulated = np.cumsum(np.where(axis.energy_kev < _LOWEST_KEV, 0, spectrum))
    if cumulated[-1] < _LEAST_COUNTS:
        return math.inf
    limit = axis.energy_kev[np.searchsorted(cumulated, 0.9995 * cumulated[-1])]
    return math.inf if limit > 0.85 * axis.high_kev else 1.05 * float(limit)


def _calibrated(families: list[Family], counts: np.ndarray, axis: EnergyAxis) -> Response:
    """Offset, gain and resolution that the clearest peaks of common elements show.

    Files are off by up to 40 eV, enough for a residual beside a strong peak to look like another element.
    """
    response = Response(axis)
    common = [one for one in families if commonness(one.element) >= _CALIBRATING_COMMONNESS]
    chosen, fit = _pursue(common, counts, response, _N_CALIBRATING)
    # one peak fixes an offset, but neither a gain nor, if others hide in it, a width
    if len(chosen) < 3:
        return response
    for _ in range(4):
        response = response.corrected(fit, axis)
        templates = np.stack([one.template(response) for one in chosen])
        fit = fit_templates(templates, counts, clipped_background(counts, response), response.axis)
    return response


def _pursue(
    families: list[Family], counts: np.ndarray, response: Response, most: int
) -> tuple[list[Family], Fit]:
    """Choose families one after the other until none is significant, or there are ``most``."""
    background = clipped_background(counts, response)
    templates = np.stack([one.template(response) for one in families]) if families else counts[None][:0]
    chosen: list[int] = []
    rejected: set[int] = set()
    while True:
        fit = fit_templates(templates[chosen], counts, background, response.axis)
        weak = [i for i, sigma in enumerate(fit.sigma) if sigma < _least_sigma(families[chosen[i]])]
        if weak:
            # something chosen later explains it better; without it the others are fitted anew
            weakest = min(weak, key=lambda i: fit.sigma[i])
            rejected.add(chosen.pop(weakest))
            continue
        offered = [i for i in range(len(families)) if i not in rejected and i not in chosen]
        best = None
        if len(chosen) < most:
            best = _best(families, templates, offered, chosen, counts - background, fit, response)
        if best is None:
            return [families[i] for i in chosen], fit
        chosen.append(best)


def _least_sigma(one: Family) -> float:
    return _RARE_SIGMA + (_LEAST_SIGMA - _RARE_SIGMA) * commonness(one.element)


def _best(
    families: list[Family],
    templates: np.ndarray,
    offered: list[int],
    chosen: list[int],
    net: np.ndarray,
    fit: Fit,
    response: Response,
) -> int | None:
    """The family that explains most of the residual, times how common its element is; None: none does."""
    seen = {(families[i].element, families[i].family) for i in chosen}
    overlap = templates[offered] @ (fit.residual / fit.variance)
    norm = templates[offered] ** 2 @ (1.0 / fit.variance)
    sigma = overlap / np.sqrt(np.maximum(norm, 1e-30))
    merit = sigma * [commonness(families[i].element) for i in offered]
    for place in np.argsort(-merit):
        one = families[offered[place]]
        if merit[place] <= 0:
            return None
        if sigma[place] < _least_sigma(one) or (one.needs and (one.element, one.needs) not in seen):
            continue
        # the main line must itself be a peak, as strong as the family says, and no small part of another
        hat = response.top_hat(one.main.energy_kev)
        noise = math.sqrt(float(hat**2 @ fit.variance))
        expected = overlap[place] / norm[place] * float(hat @ templates[offered[place]])
        if float(hat @ fit.residual) < max(0.5 * expected, _LEAST_PEAK_SIGMA * noise):
            continue
        half = 0.6 * response.fwhm_kev(one.main.energy_kev)
        window = response.axis.window(one.main.energy_kev - half, one.main.energy_kev + half)
        if fit.residual[window].sum() >= _LEAST_PART * net[window].clip(0).sum():
            return offered[place]
    return None


def _suggestions(
    chosen: list[Family], fit: Fit, axis: EnergyAxis, beam_kev: float
) -> tuple[LineSuggestion, ...]:
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
    return tuple(sorted(found, key=lambda one: -one.score))
