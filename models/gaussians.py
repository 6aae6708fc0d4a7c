"""A Gaussian mixture fitted to all pixels of a latent grid."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from models import weighted_em
from models.latent_grid import LatentGrid
from models.recipe import Covariance
from models.weighted_em import Cells, State

# From coarse to fine: how many cells there may be, how many starts go on from there, for how many steps at
# most, and the gain in mean log likelihood below which a step is the last one.
# One Gaussian for every phase: the best mixture is wanted, and every third search of 8 starts missed it.
_MOST_PHASES = 20
_STARTS_OF_FEW = 16
_LEVELS_OF_FEW = (
    (1024, 3, 8, 1e-3),
    (1024, 1, 20, 3e-4),
    (4096, 1, 40, 3e-4),
    (np.inf, 1, 8, 1e-3),
)
# Many, to be merged: which of the good mixtures it is matters little, that each has settled does
_STARTS_OF_MANY = 8
_LEVELS_OF_MANY = (
    (1024, 3, 6, 1e-4),
    (1024, 1, 25, 1e-4),
    (4096, 1, 100, 1e-4),
    (np.inf, 1, 30, 3e-4),
)
_FLOOR = 1e-6  # of the variance of the points, added to every variance

_fitted: WeakKeyDictionary[LatentGrid, dict] = WeakKeyDictionary()
_pyramids: WeakKeyDictionary[LatentGrid, Pyramid] = WeakKeyDictionary()
_MOST_KEPT = 8
_lock = Lock()  # several jobs may ask at once


@dataclass(frozen=True, eq=False)
class Gaussians:
    """A mixture of Gaussians in latent space, in the order of their shares, largest first.

    Attributes
    ----------
    share : (n_gaussians,) float64, sums to 1
    mean : (n_gaussians, n_latent) float64
    covariance : (n_gaussians, n_latent, n_latent) float64, for every type of covariance
    covariance_type : full, tied, diag or spherical
    mean_log_likelihood : per pixel; a lower bound, since the pixels of a cell share their Gaussians
    mean_entropy : per pixel, of the probabilities of the Gaussians, nats
    n_steps, settled : steps of EM on the whole grid, and whether it settled before the last allowed one
    n_pixels : number of pixels that it was fitted to
    """

    share: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray
    covariance_type: Covariance
    mean_log_likelihood: float
    mean_entropy: float
    n_steps: int
    settled: bool
    n_pixels: int

    @property
    def n_gaussians(self) -> int:
        """Number of Gaussians."""
        return self.share.size

    @property
    def n_parameters(self) -> int:
        """Number of free parameters."""
        k, d = self.mean.shape
        full = d * (d + 1) // 2
        of_covariance = {"full": k * full, "tied": full, "diag": k * d, "spherical": k}[self.covariance_type]
        return of_covariance + k * d + k - 1

    @property
    def bic(self) -> float:
        """Bayesian information criterion, smaller is better."""
        return -2 * self.n_pixels * self.mean_log_likelihood + self.n_parameters * np.log(self.n_pixels)

    @property
    def icl(self) -> float:
        """Integrated completed likelihood (Biernacki et al. 2000): BIC that also pays for overlap."""
        return self.bic + 2 * self.n_pixels * self.mean_entropy

    def at(self, points: np.ndarray, scatter: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities of the Gaussians at latent points, and the log density there.

        Parameters
        ----------
        points : (n, n_latent) array
        scatter : (n, n_latent, n_latent), where every point stands for several with this covariance

        Returns
        -------
        (n_gaussians, n) and (n,) float64
        """
        points = np.atleast_2d(np.asarray(points, dtype=np.float64))
        offset = self.mean.mean(axis=0)  # rounding is worst far from the origin
        if scatter is None:
            scatter = np.zeros((1, points.shape[1], points.shape[1]))
        cells = Cells.of(points - offset, scatter, np.ones(len(points)))
        return weighted_em.expect(cells, State(self.share, self.mean - offset, self.covariance))


