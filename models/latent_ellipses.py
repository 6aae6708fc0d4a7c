"""Ellipses of phases in the latent plane: where their points lie, and how they spread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

_N_VERTICES = 61


@dataclass(frozen=True, eq=False)
class Spread:
    """Means and covariances in the first two latent coordinates.

    Attributes
    ----------
    mean : (n, 2) float64; NaN where there are no points
    covariance : (n, 2, 2) float64
    """

    mean: np.ndarray
    covariance: np.ndarray

    def outline(self, sigmas: float) -> tuple[np.ndarray, np.ndarray]:
        """The ellipses at so many standard deviations: x and y of their vertices, each (n, 61)."""
        values, vectors = np.linalg.eigh(np.nan_to_num(self.covariance))
        angle = np.linspace(0, 2 * np.pi, _N_VERTICES)
        axes = sigmas * np.sqrt(np.maximum(values, 0))
        circle = np.stack([np.cos(angle), np.sin(angle)])
        vertices = self.mean[:, :, None] + np.einsum("nij,nj,jv->niv", vectors, axes, circle)
        return vertices[:, 0], vertices[:, 1]


def spread_of_labels(coordinates: np.ndarray, label: np.ndarray, n_labels: int) -> Spread:
    """Mean and covariance of the points of every label.

    Parameters
    ----------
    coordinates : (n_points, at least 2) float32; points with NaN count for nothing
    label : integers of that many points, in any shape; below 0: none
    n_labels : number of labels, whether or not all occur
    """
    points = np.ascontiguousarray(coordinates[:, :2], np.float32)
    count, total, square = _moments(points, np.ascontiguousarray(label).ravel(), n_labels)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / count[:, None]
        covariance = square / count[:, None, None] - mean[:, :, None] * mean[:, None, :]
    return Spread(mean, covariance)


@njit(cache=True, nogil=True)
def _moments(points, label, n_labels):
    count, total = np.zeros(n_labels), np.zeros((n_labels, 2))
    square = np.zeros((n_labels, 2, 2))
    for i in range(label.size):
        k = label[i]
        x, y = np.float64(points[i, 0]), np.float64(points[i, 1])
        if k >= 0 and x == x and y == y:
            count[k] += 1
            total[k, 0] += x
            total[k, 1] += y
            square[k, 0, 0] += x * x
            square[k, 0, 1] += x * y
            square[k, 1, 1] += y * y
    for k in range(n_labels):
        square[k, 1, 0] = square[k, 0, 1]
    return count, total, square
