"""How the intensities of every line are distributed before and after each step of the normalisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.normalisation import steps
from models.recipe import NormalisationStep

_MOST_PIXELS = 250_000  # more do not make a histogram of 60 bins any smoother


@dataclass(frozen=True, eq=False)
class StepHistograms:
    """Histograms of all lines after one step.

    Attributes
    ----------
    step : the step, or "" for the line maps as they were
    edges : (n_lines, n_bins + 1) float64, in the units after the step
    share : (n_lines, n_bins) float64, per cent of the pixels within the edges
    mean, deviation : (n_lines,) float64, of all pixels
    beyond : (n_lines,) float64, per cent of the pixels beyond the edges
    """

    step: NormalisationStep | str
    edges: np.ndarray
    share: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray
    beyond: np.ndarray


def step_histograms(
    intensity: np.ndarray,
    chain: Sequence[NormalisationStep],
    valid: np.ndarray | None = None,
    clip: float = 0.99,
    n_bins: int = 60,
) -> tuple[StepHistograms, ...]:
    """Histograms of the line maps and of what every step of the chain makes of them.

    Parameters
    ----------
    intensity : (n_y, n_x, n_lines)
    chain : steps in their order, possibly none
    valid : (n_y, n_x) bool, or None where every pixel counts
    clip : the histograms span this central share of the pixels; 1 for all values
    n_bins : bins of a histogram

    Raises
    ------
    ValueError
        As for :func:`models.normalisation.steps`, or the share is not above 0 and up to 1.
    """
    if not 0 < clip <= 1:
        raise ValueError(f"A histogram of the central {clip:g} of the pixels is none; give 0 to 1.")
    answer = [_histograms("", np.asarray(intensity, np.float32), valid, clip, n_bins)]
    answer += [
        _histograms(step, values, valid, clip, n_bins) for step, values in steps(intensity, chain, valid)
    ]
    return tuple(answer)


def _histograms(
    step: str, values: np.ndarray, valid: np.ndarray | None, clip: float, n_bins: int
) -> StepHistograms:
    n_lines = values.shape[2]
    pixels = values.reshape(-1, n_lines)
    if valid is not None:
        pixels = pixels[valid.ravel()]
    sample = pixels[:: max(1, len(pixels) // _MOST_PIXELS)]
    edges = np.empty((n_lines, n_bins + 1))
    share = np.empty((n_lines, n_bins))
    for line in range(n_lines):
        tail = 50.0 * (1.0 - clip)
        low, high = np.percentile(sample[:, line], (tail, 100.0 - tail))
        if not low < high:
            low, high = float(sample[:, line].min()), float(sample[:, line].max())
        if not low < high:
            low, high = low - 0.5, high + 0.5
        edges[line] = np.linspace(low, high, n_bins + 1)
        count, _ = np.histogram(sample[:, line], bins=n_bins, range=(low, high))
        share[line] = 100.0 * count / len(sample)
    return StepHistograms(
        step,
        edges,
        share,
        pixels.mean(axis=0, dtype=np.float64),
        pixels.std(axis=0, dtype=np.float64),
        100.0 - share.sum(axis=1),
    )
