"""PhaseMap: which phase every pixel belongs to, and how surely."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numba import njit


@dataclass(frozen=True, eq=False)
class PhaseMap:
    """The phase of every pixel.

    Attributes
    ----------
    label : (n_y, n_x) int16, 0 ... n_phases - 1; -1 where the pixel is unassigned
    probability : (n_y, n_x) float32, probability of the label in [0, 1]; 0 where nothing was measured
    n_phases : number of phases, also those that no pixel bears
    made_by : the method that made it, in words
    """

    label: np.ndarray
    probability: np.ndarray
    n_phases: int
    made_by: str

    def __post_init__(self) -> None:
        if self.label.ndim != 2 or self.label.shape != self.probability.shape:
            raise ValueError(
                f"Labels of shape {self.label.shape} and probabilities of shape {self.probability.shape} "
                "do not make a map; both must be (n_y, n_x)."
            )
        if self.label.size and self.label.max() >= self.n_phases:
            raise ValueError(f"Label {self.label.max()} is not below the number of phases, {self.n_phases}.")

    @property
    def shape(self) -> tuple[int, int]:
        """(n_y, n_x)."""
        return self.label.shape

    def pixels(self) -> np.ndarray:
        """Number of pixels of every phase, (n_phases,) int64; unassigned pixels are in none."""
        return _pixels(self.label.ravel(), self.n_phases)

    def with_threshold(self, probability: float) -> PhaseMap:
        """The map with every pixel unassigned whose label is less probable than the threshold.

        Labels that were unassigned stay so: start from the map without a threshold to lower one.

        Raises
        ------
        ValueError
            The threshold is no probability.
        """
        if not 0 <= probability <= 1:
            raise ValueError(f"A probability threshold lies between 0 and 1; {probability:g} was asked for.")
        if probability == 0:
            return self
        return replace(self, label=np.where(self.probability >= probability, self.label, np.int16(-1)))


@njit(cache=True, nogil=True)
def _pixels(label, n_phases):
    count = np.zeros(n_phases, np.int64)
    for place in range(label.size):
        if label[place] >= 0:
            count[label[place]] += 1
    return count
