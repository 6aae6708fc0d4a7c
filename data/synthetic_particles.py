"""Particles on a substrate: irregular, faceted, overlapping, thin at their edges."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy import ndimage

from data.electron_scattering import mean_depth_g_cm2
from data.silicon_detector import Instrument
from data.synthetic_geometry import FINE, Quota, Specimen, block_mean, smooth_noise
from data.synthetic_minerals import HABITS, Habit
from data.synthetic_spectra import Material

_N_HARMONICS = 8
_MEDIAN_LINE_EDGE_KEV = 1.8  # the depth of X-rays is taken at the edge of silicon, the commonest line
_SHADOW_REACH = 28  # fine pixels over which the tallest particles throw a shadow


@dataclass(frozen=True)
class ParticleScene:
    """How particles are strewn over a substrate.

    ``share`` is the share of every mineral in the area that particles cover, ``coverage`` how much of
    the map that is; ``median_radius_px`` and ``log_radius_sd`` describe their lognormal size in map
    pixels; particles of the mineral ``trace`` lie on top and cover ``trace_area`` of the map.
    """

    substrate: str
    share: dict[str, float]
    trace: str
    coverage: float
    median_radius_px: float
    log_radius_sd: float = 0.45
    trace_area: float = 0.0028

    @property
    def phase_names(self) -> tuple[str, ...]:
        """The substrate first, the trace phase last."""
        return (self.substrate, *self.share, self.trace)


def strew(
    scene: ParticleScene,
    materials: tuple[Material, ...],
    shape: tuple[int, int],
    pixel_size_um: float,
    instrument: Instrument,
    rng: np.random.Generator,
) -> Specimen:
    """Draw particles, large ones first, until the coverage is reached; the trace phase comes last.

    Parameters
    ----------
    materials : one for each of ``scene.phase_names``
    shape : (n_y, n_x) of the map
    """
    fine = (FINE * shape[0], FINE * shape[1])
    surface = _Surface(
        area=np.zeros((*fine, len(materials)), np.float32),
        height=(0.5 * smooth_noise(fine, 14, rng) + 0.3 * smooth_noise(fine, 4, rng)).astype(np.float32),
        texture=(0.7 * smooth_noise(fine, 7, rng) + 0.5 * smooth_noise(fine, 2.5, rng)).astype(np.float32),
        # what one fine pixel of thickness hides of the X-rays from below
        opacity=np.array(
            [_opacity_per_um(one, instrument) * pixel_size_um / FINE for one in materials], np.float32
        ),
    )
    surface.area[..., 0] = 1.0
    size = np.array([HABITS[name].size if name in HABITS else 1.0 for name in scene.phase_names])

    quota = Quota({scene.phase_names.index(name): share for name, share in scene.share.items()})
    common = size[1:-1].mean()
    for radius in _radii(scene, fine, rng):
        phase = quota.next(size**2 * radius**2)
        position = rng.uniform(0, fine)
        surface.place(phase, HABITS[scene.phase_names[phase]], position, radius * size[phase] / common, rng)

    trace = len(materials) - 1
    target = scene.trace_area * fine[0] * fine[1]
    radius = FINE * scene.median_radius_px * size[trace]
    n_trace = max(3, round(target / (math.pi * radius**2)))
    for _ in range(n_trace):
        # the facets cut about a quarter off the circle
        even = math.sqrt(target / (0.75 * math.pi * n_trace)) * rng.uniform(0.85, 1.15)
        position = rng.uniform(0.04, 0.96, 2) * fine
        surface.place(trace, HABITS[scene.trace], position, even, rng, on_top=True)
    return surface.lit(materials, instrument, rng)


def _opacity_per_um(material: Material, instrument: Instrument) -> float:
    """Inverse of the depth, in um, from which a material's X-rays come on average."""
    depth = mean_depth_g_cm2(material.mass_fraction, instrument.beam_kev, np.array(_MEDIAN_LINE_EDGE_KEV))
    return material.density_g_cm3 * 1e-4 / float(depth)


