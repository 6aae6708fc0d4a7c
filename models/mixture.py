"""Gaussian mixture on the latent grid: phases, live while the handle moves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from models import weighted_em
from models.latent_grid import LatentGrid
from models.phase_identity import kept_identity, match_labels
from models.phase_map import PhaseMap
from models.recipe import Covariance, MixtureChoices
from models.weighted_em import Cells, State

_N_STARTS = 8
_N_COARSE = 1024
_STEPS_COARSE = 25
_TOLERANCE, _MAX_STEPS = 1e-4, 100
_FLOOR = 1e-6  # of the variance of the points, added to every variance


@dataclass(frozen=True, eq=False)
class MixtureFit:
    """A Gaussian mixture fitted on a latent grid. Phases are in the order of their shares, largest first.

    Attributes
    ----------
    share : (n_phases,) float64, sums to 1
    mean : (n_phases, n_latent) float64
    covariance : (n_phases, n_latent, n_latent) float64, for every type of covariance
    covariance_type : full, tied, diag or spherical
    mean_log_likelihood : per pixel; a lower bound, since the pixels of a cell share their phase
    mean_entropy : per pixel, of the probabilities of the phases, nats
    n_steps, settled : steps of EM on the whole grid, and whether it settled before the last allowed one
    label_of_cell : (n_cells,) int16, the most probable phase of every cell
    probability_of_cell : (n_cells,) float32, probability of that phase
    identity : for every phase a number that it keeps from fit to fit; colours and names belong to it
    n_pixels : number of pixels in the grid
    """

    share: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray
    covariance_type: Covariance
    mean_log_likelihood: float
    mean_entropy: float
    n_steps: int
    settled: bool
    label_of_cell: np.ndarray
    probability_of_cell: np.ndarray
    identity: tuple[int, ...]
    n_pixels: int

    @property
    def n_phases(self) -> int:
        """Number of phases."""
        return self.share.size

    @property
    def n_parameters(self) -> int:
        """Number of free parameters of the mixture."""
        k, d = self.mean.shape
        full = d * (d + 1) // 2
        of_covariance = {"full": k * full, "tied": full, "diag": k * d, "spherical": k}[self.covariance_type]
        return of_covariance + k * d + k - 1

    @cached_property
    def bic(self) -> float:
        """Bayesian information criterion, smaller is better."""
        return -2 * self.n_pixels * self.mean_log_likelihood + self.n_parameters * np.log(self.n_pixels)

    @cached_property
    def icl(self) -> float:
        """Integrated completed likelihood (Biernacki et al. 2000): BIC that also pays for overlap."""
        return self.bic + 2 * self.n_pixels * self.mean_entropy

    def cell_labels(self, threshold: float = 0.0) -> np.ndarray:
        """Phase of every cell, (n_cells,) int16; -1 where it is less probable than the threshold."""
        if threshold <= 0:
            return self.label_of_cell
        return np.where(self.probability_of_cell >= threshold, self.label_of_cell, np.int16(-1))

    def labels(self, grid: LatentGrid, threshold: float = 0.0) -> np.ndarray:
        """Phase of every pixel, (n_y, n_x) int16; -1 where unassigned."""
        return grid.lookup(self.cell_labels(threshold), fill=-1)

    def phase_map(self, grid: LatentGrid, threshold: float = 0.0) -> PhaseMap:
        """Phase and probability of every pixel."""
        return PhaseMap(
            label=self.labels(grid, threshold),
            probability=grid.lookup(self.probability_of_cell, fill=0.0),
            n_phases=self.n_phases,
            made_by=f"Gaussian mixture ({self.covariance_type}) on the latent grid",
        )

    def spectra(self, grid: LatentGrid, threshold: float = 0.0) -> np.ndarray:
        """Sum spectrum of every phase, (n_phases, n_channels), counts; without unassigned cells."""
        return grid.sum_by_label(self.cell_labels(threshold), self.n_phases)

    def pixels(self, grid: LatentGrid, threshold: float = 0.0) -> np.ndarray:
        """Number of pixels of every phase, (n_phases,) int64; without unassigned cells."""
        labels = self.cell_labels(threshold).astype(np.intp) + 1
        count = np.bincount(labels, weights=grid.weight, minlength=self.n_phases + 1)
        return count[1:].astype(np.int64)

    def probabilities(self, points: np.ndarray) -> np.ndarray:
        """Probability of every phase at latent points, (n_points, n_phases) float64."""
        return self._at(points)[0].T

    def log_likelihood(self, points: np.ndarray) -> np.ndarray:
        """Log density of the mixture at latent points, (n_points,) float64; exact, not on the grid."""
        return self._at(points)[1]

    def _at(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        points = np.atleast_2d(np.asarray(points, dtype=np.float64))
        offset = self.mean.mean(axis=0)  # rounding is worst far from the origin
        no_scatter = np.zeros((1, self.mean.shape[1], self.mean.shape[1]))
        cells = Cells.of(points - offset, no_scatter, np.ones(len(points)))
        return weighted_em.expect(cells, State(self.share, self.mean - offset, self.covariance))


def fit(grid: LatentGrid, choices: MixtureChoices, previous: MixtureFit | None = None) -> MixtureFit:
    """Fit a mixture of ``choices.n_phases`` Gaussians to all pixels of a grid.

    Several starts climb on a coarser grid of about a thousand cells; the best goes on on the cells
    themselves. The result depends on grid and choices alone.

    Parameters
    ----------
    grid : the latent grid
    choices : n_phases at least 1; for 0 (automatic) ask ``number_of_phases.choose`` first
    previous : an earlier fit on the same grid, whose identities the phases take over; nothing else of it

    Raises
    ------
    ValueError
        There are fewer distinct cells than phases, or no number of phases is given.
    """
    k = choices.n_phases
    if k < 1:
        raise ValueError(f"A mixture has at least 1 phase; {k} were asked for.")
    if k > grid.n_cells:
        raise ValueError(
            f"{k} phases were asked for, but the {grid.n_pixels} valid pixels take only {grid.n_cells} "
            f"distinct places in latent space. Choose at most {grid.n_cells} phases."
        )
    # centred and scaled by one number: rounding stays small, and no type of covariance notices
    offset = np.average(grid.centre, axis=0, weights=grid.weight)
    variance = np.average(
        np.square(grid.centre - offset).sum(axis=1) + np.trace(grid.scatter, axis1=1, axis2=2),
        weights=grid.weight,
    )
    scale = np.sqrt(variance / grid.n_latent) or 1.0
    cells = Cells.of((grid.centre - offset) / scale, grid.scatter / scale**2, grid.weight)
    coarse = cells.joined(_coarse_groups(grid, at_least=4 * k))
    random = np.random.default_rng(choices.seed)
    begun = weighted_em.starts(coarse, k, 1 if k == 1 else _N_STARTS, random, _FLOOR)
    tried, reached, *_ = weighted_em.climb(
        coarse, begun, choices.covariance, _FLOOR, _TOLERANCE, _STEPS_COARSE
    )
    best = State(*(values[np.argmax(reached)] for values in tried))
    state, reached, n_steps, settled = weighted_em.climb(
        cells, best, choices.covariance, _FLOOR, _TOLERANCE, _MAX_STEPS
    )
    order = np.argsort(-state.share, kind="stable")
    state = State(*(values[order] for values in state))
    probability, _ = weighted_em.expect(cells, state)
    entropy = -np.sum(probability * np.log(np.maximum(probability, 1e-300)), axis=0)
    label = probability.argmax(axis=0).astype(np.int16)
    identity = tuple(range(k))
    if previous is not None:
        identity = kept_identity(
            match_labels(previous.label_of_cell, label, grid.weight, previous.n_phases, k), previous.identity
        )
    return MixtureFit(
        share=state.share,
        mean=state.mean * scale + offset,
        covariance=state.covariance * scale**2,
        covariance_type=choices.covariance,
        mean_log_likelihood=float(reached - grid.n_latent * np.log(scale)),
        mean_entropy=float(np.average(entropy, weights=grid.weight)),
        n_steps=n_steps,
        settled=settled,
        label_of_cell=label,
        probability_of_cell=probability.max(axis=0).astype(np.float32),
        identity=identity,
        n_pixels=grid.n_pixels,
    )


def fit_range(grid: LatentGrid, choices: MixtureChoices, numbers: Iterable[int] = range(1, 21)):
    """Fits for several numbers of phases, one after another: the BIC curve is ``[f.bic for f in ...]``.

    Numbers above the number of distinct cells are left out.

    Yields
    ------
    MixtureFit, in the order of the numbers
    """
    for number in numbers:
        if number <= grid.n_cells:
            yield fit(grid, replace(choices, n_phases=number))


def _coarse_groups(grid: LatentGrid, at_least: int) -> np.ndarray:
    """Groups of neighbouring cells, (n_cells,): few enough for many starts, yet no fewer than asked."""
    group, bins = np.arange(grid.n_cells), grid.bin_of_cell
    while group.max() >= _N_COARSE:
        bins = bins // 2
        place = np.zeros(grid.n_cells, np.int64)
        for axis in bins.T:
            place = place * (int(axis.max()) + 1) + axis
        _, joined = np.unique(place, return_inverse=True)
        if joined.max() < at_least:
            break
        group = joined
    return group
