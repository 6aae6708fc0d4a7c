"""Matching pursuit: the elements that explain a spectrum, chosen one after the other.

The template that explains most of what is left above the background, weighted by how common the element
is, is chosen; after each choice all amplitudes are fitted again together (orthogonal matching pursuit,
Pati et al., Asilomar Conf. 1993), and a template that a later one explains better is dropped.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from data.axes import EnergyAxis
from data.element_abundance import commonness
from models.spectrum_templates import (
    MODEL_ERROR,
    Family,
    Fit,
    Response,
    clipped_background,
    fit_templates,
    imperfections,
)

_LEAST_SIGMA = 5.0  # for an element as common as oxygen; rarer ones must be seen more clearly
_RARE_SIGMA = 11.0
_LEAST_PEAK_SIGMA = 4.0  # of the main line over its own flanks
_LEAST_PART = 0.08  # a line must make so much of the counts above background at its own energy
_LOCAL_PART = 0.2  # ... and so much where it is seen in one part of the map alone
_LOCAL_SIGMA = 2.5  # so much more in a part of a map: there are many parts to be wrong in
_N_CALIBRATING = 8  # the response is found from so many of the clearest families of common elements
_CALIBRATING_COMMONNESS = 0.65


@dataclass(frozen=True)
class LocalFind:
    """A family that one part of a map shows: the part, significance and counts of the main line there."""

    family: Family
    part: int
    sigma: float
    net_counts: float


def calibrated(
    families: list[Family], counts: np.ndarray, axis: EnergyAxis, known: Sequence[Family] = ()
) -> Response:
    """Offset, gain and resolution that the clearest peaks of common elements, and of known ones, show.

    Files are off by up to 40 eV, enough for a residual beside a strong peak to look like another element.
    """
    response = Response(axis)
    common = [one for one in families if one in known or commonness(one.element) >= _CALIBRATING_COMMONNESS]
    chosen, _ = pursue(common, counts, response, _N_CALIBRATING, known)
    return settled(chosen, counts, response, axis)


def settled(families: list[Family], counts: np.ndarray, response: Response, axis: EnergyAxis) -> Response:
    """The response that puts these families where the spectrum has them; ``axis`` is that of the file."""
    # one peak fixes an offset, but neither a gain nor, if others hide in it, a width
    if len(families) < 3:
        return response
    for _ in range(4):
        templates = np.stack([one.template(response) for one in families])
        fit = fit_templates(templates, counts, clipped_background(counts, response), response.axis)
        response = response.corrected(fit, axis)
    return response


def pursue(
    families: list[Family],
    counts: np.ndarray,
    response: Response,
    most: int,
    known: Sequence[Family] = (),
) -> tuple[list[Family], Fit]:
    """Choose families one after the other until none is significant, or there are ``most``.

    Families that are ``known`` are chosen from the start and stay; they do not count as chosen here.
    """
    background = clipped_background(counts, response)
    templates = np.stack([one.template(response) for one in families]) if families else counts[None][:0]
    given = [families.index(one) for one in known]
    chosen = list(given)
    rejected: set[int] = set()
    while True:
        fit = fit_templates(templates[chosen], counts, background, response.axis)
        weak = [
            i
            for i, sigma in enumerate(fit.sigma)
            if chosen[i] not in given and sigma < _least_sigma(families[chosen[i]])
        ]
        if weak:
            # something chosen later explains it better; without it the others are fitted anew
            weakest = min(weak, key=lambda i: fit.sigma[i])
            rejected.add(chosen.pop(weakest))
            continue
        offered = [i for i in range(len(families)) if i not in rejected and i not in chosen]
        best = None
        if len(chosen) < most + len(given):
            best = _best(families, templates, offered, chosen, counts - background, fit, response)
        if best is None:
            return [families[i] for i in chosen], fit
        chosen.append(best)


def _least_sigma(one: Family) -> float:
    return _RARE_SIGMA + (_LEAST_SIGMA - _RARE_SIGMA) * commonness(one.element)


def pursue_locally(
    families: list[Family], chosen: list[Family], parts: np.ndarray, response: Response
) -> list[LocalFind]:
    """Families that one part of a map shows although its sum does not: grains of a minor phase.

    Parameters
    ----------
    families : all families on offer; ``chosen`` those that the sum spectrum shows
    parts : (n_parts, n_channels) counts of the parts of the map
    """
    background = clipped_background(parts.sum(axis=0), response)
    templates = np.stack([one.template(response) for one in families])
    hats = np.stack([response.top_hat(one.main.energy_kev) for one in families])
    found: list[LocalFind] = []
    while True:
        known = [*chosen, *(one.family for one in found)]
        lines = templates[[families.index(one) for one in known]]
        residual, explained, variance = _mixed(lines, parts, background, response.axis)
        height = residual @ hats.T  # (n_parts, n_families): the main line over its own flanks
        sigma = height / np.sqrt(variance @ (hats**2).T)
        best, best_merit = None, 0.0
        for index, one in enumerate(families):
            part = int(sigma[:, index].argmax())
            merit = sigma[part, index] * commonness(one.element)
            if merit <= best_merit or one in known or not _available(one, known):
                continue
            if sigma[part, index] < _least_sigma(one) + _LOCAL_SIGMA:
                continue
            # the whole family must be there, and no small part of what other lines have at its energy
            weighted = templates[index] / variance[part]
            amplitude = float(weighted @ residual[part] / (weighted @ templates[index]))
            expected = amplitude * float(hats[index] @ templates[index])
            window = _main_window(one, response)
            others = explained[part, window].clip(0).sum()
            if (
                0.5 * expected <= height[part, index] <= 2.0 * expected
                and residual[part, window].sum() >= _LOCAL_PART * others
            ):
                best, best_merit = LocalFind(one, part, float(sigma[part, index]), amplitude), merit
        if best is None:
            return found
        found.append(best)


def _mixed(
    lines: np.ndarray, parts: np.ndarray, background: np.ndarray, axis: EnergyAxis
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What the lines leave of every part, what they explain of it, and the variance of what is left.

    A part is a mixture of the lines, of background with a strength and a slope of its own, and of what is
    wrong with ideal peaks; one projection serves all parts. All arrays (n_parts, n_channels).
    """
    total = parts.sum(axis=0)
    ideal = fit_templates(lines, total, background, axis).amplitude @ lines
    slope = background * axis.energy_kev
    columns = np.concatenate([lines, background[None], slope[None], imperfections(ideal, axis)[::2]])
    weight = 1.0 / np.maximum(gaussian_filter1d(total, 3.0), 1.0)
    size = np.sqrt(columns**2 @ weight)[:, None]
    columns = columns / np.maximum(size, 1e-30)
    weighted = columns * weight
    mixture = parts @ weighted.T @ np.linalg.pinv(weighted @ columns.T, hermitian=True)
    explained = mixture[:, : len(lines)] @ columns[: len(lines)]
    counted = np.maximum(gaussian_filter1d(parts, 3.0, axis=1), 0.3)
    return parts - mixture @ columns, explained, counted + (MODEL_ERROR * explained) ** 2


