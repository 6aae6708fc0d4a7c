"""Which phase of a new answer continues which phase of an earlier one, so that colours and names stay."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment


def match_labels(
    previous: ArrayLike, label: ArrayLike, weight: ArrayLike | None, n_previous: int, n_labels: int
) -> np.ndarray:
    """Which earlier label every new label continues: the assignment with the largest common weight.

    Parameters
    ----------
    previous, label : labels of the same cells or pixels before and now; below 0: none
    weight : of the cells, or None where all are alike
    n_previous, n_labels : number of labels before and now

    Returns
    -------
    (n_labels,) int64; -1 for a label that continues none
    """
    previous, label = np.asarray(previous).ravel(), np.asarray(label).ravel()
    weights = np.ones(0) if weight is None else np.asarray(weight, np.float64).ravel()
    common = _common(previous, label, weights, n_previous, n_labels)
    continues = np.full(n_labels, -1)
    new, old = linear_sum_assignment(common, maximize=True)
    shared = common[new, old] > 0
    continues[new[shared]] = old[shared]
    return continues


def kept_identity(continues: np.ndarray, identity: tuple[int, ...]) -> tuple[int, ...]:
    """Identities of new labels: of the label that they continue, else the smallest that is free."""
    taken = {identity[old] for old in continues if old >= 0}
    free = (number for number in range(len(continues) + len(identity)) if number not in taken)
    return tuple(identity[old] if old >= 0 else next(free) for old in continues)


@njit(cache=True, nogil=True)
def _common(previous, label, weight, n_previous, n_labels):
    """Weight that each new label, (n_labels, n_previous), has in common with each earlier one."""
    common = np.zeros((n_labels, n_previous))
    for place in range(label.size):
        if label[place] >= 0 and previous[place] >= 0:
            common[label[place], previous[place]] += weight[place] if weight.size else 1.0
    return common
