"""A polished section of a crystalline rock: interlocking grains, exsolution lamellae, accessory minerals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy import ndimage

from data.silicon_detector import Instrument
from data.synthetic_geometry import FINE, Quota, Specimen, block_mean, smooth_noise
from data.synthetic_spectra import Material


@dataclass(frozen=True)
class Grain:
    """How a mineral crystallises: length over width, size relative to the scene's, clustering.

    ``company`` 1 puts the grains where the mafic minerals gather, -1 away from them, 0 anywhere.
    """

    aspect: float
    size: float
    company: float


@dataclass(frozen=True)
class RockScene:
    """Shares of a rock's minerals in the area of a section.

    ``framework`` minerals fill space; ``accessory`` minerals, the last of them the trace phase, are
    crystals with faces of their own, set into the framework. ``lamellae`` names a host and the mineral
    that has exsolved in some of its grains.
    """

    framework: dict[str, float]
    accessory: dict[str, float]
    grains: dict[str, Grain]
    lamellae: tuple[str, str]
    median_radius_px: float
    log_radius_sd: float = 0.4

    @property
    def phase_names(self) -> tuple[str, ...]:
        """The trace phase last."""
        return (*self.framework, *self.accessory)


def crystallise(
    scene: RockScene,
    materials: tuple[Material, ...],
    shape: tuple[int, int],
    instrument: Instrument,
    rng: np.random.Generator,
) -> Specimen:
    """Draw the section; arguments as for :func:`data.synthetic_particles.strew`."""
    fine = (FINE * shape[0], FINE * shape[1])
    grain, phase_of_grain = _interlocked(scene, fine, rng)
    phase = phase_of_grain[grain]
    _exsolve(scene, phase, grain, phase_of_grain, rng)
    _set_accessories(scene, phase, phase_of_grain, grain, rng)
    eta = np.array([one.backscatter(instrument.beam_kev) for one in materials], np.float32)
    # crystals differ a little in brightness with their orientation: electron channelling
    channelling = 1.0 + 0.025 * rng.standard_normal(len(phase_of_grain)).astype(np.float32)
    # lamellae grow coherently with their host; only grains and accessory crystals part from each other
    body = np.where(phase < len(scene.framework), grain, len(phase_of_grain) + phase)
    opening = _boundary_opening(body, rng)
    relief = (1.0 - 0.75 * opening) * (1.0 + 0.006 * smooth_noise(fine, 30, rng))
    area = np.empty((*shape, len(materials)), np.float32)
    for index in range(len(materials)):
        area[..., index] = block_mean((phase == index).astype(np.float32))
    return Specimen(
        area=area,
        x_ray_brightness=block_mean(1.0 - 0.35 * opening).astype(np.float32),
        relief=relief.astype(np.float32),
        tilt=(1.0 + 1.5 * opening).astype(np.float32),
        backscatter=eta[phase] * channelling[grain],
    )


def _interlocked(
    scene: RockScene, fine: tuple[int, int], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Grains that fill the plane, each point belonging to the one nearest in the grain's own metric.

    Returns
    -------
    (2 n_y, 2 n_x) int32 grain numbers, and the phase of every grain, int16
    """
    names = scene.phase_names
    habits = [scene.grains[name] for name in scene.framework]
    radius = FINE * scene.median_radius_px
    mean_area = math.pi * radius**2 * math.exp(2.0 * scene.log_radius_sd**2)
    mean_area *= sum(share * scene.grains[name].size ** 2 for name, share in scene.framework.items())
    n_grains = max(4 * len(names), round(fine[0] * fine[1] / mean_area))
    spread = np.exp(scene.log_radius_sd * rng.standard_normal(n_grains).clip(-2, 2)).astype(np.float32)
    # large grains first, so that every mineral gets its share of them
    spread = np.sort(spread)[::-1]
    relative = np.array([habit.size for habit in habits])
    quota = Quota({names.index(name): share for name, share in scene.framework.items()})
    phase = np.array([quota.next((relative * one) ** 2) for one in spread], np.int16)
    seat = _seats(n_grains, fine, rng)
    # mafic minerals gather in clots: grains with company choose the seats where a smooth field is high
    field = smooth_noise(fine, 0.18 * min(fine) + 4, rng)
    seat = seat[np.argsort(field[seat[:, 0].astype(int), seat[:, 1].astype(int)])]
    company = np.array([habit.company for habit in habits])[phase] + 0.8 * rng.standard_normal(n_grains)
    order = np.argsort(company)
    phase, spread = phase[order], spread[order]
    size = (radius * spread * relative[phase]).astype(np.float32)
    aspect = np.sqrt([habits[one].aspect for one in phase]) * rng.uniform(0.9, 1.15, n_grains)
    warp = 0.22 * radius
    shift_y = warp * smooth_noise(fine, 0.7 * radius, rng)
    shift_x = warp * smooth_noise(fine, 0.7 * radius, rng)
    serration = 0.05 * smooth_noise(fine, 2.0, rng)
    turn = rng.uniform(0, np.pi, n_grains)
    grain = _nearest(seat, size, aspect, turn, shift_y, shift_x, serration)
    if (grain < 0).any():
        nearest = ndimage.distance_transform_edt(grain < 0, return_distances=False, return_indices=True)
        grain = grain[tuple(nearest)]
    return grain, phase


