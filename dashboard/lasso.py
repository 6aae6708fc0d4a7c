"""Which points lie inside a polygon or a box: exact, for millions of points and polygons of any length.

Inside is decided by the even-odd rule, as Bokeh decides it: where a lasso crosses itself, what it winds
around twice is outside. The edges of the polygon are sorted into horizontal slabs first, so a point meets
only the few edges of its own slab and a polygon of 2000 vertices costs hardly more than one of 20.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

MAX_SLABS = 4096


def outline(polygon: np.ndarray) -> np.ndarray:
    """The vertices of a drawn polygon, checked, without repeats of the one before.

    Parameters
    ----------
    polygon : (n_vertices, 2) array of x, y; it closes by itself

    Returns
    -------
    (at least 3, 2) float64

    Raises
    ------
    ValueError
        A vertex is not finite, or the polygon encloses no area.
    """
    polygon = np.asarray(polygon, np.float64)
    if polygon.ndim != 2 or polygon.shape[1] != 2 or not np.isfinite(polygon).all():
        raise ValueError(
            f"A lasso is a list of finite (x, y) vertices; an array of shape {polygon.shape} is not."
        )
    if len(polygon):
        polygon = polygon[np.any(polygon != np.roll(polygon, 1, axis=0), axis=1)]
    if len(polygon) >= 3:
        # area of the triangle that every vertex makes with the longest line from the first one:
        # all zero on a line, while the signed area of a figure of eight may vanish too
        from_first = polygon - polygon[0]
        far = from_first[np.argmax((from_first**2).sum(axis=1))]
        doubled_area = np.abs(from_first[:, 0] * far[1] - from_first[:, 1] * far[0])
        if doubled_area.max() > 1e-12 * (far**2).sum():
            return polygon
    raise ValueError("The lasso encloses no area. Draw it around the points or pixels to select.")


def lasso_in_points(coordinates: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    """Which points lie inside a polygon.

    Parameters
    ----------
    coordinates : (n_points, 2) array; points with NaN are outside
    polygon : (n_vertices, 2) array

    Returns
    -------
    (n_points,) bool

    Raises
    ------
    ValueError
        As :func:`outline`.
    """
    vertices = outline(polygon)
    edges, slab_start, slabs_per_y = _slabs(vertices)
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    return _in_points(_float_pairs(coordinates), edges, slab_start, slabs_per_y, low, high)


def lasso_on_map(shape: tuple[int, int], polygon: np.ndarray) -> np.ndarray:
    """Which pixels have their centre inside a polygon.

    Parameters
    ----------
    shape : (n_y, n_x)
    polygon : (n_vertices, 2) array in pixels: pixel (y, x) covers [x, x + 1] x [y, y + 1]

    Returns
    -------
    (n_y * n_x,) bool

    Raises
    ------
    ValueError
        As :func:`outline`.
    """
    vertices = outline(polygon)
    edges, slab_start, slabs_per_y = _slabs(vertices)
    mask = _on_map(shape[0], shape[1], edges, slab_start, slabs_per_y, vertices[:, 1].min())
    return mask.ravel()


def box_in_points(coordinates: np.ndarray, x0: float, x1: float, y0: float, y1: float) -> np.ndarray:
    """Which points lie inside a box, its edges included; as :func:`lasso_in_points`."""
    x0, x1, y0, y1 = _box(x0, x1, y0, y1)
    return _in_box(_float_pairs(coordinates), x0, x1, y0, y1)


def box_on_map(shape: tuple[int, int], x0: float, x1: float, y0: float, y1: float) -> np.ndarray:
    """Which pixels have their centre inside a box; as :func:`lasso_on_map`."""
    x0, x1, y0, y1 = _box(x0, x1, y0, y1)
    mask = np.zeros(shape, bool)
    columns = slice(max(0, int(np.ceil(x0 - 0.5))), max(0, int(np.floor(x1 - 0.5)) + 1))
    rows = slice(max(0, int(np.ceil(y0 - 0.5))), max(0, int(np.floor(y1 - 0.5)) + 1))
    mask[rows, columns] = True
    return mask.ravel()


def _box(x0: float, x1: float, y0: float, y1: float) -> tuple[float, float, float, float]:
    if not np.isfinite((x0, x1, y0, y1)).all() or x0 == x1 or y0 == y1:
        raise ValueError("The box encloses no area. Draw it around the points or pixels to select.")
    return float(min(x0, x1)), float(max(x0, x1)), float(min(y0, y1)), float(max(y0, y1))


def _float_pairs(coordinates: np.ndarray) -> np.ndarray:
    if coordinates.ndim != 2 or coordinates.shape[1] != 2:
        raise ValueError(
            f"Latent points of shape {coordinates.shape} cannot be selected; (n, 2) was expected."
        )
    return np.ascontiguousarray(coordinates, np.float32)


def _slabs(vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """The edges of a polygon, grouped by the horizontal slabs that they reach into.

    Slab numbers come from one monotone formula, ``int((y - y_min) * slabs_per_y)``, for edges and for points
    alike; so an edge that spans a point's y is always among the edges of that point's slab, however the
    products are rounded.

    Returns
    -------
    edges : (n, 4) of y of both ends, x of the first end, dx/dy; edges in several slabs are repeated
    slab_start : (n_slabs + 1,) int64, where in ``edges`` every slab starts
    slabs_per_y : slabs per unit of y
    """
    edges = np.hstack([vertices, np.roll(vertices, -1, axis=0)])
    edges = edges[edges[:, 1] != edges[:, 3]]  # no horizontal line crosses a horizontal edge
    n_slabs = min(MAX_SLABS, 4 * len(vertices))
    y_min, y_max = vertices[:, 1].min(), vertices[:, 1].max()
    slabs_per_y = n_slabs / (y_max - y_min)
    reach = np.minimum(((edges[:, [1, 3]] - y_min) * slabs_per_y).astype(np.int64), n_slabs - 1)
    first, last = reach.min(axis=1), reach.max(axis=1)
    n_reached = last - first + 1
    edge = np.repeat(np.arange(len(edges)), n_reached)
    slab = np.arange(edge.size) - np.repeat(np.cumsum(n_reached) - n_reached, n_reached) + first[edge]
    by_slab = np.argsort(slab, kind="stable")
    slab_start = np.concatenate([[0], np.cumsum(np.bincount(slab, minlength=n_slabs))])
    xa, ya, xb, yb = edges.T
    edges = np.column_stack([ya, yb, xa, (xb - xa) / (yb - ya)])
    return edges[edge[by_slab]], slab_start, slabs_per_y


@njit(parallel=True, cache=True, nogil=True)
def _in_points(coordinates, edges, slab_start, slabs_per_y, low, high):
    inside = np.zeros(coordinates.shape[0], np.bool_)
    n_slabs = slab_start.size - 1
    for i in prange(coordinates.shape[0]):
        x, y = np.float64(coordinates[i, 0]), np.float64(coordinates[i, 1])
        if not (x >= low[0] and x <= high[0] and y >= low[1] and y <= high[1]):
            continue
        slab = min(int((y - low[1]) * slabs_per_y), n_slabs - 1)
        odd = False
        for e in range(slab_start[slab], slab_start[slab + 1]):
            ya, yb, xa, slope = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
            # no branch: points come in any order, and a branch would be guessed wrong half of the time
            odd ^= ((ya > y) != (yb > y)) & (x < xa + (y - ya) * slope)
        inside[i] = odd
    return inside


@njit(parallel=True, cache=True, nogil=True)
def _on_map(n_y, n_x, edges, slab_start, slabs_per_y, y_min):
    inside = np.zeros((n_y, n_x), np.bool_)
    n_slabs = slab_start.size - 1
    for row in prange(n_y):
        y = row + 0.5
        if y < y_min:
            continue
        slab = int((y - y_min) * slabs_per_y)
        if slab > n_slabs:
            continue
        slab = min(slab, n_slabs - 1)
        crossings = np.empty(slab_start[slab + 1] - slab_start[slab])
        n = 0
        for e in range(slab_start[slab], slab_start[slab + 1]):
            ya, yb, xa, slope = edges[e]
            if (ya > y) != (yb > y):
                crossings[n] = xa + (y - ya) * slope
                n += 1
        crossings = np.sort(crossings[:n])
        for pair in range(0, n - 1, 2):
            # centres x + 0.5 with crossing <= centre < next crossing
            first = max(0, int(np.ceil(crossings[pair] - 0.5)))
            last = min(n_x, int(np.ceil(crossings[pair + 1] - 0.5)))
            for column in range(first, last):
                inside[row, column] = True
    return inside


@njit(parallel=True, cache=True, nogil=True)
def _in_box(coordinates, x0, x1, y0, y1):
    inside = np.zeros(coordinates.shape[0], np.bool_)
    for i in prange(coordinates.shape[0]):
        x, y = coordinates[i, 0], coordinates[i, 1]
        inside[i] = (x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)
    return inside
