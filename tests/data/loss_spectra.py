"""A small map of energy losses with known truth: a falling background and edges of three phases."""

import numpy as np
from scipy import sparse

from data.axes import EnergyAxis
from data.spectrum_image import SpectrumImage

SHAPE = (18, 30)
#: onset in eV as in solids, and which of the three stripes holds the edge
EDGES = {"O_K": (532.0, (0, 1, 2)), "Fe_L3": (708.0, (1,)), "Co_L3": (779.0, (2,))}


def oxide_stripes(electrons: float = 400.0, seed: int = 2) -> tuple[SpectrumImage, np.ndarray]:
    """Stripes of an oxide of a light metal, of iron and of cobalt, and the stripe of every pixel."""
    rng = np.random.default_rng(seed)
    axis = EnergyAxis(0.45, 0.0005, 900, kind="loss")
    energy = 1e3 * axis.energy_kev
    stripe = np.repeat(np.arange(3), SHAPE[1] // 3)[None, :].repeat(SHAPE[0], axis=0)
    spectra = np.tile((energy / 450.0) ** -3.0, (3, 1))
    for onset, members in EDGES.values():
        behind = np.clip((energy - onset) / 4.0, 0, 1) * (energy / onset) ** -3.0
        white = np.exp(-0.5 * ((energy - onset - 5) / 2.5) ** 2) if onset > 600 else 0.0
        for member in members:
            spectra[member] += 0.12 * behind + 0.25 * white
    thickness = 0.7 + 0.6 * rng.random(SHAPE)
    expected = electrons * thickness.ravel()[:, None] * spectra[stripe.ravel()]
    counts = sparse.csr_matrix(rng.poisson(expected).astype(np.uint16))
    image = SpectrumImage(
        counts=counts, shape=SHAPE, energy=axis, pixel_size_um=0.01, title="Oxides", dataset_id="oxides"
    )
    return image, stripe
