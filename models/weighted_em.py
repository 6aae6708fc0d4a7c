"""Expectation maximisation of a Gaussian mixture on weighted cells with scatter.

For cells whose points share their responsibilities this maximises a lower bound of the likelihood of all
points (Verbeek, Nunnink & Vlassis, Data Min. Knowl. Disc. 13, 291, 2006): a cell of weight w, mean m and
covariance S counts under N(mu, C) as w [ln N(m; mu, C) - tr(C^-1 S) / 2]. That is linear in the moments
1, m and S + m m^T of the cell, so both steps of EM are one matrix product. Cells are expected centred and
scaled to a variance of about 1. Covariances are always full matrices; tied, diagonal and spherical ones
are full ones with a constraint. Any number of starts climbs at once: all states have a leading axis.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from models.recipe import Covariance

_LLOYD_STEPS = 5
_BLOCK = 1024
_NO_POINTS = 1e-9  # a phase that lost all its points keeps a place, where it harms nothing


class Cells(NamedTuple):
    """Moments of the points of every cell: ``moments`` (n_moments, n_cells), ``weight`` (n_cells,).

    The n_moments = 1 + d + d (d + 1) / 2 rows are 1, the mean, and the lower triangle of S + m m^T.
    """

    moments: np.ndarray
    weight: np.ndarray
    n_latent: int

    @classmethod
    def of(cls, centre: np.ndarray, scatter: np.ndarray, weight: np.ndarray) -> Cells:
        """From means (n_cells, d), covariances within cells (n_cells, d, d) and weights (n_cells,)."""
        n_latent = centre.shape[1]
        i, j = np.tril_indices(n_latent)
        second = scatter[:, i, j] + centre[:, i] * centre[:, j]
        ones = np.ones((weight.size, 1))
        moments = np.ascontiguousarray(np.concatenate([ones, centre, second], axis=1).T)
        return cls(moments, weight, n_latent)

    def joined(self, group: np.ndarray) -> Cells:
        """Cells joined by group number (n_cells,), 0 ... n_groups - 1: their moments are averaged."""
        weight = np.bincount(group, self.weight)
        moments = np.stack([np.bincount(group, self.weight * row) / weight for row in self.moments])
        return Cells(moments, weight, self.n_latent)


class State(NamedTuple):
    """Shares (..., k), means (..., k, d) and covariances (..., k, d, d) of mixtures."""

    share: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray


def starts(cells: Cells, n_phases: int, n_starts: int, random: np.random.Generator, floor: float) -> State:
    """Starts by k-means++ (Arthur & Vassilvitskii 2007) and a few Lloyd steps, all weighted."""
    centre = cells.moments[1 : 1 + cells.n_latent]
    mean = np.empty((n_starts, n_phases, cells.n_latent))
    nearest = np.ones((n_starts, cells.weight.size))
    for phase in range(n_phases):
        chance = np.cumsum(nearest * cells.weight, axis=1)
        # where all points lie on means already, any of them will do
        chance = np.where(chance[:, -1:] > 0, chance, np.cumsum(cells.weight))
        drawn = random.random(n_starts) * chance[:, -1]
        cell = np.minimum((chance <= drawn[:, None]).sum(axis=1), cells.weight.size - 1)
        mean[:, phase] = centre.T[cell]
        distance = np.square(centre - mean[:, phase, :, None]).sum(axis=1)
        nearest = distance if phase == 0 else np.minimum(nearest, distance)
    for _ in range(_LLOYD_STEPS):
        # the nearest mean has the largest m.mu - |mu|^2 / 2
        score = mean @ centre - 0.5 * np.square(mean).sum(axis=2)[:, :, None]
        assigned = score.argmax(axis=1)[:, None, :] == np.arange(n_phases)[:, None]
        statistics = (assigned * cells.weight) @ cells.moments.T
        state = maximise(statistics, "full", floor)
        mean = np.where(statistics[..., :1] > 0, state.mean, mean)
    return State(state.share, mean, state.covariance)


def expect(cells: Cells, state: State) -> tuple[np.ndarray, np.ndarray]:
    """Probability of every phase in every cell, and the log likelihood of every cell.

    Returns
    -------
    (..., k, n_cells) and (..., n_cells) float64
    """
    coefficients = _coefficients(state)
    probability = np.empty((*state.share.shape, cells.weight.size))
    log_likelihood = np.empty((*state.share.shape[:-1], cells.weight.size))
    for block in _blocks(cells):
        probability[..., block], log_likelihood[..., block] = _expect(coefficients, cells.moments[:, block])
    return probability, log_likelihood


def summed_moments(cells: Cells, state: State) -> tuple[np.ndarray, np.ndarray]:
    """Summed moments of every phase, (..., k, n_moments), and the log likelihood of all points, (...)."""
    coefficients = _coefficients(state)
    summed, total = 0.0, 0.0
    for block in _blocks(cells):
        moments, weight = cells.moments[:, block], cells.weight[block]
        probability, log_likelihood = _expect(coefficients, moments)
        probability *= weight
        summed = summed + probability @ moments.T
        total = total + log_likelihood @ weight
    return summed, total


def _blocks(cells: Cells) -> Iterator[slice]:
    """Pieces that stay in cache, and small enough that the BLAS does not start threads for them."""
    for start in range(0, cells.weight.size, _BLOCK):
        yield slice(start, start + _BLOCK)


def _coefficients(state: State) -> np.ndarray:
    """What the moments are multiplied by to give ln(share) + expected ln N, (..., k, n_moments)."""
    n_latent = state.mean.shape[-1]
    i, j = np.tril_indices(n_latent)
    precision = np.linalg.inv(state.covariance)
    _, log_det = np.linalg.slogdet(state.covariance)
    linear = np.einsum("...ij,...j->...i", precision, state.mean)
    constant = np.log(state.share) - 0.5 * (
        log_det + n_latent * np.log(2 * np.pi) + np.sum(linear * state.mean, axis=-1)
    )
    square = precision[..., i, j] * np.where(i == j, -0.5, -1.0)  # both halves of the symmetric matrix
    return np.concatenate([constant[..., None], linear, square], axis=-1)


def _expect(coefficients: np.ndarray, moments: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    joint = coefficients @ moments
    largest = joint.max(axis=-2, keepdims=True)
    joint -= largest
    np.exp(joint, out=joint)
    evidence = joint.sum(axis=-2, keepdims=True)
    joint /= evidence
    return joint, (largest + np.log(evidence))[..., 0, :]


def maximise(statistics: np.ndarray, covariance_type: Covariance, floor: float) -> State:
    """The mixture of the largest likelihood given the summed moments (..., k, n_moments) of every phase."""
    total = statistics[..., :1] + _NO_POINTS
    n_latent = int(np.sqrt(2 * statistics.shape[-1] + 0.25) - 1.5)
    i, j = np.tril_indices(n_latent)
    mean = statistics[..., 1 : 1 + n_latent] / total
    second = statistics[..., 1 + n_latent :] / total - mean[..., i] * mean[..., j]
    covariance = np.empty((*mean.shape, n_latent))
    covariance[..., i, j] = second
    covariance[..., j, i] = second
    share = total / total.sum(axis=-2, keepdims=True)
    if covariance_type == "tied":
        covariance[:] = np.sum(share[..., None] * covariance, axis=-3, keepdims=True)
    elif covariance_type == "diag":
        covariance *= np.eye(n_latent)
    elif covariance_type == "spherical":
        variance = np.trace(covariance, axis1=-2, axis2=-1) / n_latent
        covariance = variance[..., None, None] * np.eye(n_latent)
    return State(share[..., 0], mean, covariance + floor * np.eye(n_latent))


def climb(
    cells: Cells, state: State, covariance_type: Covariance, floor: float, tolerance: float, max_steps: int
) -> tuple[State, np.ndarray, int, bool]:
    """EM until the mean log likelihood of no start gains more than the tolerance in a step.

    Returns
    -------
    states, their mean log likelihoods (...), number of steps, whether they settled
    """
    before, n_points = -np.inf, cells.weight.sum()
    for step in range(1, max_steps + 1):
        summed, log_likelihood = summed_moments(cells, state)
        reached = log_likelihood / n_points
        settled = bool(np.all(reached - before < tolerance))
        if settled or step == max_steps:
            break
        before = reached
        state = maximise(summed, covariance_type, floor)
    return state, reached, step, settled
