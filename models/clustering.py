"""Clusters of the latent space by any of the methods that a recipe can ask for."""

from __future__ import annotations

from dataclasses import replace

from models import bayesian_mixture, birch, hdbscan, k_means, mixture, number_of_phases
from models.cell_clusters import CellClusters
from models.gaussians import Gaussians
from models.latent_grid import LatentGrid
from models.recipe import ClusterMethod, MixtureChoices

#: what the methods are called
METHODS: dict[ClusterMethod, str] = {
    "gaussian": "Gaussian mixture",
    "bayesian": "Bayesian Gaussian mixture",
    "kmeans": "k-means",
    "birch": "Birch",
    "hdbscan": "HDBSCAN",
}


def cluster(grid: LatentGrid, choices: MixtureChoices) -> tuple[CellClusters, str]:
    """Clusters of a grid, and how their number was found where the choices leave it open.

    Parameters
    ----------
    grid : the latent grid
    choices : the method and its settings; ``n_phases`` 0 finds the number

    Returns
    -------
    the clusters, and a sentence, empty where a person set the number

    Raises
    ------
    ValueError
        There are fewer distinct cells than clusters, or the method finds none.
    """
    asked = choices.n_phases
    if choices.method == "hdbscan":
        found = hdbscan.fit(grid, choices.least_share, choices.density_share)
        outside = grid.weight[found.label_of_cell < 0].sum() / grid.n_pixels
        groups = "1 group" if found.n_phases == 1 else f"{found.n_phases} groups"
        return found, (
            f"HDBSCAN: {groups} of at least {100 * choices.least_share:.3g} % of the pixels; "
            f"{100 * outside:.2g} % of the pixels are in none."
        )
    mixture.check_number(grid, asked or 1)
    if choices.method == "bayesian":
        most = min(asked or number_of_phases.MAX_PHASES, grid.n_cells)
        found = bayesian_mixture.fit(grid, most, choices.seed)
        return found, f"Of at most {most} Gaussians, {found.n_phases} are needed."
    number = asked or number_of_phases.choose(grid, choices)
    why = "" if asked else _why(number, choices)
    if choices.method == "kmeans":
        return k_means.fit(grid, number, choices.seed), why
    if choices.method == "birch":
        return birch.fit(grid, number, choices.birch_radius), why
    return mixture.fit(grid, replace(choices, n_phases=number)), why


def gaussians_of(grid: LatentGrid, choices: MixtureChoices, n_phases: int) -> Gaussians | None:
    """The Gaussians behind the clusters of these choices, fitted before; None for methods without any."""
    if choices.method == "gaussian":
        return mixture.mixture_of(grid, replace(choices, n_phases=min(n_phases, grid.n_cells)))
    if choices.method == "bayesian":
        most = min(choices.n_phases or number_of_phases.MAX_PHASES, grid.n_cells)
        return bayesian_mixture.fit(grid, most, choices.seed).gaussians
    return None


def _why(number: int, choices: MixtureChoices) -> str:
    groups = "1 group" if number == 1 else f"{number} groups"
    reason = {"separation": "with more, groups overlap", "bic": "the least BIC"}[choices.number_by]
    return f"Latent space: {groups} of pixels; {reason}."
