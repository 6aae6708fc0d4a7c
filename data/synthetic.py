"""Synthetic spectrum images with their truth: the built-in demo, and the oracle of tests and benchmarks.

Spectra are computed from mineral formulas (synthetic_spectra), specimens are drawn (synthetic_particles,
synthetic_rock), the interaction volume mixes neighbours, and events are drawn from the mixture
(synthetic_events). A pixel's counts are exactly Poisson with mean ``mean_counts * (share @ spectra)``.
"""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

import numpy as np
from scipy import ndimage, sparse

from data import synthetic_cache
from data.axes import EnergyAxis
from data.silicon_detector import Instrument
from data.spectrum_image import SpectrumImage
from data.synthetic_events import draw_counts
from data.synthetic_geometry import Specimen
from data.synthetic_minerals import MATERIALS
from data.synthetic_particles import ParticleScene, strew
from data.synthetic_rock import crystallise
from data.synthetic_scenes import DEMO, GRANODIORITE, VOLCANIC_DUST
from data.synthetic_spectra import Material, emission
from data.synthetic_truth import SyntheticTruth

__all__ = ["AXIS", "SyntheticTruth", "cached_demo", "demo", "particulate", "rock_section"]

_log = logging.getLogger(__name__)
# raised whenever the demo comes out differently, so that an old cache is not taken for the new demo
_DEMO_VERSION = 1
AXIS = EnergyAxis(offset_kev=-0.1, scale_kev=0.01, n_channels=2048)


def demo(
    seed: int = 7, n_y: int = 256, n_x: int = 256, counts_per_pixel: float = 150.0
) -> tuple[SpectrumImage, SyntheticTruth]:
    """Mineral dust on carbon tape, with grains of monazite: the map that opens where there is no other."""
    return _particles(DEMO, "Demo: mineral dust on carbon tape", seed, (n_y, n_x), counts_per_pixel)


def cached_demo(folder: str | Path) -> tuple[SpectrumImage, SyntheticTruth]:
    """The demo, read from a file in ``folder`` where an earlier call left one (20 MB, some 0.1 s).

    A file that is damaged or of another version is made anew. Where the folder cannot be written, the
    demo is still returned.
    """
    path = Path(folder) / f"demo-{_DEMO_VERSION}.npz"
    try:
        return synthetic_cache.load(path)
    except FileNotFoundError:
        pass
    except synthetic_cache.DAMAGE:
        _log.warning("the cached demo is damaged and is made anew", extra={"file": str(path)}, exc_info=True)
    image, truth = demo()
    try:
        synthetic_cache.save(path, image, truth)
    except OSError:
        _log.warning("the demo cannot be cached", extra={"file": str(path)}, exc_info=True)
    return image, truth


def particulate(
    seed: int, n_y: int = 128, n_x: int = 128, counts_per_pixel: float = 200.0
) -> tuple[SpectrumImage, SyntheticTruth]:
    """Volcanic dust on carbon tape: thin glass shards let the substrate through; zircon in traces."""
    return _particles(VOLCANIC_DUST, "Synthetic volcanic dust", seed, (n_y, n_x), counts_per_pixel)


def rock_section(
    seed: int, n_y: int = 128, n_x: int = 128, counts_per_pixel: float = 200.0
) -> tuple[SpectrumImage, SyntheticTruth]:
    """A polished granodiorite: interlocking grains, perthite, clots of mafic minerals, zircon in traces."""
    instrument = Instrument(beam_kev=20.0)
    rng = np.random.default_rng(seed)
    materials = tuple(MATERIALS[name] for name in GRANODIORITE.phase_names)
    specimen = crystallise(GRANODIORITE, materials, (n_y, n_x), instrument, rng)
    return _measure(specimen, materials, instrument, 2.0, "Synthetic granodiorite", counts_per_pixel, rng)


def _particles(
    scene: ParticleScene, title: str, seed: int, shape: tuple[int, int], counts_per_pixel: float
) -> tuple[SpectrumImage, SyntheticTruth]:
    pixel_size_um = 1.0
    instrument = Instrument(beam_kev=15.0)
    rng = np.random.default_rng(seed)
    materials = tuple(MATERIALS[name] for name in scene.phase_names)
    specimen = strew(scene, materials, shape, pixel_size_um, instrument, rng)
    return _measure(specimen, materials, instrument, pixel_size_um, title, counts_per_pixel, rng)


