"""Birch on the latent grid: a tree of small balls, joined by Ward's criterion (Zhang et al., SIGMOD 1996)."""

from __future__ import annotations

from threading import Lock
from weakref import WeakKeyDictionary

import numpy as np
from scipy.cluster import hierarchy
from scipy.spatial.distance import pdist
from sklearn.cluster import Birch

from models.cell_clusters import CellClusters, ordered
from models.k_means import spherical_membership
from models.latent_grid import LatentGrid

_MOST_BALLS = 4000  # joining them takes the square of their number

_trees: WeakKeyDictionary[LatentGrid, dict[float, tuple[np.ndarray, np.ndarray]]] = WeakKeyDictionary()
_lock = Lock()


def fit(grid: LatentGrid, n_phases: int, radius: float) -> CellClusters:
    """Clusters of the balls of a Birch tree, largest first.

    Another number of clusters is another cut of the joined balls, so only the first one takes the time.

    Parameters
    ----------
    grid : the latent grid
    n_phases : number of clusters
    radius : of a ball at most, in standard deviations of all points

    Raises
    ------
    ValueError
        There are fewer balls than clusters, or too many to be joined.
    """
    ball_of_cell, joined = _tree(grid, radius)
    n_balls = len(joined) + 1
    if n_phases > n_balls:
        balls = "one ball" if n_balls == 1 else f"{n_balls} balls"
        raise ValueError(
            f"{n_phases} phases were asked for, but with a radius of {radius:g} standard deviations all "
            f"points lie in {balls}. Choose a smaller radius or at most {n_balls} phases."
        )
    if n_balls == 1:
        label = np.zeros(grid.n_cells, np.intp)
    else:
        label = hierarchy.cut_tree(joined, n_phases)[ball_of_cell, 0].astype(np.intp)
    membership = spherical_membership(grid, label, n_phases)
    return ordered(label, membership, grid.weight, f"Birch with {n_phases} clusters in latent space")


def _tree(grid: LatentGrid, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """The ball of every cell, (n_cells,), and how the balls are joined, (n_balls - 1, 4) as in SciPy."""
    with _lock:
        known = _trees.setdefault(grid, {}).get(radius)
    if known is not None:
        return known
    variance = np.average(np.square(grid.centre - np.average(grid.centre, 0, grid.weight)), 0, grid.weight)
    spread = np.sqrt(variance.mean()) or 1.0
    tree = Birch(threshold=radius, n_clusters=None).fit(grid.centre / spread)
    balls = tree.subcluster_centers_
    if len(balls) > _MOST_BALLS:
        raise ValueError(
            f"A Birch radius of {radius:g} standard deviations makes {len(balls):,} balls, more than the "
            f"{_MOST_BALLS:,} that can be joined. Choose a larger radius."
        )
    joined = hierarchy.ward(pdist(balls)) if len(balls) > 1 else np.empty((0, 4))
    with _lock:
        kept = _trees[grid]
        kept.clear()  # one radius at a time: a handle that moves would fill the memory
        return kept.setdefault(radius, (tree.labels_, joined))
