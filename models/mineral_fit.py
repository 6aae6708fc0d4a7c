"""How well a mineral, or a mixture of end-members, explains the counts of a phase.

Deviations are counted in standard deviations: of counting, of the k-factors, and of what neighbours, mixed
pixels and overlaps lend to every line.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import nnls

#: relative error of what a k-factor makes of a mineral; of soft lines, absorption makes more
MODEL_ERROR = 0.15
_SOFT_ERROR = {"O": 0.35, "N": 0.6, "C": 0.8, "B": 0.8, "F": 0.5, "Na": 0.2}
#: elements that coatings, films, tape and the vacuum bring: their presence speaks against nothing
_BROUGHT = ("C",)
#: counts that neighbours and overlaps lend, as a share of the strongest line of the mineral
_LENT = 0.03
#: an element that is in the formula but not mapped is taken as absent, though not as surely as if measured
_UNMAPPED = 0.06
_MOST_ADMIXED = 0.5  # of the counts of a phase: with more, it would be the neighbour
_ROUNDS = 4  # the errors depend on the fit, and the fit on the errors


class MeasuredCounts:
    """The counts of one phase, ready to be compared.

    Parameters
    ----------
    counts, sigma : (n_lines,) net counts and their counting errors
    elements : of the lines
    """

    def __init__(self, counts: np.ndarray, sigma: np.ndarray, elements: Sequence[str]) -> None:
        self.counts, self._sigma = np.asarray(counts, np.float64), np.asarray(sigma, np.float64)
        self._positive = np.maximum(self.counts, 0.0)
        self._relative = np.array([_SOFT_ERROR.get(element, MODEL_ERROR) for element in elements])
        self._brought = np.array([element in _BROUGHT for element in elements])

    def single(self, expected: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Amounts and deviations of many minerals, each for itself.

        Parameters
        ----------
        expected : (n_minerals, n_lines) counts per amount

        Returns
        -------
        amounts (n_minerals,), deviations (n_minerals, n_lines) in standard deviations
        """
        present = expected > 0
        model = np.broadcast_to(self._positive, expected.shape)
        for _ in range(_ROUNDS):
            variance = self._variance(model, present)
            upper = (expected * self.counts / variance).sum(axis=1)
            amounts = np.maximum(upper / np.maximum((expected**2 / variance).sum(axis=1), 1e-300), 0.0)
            model = amounts[:, None] * expected
        return amounts, self._deviation(model, present)

    def mixed(self, expected: np.ndarray, neighbour: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """As :func:`single`, with some of the counts of a neighbouring phase mixed in, at most half of all.

        Parameters
        ----------
        expected : (n_minerals, n_lines) counts per amount
        neighbour : (n_lines,) counts of the neighbour

        Returns
        -------
        amounts (n_minerals,), deviations (n_minerals, n_lines), amounts of the neighbour (n_minerals,)
        """
        present = expected > 0
        beside = np.maximum(np.asarray(neighbour, np.float64), 0.0)
        most = _MOST_ADMIXED * self._positive.sum() / max(beside.sum(), 1e-300)
        model = np.broadcast_to(self._positive, expected.shape)
        for _ in range(_ROUNDS):
            weight = 1.0 / self._variance(model, present)
            own, both = (expected**2 * weight).sum(axis=1), (expected * beside * weight).sum(axis=1)
            other = (beside**2 * weight).sum(axis=1)
            to_own = (expected * self.counts * weight).sum(axis=1)
            to_other = (beside * self.counts * weight).sum(axis=1)
            determinant = np.maximum(own * other - both**2, 1e-300)
            admixed = np.clip((own * to_other - both * to_own) / determinant, 0.0, most)
            amounts = np.maximum((to_own - both * admixed) / np.maximum(own, 1e-300), 0.0)
            model = amounts[:, None] * expected + admixed[:, None] * beside
        return amounts, self._deviation(model, present), admixed

    def mixture(self, expected: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Amounts of the parts of a mixture, none negative, and the deviations of the lines.

        Parameters
        ----------
        expected : (n_parts, n_lines) counts per amount

        Returns
        -------
        amounts (n_parts,), deviations (n_lines,) in standard deviations
        """
        present = (expected > 0).any(axis=0)
        model, amounts = self._positive, np.zeros(len(expected))
        for _ in range(_ROUNDS):
            spread = np.sqrt(self._variance(model, present))
            amounts, _ = nnls((expected / spread).T, self.counts / spread)
            model = amounts @ expected
        return amounts, self._deviation(model, present)

    def of_unmapped(self, lent: Sequence[float], expected: np.ndarray) -> float:
        """Chi squared of elements that are in the formula but have no line: they are taken as absent.

        Parameters
        ----------
        lent : counts that they would give
        expected : (n_lines,) counts that the lines give
        """
        counts = np.asarray(lent, np.float64)
        strongest = max(float(expected.max(initial=0.0)), float(counts.max(initial=0.0)), 1e-30)
        variance = (0.5 * MODEL_ERROR * counts) ** 2 + (_UNMAPPED * strongest) ** 2
        return float(np.sum(counts**2 / variance))

    def _variance(self, model: np.ndarray, present: np.ndarray) -> np.ndarray:
        # the strongest measured line of the mineral, alike for all that share it: no mineral earns tolerance
        # by expecting more than there is. What coatings bring counts as far as the mineral explains it.
        explained = np.where(self._brought, np.minimum(self._positive, model), self._positive)
        strongest = np.where(present, explained, 0.0).max(axis=-1, keepdims=True)
        middle = 0.5 * (self._positive + model)
        floor = _LENT * np.maximum(strongest, 1.0)
        return self._sigma**2 + (self._relative * middle) ** 2 + floor**2

    def _deviation(self, model: np.ndarray, present: np.ndarray) -> np.ndarray:
        deviation = (self.counts - model) / np.sqrt(self._variance(model, present))
        return np.where(self._brought & (deviation > 0), 0.0, deviation)
