"""How many phases a latent grid holds.

BIC takes ever more Gaussians to describe phases that are no Gaussians: on maps of 10^5 pixels it asks for
the largest number offered. Here many Gaussians are fitted, and those that overlap are joined until every
group left stands apart: Hennig, Methods for merging Gaussian mixture components, Adv. Data Anal. Classif.
4, 3, 2010, by directly estimated misclassification probabilities.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from models import mixture
from models.latent_grid import LatentGrid
from models.recipe import MixtureChoices

MAX_PHASES = 20
MAX_CONFUSION = 0.05  # groups stand apart if fewer pixels of each would be taken for the other


def choose(grid: LatentGrid, choices: MixtureChoices) -> int:
    """Number of phases, 1 to 20: groups that stand apart in latent space or, as published, the least BIC."""
    most = min(MAX_PHASES, grid.n_cells)
    if choices.number_by == "bic":
        fits = mixture.fit_range(grid, choices, range(1, most + 1))
        return min(fits, key=lambda fitted: fitted.bic).n_phases
    fitted = mixture.fit(grid, replace(choices, n_phases=most))
    return int(joined_components(fitted.probabilities(grid.centre), grid.weight).max()) + 1


def joined_components(
    probability: np.ndarray, weight: np.ndarray, max_confusion: float = MAX_CONFUSION
) -> np.ndarray:
    """Groups of mixture components that cannot be told apart.

    Parameters
    ----------
    probability : (n_cells, n_components), of every component in every cell
    weight : (n_cells,)
    max_confusion : two components are joined while at least this share of the pixels of one would be
        assigned to the other

    Returns
    -------
    (n_components,) int64, group of every component, 0 ... n_groups - 1
    """
    group = np.arange(probability.shape[1])
    together = probability.copy()
    while together.shape[1] > 1:
        confusion = confusion_matrix(together, weight)
        np.fill_diagonal(confusion, 0)
        i, j = np.unravel_index(np.argmax(np.maximum(confusion, confusion.T)), confusion.shape)
        if max(confusion[i, j], confusion[j, i]) < max_confusion:
            break
        i, j = min(i, j), max(i, j)
        together[:, i] += together[:, j]
        together = np.delete(together, j, axis=1)
        group[group == j] = i
        group[group > j] -= 1
    return group


def confusion_matrix(probability: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Share of the pixels of component i that would be assigned to component j when only these two exist.

    Returns
    -------
    (n_components, n_components) float64, [i, j]
    """
    n = probability.shape[1]
    weighted = probability * weight[:, None]
    total = np.maximum(weighted.sum(axis=0), 1e-300)
    confusion = np.empty((n, n))
    for j in range(n):
        taken = probability[:, [j]] > probability
        confusion[:, j] = np.sum(weighted * taken, axis=0) / total
    return confusion
