"""A small map with three phases and everything that the page needs of it, made in a moment."""

from dataclasses import replace
from functools import cache

import numpy as np
from scipy import sparse

from dashboard.phases.opened import OpenedMap
from data.axes import EnergyAxis
from data.line_maps import line_maps
from data.spectrum_image import SpectrumImage
from models import mixture
from models.latent_grid import LatentGrid
from models.latent_space import LatentSpace
from models.phases_result import PhasesResult
from models.recipe import MixtureChoices, PhasesRecipe, RefinementChoices

SHAPE = (24, 36)
LINES = ("Si_Ka", "Ca_Ka", "Fe_Ka")


def three_stripes() -> tuple[SpectrumImage, np.ndarray]:
    """Stripes of silicon, calcium and iron; the second value is the stripe of every pixel, (n_y, n_x)."""
    image, stripe = _three_stripes()
    return replace(image), stripe.copy()


@cache
def _three_stripes() -> tuple[SpectrumImage, np.ndarray]:
    rng = np.random.default_rng(3)
    energy = EnergyAxis(0.0, 0.02, 450)
    stripe = np.repeat(np.arange(3), SHAPE[1] // 3)[None, :].repeat(SHAPE[0], axis=0)
    spectra = np.full((3, energy.n_channels), 0.02)
    for phase, line_kev in enumerate((1.74, 3.69, 6.40)):
        spectra[phase] += 12 * np.exp(-0.5 * ((energy.energy_kev - line_kev) / 0.05) ** 2)
    counts = sparse.csr_matrix(rng.poisson(spectra[stripe.ravel()]).astype(np.uint16))
    image = SpectrumImage(
        counts=counts,
        shape=SHAPE,
        energy=energy,
        pixel_size_um=0.5,
        navigation={"BSE": (stripe + rng.random(SHAPE)).astype(np.float32)},
        beam_kev=20.0,
        elements=("Si", "Ca", "Fe"),
        title="Three stripes",
        dataset_id="stripes",
    )
    return image, stripe


def opened_map() -> tuple[SpectrumImage, OpenedMap, np.ndarray]:
    """The stripes as the page shows them."""
    image, stripe = three_stripes()
    return image, OpenedMap.of(image, line_maps(image, LINES)), stripe


def latent_result(opened: OpenedMap, stripe: np.ndarray) -> PhasesResult:
    """A run without refinement whose latent space has one group of points per stripe."""
    counts = opened.image.counts
    if opened.image.dataset_id == "stripes":
        found = _latent_result_of_stripes(counts.shape[1])
    else:
        found = _latent_result(counts, stripe)
    return replace(found, prepared=opened.image, maps=opened.maps)


@cache
def _latent_result_of_stripes(n_channels: int) -> PhasesResult:
    """Of the last channels: a page that opens a map leaves out the lowest ones."""
    image, stripe = _three_stripes()
    return _latent_result(image.counts[:, -n_channels:], stripe)


def _latent_result(counts: sparse.csr_matrix, stripe: np.ndarray) -> PhasesResult:
    rng = np.random.default_rng(5)
    centre = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]])
    points = (centre[stripe.ravel()] + 0.2 * rng.standard_normal((stripe.size, 2))).astype(np.float32)
    latent = LatentSpace(points, np.zeros(stripe.size, np.float32), stripe.shape)
    grid = LatentGrid.build(latent, counts)
    fitted = mixture.fit(grid, MixtureChoices(n_phases=3))
    return PhasesResult(
        recipe=PhasesRecipe(mixture=MixtureChoices(n_phases=3), refinement=RefinementChoices(enabled=False)),
        dataset_id="stripes",
        latent=latent,
        grid=grid,
        mixture=fitted,
        latent_phases=fitted.phase_map(grid),
        phases=fitted.phase_map(grid),
        phase_spectra=fitted.spectra(grid),
    )