def fit_gaussians(grid: LatentGrid, n_gaussians: int, covariance: Covariance, seed: int) -> Gaussians:
    """Fit Gaussians to all pixels of a grid; the answer is remembered as long as the grid lives.

    Several starts climb on a coarser grid of about a thousand cells; the best goes on on finer ones and on
    the cells themselves.

    Raises
    ------
    ValueError
        There are fewer distinct cells than Gaussians.
    """
    if n_gaussians > grid.n_cells:
        raise ValueError(f"{n_gaussians} Gaussians do not fit {grid.n_cells} distinct places.")
    key = (n_gaussians, covariance, seed)
    with _lock:
        known = _fitted.setdefault(grid, {}).get(key)
    if known is not None:
        return known
    fitted = _fit(grid, *key)
    with _lock:
        kept = _fitted[grid]
        if len(kept) >= _MOST_KEPT:
            kept.pop(next(iter(kept)))  # the oldest
        return kept.setdefault(key, fitted)


class Pyramid(NamedTuple):
    """The cells of a grid and joined ones, in coordinates of variance 1: (x - offset) / scale."""

    offset: np.ndarray
    scale: float
    levels: tuple[Cells, ...]

    @classmethod
    def of(cls, grid: LatentGrid) -> Pyramid:
        # centred and scaled by one number: rounding stays small, and no type of covariance notices
        offset = np.average(grid.centre, axis=0, weights=grid.weight)
        square = np.square(grid.centre - offset).sum(axis=1) + np.trace(grid.scatter, axis1=1, axis2=2)
        scale = np.sqrt(np.average(square, weights=grid.weight) / grid.n_latent) or 1.0
        levels = [Cells.of((grid.centre - offset) / scale, grid.scatter / scale**2, grid.weight)]
        bins = grid.bin_of_cell
        while levels[-1].weight.size > min(n_cells for n_cells, *_ in _LEVELS_OF_MANY):
            bins = bins // 2
            place = np.zeros(grid.n_cells, np.int64)
            for axis in bins.T:
                place = place * (int(axis.max()) + 1) + axis
            levels.append(levels[0].joined(np.unique(place, return_inverse=True)[1]))
        return cls(offset, scale, tuple(levels))

    def level(self, at_most: float, at_least: int) -> Cells:
        """The finest level that has no more cells than asked, unless these are too few."""
        enough = [level for level in self.levels if level.weight.size >= at_least] or [self.levels[0]]
        return next((level for level in enough if level.weight.size <= at_most), enough[-1])


def pyramid_of(grid: LatentGrid) -> Pyramid:
    """The pyramid of a grid; remembered as long as the grid lives."""
    pyramid = _pyramids.get(grid)
    if pyramid is None:
        pyramid = _pyramids[grid] = Pyramid.of(grid)
    return pyramid


def _fit(grid: LatentGrid, n_gaussians: int, covariance: Covariance, seed: int) -> Gaussians:
    pyramid = pyramid_of(grid)
    offset, scale, (cells, *_) = pyramid
    random = np.random.default_rng(seed)
    state = None
    few = n_gaussians <= _MOST_PHASES
    for n_cells, n_left, max_steps, tolerance in _LEVELS_OF_FEW if few else _LEVELS_OF_MANY:
        level = pyramid.level(n_cells, at_least=4 * n_gaussians)
        if state is None:
            n_starts = 1 if n_gaussians == 1 else _STARTS_OF_FEW if few else _STARTS_OF_MANY
            state = weighted_em.starts(level, n_gaussians, n_starts, random, _FLOOR)
        state, reached, n_steps, settled = weighted_em.climb(
            level, state, covariance, _FLOOR, tolerance, max_steps
        )
        best = np.argsort(-reached, kind="stable")[:n_left]
        state, reached = State(*(values[best] for values in state)), reached[best]
    state, reached = State(*(values[0] for values in state)), reached[0]
    order = np.argsort(-state.share, kind="stable")
    state = State(*(values[order] for values in state))
    probability, _ = weighted_em.expect(cells, state)
    entropy = -np.sum(probability * np.log(np.maximum(probability, 1e-300)), axis=0)
    return Gaussians(
        share=state.share,
        mean=state.mean * scale + offset,
        covariance=state.covariance * scale**2,
        covariance_type=covariance,
        mean_log_likelihood=float(reached - grid.n_latent * np.log(scale)),
        mean_entropy=float(np.average(entropy, weights=grid.weight)),
        n_steps=n_steps,
        settled=settled,
        n_pixels=grid.n_pixels,
    )