def _measure(
    specimen: Specimen,
    materials: tuple[Material, ...],
    instrument: Instrument,
    pixel_size_um: float,
    title: str,
    counts_per_pixel: float,
    rng: np.random.Generator,
    interaction_px: float = 0.8,
) -> tuple[SpectrumImage, SyntheticTruth]:
    """Scan a specimen: the last material is the trace phase.

    ``interaction_px`` is the standard deviation of the volume from which X-rays come, in map pixels.
    """
    if counts_per_pixel <= 0:
        raise ValueError(f"Counts per pixel must be positive; {counts_per_pixel:g} were asked for.")
    emitted = np.stack([emission(one, instrument, AXIS) for one in materials])  # (n_phases, n_channels)
    volume = ndimage.gaussian_filter(
        specimen.area * specimen.x_ray_brightness[..., None], interaction_px, mode="nearest", axes=(0, 1)
    )  # (n_y, n_x, n_phases)
    mean_rate = float((volume.mean(axis=(0, 1)) * emitted.sum(axis=1)).sum())
    # noise comes at a constant rate with time, so it is a smaller part of the spectrum of a bright phase
    noise = instrument.zero_peak(AXIS) * mean_rate * instrument.zero_share / (1.0 - instrument.zero_share)
    emitted += noise
    rate = emitted.sum(axis=1)
    expected = volume * rate.astype(np.float32)
    expected *= counts_per_pixel / expected.sum(axis=-1).mean()
    mean_counts = expected.sum(axis=-1)
    spectra = emitted / rate[:, None]
    n_y, n_x, n_phases = expected.shape
    counts = draw_counts(expected.reshape(-1, n_phases), spectra, rng)
    image = SpectrumImage(
        counts=counts,
        shape=(n_y, n_x),
        energy=AXIS,
        pixel_size_um=pixel_size_um,
        navigation=_electron_images(specimen, rng),
        beam_kev=instrument.beam_kev,
        elements=_elements(materials),
        title=title,
        dataset_id=_content_hash(counts),
        notes=("Computed, not measured: see the truth in data/synthetic.py.",),
    )
    share = expected / mean_counts[..., None]
    return image, SyntheticTruth(
        phase_names=tuple(one.name for one in materials),
        spectra=spectra,
        share=share,
        label=share.argmax(axis=-1).astype(np.int16),
        mean_counts=mean_counts,
        trace=n_phases - 1,
    )


def _electron_images(specimen: Specimen, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Backscattered and secondary electron images, (2 n_y, 2 n_x) float32, grey values 0 to 255."""
    blurred = ndimage.gaussian_filter(specimen.backscatter, 0.7)
    bse = blurred * specimen.relief
    edge = (specimen.tilt - 1.0).clip(0.0, 2.5)
    se = (0.30 + 0.45 * edge**0.8 + 0.35 * (specimen.relief - 0.8) + 0.5 * blurred) * (
        0.6 + 0.4 * specimen.relief
    )
    images = {}
    for name, signal, noise in (("BSE", bse, 0.035), ("SE", se, 0.05)):
        noisy = signal + noise * np.sqrt(signal.clip(0.02) * signal.mean()) * rng.standard_normal(
            signal.shape, np.float32
        )
        low, high = np.percentile(noisy, (0.2, 99.7))
        images[name] = (255.0 * ((noisy - low) / (high - low)).clip(0.0, 1.0)).astype(np.float32)
    return images


def _elements(materials: tuple[Material, ...]) -> tuple[str, ...]:
    """Every element above 1 % by mass of some material, alphabetically; hydrogen emits no X-rays."""
    found = {
        element
        for material in materials
        for element, share in material.mass_fraction.items()
        if share > 0.01 and element != "H"
    }
    return tuple(sorted(found))


def _content_hash(counts: sparse.csr_matrix) -> str:
    digest = hashlib.sha256(repr(AXIS).encode())
    for part in (counts.indptr, counts.indices, counts.data):
        digest.update(part.data)
    return digest.hexdigest()[:16]
