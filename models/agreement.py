"""How far two labellings of the same pixels agree: the table of both, the adjusted Rand index, overlaps.

Everything follows from the table, which one pass over the pixels gives: many comparisons of large maps stay
fast.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment


def contingency(one: ArrayLike, other: ArrayLike, n_one: int, n_other: int) -> np.ndarray:
    """Number of pixels with every pair of labels, (n_one, n_other) int64; pixels labelled below 0 in either
    belong to none.

    Raises
    ------
    ValueError
        The labels are of different numbers of pixels.
    """
    one, other = np.asarray(one).ravel(), np.asarray(other).ravel()
    if one.size != other.size:
        raise ValueError(f"Labels of {one.size} and of {other.size} pixels cannot be compared.")
    both = (one >= 0) & (other >= 0)
    pair = one[both].astype(np.intp) * n_other + other[both]
    return np.bincount(pair, minlength=n_one * n_other).reshape(n_one, n_other)


def adjusted_rand(table: np.ndarray) -> float:
    """Adjusted Rand index of two labellings (Hubert & Arabie, J. Classif. 2, 193, 1985): 1 where they are the
    same but for the names, about 0 where they agree by chance; NaN without pixels.

    Parameters
    ----------
    table : (n_one, n_other) from :func:`contingency`
    """
    table = np.asarray(table, np.float64)
    n = table.sum()
    if n < 2:
        return float("nan")

    def pairs(counts: np.ndarray) -> float:
        return float((counts * (counts - 1) / 2).sum())

    together = pairs(table)
    of_one, of_other, of_all = pairs(table.sum(axis=1)), pairs(table.sum(axis=0)), n * (n - 1) / 2
    by_chance = of_one * of_other / of_all
    most = 0.5 * (of_one + of_other)
    # both are one group, or both are all single pixels: nothing to disagree on
    return 1.0 if most == by_chance else (together - by_chance) / (most - by_chance)


@dataclass(frozen=True, eq=False)
class Matches:
    """For every label of the first labelling, the label of the second that it overlaps most with.

    Attributes
    ----------
    partner : (n_one,) label of the second; -1 where the label is of no pixel, or overlaps with none
    jaccard : (n_one,) pixels of both over pixels of either, 0 ... 1; NaN where the label is of no pixel
    rand : (n_one,) adjusted Rand index of this label against the rest, in both labellings; NaN likewise
    """

    partner: np.ndarray
    jaccard: np.ndarray
    rand: np.ndarray


def best_matches(table: np.ndarray) -> Matches:
    """The best match of every row of a table of two labellings, by the Jaccard index.

    Two labels may have the same partner: whether a phase is found again is asked for each on its own
    (Hennig, Comput. Stat. Data Anal. 52, 258, 2007).
    """
    table = np.asarray(table, np.float64)
    own, others, whole = table.sum(axis=1), table.sum(axis=0), table.sum()
    either = own[:, None] + others - table
    jaccard = np.divide(table, either, out=np.zeros_like(table), where=either > 0)
    partner, best, rand = np.full(len(table), -1), np.full(len(table), np.nan), np.full(len(table), np.nan)
    for label in np.flatnonzero(own):
        match = int(jaccard[label].argmax())
        best[label] = jaccard[label, match]
        if table[label, match] > 0:
            partner[label] = match
        inside = table[label, match]
        rest = np.array(
            [
                [inside, own[label] - inside],
                [others[match] - inside, whole - own[label] - others[match] + inside],
            ]
        )
        rand[label] = adjusted_rand(rest)
    return Matches(partner, best, rand)


def one_to_one(table: np.ndarray) -> np.ndarray:
    """Which label of the second labelling stands for each of the first, (n_one,) int64, no two for the same.

    The assignment with the most pixels in common; -1 where none is left, or has a pixel in common.
    """
    partner = np.full(len(table), -1)
    one, other = linear_sum_assignment(table, maximize=True)
    shared = np.asarray(table)[one, other] > 0
    partner[one[shared]] = other[shared]
    return partner


def disagreement(one: np.ndarray, other: np.ndarray, partner: np.ndarray) -> np.ndarray:
    """Where a pixel's label in the second labelling does not stand for its label in the first.

    Parameters
    ----------
    one, other : (n_y, n_x) labels, below 0: none
    partner : (n_one,) from :func:`one_to_one`

    Returns
    -------
    (n_y, n_x) bool; False where either has no label
    """
    both = (one >= 0) & (other >= 0)
    return both & (np.append(partner, -2)[one] != other)