def _available(one: Family, known: list[Family]) -> bool:
    """Whether the harder family, which must be seen first, has been seen."""
    return one.needs is None or any(
        (other.element, other.family) == (one.element, one.needs) for other in known
    )


def _main_window(one: Family, response: Response) -> slice:
    half = 0.6 * response.fwhm_kev(one.main.energy_kev)
    return response.axis.window(one.main.energy_kev - half, one.main.energy_kev + half)


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
    known = [families[i] for i in chosen]
    overlap = templates[offered] @ (fit.residual / fit.variance)
    norm = templates[offered] ** 2 @ (1.0 / fit.variance)
    sigma = overlap / np.sqrt(np.maximum(norm, 1e-30))
    merit = sigma * [commonness(families[i].element) for i in offered]
    for place in np.argsort(-merit):
        one = families[offered[place]]
        if merit[place] <= 0:
            return None
        if sigma[place] < _least_sigma(one) or not _available(one, known):
            continue
        # the main line must itself be a peak, as strong as the family says, and no small part of another
        hat = response.top_hat(one.main.energy_kev)
        noise = math.sqrt(float(hat**2 @ fit.variance))
        expected = overlap[place] / norm[place] * float(hat @ templates[offered[place]])
        if float(hat @ fit.residual) < max(0.5 * expected, _LEAST_PEAK_SIGMA * noise):
            continue
        window = _main_window(one, response)
        if fit.residual[window].sum() >= _LEAST_PART * net[window].clip(0).sum():
            return offered[place]
    return None
