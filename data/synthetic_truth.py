"""What a synthetic map was made of: the oracle of tests and benchmarks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class SyntheticTruth:
    """What a synthetic map was made of.

    Attributes
    ----------
    phase_names : names of the materials
    spectra : (n_phases, n_channels) float64, pure spectra with bremsstrahlung and zero peak, each of sum 1
    share : (n_y, n_x, n_phases) float32, expected share of the counts of a pixel, sum 1
    label : (n_y, n_x) int16, the phase of the largest share
    mean_counts : (n_y, n_x) float32, expected counts of every pixel
    trace : index of the trace phase
    """

    phase_names: tuple[str, ...]
    spectra: np.ndarray
    share: np.ndarray
    label: np.ndarray
    mean_counts: np.ndarray
    trace: int
