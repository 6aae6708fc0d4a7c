"""The lines that tell a spectrum from the map as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from models.phases_result import PhasesResult

#: a line tells where there is at least so many times the mean of the map
_ENRICHED = 1.15
_LEAST_EXCESS = 0.15  # standard deviations of one pixel
_MOST, _STRONGEST = 4, 2


def telling_lines(
    intensity: np.ndarray, mean: np.ndarray, names: Sequence[str]
) -> tuple[tuple[str, ...], ...]:
    """The lines that each spectrum has more of than the map, most telling first.

    Lines are ranked by their excess over the mean of the map in units of its counting error, so that a
    strong line that is somewhat enriched and a weak one that is much enriched are weighed fairly. A spectrum
    that is much like the map as a whole is described by its strongest lines.

    Parameters
    ----------
    intensity : (n_spectra, n_lines) per pixel
    mean : (n_lines,) of the map, per pixel
    names : of the lines
    """
    mean = np.maximum(mean, 1e-9)
    # below one count per pixel the counting error of a pixel is that of one count
    excess = (intensity - mean) / np.sqrt(np.maximum(mean, 1.0))
    answer = []
    for one, above in zip(intensity, excess, strict=True):
        telling = [
            names[i]
            for i in np.argsort(-above, kind="stable")
            if one[i] > _ENRICHED * mean[i] and above[i] > _LEAST_EXCESS
        ]
        strongest = [names[i] for i in np.argsort(-one, kind="stable")[:_STRONGEST] if one[i] > 0]
        answer.append(tuple((telling or strongest)[:_MOST]))
    return tuple(answer)


def endmember_lines(
    endmembers: np.ndarray, sum_spectrum: np.ndarray, result: PhasesResult
) -> tuple[tuple[str, ...], ...]:
    """The lines that tell each end-member from the map, as if a pixel of mean counts held nothing else.

    Parameters
    ----------
    endmembers : (n_endmembers, n_channels), rows sum to 1; for element maps (n_endmembers, n_lines)
    sum_spectrum : (n_channels,) counts of all pixels, or (n_lines,) summed intensities
    result : of the run; names the lines
    """
    weights = result.line_weights
    per_pixel = np.asarray(sum_spectrum, np.float64) / max(result.n_measured, 1)
    whole = endmembers * max(float(np.maximum(per_pixel, 0).sum()), 0.0)
    if weights is not None:
        whole, per_pixel = whole @ weights, per_pixel @ weights
    return telling_lines(whole, per_pixel, result.maps.lines)
