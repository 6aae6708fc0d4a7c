"""Particles: the connected regions of every phase, their sizes, shapes and intensities.

Regions are found by scikit-image; what is measured of them are sums over their pixels, all regions at once:
``skimage.measure.regionprops`` takes minutes for the hundred thousand specks of a noisy map. The axes of a
region are those of the ellipse of the same second moments, where a pixel is a square (1/12 in both
directions, as in MATLAB; scikit-image takes points, so that a single pixel has axes of length 0).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from skimage import measure

from data.elemental_maps import ElementalMaps
from models.composition_choices import ParticleChoices
from models.phase_map import PhaseMap


@dataclass(frozen=True, eq=False)
class Particles:
    """Regions of phases, the largest first.

    Attributes
    ----------
    shape : (n_y, n_x) of the map
    region : (n_pixels_of_regions,) int64, pixels of all regions, region after region
    start : (n_particles + 1,) int64, where in ``region`` each begins
    phase : (n_particles,) int, label of the phase
    pixels : (n_particles,) int64
    centroid : (n_particles, 2) float64, (y, x) in pixels; the centre of the first pixel is (0, 0)
    axes : (n_particles, 2) float64, major and minor axis of the ellipse of the same moments, pixels
    orientation_deg : (n_particles,) float64, of the major axis, counter-clockwise from the x axis, 0 to 180
    touches_edge : (n_particles,) bool, of the map or of what was measured: the region may go on outside
    lines : names of the columns of the intensities
    least, mean, most : (n_particles, n_lines) float32, intensities of the pixels of each region
    pixel_size_um : side of a pixel, or None
    n_left_out : regions smaller than the least size
    """

    shape: tuple[int, int]
    region: np.ndarray
    start: np.ndarray
    phase: np.ndarray
    pixels: np.ndarray
    centroid: np.ndarray
    axes: np.ndarray
    orientation_deg: np.ndarray
    touches_edge: np.ndarray
    lines: tuple[str, ...]
    least: np.ndarray
    mean: np.ndarray
    most: np.ndarray
    pixel_size_um: float | None
    n_left_out: int

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def area(self) -> np.ndarray:
        """(n_particles,) um2, or pixels where these have no size."""
        return self.pixels * (self.pixel_size_um or 1.0) ** 2

    @property
    def equivalent_diameter(self) -> np.ndarray:
        """Diameter of the circle of the same area, (n_particles,) um or pixels."""
        return 2.0 * np.sqrt(self.area / np.pi)

    @property
    def aspect_ratio(self) -> np.ndarray:
        """Major over minor axis, (n_particles,), 1 or more."""
        return self.axes[:, 0] / np.maximum(self.axes[:, 1], 1e-9)

    @property
    def length_unit(self) -> str:
        """ "um", or "px" where pixels have no size."""
        return "px" if self.pixel_size_um is None else "um"

    def mask(self, numbers: Sequence[int]) -> np.ndarray:
        """The pixels of some particles, (n_y, n_x) bool."""
        chosen = np.zeros(len(self), bool)
        chosen[list(numbers)] = True
        found = np.zeros(self.shape[0] * self.shape[1], bool)
        found[self.region[np.repeat(chosen, self.pixels)]] = True
        return found.reshape(self.shape)

    def at(self, y: int, x: int) -> int | None:
        """The particle that covers a pixel (the smallest, where filled holes overlap), or None."""
        places = np.flatnonzero(self.region == y * self.shape[1] + x)
        if places.size == 0:
            return None
        return int(np.searchsorted(self.start, places[-1], side="right") - 1)

    def columns(self, phase_names: Mapping[int, str]) -> dict[str, np.ndarray]:
        """The table: one row per particle, units in the names of the columns.

        Parameters
        ----------
        phase_names : label -> name
        """
        size, unit = self.pixel_size_um or 1.0, self.length_unit
        table = {
            "particle": np.arange(1, len(self) + 1),
            "phase": np.array([phase_names[int(label)] for label in self.phase], dtype=object),
            "pixels": self.pixels,
            f"area_{unit}2": self.area,
            f"equivalent_diameter_{unit}": self.equivalent_diameter,
            f"major_axis_{unit}": self.axes[:, 0] * size,
            f"minor_axis_{unit}": self.axes[:, 1] * size,
            "aspect_ratio": self.aspect_ratio,
            "orientation_deg": self.orientation_deg,
            f"centroid_x_{unit}": (self.centroid[:, 1] + 0.5) * size,
            f"centroid_y_{unit}": (self.centroid[:, 0] + 0.5) * size,
            "touches_edge": self.touches_edge,
        }
        for i, name in enumerate(self.lines):
            for what, values in (("min", self.least), ("mean", self.mean), ("max", self.most)):
                table[f"{name}_{what}"] = values[:, i]
        return table


def particles(
    phase_map: PhaseMap,
    maps: ElementalMaps,
    choices: ParticleChoices,
    phases: Sequence[int] | None = None,
) -> Particles:
    """The connected regions of phases.

    Parameters
    ----------
    phase_map : labels (n_y, n_x); -1 belongs to no region
    maps : line maps of the same pixels, and the size of a pixel
    choices : connectivity, least size, filling of holes
    phases : labels of the phases to look at, or None for all

    Raises
    ------
    ValueError
        The line maps are of another shape, or there is no such phase.
    """
    if maps.shape != phase_map.shape:
        raise ValueError(
            f"The line maps have {maps.shape[1]} x {maps.shape[0]} pixels and the phases "
            f"{phase_map.shape[1]} x {phase_map.shape[0]}. Find the phases again."
        )
    wanted = range(phase_map.n_phases) if phases is None else phases
    unknown = [phase for phase in wanted if not 0 <= phase < phase_map.n_phases]
    if unknown:
        raise ValueError(f"There is no phase {unknown[0]}; labels go from 0 to {phase_map.n_phases - 1}.")
    found = _regions(phase_map.label, list(wanted), choices)
    order = np.argsort(-found.pixels, kind="stable")
    kept = order[found.pixels[order] >= choices.least_pixels]
    region, start = _gathered(found, kept)
    n_y, n_x = phase_map.shape
    pixels = np.diff(start)
    y, x = np.divmod(region, n_x)
    centroid, axes, orientation = _ellipses(y, x, start)
    edge = np.zeros(phase_map.shape, bool)
    edge[[0, -1], :] = edge[:, [0, -1]] = True
    least, mean, most = _intensities(maps.intensity.reshape(n_y * n_x, -1), region, start)
    return Particles(
        shape=phase_map.shape,
        region=region,
        start=start,
        phase=found.phase[kept],
        pixels=pixels,
        centroid=centroid,
        axes=axes,
        orientation_deg=orientation,
        touches_edge=np.logical_or.reduceat(edge.ravel()[region], start[:-1])
        if len(kept)
        else np.zeros(0, bool),
        lines=maps.lines,
        least=least,
        mean=mean,
        most=most,
        pixel_size_um=maps.pixel_size_um,
        n_left_out=len(order) - len(kept),
    )


@dataclass(frozen=True, eq=False)
class _Regions:
    """Pixels sorted by region, where each region starts and how large it is, and the phase of each."""

    order: np.ndarray
    start: np.ndarray
    pixels: np.ndarray
    phase: np.ndarray


def _regions(label: np.ndarray, phases: list[int], choices: ParticleChoices) -> _Regions:
    if choices.fill_holes:
        # filled regions of different phases overlap: one phase after the other
        parts = [_one_phase(label == phase, phase, choices.connectivity) for phase in phases]
        offset = np.cumsum([0, *(len(part.order) for part in parts)])[:-1]
        return _Regions(
            np.concatenate([part.order for part in parts] or [np.zeros(0, np.int64)]),
            np.concatenate([part.start + move for part, move in zip(parts, offset, strict=True)] or [[]]),
            np.concatenate([part.pixels for part in parts] or [np.zeros(0, np.int64)]),
            np.concatenate([part.phase for part in parts] or [np.zeros(0, np.int64)]),
        )
    # label 0 is a phase like any other: what is in no phase is what must count as background
    chosen = (
        label if len(phases) == label.max(initial=-1) + 1 else np.where(np.isin(label, phases), label, -1)
    )
    regions = measure.label(chosen, background=-1, connectivity=_connectivity(choices.connectivity))
    return _sorted(regions, chosen)


def _one_phase(mask: np.ndarray, phase: int, connectivity: int) -> _Regions:
    """Regions of one phase with their holes filled."""
    # a region of corners has holes bounded by edges, and the other way round
    outside = measure.label(~mask, background=0, connectivity=_connectivity(12 - connectivity))
    border = np.unique(np.concatenate([outside[0], outside[-1], outside[:, 0], outside[:, -1]]))
    open_to_edge = np.zeros(int(outside.max(initial=0)) + 1, bool)
    open_to_edge[border] = True
    filled = mask | ~open_to_edge[outside]
    regions = measure.label(filled, background=0, connectivity=_connectivity(connectivity))
    return _sorted(regions, np.full(mask.shape, phase))


def _connectivity(neighbours: int) -> int:
    """scikit-image counts the steps that lead to a neighbour: 1 along edges, 2 over a corner as well."""
    return 1 if neighbours == 4 else 2


def _sorted(regions: np.ndarray, label: np.ndarray) -> _Regions:
    flat = regions.ravel()
    pixels = np.bincount(flat)[1:]
    # a stable sort of integers is a radix sort: linear in the pixels
    order = np.argsort(flat, kind="stable")[flat.size - int(pixels.sum()) :]
    start = np.concatenate([[0], np.cumsum(pixels)])[:-1]
    return _Regions(order, start, pixels, label.ravel()[order[start]].astype(np.int64))


def _gathered(found: _Regions, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixels of the kept regions, region after region, and where each begins (one more than regions)."""
    pixels = found.pixels[kept]
    start = np.concatenate([[0], np.cumsum(pixels)]).astype(np.int64)
    within = np.arange(start[-1]) - np.repeat(start[:-1], pixels)
    return found.order[np.repeat(found.start[kept].astype(np.int64), pixels) + within], start


