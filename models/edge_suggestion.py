"""Which ionisation edges does an energy-loss map show? Edges or, without any, bands to map.

An edge is a step over the power law that the losses before it extrapolate to. Steps are sought in the sum
spectrum; each is given the edge of the most plausible element that begins there: one that the file names, one
whose onset is near, a common one.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from scipy.signal import find_peaks

from data.element_abundance import commonness
from data.loss_edges import LossEdge, edges_on
from data.loss_maps import power_law_exponent
from data.spectrum_image import SpectrumImage

_STEP_EV = 1.0
_BEHIND_EV = 12.0  # behind an onset: where the step is measured
_BEFORE, _LEAST_BEFORE_EV = 0.06, 16.0  # the window before it: relative to the energy, and at least
_MARGIN_EV = 3.0
_LEAST_RISE, _LEAST_SIGMA = 0.03, 6.0
_APART_EV = 15.0
_NEAR = 0.025  # relative distance at which an onset is no longer that of a tabulated edge
_N_BANDS = 8


@dataclass(frozen=True)
class EdgeSuggestion:
    """An edge of the sum spectrum: its name, where the step is, its height over the background, its "
    "reason."""

    edge: str
    onset_ev: float
    rise: float
    reason: str


def suggest_edges(image: SpectrumImage, exclude: tuple[str, ...] = ()) -> tuple[EdgeSuggestion, ...]:
    """The edges that the sum spectrum shows, by energy; () where nothing rises above the background.

    Parameters
    ----------
    image : energy losses, calibrated
    exclude : elements that are not to be suggested
    """
    onset, rise, sigma = _steps(image)
    if not onset.size:
        return ()
    known = [one for one in edges_on(image.energy) if one.element not in exclude]
    found: dict[str, EdgeSuggestion] = {}
    peaks, _ = find_peaks(rise, height=_LEAST_RISE, distance=max(1, round(_APART_EV / _STEP_EV)))
    for peak in sorted(peaks, key=lambda peak: -rise[peak]):
        if rise[peak] < _LEAST_SIGMA * sigma[peak]:
            continue
        scored = [(_plausible(one, onset[peak], image.elements), one) for one in known]
        near = [one for score, one in sorted(scored, key=lambda pair: -pair[0]) if score > 0]
        if not near or near[0].name in found:
            continue
        best = near[0]
        others = [one.name for one in near[1:3]]
        reason = f"{100 * rise[peak]:.0f} % above the background at {onset[peak]:.0f} eV"
        reason += f", or {' or '.join(others)}" if others else ""
        found[best.name] = EdgeSuggestion(best.name, float(onset[peak]), float(rise[peak]), reason)
    return tuple(sorted(found.values(), key=lambda one: one.onset_ev))


def equal_bands(image: SpectrumImage, n_bands: int = _N_BANDS) -> tuple[str, ...]:
    """Names of bands of equal width that cover the axis, for spectra without edges."""
    low, high = 1e3 * image.energy.low_kev, 1e3 * image.energy.high_kev
    bounds = np.linspace(low, high, min(n_bands, image.energy.n_channels) + 1)
    digits = 0 if (high - low) / n_bands >= 5 else 2
    bounds = np.round(bounds, digits)
    return tuple(f"{a:g}-{b:g} eV" for a, b in itertools.pairwise(bounds) if b > a)


def _plausible(one: LossEdge, onset_ev: float, named: tuple[str, ...]) -> float:
    """How plausible it is that a step at an energy is this edge; 0 where it is not."""
    # a step is seen a few eV around the onset, and solids begin earlier than the atoms of the table
    away = abs(onset_ev - 0.99 * one.onset_ev) / one.onset_ev
    if away > _NEAR:
        return 0.0
    nearness = 1.0 - (away / _NEAR) ** 2
    return nearness * (1e-3 + commonness(one.element) ** 2 + (2.0 if one.element in named else 0.0))


def _steps(image: SpectrumImage) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Energies, and how much the counts behind each rise above those before it, with its standard error."""
    energy = 1e3 * image.energy.energy_kev
    counts = image.sum_spectrum().astype(np.float64)
    first, last = max(energy[0], 20.0) + _LEAST_BEFORE_EV + _MARGIN_EV, energy[-1] - _BEHIND_EV
    places = np.arange(first, last, _STEP_EV)
    rise, sigma = np.zeros(places.size), np.full(places.size, np.inf)
    for i, place in enumerate(places):
        width = max(_BEFORE * place, _LEAST_BEFORE_EV)
        before = (energy >= place - _MARGIN_EV - width) & (energy < place - _MARGIN_EV)
        behind = (energy >= place) & (energy < place + _BEHIND_EV)
        if np.count_nonzero(before) < 8 or np.count_nonzero(behind) < 4 or counts[before].min() <= 0:
            continue
        exponent = power_law_exponent(energy[before], counts[before])
        scale = counts[before].sum() / (energy[before] ** -exponent).sum()
        expected = scale * energy[behind] ** -exponent
        # the scatter around the fit, whatever the camera makes of single electrons
        residual = counts[before] - scale * energy[before] ** -exponent
        spread = residual.std() * np.sqrt(1 / np.count_nonzero(behind) + 4 / np.count_nonzero(before))
        rise[i] = counts[behind].mean() / expected.mean() - 1
        sigma[i] = max(spread / expected.mean(), 1e-9)
    return places, rise, sigma
