"""Phases from a Gaussian mixture on the latent grid, live while the handle moves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from models.gaussians import Gaussians, fit_gaussians
from models.latent_grid import LatentGrid
from models.merged_gaussians import merge_tree
from models.phase_map import PhaseMap
from models.recipe import MixtureChoices


@dataclass(frozen=True, eq=False)
class MixtureFit:
    """Phases of a Gaussian mixture, in the order of their sizes, largest first.

    Attributes
    ----------
    gaussians : the mixture
    phase_of_gaussian : (n_gaussians,) int64
    label_of_cell : (n_cells,) int16, the most probable phase of every cell of the grid
    probability_of_cell : (n_cells,) float32, probability of that phase
    n_phases : number of phases
    """

    gaussians: Gaussians
    phase_of_gaussian: np.ndarray
    label_of_cell: np.ndarray
    probability_of_cell: np.ndarray
    n_phases: int

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
        mixture = self.gaussians
        return PhaseMap(
            label=self.labels(grid, threshold),
            probability=grid.lookup(self.probability_of_cell, fill=0.0),
            n_phases=self.n_phases,
            made_by=f"{mixture.n_gaussians} Gaussians ({mixture.covariance_type}) in latent space",
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
    if k < 1:
        raise ValueError(f"A mixture has at least 1 phase; {k} were asked for.")
    if k > grid.n_cells:
        raise ValueError(
            f"{k} phases were asked for, but the {grid.n_pixels} valid pixels take only {grid.n_cells} "
            f"distinct places in latent space. Choose at most {grid.n_cells} phases."
        )
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
    label = probability.argmax(axis=0)
    return MixtureFit(
        gaussians=gaussians,
        phase_of_gaussian=group,
        label_of_cell=label.astype(np.int16),
        probability_of_cell=probability.max(axis=0).astype(np.float32),
        n_phases=k,
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