def _seats(n_grains: int, fine: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Centres of grains, evenly but not regularly spread: (n_grains, 2) y, x."""
    n_rows = max(1, round(math.sqrt(n_grains * fine[0] / fine[1])))
    n_columns = math.ceil(n_grains / n_rows)
    row, column = np.divmod(rng.permutation(n_rows * n_columns)[:n_grains], n_columns)
    seat = np.stack([row, column], axis=1) + rng.uniform(0.0, 1.0, (n_grains, 2))
    return seat * (fine[0] / n_rows, fine[1] / n_columns) * 0.9999


def _exsolve(
    scene: RockScene,
    phase: np.ndarray,
    grain: np.ndarray,
    phase_of_grain: np.ndarray,
    rng: np.random.Generator,
) -> None:
    """Lamellae of one mineral in about half of the grains of its host, in place."""
    names = scene.phase_names
    host, guest = (names.index(name) for name in scene.lamellae)
    y, x = np.indices(phase.shape, dtype=np.float32)
    bend = 1.5 * smooth_noise(phase.shape, 12, rng)
    turn = rng.uniform(0, np.pi, len(phase_of_grain)).astype(np.float32)
    period = FINE * rng.uniform(4.0, 7.0, len(phase_of_grain)).astype(np.float32)
    # a share of the cosine's range above the threshold becomes guest: none in half of the grains
    threshold = np.where(rng.random(len(phase_of_grain)) < 0.5, 0.75, 2.0).astype(np.float32)
    inside = phase == host
    chosen = grain[inside]
    across = (y[inside] * np.cos(turn[chosen]) + x[inside] * np.sin(turn[chosen]) + bend[inside]) / period[
        chosen
    ]
    pinch = 0.35 * smooth_noise(phase.shape, 8, rng)[inside]
    lamella = np.cos(2 * np.pi * across) + pinch > threshold[chosen]
    phase[inside] = np.where(lamella, guest, host)


def _set_accessories(
    scene: RockScene,
    phase: np.ndarray,
    phase_of_grain: np.ndarray,
    grain: np.ndarray,
    rng: np.random.Generator,
) -> None:
    """Set crystals of the accessory minerals into the framework until each has its area, in place."""
    names = scene.phase_names
    # they prefer the company of the mafic minerals, as they do in granitic rocks
    mafic = np.array([scene.grains[name].company > 0 for name in scene.framework])
    near_mafic = np.argwhere(mafic[phase_of_grain][grain])
    for name, share in scene.accessory.items():
        habit, index = scene.grains[name], names.index(name)
        missing = share * phase.size
        while True:
            radius = FINE * scene.median_radius_px * habit.size * rng.lognormal(0.0, 0.3)
            if missing < 0.25 * math.pi * radius**2:
                break
            radius = min(radius, math.sqrt(missing / math.pi) * 1.05)
            if rng.random() < 0.6 and len(near_mafic):
                centre = near_mafic[rng.integers(len(near_mafic))]
            else:
                centre = rng.uniform(0, phase.shape)
            # a crystal section: a convex polygon of 4 or 6 sides
            n_sides = int(rng.choice([4, 6]))
            direction = (np.arange(n_sides) + rng.uniform(-0.12, 0.12, n_sides)) * 2 * np.pi / n_sides
            missing -= _stamp(
                phase,
                index,
                len(scene.framework),
                float(centre[0]),
                float(centre[1]),
                radius,
                rng.uniform(0, 2 * np.pi),
                math.sqrt(habit.aspect),
                direction,
                rng.uniform(0.8, 1.0, n_sides),
            )


def _boundary_opening(body: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """How far the surface opens where one body meets another: (2 n_y, 2 n_x) float32, 0..1."""
    edge = np.zeros(body.shape, np.float32)
    edge[:, 1:][body[:, 1:] != body[:, :-1]] = 1.0
    edge[1:][body[1:] != body[:-1]] = 1.0
    # boundaries gape only in places
    gaping = (0.35 + 0.5 * smooth_noise(body.shape, 25, rng)).clip(0.0, 1.0)
    return ndimage.gaussian_filter(edge * gaping, 0.6).clip(0.0, 1.0)


@njit(cache=True)
def _nearest(seat, size, aspect, turn, shift_y, shift_x, serration):
    n_y, n_x = shift_y.shape
    best = np.full((n_y, n_x), np.inf, np.float32)
    grain = np.full((n_y, n_x), -1, np.int32)
    for i in range(size.size):
        cosine, sine = math.cos(turn[i]), math.sin(turn[i])
        # beyond four radii another grain is always nearer
        reach = int(4.0 * size[i] * aspect[i]) + 6
        for y in range(max(0, int(seat[i, 0]) - reach), min(n_y, int(seat[i, 0]) + reach + 1)):
            for x in range(max(0, int(seat[i, 1]) - reach), min(n_x, int(seat[i, 1]) + reach + 1)):
                dy = y + shift_y[y, x] - seat[i, 0]
                dx = x + shift_x[y, x] - seat[i, 1]
                along = (dx * cosine + dy * sine) / aspect[i]
                across = (dy * cosine - dx * sine) * aspect[i]
                # the sign of the serration alternates between grains, else it would cancel out
                bite = serration[y, x] if i % 2 == 0 else -serration[y, x]
                distance = (along * along + across * across) / (size[i] * size[i]) * (1.0 + bite)
                if distance < best[y, x]:
                    best[y, x] = distance
                    grain[y, x] = i
    return grain


@njit(cache=True)
def _stamp(phase, index, n_framework, y0, x0, radius, turn, stretch, direction, level):
    n_y, n_x = phase.shape
    reach = int(1.5 * radius * stretch) + 2
    cosine, sine = math.cos(turn), math.sin(turn)
    n_set = 0
    for y in range(max(0, int(y0) - reach), min(n_y, int(y0) + reach + 1)):
        for x in range(max(0, int(x0) - reach), min(n_x, int(x0) + reach + 1)):
            dy, dx = y - y0, x - x0
            along = (dx * cosine + dy * sine) / (stretch * radius)
            across = (dy * cosine - dx * sine) * stretch / radius
            inside = True
            for k in range(direction.size):
                if along * math.cos(direction[k]) + across * math.sin(direction[k]) > level[k]:
                    inside = False
                    break
            # accessory minerals do not overgrow each other
            if inside and phase[y, x] < n_framework:
                phase[y, x] = index
                n_set += 1
    return n_set
