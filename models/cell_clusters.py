"""CellClusters: clusters of the cells of a latent grid, whichever method found them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.latent_grid import LatentGrid
from models.phase_map import PhaseMap


@dataclass(frozen=True, eq=False)
class CellClusters:
    """Clusters of the latent space, in the order of their sizes, largest first.

    Attributes
    ----------
    label_of_cell : (n_cells,) int16, the cluster of every cell of the grid; -1 where it is in none
    probability_of_cell : (n_cells,) float32, probability of that cluster; 0 where the cell is in none
    membership : (n_phases, n_cells) float32, probability of every cluster in every cell
    n_phases : number of clusters
    made_by : the method, in words
    """

    label_of_cell: np.ndarray
    probability_of_cell: np.ndarray
    membership: np.ndarray
    n_phases: int
    made_by: str

    def cell_labels(self, threshold: float = 0.0) -> np.ndarray:
        """Cluster of every cell, (n_cells,) int16; -1 where it is less probable than the threshold."""
        if threshold <= 0:
            return self.label_of_cell
        return np.where(self.probability_of_cell >= threshold, self.label_of_cell, np.int16(-1))

    def labels(self, grid: LatentGrid, threshold: float = 0.0) -> np.ndarray:
        """Cluster of every pixel, (n_y, n_x) int16; -1 where unassigned."""
        return grid.lookup(self.cell_labels(threshold), fill=-1)

    def phase_map(self, grid: LatentGrid, threshold: float = 0.0) -> PhaseMap:
        """Cluster and probability of every pixel."""
        return PhaseMap(
            label=self.labels(grid, threshold),
            probability=grid.lookup(self.probability_of_cell, fill=0.0),
            n_phases=self.n_phases,
            made_by=self.made_by,
        )

    def probability_map(self, grid: LatentGrid, label: int) -> np.ndarray:
        """Probability that each pixel belongs to one cluster, (n_y, n_x) float32; 0 where not measured."""
        return grid.lookup(self.membership[label], fill=0.0)

    def spectra(self, grid: LatentGrid, threshold: float = 0.0) -> np.ndarray:
        """Sum spectrum of every cluster, (n_phases, n_channels), counts; without unassigned cells."""
        return grid.sum_by_label(self.cell_labels(threshold), self.n_phases)

    def pixels(self, grid: LatentGrid, threshold: float = 0.0) -> np.ndarray:
        """Number of pixels of every cluster, (n_phases,) int64; without unassigned cells."""
        labels = self.cell_labels(threshold).astype(np.intp) + 1
        count = np.bincount(labels, weights=grid.weight, minlength=self.n_phases + 1)
        return count[1:].astype(np.int64)


def ordered(
    label_of_cell: np.ndarray, membership: np.ndarray, weight: np.ndarray, made_by: str
) -> CellClusters:
    """Clusters in the order of their sizes; those without a cell are left out.

    Parameters
    ----------
    label_of_cell : (n_cells,) integers, rows of ``membership``; below 0 where a cell is in no cluster
    membership : (n_clusters, n_cells) probabilities
    weight : (n_cells,) pixels of every cell
    made_by : the method, in words
    """
    size = np.bincount(label_of_cell + 1, weights=weight, minlength=len(membership) + 1)[1:]
    order = np.argsort(-size, kind="stable")
    order = order[size[order] > 0]
    new_label = np.full(len(membership) + 1, -1, np.int16)
    new_label[order] = np.arange(order.size)
    label = new_label[label_of_cell]  # -1 takes the last, which is -1
    membership = np.ascontiguousarray(membership[order], np.float32)
    own = np.take_along_axis(membership, np.maximum(label, 0)[None].astype(np.intp), axis=0)[0]
    return CellClusters(
        label_of_cell=label,
        probability_of_cell=np.where(label >= 0, own, np.float32(0)),
        membership=membership,
        n_phases=order.size,
        made_by=made_by,
    )
