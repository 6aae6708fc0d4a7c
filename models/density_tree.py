"""The hierarchy of density behind HDBSCAN, of points that stand for several pixels each.

From the minimum spanning tree of mutual reachability to clusters: single linkage, condensed to clusters of a
least size, of which the most stable are taken (excess of mass; Campello et al., ACM TKDD 10, 5, 2015). Every
step counts pixels, not points; with a pixel each it is scikit-learn's HDBSCAN. No library that we know does
that: fast-hdbscan 0.3 takes weights, but reckons the stability of clusters by points.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_ROOT = 0
_SHORTEST = 1e-9  # of the longest edge: points on one place have a density too


def clusters(
    tree: np.ndarray, core: np.ndarray, weight: np.ndarray, least: float
) -> tuple[np.ndarray, np.ndarray]:
    """The most stable clusters.

    Parameters
    ----------
    tree : (n - 1, 3) float64, edges of the spanning tree: two points and their distance
    core : (n,) float64, core distances: within it the pixels of a point come apart
    weight : (n,) float64, pixels of every point
    least : pixels of a cluster

    Returns
    -------
    label (n,) int64, -1 for noise, and strength of membership (n,) float64: 1 in the densest part
    """
    edges = tree[np.argsort(tree[:, 2], kind="stable")]
    shortest = max(edges[-1, 2] * _SHORTEST, np.finfo(float).tiny)
    distance = np.maximum(edges[:, 2], shortest)
    child, size = _linkage(edges[:, :2].astype(np.int64), weight)
    density = 1 / np.maximum(core, shortest)
    parent, score, deepest, left_at, home = _condensed(child, 1 / distance, density, size, least)
    selected = _most_stable(parent, score)
    return _labels(parent, selected, deepest, left_at, home)


@njit(cache=True, nogil=True)
def _linkage(edge, weight):
    """Children of every merged node, (n - 1, 2), and pixels of all nodes; node n + i is the i-th merge."""
    n = weight.size
    child = np.empty((n - 1, 2), np.int64)
    size = np.empty(2 * n - 1)
    size[:n] = weight
    node = np.arange(n)  # of the set that a point leads
    leader = np.arange(n)
    for i in range(n - 1):
        a, b = edge[i]
        while leader[a] != a:
            leader[a] = leader[leader[a]]
            a = leader[a]
        while leader[b] != b:
            leader[b] = leader[leader[b]]
            b = leader[b]
        child[i, 0], child[i, 1] = node[a], node[b]
        size[n + i] = size[node[a]] + size[node[b]]
        if size[node[a]] < size[node[b]]:
            a, b = b, a
        leader[b] = a
        node[a] = n + i
    return child, size


@njit(cache=True, nogil=True)
def _condensed(child, split_at, density, size, least):
    """Clusters of the least size, from the root down.

    Returns the parent of every cluster, its stability (in pixels times density above its birth), the density
    at which its last part leaves, and for every point the density at which it leaves which cluster.
    """
    n = density.size
    most = max(1, 2 * n)
    parent, birth = np.full(most, -1), np.zeros(most)
    score, deepest = np.zeros(most), np.zeros(most)
    left_at, home = np.zeros(n), np.zeros(n, np.int64)
    stack_node, stack_cluster = np.empty(2 * n, np.int64), np.empty(2 * n, np.int64)
    out = np.empty(2 * n, np.int64)
    n_clusters, height = 1, 1
    stack_node[0], stack_cluster[0] = 2 * n - 2, _ROOT
    while height:
        height -= 1
        node, cluster = stack_node[height], stack_cluster[height]
        if node < n:  # one point that is a cluster: its pixels come apart at its own density
            at = max(density[node], birth[cluster])
            score[cluster] += size[node] * (at - birth[cluster])
            deepest[cluster] = max(deepest[cluster], at)
            left_at[node], home[node] = at, cluster
            continue
        at = split_at[node - n]
        deepest[cluster] = max(deepest[cluster], at)
        a, b = child[node - n]
        both = size[a] >= least and size[b] >= least
        for part in (a, b):
            if size[part] >= least and not both:
                stack_node[height], stack_cluster[height] = part, cluster
                height += 1
                continue
            score[cluster] += size[part] * (at - birth[cluster])
            if both:
                parent[n_clusters], birth[n_clusters] = cluster, at
                stack_node[height], stack_cluster[height] = part, n_clusters
                height += 1
                n_clusters += 1
                continue
            n_out = 1
            out[0] = part
            while n_out:
                n_out -= 1
                leaving = out[n_out]
                if leaving < n:
                    left_at[leaving], home[leaving] = at, cluster
                else:
                    out[n_out], out[n_out + 1] = child[leaving - n]
                    n_out += 2
    return parent[:n_clusters], score[:n_clusters], deepest[:n_clusters], left_at, home


@njit(cache=True, nogil=True)
def _most_stable(parent, score):
    """Whether a cluster is taken: where it is more stable than its parts together; never the whole."""
    n = parent.size
    selected = np.ones(n, np.bool_)
    of_parts = np.zeros(n)
    for cluster in range(n - 1, _ROOT, -1):  # parts come after their whole
        if of_parts[cluster] > score[cluster]:
            selected[cluster] = False
        of_parts[parent[cluster]] += max(score[cluster], of_parts[cluster])
    selected[_ROOT] = False
    for cluster in range(1, n):  # what lies in a cluster that is taken is a part of it
        above = parent[cluster]
        while above > _ROOT:
            if selected[above]:
                selected[cluster] = False
                break
            above = parent[above]
    return selected


@njit(cache=True, nogil=True)
def _labels(parent, selected, deepest, left_at, home):
    n = home.size
    number = np.full(parent.size, -1)
    n_found = 0
    for cluster in range(parent.size):
        if selected[cluster]:
            number[cluster] = n_found
            n_found += 1
    label, strength = np.full(n, -1), np.zeros(n)
    for point in range(n):
        cluster = home[point]
        while cluster > _ROOT and not selected[cluster]:
            cluster = parent[cluster]
        if cluster > _ROOT:
            label[point] = number[cluster]
            strength[point] = min(left_at[point], deepest[cluster]) / deepest[cluster]
    return label, strength
