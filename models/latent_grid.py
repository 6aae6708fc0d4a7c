"""LatentGrid: the latent points of a map, binned once, so that clustering costs the same for any map.

A mixture fitted with weights on some ten thousand occupied cells, one sum over their spectra and one
lookup for the pixels replace work on millions of pixels. The cells keep the mean and the scatter of their
points, so that a fit on them loses next to nothing (Verbeek, Nunnink & Vlassis, Accelerated EM-based
clustering of large data sets, Data Min. Knowl. Disc. 13, 291, 2006).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numba import njit, prange
from scipy import sparse

from data import sparse_counts
from data.block_passes import Counts, are_counts
from models.latent_space import LatentSpace

MAX_CELLS = 16_384
_MAX_BINS = 256
_MAX_TABLE = 1 << 22  # up to this many bins a table of all of them is cheaper than sorting the pixels
_N_KNOTS = 4096


@dataclass(frozen=True, eq=False)
class LatentGrid:
    """Occupied cells of a grid over latent space.

    Attributes
    ----------
    edges : one array (n_bins + 1,) per latent axis; the outermost cells are open to the outside
    bin_of_cell : (n_cells, n_latent) int32, the bin of every cell along every axis
    centre : (n_cells, n_latent) float64, mean of the points of the cell
    scatter : (n_cells, n_latent, n_latent) float64, covariance of the points within the cell
    weight : (n_cells,) float64, number of pixels in the cell
    cell_of_pixel : (n_pixels,) uint16 or int32; pixels that are not valid have the cell ``n_cells``
    spectra : (n_cells, n_channels) CSR of the summed counts of every cell, or (n_cells, n_lines) float64 of
        the summed intensities of element maps, or None
    map_shape : (n_y, n_x)
    features : (n_cells, n_lines) float64, summed intensities in units of their scatter between neighbouring
        pixels: what groups of cells are compared by where counting statistics do not hold; else None
    whole : where this is a part of a grid of several maps: that grid, on which phases are found
    """

    edges: tuple[np.ndarray, ...]
    bin_of_cell: np.ndarray
    centre: np.ndarray
    scatter: np.ndarray
    weight: np.ndarray
    cell_of_pixel: np.ndarray
    spectra: sparse.csr_matrix | np.ndarray | None
    map_shape: tuple[int, int]
    whole: LatentGrid | None = None
    features: np.ndarray | None = None

    @classmethod
    def build(
        cls,
        latent: LatentSpace,
        spectra: Counts | np.ndarray | None = None,
        *,
        n_bins: int = 0,
        features: np.ndarray | None = None,
    ) -> LatentGrid:
        """Bin the latent points of a map.

        Bins are between equally wide and equally filled: an outlier cannot stretch them, a dense core is
        resolved and so is the space between cores.

        Parameters
        ----------
        latent : the latent points; points that are not valid or not finite are left out
        spectra : (n_pixels, n_channels) counts, CSR or in blocks, or (n_y, n_x, n_lines) intensities, or None
        n_bins : bins along an axis; 0 takes as many as keep the occupied cells below 16,384
        features : (n_y, n_x, n_lines) intensities to compare groups by, or None: the spectra

        Raises
        ------
        ValueError
            No point is valid, or the spectra belong to another map.
        """
        points = np.ascontiguousarray(latent.coordinates, dtype=np.float32)
        valid = np.isfinite(points).all(axis=1)
        if latent.valid is not None:
            valid &= latent.valid
        if not valid.any():
            raise ValueError("No pixel of this map is valid, so there is nothing to cluster. Check the mask.")
        warp = _warp(points, valid)
        n_cells_wanted = MAX_CELLS if n_bins == 0 else np.inf
        n_bins = n_bins or min(_MAX_BINS, int(2 ** (62 / points.shape[1])))  # keys are 64-bit
        while True:
            edges = tuple(np.interp(np.linspace(0, 1, n_bins + 1), *axis) for axis in warp)
            key = _bin_keys(points, valid, np.stack(edges))
            occupied, cell_of_pixel = _occupied(key, n_bins ** points.shape[1])
            if occupied.size <= n_cells_wanted or n_bins <= 2:
                break
            shrink = (n_cells_wanted / occupied.size) ** (1 / points.shape[1])
            n_bins = max(2, min(n_bins - 1, int(n_bins * shrink)))
        bin_of_cell = np.stack(np.unravel_index(occupied, (n_bins,) * points.shape[1]), axis=1)
        weight, centre, scatter = _moments(points, cell_of_pixel, occupied.size)
        return cls(
            edges=edges,
            bin_of_cell=bin_of_cell.astype(np.int32),
            centre=centre,
            scatter=scatter,
            weight=weight,
            cell_of_pixel=cell_of_pixel,
            spectra=None if spectra is None else _cell_spectra(spectra, cell_of_pixel, occupied.size),
            map_shape=latent.map_shape,
            features=None if features is None else _cell_features(features, cell_of_pixel, occupied.size),
        )

    def part(
        self, pixels: np.ndarray, map_shape: tuple[int, int], spectra: Counts | np.ndarray
    ) -> LatentGrid:
        """The grid of some of the pixels: the same cells, with the weights and spectra of these alone.

        Parameters
        ----------
        pixels : (n_part,) numbers of the pixels
        map_shape : (n_y, n_x) that they have by themselves
        spectra : their counts or intensities, as for :meth:`build`
        """
        cell = self.cell_of_pixel[pixels]
        return replace(
            self,
            weight=np.bincount(cell, minlength=self.n_cells + 1)[: self.n_cells].astype(np.float64),
            cell_of_pixel=cell,
            spectra=_cell_spectra(spectra, cell, self.n_cells),
            map_shape=map_shape,
            whole=self,
        )

    @property
    def basis(self) -> LatentGrid:
        """The grid to find phases on: this one or, for one of several maps, that of all of them."""
        return self if self.whole is None else self.whole

    @property
    def n_cells(self) -> int:
        """Number of occupied cells."""
        return self.weight.size

    @property
    def n_latent(self) -> int:
        """Number of latent coordinates."""
        return self.centre.shape[1]

    @property
    def n_pixels(self) -> int:
        """Number of pixels in the cells; pixels that are not valid are not counted."""
        return int(self.weight.sum())

    def lookup(self, value_of_cell: np.ndarray, fill: float | bool) -> np.ndarray:
        """The value of every pixel's cell, (n_y, n_x) of the type of the values.

        Parameters
        ----------
        value_of_cell : (n_cells,) array
        fill : what pixels bear that are in no cell
        """
        table = np.append(value_of_cell, np.asarray(fill, value_of_cell.dtype))
        if table.size != self.n_cells + 1:
            raise ValueError(f"{value_of_cell.size} values do not fit the {self.n_cells} cells of the grid.")
        return _take(table, self.cell_of_pixel).reshape(self.map_shape)

    def sum_by_label(self, label_of_cell: np.ndarray, n_labels: int) -> np.ndarray:
        """Sum spectrum of the cells of every label, (n_labels, n_channels), counts.

        Parameters
        ----------
        label_of_cell : (n_cells,) integers below n_labels; cells labelled below 0 belong to none

        Raises
        ------
        ValueError
            The grid was built without spectra.
        """
        if self.spectra is None:
            raise ValueError("This grid was built without spectra. Build it with the counts or the maps.")
        if sparse.issparse(self.spectra):
            return sparse_counts.sum_by_label(self.spectra, label_of_cell, n_labels)
        labelled = label_of_cell >= 0
        total = np.zeros((n_labels, self.spectra.shape[1]))
        np.add.at(total, label_of_cell[labelled], self.spectra[labelled])
        return total


def _cell_features(intensity: np.ndarray, cell: np.ndarray, n_cells: int) -> np.ndarray:
    """Summed intensities of the cells, every line in units of its scatter between neighbouring pixels."""
    columns = []
    inside = (cell < n_cells).reshape(intensity.shape[:2])
    both = inside[:, 1:] & inside[:, :-1]
    for line in range(intensity.shape[2]):
        image = np.where(inside, intensity[:, :, line], 0).astype(np.float64)
        step = np.abs(np.diff(image, axis=1)[both])
        # the median is that of noise, however many borders of phases the map has
        scatter = float(np.median(step)) / 0.954 if step.size else 0.0
        scatter = scatter or float(image[inside].std()) or 1.0
        weights = image.ravel() / scatter
        columns.append(np.bincount(cell, weights=weights, minlength=n_cells + 1)[:n_cells])
    return np.stack(columns, axis=1)


def _warp(points: np.ndarray, valid: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """For every axis a monotone map from [0, 1] to the axis, as knots: where bins are to be dense.

    Half of it follows the distribution of the points, half the axis itself, compressed by asinh far from
    the bulk.
    """
    pixel = np.flatnonzero(valid)
    sample = points[pixel[:: max(1, pixel.size // 200_000)]].astype(np.float64)
    warp = []
    for axis in range(points.shape[1]):
        low, high = points[pixel, axis].min(), points[pixel, axis].max()
        share = np.linspace(0, 1, _N_KNOTS)
        ordered = np.maximum.accumulate(np.quantile(sample[:, axis], share))
        knots = np.union1d(ordered, np.linspace(low, high, _N_KNOTS))
        first, median, third = np.quantile(sample[:, axis], [0.25, 0.5, 0.75])
        stretched = np.arcsinh((knots - median) / ((third - first) or sample[:, axis].std() or 1.0))
        extent = np.ptp(stretched) or 1.0
        rank = np.searchsorted(ordered, knots, side="right") / _N_KNOTS
        warp.append((0.5 * rank + 0.5 * (stretched - stretched[0]) / extent, knots))
    return warp


def _occupied(key: np.ndarray, n_keys: int) -> tuple[np.ndarray, np.ndarray]:
    """Keys that occur, and for every pixel which of them it bears; key -1 gets one past the last."""
    if n_keys <= _MAX_TABLE:
        count = np.bincount(key + 1, minlength=n_keys + 1)[1:]
        occupied = np.flatnonzero(count)
        table = np.zeros(n_keys + 1, np.int64)
        table[occupied + 1] = np.arange(occupied.size)
        table[0] = occupied.size
        dtype = np.uint16 if occupied.size < np.iinfo(np.uint16).max else np.int32
        return occupied, _take(table.astype(dtype), key + 1)
    occupied, cell = np.unique(key, return_inverse=True)
    if occupied[0] == -1:
        occupied, cell = occupied[1:], np.where(cell == 0, occupied.size - 1, cell - 1)
    return occupied, cell.astype(np.uint16 if occupied.size < np.iinfo(np.uint16).max else np.int32)


def _moments(points: np.ndarray, cell: np.ndarray, n_cells: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Number, mean and covariance of the points of every cell."""
    weight = np.bincount(cell, minlength=n_cells + 1)[:n_cells].astype(np.float64)
    total = _sum_points(points, cell, n_cells)
    centre = total / weight[:, None]
    scatter = _sum_squares(points, cell, centre) / weight[:, None, None]
    return weight, centre, scatter


