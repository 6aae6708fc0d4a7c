"""k-means on the latent grid, every cell with the weight of its pixels."""

from __future__ import annotations

import numpy as np
from sklearn.cluster import KMeans

from models.cell_clusters import CellClusters, ordered
from models.latent_grid import LatentGrid

_N_STARTS = 4


def fit(grid: LatentGrid, n_phases: int, seed: int) -> CellClusters:
    """Clusters of the least squared distance of all pixels from their means, largest first."""
    found = KMeans(n_phases, n_init=_N_STARTS, random_state=seed).fit(grid.centre, sample_weight=grid.weight)
    membership = spherical_membership(grid, found.labels_, n_phases)
    label = membership.argmax(axis=0)
    return ordered(label, membership, grid.weight, f"k-means with {n_phases} clusters in latent space")


def spherical_membership(grid: LatentGrid, label_of_cell: np.ndarray, n_phases: int) -> np.ndarray:
    """Probabilities of clusters without any of their own, (n_phases, n_cells).

    Those of equal round Gaussians about the means of the clusters, as wide as the clusters are on average:
    the mixture of which k-means is the limit. The nearest mean is always the most probable.
    """
    weight = np.bincount(label_of_cell, grid.weight, n_phases)
    mean = np.stack(
        [np.bincount(label_of_cell, grid.weight * axis, n_phases) / weight for axis in grid.centre.T], axis=1
    )
    squared = np.square(grid.centre - mean[:, None]).sum(axis=2)
    within = np.take_along_axis(squared, label_of_cell[None].astype(np.intp), axis=0)[0]
    within += np.trace(grid.scatter, axis1=1, axis2=2)
    variance = np.average(within, weights=grid.weight) / grid.n_latent
    log_density = -0.5 * squared / max(variance, 1e-300)
    density = np.exp(log_density - log_density.max(axis=0))
    return density / density.sum(axis=0)
