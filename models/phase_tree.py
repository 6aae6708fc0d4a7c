"""Phases at any number by lookup: a tree of merges and splits around the phases that were found.

The leaves are cells: pixels of one phase and one cluster of the finer mixture. Up from the phases, the two
whose spectra are most alike are merged; down from them, the phase with the largest difference inside is
split. A cut at any number is a small table from cell to label.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_LEAST_COUNTS = 1.0


@dataclass(frozen=True, eq=False)
class PhaseTree:
    """Labels of the cells for every number of phases.

    Attributes
    ----------
    label_of_cell : (most, n_cells) int16; row k - 1 holds the labels 0 ... k - 1 of a map of k phases. From
        one row to the next one label is split: the part with more pixels keeps it, the other gets label k
    phase_of_cell : (n_cells,) the phase, as found, that every cell belongs to
    n_phases : number of phases that were found
    """

    label_of_cell: np.ndarray
    phase_of_cell: np.ndarray
    n_phases: int

    @property
    def most(self) -> int:
        """The largest number of phases that there is a cut for."""
        return self.label_of_cell.shape[0]

    def cut(self, k: int) -> np.ndarray:
        """Label of every cell in a map of k phases, (n_cells,) int16.

        Raises
        ------
        ValueError
            There is no cut for that number.
        """
        if not 1 <= k <= self.most:
            raise ValueError(
                f"{k} phases were asked for; the counts of this map can be told apart into 1 to {self.most}."
            )
        return self.label_of_cell[k - 1]


def grow(counts: np.ndarray, pixels: np.ndarray, phase: np.ndarray, most: int) -> PhaseTree:
    """The tree of cells.

    Parameters
    ----------
    counts : (n_cells, n_bins) summed counts of the cells
    pixels : (n_cells,) number of their pixels
    phase : (n_cells,) phase of every cell, 0 ... n_phases - 1, every phase has a cell
    most : number of phases to stop splitting at
    """
    n_phases = int(phase.max()) + 1
    node_cells = [frozenset([cell]) for cell in range(len(phase))]
    merges: list[tuple[frozenset[int], frozenset[int]]] = []
    inside: list[tuple[float, int, frozenset[int], frozenset[int]]] = []
    roots: list[frozenset[int]] = []
    for one in range(n_phases):
        nodes = [node_cells[cell] for cell in np.flatnonzero(phase == one)]
        root, steps = _agglomerate(nodes, counts, _loss)
        roots.append(root)
        # a split never comes before the one that makes its parent
        highest = np.inf
        for height, a, b in reversed(steps):
            highest = min(highest, height)
            inside.append((highest, len(inside), a, b))
    _, merges_up = _agglomerate(roots, counts, _unlikeness)
    merges = [(a, b) for _, a, b in reversed(merges_up)]
    inside.sort(key=lambda step: (-step[0], step[1]))
    merges += [(a, b) for _, _, a, b in inside]
    labels = np.zeros((min(most, len(merges) + 1) if most >= n_phases else n_phases, len(phase)), np.int16)
    for k in range(1, labels.shape[0]):
        a, b = merges[k - 1]
        smaller = a if pixels[list(a)].sum() < pixels[list(b)].sum() else b
        labels[k] = labels[k - 1]
        labels[k, list(smaller)] = k
    return PhaseTree(labels, phase.astype(np.int16), n_phases)


def _agglomerate(nodes, counts, cost):
    """Merge the cheapest pair until one node is left: the node, and (cost, part, part) of every merge."""
    nodes = list(nodes)
    sums = [counts[sorted(node)].sum(axis=0) for node in nodes]
    costs = np.full((len(nodes), len(nodes)), np.inf)
    for i in range(len(nodes)):
        for j in range(i):
            costs[i, j] = cost(sums[i], sums[j])
    steps = []
    for _ in range(len(nodes) - 1):
        i, j = np.unravel_index(int(costs.argmin()), costs.shape)
        steps.append((float(costs[i, j]), nodes[i], nodes[j]))
        nodes[j], sums[j] = nodes[i] | nodes[j], sums[i] + sums[j]
        costs[i, :] = costs[:, i] = np.inf
        nodes[i] = None
        for other in range(len(nodes)):
            if other != j and nodes[other] is not None:
                costs[max(j, other), min(j, other)] = cost(sums[j], sums[other])
    return next(node for node in nodes if node is not None), steps


def _entropy_gain(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """Kullback-Leibler divergence of each normalised spectrum from the other's mean with it."""
    middle = 0.5 * (a + b)
    with np.errstate(divide="ignore", invalid="ignore"):
        return (
            float(np.where(a > 0, a * np.log(a / middle), 0).sum()),
            float(np.where(b > 0, b * np.log(b / middle), 0).sum()),
        )


def _unlikeness(a: np.ndarray, b: np.ndarray) -> float:
    """Jensen-Shannon divergence of two spectra, whatever their counts."""
    return 0.5 * sum(_entropy_gain(a / max(a.sum(), _LEAST_COUNTS), b / max(b.sum(), _LEAST_COUNTS)))


def _loss(a: np.ndarray, b: np.ndarray) -> float:
    """Log likelihood that is lost when two groups of pixels share one spectrum."""
    n_a, n_b = max(a.sum(), _LEAST_COUNTS), max(b.sum(), _LEAST_COUNTS)
    middle = (a + b) / (n_a + n_b)
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(
            np.where(a > 0, a * np.log(a / n_a / middle), 0).sum()
            + np.where(b > 0, b * np.log(b / n_b / middle), 0).sum()
        )