def _cell_spectra(
    spectra: Counts | np.ndarray, cell: np.ndarray, n_cells: int
) -> sparse.csr_matrix | np.ndarray:
    n_pixels = spectra.shape[0] if are_counts(spectra) else spectra[..., 0].size
    if n_pixels != cell.size:
        raise ValueError(f"Spectra of {n_pixels} pixels do not belong to {cell.size} latent points.")
    if are_counts(spectra):
        return sparse_counts.merge_rows(spectra, cell, n_cells)
    lines = spectra.reshape(n_pixels, -1)
    return np.stack(
        [np.bincount(cell, weights=line, minlength=n_cells + 1)[:n_cells] for line in lines.T], axis=1
    )


@njit(parallel=True, cache=True, nogil=True)
def _take(table, index):
    result = np.empty(index.size, table.dtype)
    for pixel in prange(index.size):
        result[pixel] = table[index[pixel]]
    return result


@njit(parallel=True, cache=True, nogil=True)
def _bin_keys(points, valid, edges):
    """Row-major index of every point's bin in the whole grid, -1 for points that are not valid."""
    n_points, n_axes = points.shape
    n_bins = edges.shape[1] - 1
    key = np.empty(n_points, np.int64)
    for point in prange(n_points):
        index = np.int64(-1)
        if valid[point]:
            index = 0
            for axis in range(n_axes):
                low, high = 0, n_bins  # bin low is the last one whose lower edge is not above the point
                while high - low > 1:
                    middle = (low + high) // 2
                    if edges[axis, middle] <= points[point, axis]:
                        low = middle
                    else:
                        high = middle
                index = index * n_bins + low
        key[point] = index
    return key


@njit(cache=True, nogil=True)
def _sum_points(points, cell, n_cells):
    total = np.zeros((n_cells, points.shape[1]))
    for point in range(cell.size):
        if cell[point] < n_cells:
            for axis in range(points.shape[1]):
                total[cell[point], axis] += points[point, axis]
    return total


@njit(cache=True, nogil=True)
def _sum_squares(points, cell, centre):
    n_cells, n_axes = centre.shape
    total = np.zeros((n_cells, n_axes, n_axes))
    for point in range(cell.size):
        if cell[point] < n_cells:
            middle, square = centre[cell[point]], total[cell[point]]
            for i in range(n_axes):
                for j in range(n_axes):
                    square[i, j] += (points[point, i] - middle[i]) * (points[point, j] - middle[j])
    return total
