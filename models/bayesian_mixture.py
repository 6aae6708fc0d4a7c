"""A variational Bayesian mixture of Gaussians on the latent grid: it leaves empty what it does not need.

Weights of a Dirichlet process by stick breaking and Gauss-Wishart priors, with the defaults of scikit-learn's
``BayesianGaussianMixture`` (Blei & Jordan, Bayesian Anal. 1, 121, 2006; Bishop, Pattern Recognition and
Machine Learning, 2006, 10.2), fitted to weighted cells with scatter. The expectations are those of a mixture
with other shares, so that every step is one of ``weighted_em``.
"""

from __future__ import annotations

from dataclasses import replace
from threading import Lock
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from scipy.special import digamma

from models import mixture, weighted_em
from models.gaussians import Gaussians, fit_gaussians, pyramid_of
from models.latent_grid import LatentGrid
from models.mixture import MixtureFit
from models.weighted_em import Cells, State

_LEVELS = ((4096, 1000), (np.inf, 30))  # cells at most, steps at most
_FLOOR = 1e-6  # of the variance of all points: that of points that coincide
_SETTLED = 1e-5  # largest change of a share in a step
_LEAST_PIXELS = 1.0
_MOST_KEPT = 8

_fitted: WeakKeyDictionary[LatentGrid, dict[tuple[int, int], MixtureFit]] = WeakKeyDictionary()
_lock = Lock()


class _Prior(NamedTuple):
    """What is believed before: ``concentration`` of the shares, the mean and covariance of all points."""

    concentration: float
    mean: np.ndarray
    covariance: np.ndarray

    @classmethod
    def of(cls, cells: Cells, n_gaussians: int) -> _Prior:
        whole = weighted_em.maximise((cells.weight @ cells.moments.T)[None], "full", _FLOOR)
        return cls(1 / n_gaussians, whole.mean[0], whole.covariance[0])


class _Posterior(NamedTuple):
    """What is believed after: the Gaussians expected, and the shares that stand for all doubts about them."""

    share: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray
    tempered_share: np.ndarray

    @property
    def tempered(self) -> State:
        """The mixture whose expectations are those of the posterior."""
        return State(self.tempered_share, self.mean, self.covariance)

    @classmethod
    def given(cls, summed: np.ndarray, prior: _Prior) -> _Posterior:
        """From summed moments (k, n_moments), see ``weighted_em``: Bishop (10.60) to (10.63)."""
        # the largest stick is broken first: any other order takes the bound away (Kurihara et al. 2007)
        summed = summed[np.argsort(-summed[:, 0], kind="stable")]
        n = summed[:, 0]
        n_latent = prior.mean.size
        measured = weighted_em.maximise(summed, "full", _FLOOR)
        beta, freedom = 1 + n, n_latent + n
        mean = (prior.mean + n[:, None] * measured.mean) / beta[:, None]
        apart = measured.mean - prior.mean
        inverse_scale = (
            prior.covariance
            + n[:, None, None] * measured.covariance
            + (n / beta)[:, None, None] * apart[:, :, None] * apart[:, None, :]
        )
        covariance = inverse_scale / freedom[:, None, None]
        log_det = digamma(0.5 * (freedom[:, None] - np.arange(n_latent))).sum(axis=1)
        log_det += n_latent * (np.log(2) - np.log(freedom))
        log_share = _expected_log_shares(n, prior.concentration) + 0.5 * (log_det - n_latent / beta)
        return cls(n / n.sum(), mean, covariance, np.exp(log_share))


def _expected_log_shares(n: np.ndarray, concentration: float) -> np.ndarray:
    """Of a Dirichlet process broken into sticks, with n points in each."""
    taken = 1 + n
    left = concentration + n.sum() - np.cumsum(n)
    whole = digamma(taken + left)
    broken_off = np.concatenate([[0.0], np.cumsum(digamma(left) - whole)[:-1]])
    return digamma(taken) - whole + broken_off


def fit(grid: LatentGrid, most: int, seed: int) -> MixtureFit:
    """Phases of a Bayesian mixture of at most so many Gaussians, largest first; each is one Gaussian.

    The answer is remembered as long as the grid lives.

    Raises
    ------
    ValueError
        There are fewer distinct cells than Gaussians.
    """
    with _lock:
        known = _fitted.setdefault(grid, {}).get((most, seed))
    if known is None:
        known = _fit(grid, most, seed)
        with _lock:
            kept = _fitted[grid]
            if len(kept) >= _MOST_KEPT:
                kept.pop(next(iter(kept)))
            kept[most, seed] = known
    return known


def _fit(grid: LatentGrid, most: int, seed: int) -> MixtureFit:
    start = fit_gaussians(grid, most, "full", seed)
    pyramid = pyramid_of(grid)
    offset, scale, (cells, *_) = pyramid
    prior = _Prior.of(cells, most)
    state = State(start.share, (start.mean - offset) / scale, start.covariance / scale**2)
    posterior, n_steps = None, 0
    for n_cells, max_steps in _LEVELS:
        level = pyramid.level(n_cells, at_least=4 * most)
        for _ in range(max_steps):
            before = state.share if posterior is None else posterior.share
            summed, _ = weighted_em.summed_moments(level, posterior.tempered if posterior else state)
            posterior, n_steps = _Posterior.given(summed, prior), n_steps + 1
            settled = np.abs(np.sort(posterior.share) - np.sort(before)).max() < _SETTLED
            if settled:
                break
    probability, _ = weighted_em.expect(cells, posterior.tempered)
    kept = np.unique(probability.argmax(axis=0))
    kept = kept[posterior.share[kept] * grid.n_pixels >= _LEAST_PIXELS]
    probability = probability[kept] / np.maximum(probability[kept].sum(axis=0), 1e-300)
    share = posterior.share[kept] / posterior.share[kept].sum()
    mean, covariance = posterior.mean[kept], posterior.covariance[kept]
    plain, log_likelihood = weighted_em.expect(cells, State(share, mean, covariance))
    entropy = -np.sum(plain * np.log(np.maximum(plain, 1e-300)), axis=0)
    reached = log_likelihood @ cells.weight / grid.n_pixels
    gaussians = Gaussians(
        share=share,
        mean=mean * scale + offset,
        covariance=covariance * scale**2,
        covariance_type="full",
        mean_log_likelihood=float(reached - grid.n_latent * np.log(scale)),
        mean_entropy=float(np.average(entropy, weights=grid.weight)),
        n_steps=n_steps,
        settled=bool(settled),
        n_pixels=grid.n_pixels,
    )
    fitted = mixture.of_gaussians(gaussians, np.arange(kept.size), probability, kept.size)
    return replace(fitted, made_by=f"Bayesian mixture of at most {most} Gaussians in latent space")
