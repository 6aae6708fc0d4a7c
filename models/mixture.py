"""Phases from a Gaussian mixture on the latent grid, live while the handle moves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from models.cell_clusters import CellClusters
from models.gaussians import Gaussians, fit_gaussians
from models.latent_grid import LatentGrid
from models.merged_gaussians import merge_tree
from models.recipe import MixtureChoices


@dataclass(frozen=True, eq=False)
class MixtureFit(CellClusters):
    """Phases of a Gaussian mixture, in the order of their sizes, largest first.

    Attributes
    ----------
    gaussians : the mixture
    phase_of_gaussian : (n_gaussians,) int64
    """

    gaussians: Gaussians
    phase_of_gaussian: np.ndarray

    @property
    def share(self) -> np.ndarray:
        """Share of every phase, (n_phases,) float64, sums to 1."""
        return np.bincount(self.phase_of_gaussian, self.gaussians.share, self.n_phases)

    @property
    def mean_log_likelihood(self) -> float:
        """Of the mixture, per pixel; see ``Gaussians``."""
        return self.gaussians.mean_log_likelihood

    @property
    def bic(self) -> float:
        """Bayesian information criterion of the mixture, smaller is better."""
        return self.gaussians.bic

    def probabilities(self, points: np.ndarray) -> np.ndarray:
        """Probability of every phase at latent points, (n_points, n_phases) float64."""
        of_gaussians, _ = self.gaussians.at(points)
        probability = np.zeros((self.n_phases, of_gaussians.shape[1]))
        np.add.at(probability, self.phase_of_gaussian, of_gaussians)
        return probability.T

    def log_likelihood(self, points: np.ndarray) -> np.ndarray:
        """Log density of the mixture at latent points, (n_points,) float64; exact, not on the grid."""
        return self.gaussians.at(points)[1]


def fit(grid: LatentGrid, choices: MixtureChoices) -> MixtureFit:
    """Find ``choices.n_phases`` phases on a grid.

    A phase is a group of Gaussians (``merged_gaussians``) or, with ``n_gaussians`` 0, a Gaussian each.
    Another number of phases is another cut of one tree, so only the first one takes the time of a fit.

    Parameters
    ----------
    grid : the latent grid
    choices : n_phases at least 1; for 0 (automatic) ask ``number_of_phases.choose`` first

    Raises
    ------
    ValueError
        There are fewer distinct cells than phases, or no number of phases is given.
    """
    k = choices.n_phases
    check_number(grid, k)
    gaussians = mixture_of(grid, choices)
    if gaussians.n_gaussians == k:
        group = np.arange(k)
        probability, _ = gaussians.at(grid.centre, grid.scatter)
    else:
        tree = merge_tree(gaussians, grid)
        group = tree.groups(k)
        order = np.argsort(-np.bincount(group, gaussians.share), kind="stable")
        group = np.argsort(order)[group]
        probability = tree.probabilities(group, k)
    return of_gaussians(gaussians, group, probability, k)


def of_gaussians(gaussians: Gaussians, group: np.ndarray, probability: np.ndarray, k: int) -> MixtureFit:
    """Phases that are groups of Gaussians, from their probabilities (k, n_cells)."""
    return MixtureFit(
        gaussians=gaussians,
        phase_of_gaussian=group,
        label_of_cell=probability.argmax(axis=0).astype(np.int16),
        probability_of_cell=probability.max(axis=0).astype(np.float32),
        membership=probability.astype(np.float32, copy=False),
        n_phases=k,
        made_by=f"{gaussians.n_gaussians} Gaussians ({gaussians.covariance_type}) in latent space",
    )


def check_number(grid: LatentGrid, n_phases: int) -> None:
    """Say so where a grid cannot have that many phases.

    Raises
    ------
    ValueError
        There are fewer distinct cells than phases, or no number of phases is given.
    """
    if n_phases < 1:
        raise ValueError(f"A mixture has at least 1 phase; {n_phases} were asked for.")
    if n_phases > grid.n_cells:
        raise ValueError(
            f"{n_phases} phases were asked for, but the {grid.n_pixels} valid pixels take only "
            f"{grid.n_cells} distinct places in latent space. Choose at most {grid.n_cells} phases."
        )


def mixture_of(grid: LatentGrid, choices: MixtureChoices) -> Gaussians:
    """The mixture that the phases of these choices are made of; never more Gaussians than cells."""
    n_gaussians = min(max(choices.n_gaussians, choices.n_phases, 1), grid.n_cells)
    return fit_gaussians(grid, n_gaussians, choices.covariance, choices.seed)


def fit_range(
    grid: LatentGrid, choices: MixtureChoices, numbers: Iterable[int] = range(1, 21)
) -> Iterator[MixtureFit]:
    """One Gaussian per phase, for several numbers of phases: the BIC curve is ``[f.bic for f in ...]``.

    Numbers above the number of distinct cells are left out.

    Yields
    ------
    MixtureFit, in the order of the numbers
    """
    for number in numbers:
        if number <= grid.n_cells:
            yield fit(grid, replace(choices, n_phases=number, n_gaussians=0))
