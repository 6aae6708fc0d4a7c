"""How well mixtures of 1, 2, 3 ... Gaussians describe the latent space, and what their parameters cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from models import mixture
from models.latent_grid import LatentGrid
from models.number_of_phases import MAX_PHASES
from models.recipe import MixtureChoices


@dataclass(frozen=True)
class NumberCurve:
    """Criteria against the number of phases, each one Gaussian; the smaller the better.

    Attributes
    ----------
    numbers : 1, 2, 3 ...
    bic : Bayesian information criterion (Schwarz 1978)
    icl : integrated completed likelihood (Biernacki et al. 2000): BIC that also pays for overlap
    fraction : of the numbers that are done
    message : what is being done, for a person
    """

    numbers: tuple[int, ...]
    bic: tuple[float, ...]
    icl: tuple[float, ...]
    fraction: float
    message: str

    @property
    def best(self) -> int:
        """The number of the least BIC."""
        return min(zip(self.bic, self.numbers, strict=True))[1]


def sweep(grid: LatentGrid, choices: MixtureChoices, most: int = MAX_PHASES) -> Iterator[NumberCurve]:
    """The curve as it grows, one number after the other; the last one is whole.

    Parameters
    ----------
    grid : the latent grid
    choices : covariance and seed; the rest is not used
    most : the largest number, or that of distinct cells where it is smaller
    """
    most = min(most, grid.n_cells)
    bic: list[float] = []
    icl: list[float] = []
    for fitted in mixture.fit_range(grid, choices, range(1, most + 1)):
        bic.append(fitted.bic)
        icl.append(fitted.gaussians.icl)
        done = len(bic)
        yield NumberCurve(
            tuple(range(1, done + 1)), tuple(bic), tuple(icl), done / most, f"BIC of {done} of {most}"
        )
