"""HDBSCAN on the latent grid: clusters as hills of density, with pixels that belong to none.

Campello, Moulavi & Sander (PAKDD 2013). Cells stand for all their pixels: a cell is a ball as wide as the
scatter of its points, two cells are as far apart as their balls, and the core distance of a cell reaches so
many pixels, not so many cells. Where every pixel has a cell of its own these are HDBSCAN's own distances. The
spanning tree of the cells is remembered, so another least size is only another reading of it
(``density_tree``).
"""

from __future__ import annotations

from threading import Lock
from weakref import WeakKeyDictionary

import numpy as np
from numba import njit
from scipy.spatial import KDTree

from models import density_tree
from models.cell_clusters import CellClusters, ordered
from models.latent_grid import LatentGrid

_LEAST_PIXELS = 5  # of a cluster, and within a core distance
_FIRST_NEIGHBOURS, _MORE = 32, 4

_trees: WeakKeyDictionary[LatentGrid, dict[int, tuple[np.ndarray, np.ndarray]]] = WeakKeyDictionary()
_lock = Lock()


def fit(grid: LatentGrid, least_share: float, density_share: float) -> CellClusters:
    """Clusters of at least a share of all pixels, largest first; cells in none have the label -1.

    Parameters
    ----------
    grid : the latent grid
    least_share : of all pixels, that a cluster has at least
    density_share : of all pixels, that a core distance reaches: more of them make the density smoother

    Raises
    ------
    ValueError
        No group of that size is denser than what surrounds it.
    """
    least = max(_LEAST_PIXELS, round(least_share * grid.n_pixels))
    core = max(_LEAST_PIXELS, round(density_share * grid.n_pixels))
    nothing = ValueError(
        f"HDBSCAN finds no cluster of at least {least:,} of the {grid.n_pixels:,} pixels that is denser than "
        "what surrounds it: all pixels would be unassigned. Lower the least share of a cluster or the share "
        "that measures density, or cluster by another method."
    )
    if grid.n_cells < 3 or 2 * least > grid.n_pixels:
        raise nothing
    tree, reach = _spanning_tree(grid, core)
    label, strength = density_tree.clusters(tree, reach, grid.weight, least)
    n_found = int(label.max()) + 1
    if n_found == 0:
        raise nothing
    membership = (label == np.arange(n_found)[:, None]) * strength.astype(np.float32)
    clusters = "1 cluster" if n_found == 1 else f"{n_found} clusters"
    return ordered(label, membership, grid.weight, f"HDBSCAN with {clusters} in latent space")


def _spanning_tree(grid: LatentGrid, core_pixels: int) -> tuple[np.ndarray, np.ndarray]:
    """The minimum spanning tree of mutual reachability, (n_cells - 1, 3), and core distances (n_cells,)."""
    with _lock:
        known = _trees.setdefault(grid, {}).get(core_pixels)
    if known is not None:
        return known
    n_latent = grid.n_latent
    # a uniform ball has this radius when its points have that scatter
    radius = np.sqrt((n_latent + 2) / n_latent * np.trace(grid.scatter, axis1=1, axis2=2))
    core = _core_distances(grid, radius, core_pixels)
    tree = _prim(np.ascontiguousarray(grid.centre), radius, core)
    with _lock:
        kept = _trees[grid]
        if len(kept) > 3:
            kept.pop(next(iter(kept)))
        return kept.setdefault(core_pixels, (tree, core))


def _core_distances(grid: LatentGrid, radius: np.ndarray, pixels: int) -> np.ndarray:
    """How far from every cell's centre the nearest so many pixels reach, (n_cells,) float64."""
    weight, n_cells = grid.weight, grid.n_cells
    # a cell with more pixels than enough holds them in a smaller ball within its own
    own = radius * np.minimum(pixels / weight, 1.0) ** (1 / grid.n_latent)
    core = np.where(weight >= pixels, own, np.nan)
    places, k = KDTree(grid.centre), _FIRST_NEIGHBOURS
    while True:
        open_cells = np.flatnonzero(np.isnan(core))
        if not open_cells.size:
            return core
        k = min(k, n_cells)
        for block in np.array_split(open_cells, max(1, open_cells.size * k // 4_000_000)):
            distance, neighbour = places.query(grid.centre[block], k)
            reached = np.cumsum(weight[neighbour], axis=1) >= pixels
            last = np.where(reached.any(axis=1), reached.argmax(axis=1), k - 1)
            found = np.maximum(distance[np.arange(block.size), last], radius[block])
            enough = reached.any(axis=1) | (k == n_cells)
            core[block[enough]] = found[enough]
        k *= _MORE


@njit(cache=True, nogil=True)
def _prim(centre, radius, core):
    """Prim's algorithm on all pairs: every step adds the cell that is nearest to the tree."""
    n_cells, n_latent = centre.shape
    tree = np.empty((n_cells - 1, 3))
    nearest = np.full(n_cells, np.inf)
    parent = np.zeros(n_cells, np.int64)
    outside = np.arange(n_cells)
    n_outside, here = n_cells - 1, 0
    outside[0] = outside[n_outside]
    for step in range(n_cells - 1):
        best, best_place = np.inf, 0
        for place in range(n_outside):
            cell = outside[place]
            squared = 0.0
            for axis in range(n_latent):
                squared += (centre[cell, axis] - centre[here, axis]) ** 2
            reach = max(core[cell], core[here])
            # most pairs are farther apart than what is known, so the root is rarely taken
            bound = nearest[cell] + radius[cell] + radius[here]
            if reach < nearest[cell] and squared < bound * bound:
                apart = max(np.sqrt(squared) - radius[cell] - radius[here], reach)
                if apart < nearest[cell]:
                    nearest[cell] = apart
                    parent[cell] = here
            if nearest[cell] < best:
                best, best_place = nearest[cell], place
        here = outside[best_place]
        tree[step, 0], tree[step, 1], tree[step, 2] = parent[here], here, best
        n_outside -= 1
        outside[best_place] = outside[n_outside]
    return tree