def _radii(scene: ParticleScene, fine: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Radii in fine pixels, roughly falling, as many as the coverage needs."""
    # of circles strewn at random, a share exp(-sum of areas / area of the map) stays uncovered; outlines
    # cut by facets, and thin rims, cover some 20 % less
    needed = -math.log(1.0 - scene.coverage) * fine[0] * fine[1] * 1.2
    median = FINE * scene.median_radius_px
    mean_area = math.pi * median**2 * math.exp(2.0 * scene.log_radius_sd**2)
    n = max(1, round(needed / mean_area))
    radii = median * np.exp(scene.log_radius_sd * rng.standard_normal(n).clip(-2.2, 2.2))
    return radii[np.argsort(-radii * rng.uniform(0.6, 1.6, n))]


@dataclass(eq=False)
class _Surface:
    """The specimen while it is drawn; (2 n_y, 2 n_x[, n_phases]) arrays, lengths in fine pixels."""

    area: np.ndarray
    height: np.ndarray
    texture: np.ndarray
    opacity: np.ndarray

    def place(
        self,
        phase: int,
        habit: Habit,
        position: np.ndarray,
        radius: float,
        rng: np.random.Generator,
        on_top: bool = False,
    ) -> None:
        """Lay one particle on what is there."""
        harmonic = np.arange(2, 2 + _N_HARMONICS)
        wave = 0.35 * habit.roughness * rng.standard_normal(_N_HARMONICS) / np.sqrt(harmonic - 1.0)
        wave += 0.04 * rng.standard_normal(_N_HARMONICS) / harmonic
        start = rng.uniform(0, 2 * np.pi, _N_HARMONICS)
        # faces around the rim at uneven angles, and one nearly level face on top
        n_sides = habit.facets
        face = np.zeros((n_sides + 1, 3))  # direction, slope, level at the centre
        face[:-1, 0] = (np.arange(n_sides) + rng.uniform(-0.3, 0.3, n_sides)) * 2 * np.pi / max(n_sides, 1)
        face[:-1, 1] = rng.uniform(0.9, 2.4, n_sides)
        face[:-1, 2] = face[:-1, 1] * rng.uniform(0.72, 0.98, n_sides)
        face[-1] = rng.uniform(0, 2 * np.pi), rng.uniform(0.0, 0.35), rng.uniform(0.7, 0.95)
        _lay(
            self.area,
            self.height,
            self.texture,
            phase,
            self.opacity[phase],
            position[0],
            position[1],
            radius,
            rng.uniform(0, 2 * np.pi),
            math.sqrt(habit.aspect * rng.uniform(0.85, 1.2)),
            habit.thickness * rng.uniform(0.7, 1.3),
            habit.roughness,
            wave,
            start,
            face,
            on_top,
        )

    def lit(
        self, materials: tuple[Material, ...], instrument: Instrument, rng: np.random.Generator
    ) -> Specimen:
        """The specimen as beam and detectors see it; the X-ray detector stands to the right."""
        smooth = ndimage.gaussian_filter(self.height, 0.8)
        slope_y, slope_x = np.gradient(smooth)
        tilt = np.sqrt(1.0 + slope_y**2 + slope_x**2)
        hollow = (ndimage.gaussian_filter(self.height, 6.0) - self.height).clip(0.0)
        relief = (1.0 - 0.28 * (slope_y + slope_x) / tilt) * (0.72 + 0.28 / tilt) * np.exp(-0.045 * hollow)
        # rays towards the detector, 35 degrees above the surface, pass through what stands in their way
        rise = math.tan(math.radians(instrument.take_off_deg))
        blocked = np.zeros_like(smooth)
        for step in range(2, _SHADOW_REACH, 2):
            blocked[:, :-step] = np.maximum(
                blocked[:, :-step], smooth[:, step:] - smooth[:, :-step] - rise * step
            )
        x_ray = (1.0 - 0.18 * slope_x / tilt) * np.exp(-0.06 * blocked) * np.exp(-0.02 * hollow)
        eta = np.array([one.backscatter(instrument.beam_kev) for one in materials], np.float32)
        return Specimen(
            area=block_mean(self.area),
            x_ray_brightness=block_mean(x_ray).astype(np.float32),
            relief=relief.astype(np.float32),
            tilt=tilt.astype(np.float32),
            backscatter=self.area @ eta,
        )


@njit(cache=True)
def _lay(
    area,
    height,
    texture,
    phase,
    opacity,
    y0,
    x0,
    radius,
    turn,
    stretch,
    thickness,
    roughness,
    wave,
    start,
    face,
    on_top,
):
    n_y, n_x = height.shape
    reach = int(radius * stretch * 1.7) + 2
    cosine, sine = math.cos(turn), math.sin(turn)
    below, n_below, tallest = 0.0, 0, -1e9
    for y in range(max(0, int(y0) - reach // 3), min(n_y, int(y0) + reach // 3 + 1)):
        for x in range(max(0, int(x0) - reach // 3), min(n_x, int(x0) + reach // 3 + 1)):
            below += height[y, x]
            n_below += 1
            tallest = max(tallest, height[y, x])
    # a particle settles between its neighbours, unless it is to lie on top
    base = tallest if on_top else 0.8 * below / max(n_below, 1)
    for y in range(max(0, int(y0) - reach), min(n_y, int(y0) + reach + 1)):
        for x in range(max(0, int(x0) - reach), min(n_x, int(x0) + reach + 1)):
            dy, dx = y - y0, x - x0
            along = (dx * cosine + dy * sine) / (stretch * radius)
            across = (dy * cosine - dx * sine) * stretch / radius
            distance = math.hypot(along, across)
            if distance > 1.7:
                continue
            theta = math.atan2(across, along)
            rim = 1.0 + 0.2 * roughness * texture[y, x]
            for k in range(wave.size):
                rim += wave[k] * math.cos((k + 2) * theta + start[k])
            distance /= max(rim, 0.3)
            if distance >= 1.0:
                continue
            top = math.sqrt(1.0 - distance**2.5)
            for k in range(face.shape[0]):
                toward = along * math.cos(face[k, 0]) + across * math.sin(face[k, 0])
                top = min(top, face[k, 2] - face[k, 1] * toward)
            top *= thickness * radius * (1.0 + 0.5 * roughness * texture[y, x])
            # where something taller stands, the particle is hidden behind it
            layer = min(top, base + top - height[y, x])
            if layer <= 0.0:
                continue
            hidden = 1.0 - math.exp(-layer * opacity)
            for other in range(area.shape[2]):
                area[y, x, other] *= 1.0 - hidden
            area[y, x, phase] += hidden
            height[y, x] = max(height[y, x], base + top)
