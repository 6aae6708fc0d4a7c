"""All points of the latent space in one view, as a small image: phase and density of every bin.

The points are sorted by bin once per view. After that a new labelling, a new selection or new colours
cost one pass over the points (or none), with a table no larger than the number of phases.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numba import get_num_threads, njit, prange

from dashboard.density_levels import level_thresholds, n_levels
from dashboard.viewport import Extent, Viewport

MAX_BIN_SIDE = 4  # screen pixels


@dataclass(frozen=True, eq=False)
class DensityImage:
    """Dominant label and density of every bin, as indices into ``density_palette``.

    Attributes
    ----------
    index : (n_y, n_x) uint8 (uint16 with very many labels), row 0 at the low end of y; 0 = empty bin
    levels : density levels per label
    extent : where it lies, in latent coordinates
    """

    index: np.ndarray
    levels: int
    extent: Extent


@dataclass(frozen=True, eq=False)
class LatentBins:
    """The points of the latent space that a view shows, sorted by the bin that they fall in.

    Attributes
    ----------
    order : (n_visible,) int32, indices of the points, bin after bin
    start : (n_bins + 1,) int32, where in ``order`` every bin starts
    shape : (n_y, n_x) bins, row 0 at the low end of y
    extent : where the bins lie, in latent coordinates
    n_points : number of points, visible or not
    """

    order: np.ndarray
    start: np.ndarray
    shape: tuple[int, int]
    extent: Extent
    n_points: int

    @classmethod
    def build(cls, coordinates: np.ndarray, viewport: Viewport, bin_side: int | None = None) -> LatentBins:
        """Sort points into the bins of a view.

        Parameters
        ----------
        coordinates : (n_points, 2) array; points with NaN are not shown
        viewport : range in latent coordinates and size on the screen
        bin_side : screen pixels per bin, or None for 1 where points are many, up to 4 where few are in
            view, so that single points can still be seen
        """
        if coordinates.ndim != 2 or coordinates.shape[1] != 2:
            raise ValueError(
                f"Latent points of shape {coordinates.shape} cannot be drawn; (n, 2) was expected."
            )
        coordinates = np.ascontiguousarray(coordinates, np.float32)
        view = viewport
        # as float32, like the points: the end of a range taken from the points must still include them
        ends = tuple(np.float32(end) for end in (view.x0, view.x1, view.y0, view.y1))
        if bin_side is None:
            n_visible = max(1, _count_visible(coordinates, *ends))
            wanted = math.ceil(math.sqrt(view.width * view.height / (2 * n_visible)))
            bin_side = min(max(wanted, 1), MAX_BIN_SIDE)
        n_x, n_y = max(1, view.width // bin_side), max(1, view.height // bin_side)
        # every block keeps a histogram of all bins, so more of them than this only costs memory
        n_blocks = min(get_num_threads(), 8)
        order, start = _sort_into_bins(coordinates, *ends, n_x, n_y, n_blocks)
        extent = Extent(view.x0, view.y0, view.x1 - view.x0, view.y1 - view.y0)
        return cls(order, start, (n_y, n_x), extent, coordinates.shape[0])

    @property
    def counts(self) -> np.ndarray:
        """Points per bin, (n_y, n_x) int32."""
        return np.diff(self.start).reshape(self.shape)

    def dominant(
        self,
        label: np.ndarray,
        n_labels: int,
        selected: np.ndarray | None = None,
        scale: Literal["log", "eq_hist"] = "log",
    ) -> DensityImage:
        """The most frequent label of every bin, with the density of its points.

        With a selection, a bin that holds selected points shows the dominant label and the density of
        those; the others stay, grey.

        Parameters
        ----------
        label : (n_points,) integers below n_labels (any shape of that size); negative = unassigned
        n_labels : number of labels, whether or not all occur
        selected : (n_points,) bool, or None where nothing is selected
        scale : how counts become levels: evenly in their logarithm, or so that every level has about as
            many bins
        """
        label = np.ascontiguousarray(label, np.int16).ravel()
        self._check(label.size, "labels")
        if label.size and label.max() >= n_labels:
            raise ValueError(f"Label {label.max()} is not below the number of labels, {n_labels}.")
        levels = n_levels(n_labels)
        thresholds = level_thresholds(np.diff(self.start), levels, scale)
        # the passes over the bins gather in random order, so what they gather from is made small first
        group = np.empty(label.size, np.uint8 if n_labels + 2 <= 256 else np.uint16)
        _groups(label, self._mask(selected), n_labels, group)
        index = _dominant(self.order, self.start, group, n_labels, thresholds, self._chunks())
        index = index.reshape(self.shape)
        small = (n_labels + 2) * levels < 256
        return DensityImage(index.astype(np.uint8) if small else index, levels, self.extent)

    def mean(self, values: np.ndarray, selected: np.ndarray | None = None) -> np.ndarray:
        """Mean of a value over the points of every bin, (n_y, n_x) float32; NaN where there are none.

        Parameters
        ----------
        values : one float per point, in any shape; NaN counts for nothing
        selected : (n_points,) bool: only these count; None for all
        """
        values = np.ascontiguousarray(values, np.float32).ravel()
        self._check(values.size, "values")
        return _mean(self.order, self.start, values, self._mask(selected), self._chunks()).reshape(self.shape)

    def selected_counts(self, selected: np.ndarray) -> np.ndarray:
        """Selected points per bin, (n_y, n_x) int32."""
        counts = _selected_counts(self.order, self.start, self._mask(selected), self._chunks())
        return counts.reshape(self.shape)

    def selected_share(self, selected: np.ndarray) -> np.ndarray:
        """Share of the points of every bin that are selected, (n_y, n_x) uint8: 0 none ... 255 all.

        A bin with any selected point is at least 1.
        """
        share = _selected_share(self.order, self.start, self._mask(selected), self._chunks())
        return share.reshape(self.shape)

    def _check(self, n: int, what: str) -> None:
        if n != self.n_points:
            raise ValueError(f"{n} {what} do not fit {self.n_points} latent points.")

    def _mask(self, selected: np.ndarray | None) -> np.ndarray:
        if selected is None:
            return np.zeros(0, np.uint8)
        mask = np.ascontiguousarray(selected, dtype=bool).ravel().view(np.uint8)
        self._check(mask.size, "selected flags")
        return mask

    def _chunks(self) -> np.ndarray:
        """Ranges of bins with about as many points each: latent points crowd in a few places."""
        n_chunks = 8 * get_num_threads()
        shares = np.linspace(0, self.start[-1], n_chunks + 1).astype(np.int32)
        edges = np.searchsorted(self.start, shares, side="left")
        edges[0], edges[-1] = 0, self.start.size - 1
        return edges.astype(np.int64)


@njit(parallel=True, cache=True, nogil=True)
def _count_visible(coordinates, x0, x1, y0, y1):
    n = 0
    for i in prange(coordinates.shape[0]):
        x, y = coordinates[i, 0], coordinates[i, 1]
        if x >= x0 and x <= x1 and y >= y0 and y <= y1:
            n += 1
    return n


@njit(parallel=True, cache=True, nogil=True)
def _sort_into_bins(coordinates, x0, x1, y0, y1, n_x, n_y, n_blocks):
    """Counting sort by bin; blocks of points count and scatter side by side."""
    n_points, n_bins = coordinates.shape[0], n_x * n_y
    per_x, per_y = n_x / (np.float64(x1) - x0), n_y / (np.float64(y1) - y0)
    bin_of_point = np.empty(n_points, np.int32)
    place = np.zeros((n_blocks, n_bins), np.int32)
    size = (n_points + n_blocks - 1) // n_blocks
    for block in prange(n_blocks):
        count = place[block]
        for i in range(block * size, min((block + 1) * size, n_points)):
            x, y = coordinates[i, 0], coordinates[i, 1]
            if x >= x0 and x <= x1 and y >= y0 and y <= y1:
                column = min(int((x - x0) * per_x), n_x - 1)
                row = min(int((y - y0) * per_y), n_y - 1)
                bin_of_point[i] = row * n_x + column
                count[bin_of_point[i]] += 1
            else:
                bin_of_point[i] = -1
    start = np.empty(n_bins + 1, np.int32)
    total = 0
    for b in range(n_bins):
        start[b] = total
        for block in range(n_blocks):
            n = place[block, b]
            place[block, b] = total
            total += n
    start[n_bins] = total
    order = np.empty(total, np.int32)
    for block in prange(n_blocks):
        next_place = place[block]
        for i in range(block * size, min((block + 1) * size, n_points)):
            b = bin_of_point[i]
            if b >= 0:
                order[next_place[b]] = i
                next_place[b] += 1
    return order, start


@njit(parallel=True, cache=True, nogil=True)
def _groups(label, selected, n_labels, group):
    """0 ... n_labels - 1 the labels, n_labels unassigned, n_labels + 1 unselected."""
    for i in prange(label.size):
        k = label[i] if label[i] >= 0 else n_labels
        group[i] = n_labels + 1 if selected.size > 0 and not selected[i] else k


@njit(parallel=True, cache=True, nogil=True)
def _dominant(order, start, group, n_labels, thresholds, chunks):
    levels = thresholds.size + 1
    index = np.zeros(start.size - 1, np.uint16)
    for chunk in prange(chunks.size - 1):
        count = np.zeros(n_labels + 2, np.int32)
        for b in range(chunks[chunk], chunks[chunk + 1]):
            first, last = start[b], start[b + 1]
            if first == last:
                continue
            for i in range(first, last):
                count[group[order[i]]] += 1
            n, winner, most = last - first, n_labels + 1, 0
            if count[n_labels + 1] < n:
                n -= count[n_labels + 1]
                for k in range(n_labels + 1):
                    if count[k] > most:
                        winner, most = k, count[k]
            count[:] = 0
            level = 0
            while level < levels - 1 and n > thresholds[level]:
                level += 1
            index[b] = 1 + winner * levels + level
    return index


@njit(parallel=True, cache=True, nogil=True)
def _selected_share(order, start, selected, chunks):
    share = np.zeros(start.size - 1, np.uint8)
    for chunk in prange(chunks.size - 1):
        for b in range(chunks[chunk], chunks[chunk + 1]):
            first, last = start[b], start[b + 1]
            n = 0
            for i in range(first, last):
                n += selected[order[i]]
            if n > 0:
                share[b] = max(1, (255 * n) // (last - first))
    return share


@njit(parallel=True, cache=True, nogil=True)
def _selected_counts(order, start, selected, chunks):
    counts = np.zeros(start.size - 1, np.int32)
    for chunk in prange(chunks.size - 1):
        for b in range(chunks[chunk], chunks[chunk + 1]):
            for i in range(start[b], start[b + 1]):
                counts[b] += selected[order[i]]
    return counts


@njit(parallel=True, cache=True, nogil=True)
def _mean(order, start, values, selected, chunks):
    mean = np.full(start.size - 1, np.nan, np.float32)
    for chunk in prange(chunks.size - 1):
        for b in range(chunks[chunk], chunks[chunk + 1]):
            total, n = 0.0, 0
            for i in range(start[b], start[b + 1]):
                value = values[order[i]]
                if value == value and (selected.size == 0 or selected[order[i]]):
                    total += value
                    n += 1
            if n > 0:
                mean[b] = total / n
    return mean
