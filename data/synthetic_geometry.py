"""What the scenes of the synthetic maps share: a drawn specimen, smooth random fields, area quotas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

# Specimens are drawn at twice the resolution of the map: edges are antialiased by averaging, and the
# electron images get the finer grid that a microscope would give them.
FINE = 2


@dataclass(frozen=True, eq=False)
class Specimen:
    """A drawn specimen, before any X-ray.

    Attributes
    ----------
    area : (n_y, n_x, n_phases) float32, share of the emitting volume of every phase, sum 1
    x_ray_brightness : (n_y, n_x) float32, share of the X-rays that topography lets through, about 1
    relief : (2 n_y, 2 n_x) float32, brightness of the electron images by topography, about 1
    tilt : (2 n_y, 2 n_x) float32, 1 / cosine of the surface tilt
    backscatter : (2 n_y, 2 n_x) float32, share of the electrons thrown back
    """

    area: np.ndarray
    x_ray_brightness: np.ndarray
    relief: np.ndarray
    tilt: np.ndarray
    backscatter: np.ndarray


def smooth_noise(shape: tuple[int, int], scale: float, rng: np.random.Generator) -> np.ndarray:
    """Random field of mean 0 and standard deviation 1 that varies over about ``scale`` pixels, float32."""
    coarse = tuple(int(np.ceil(n / scale)) + 4 for n in shape)
    field = ndimage.zoom(rng.standard_normal(coarse, dtype=np.float32), scale, order=3)
    field = field[: shape[0], : shape[1]]
    return (field - field.mean()) / max(field.std(), 1e-6)


def block_mean(fine: np.ndarray) -> np.ndarray:
    """Mean over the FINE x FINE cells of every map pixel; the first two axes are those of the image."""
    n_y, n_x, *rest = fine.shape
    return fine.reshape(n_y // FINE, FINE, n_x // FINE, FINE, *rest).mean(axis=(1, 3))


class Quota:
    """Hands out phases so that the areas they get approach their target shares."""

    def __init__(self, target: dict[int, float]) -> None:
        total = sum(target.values())
        self._phases = np.array(list(target), np.int64)
        self._target = np.array([share / total for share in target.values()])
        self._given = np.zeros(len(target))

    def next(self, area_of: np.ndarray) -> int:
        """The phase that lacks most if it received ``area_of[phase]`` more, and count it as given."""
        offered = area_of[self._phases]
        # the largest deficit in units of the grain, so that rare phases of small grains are served too
        total = self._given.sum() + offered.mean()
        choice = int(np.argmax((self._target * total - self._given) / offered))
        self._given[choice] += offered[choice]
        return int(self._phases[choice])

    def correct(self, phase: int, expected: float, real: float) -> None:
        """Replace an expected area by the one that the drawing gave."""
        self._given[np.flatnonzero(self._phases == phase)[0]] += real - expected