def _sums(values: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Sums over regions; reduceat does not know of no region at all."""
    return np.add.reduceat(values, start[:-1]) if len(start) > 1 else np.zeros(0)


def _ellipses(y: np.ndarray, x: np.ndarray, start: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Centroids, axes and orientations of the ellipses of the same second moments."""
    n = np.maximum(np.diff(start), 1)
    centroid = np.stack([_sums(y.astype(np.float64), start) / n, _sums(x.astype(np.float64), start) / n], 1)
    number = np.repeat(np.arange(len(n)), np.diff(start))
    dy, dx = y - centroid[number, 0], x - centroid[number, 1]
    # a pixel is a square of its own extent, which adds 1/12 to its moments
    yy, xx = _sums(dy * dy, start) / n + 1 / 12, _sums(dx * dx, start) / n + 1 / 12
    xy = _sums(dx * dy, start) / n
    middle, spread = 0.5 * (xx + yy), np.sqrt((0.5 * (xx - yy)) ** 2 + xy**2)
    axes = 4.0 * np.sqrt(np.maximum(np.stack([middle + spread, middle - spread], 1), 0.0))
    # rows count downwards: seen on the map, the angle runs the other way
    orientation = np.degrees(0.5 * np.arctan2(-2.0 * xy, xx - yy)) % 180.0
    return centroid, axes, orientation


def _intensities(
    intensity: np.ndarray, region: np.ndarray, start: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Least, mean and largest intensity in every region, each (n_particles, n_lines) float32."""
    n_particles, n_lines = len(start) - 1, intensity.shape[1]
    least, mean, most = (np.zeros((n_particles, n_lines), np.float32) for _ in range(3))
    if n_particles == 0:
        return least, mean, most
    pixels = np.diff(start)
    for line in range(n_lines):  # a line at a time: all of them at once would double the memory of the maps
        values = intensity[region, line]
        least[:, line] = np.minimum.reduceat(values, start[:-1])
        most[:, line] = np.maximum.reduceat(values, start[:-1])
        mean[:, line] = np.add.reduceat(values.astype(np.float64), start[:-1]) / pixels
    return least, mean, most
