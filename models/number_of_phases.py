"""How many phases a latent grid holds.

BIC takes ever more Gaussians to describe phases that are no Gaussians: on maps of 10^5 pixels it asks for
the largest number offered. So many Gaussians are fitted and those that overlap are merged; what is left
when all groups stand apart is the number of phases (see ``merged_gaussians``).
"""

from __future__ import annotations

from dataclasses import replace

from models import mixture
from models.latent_grid import LatentGrid
from models.merged_gaussians import merge_tree
from models.recipe import MixtureChoices

MAX_PHASES = 20


def choose(grid: LatentGrid, choices: MixtureChoices) -> int:
    """Number of phases, 1 to 20: groups that stand apart in latent space or, as published, the least BIC."""
    most = min(MAX_PHASES, grid.n_cells)
    if choices.number_by == "bic":
        fits = mixture.fit_range(grid, choices, range(1, most + 1))
        return min(fits, key=lambda fitted: fitted.bic).n_phases
    choices = replace(choices, n_gaussians=choices.n_gaussians or most, n_phases=1)
    gaussians = mixture.mixture_of(grid, choices)
    return min(merge_tree(gaussians, grid).n_apart, most)
