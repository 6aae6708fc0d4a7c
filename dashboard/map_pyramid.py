"""Many maps of one field of view, ready to be drawn small: halved again and again, with their contrast.

A gallery shows each of thirty maps on a few ten thousand screen pixels. Drawn from the full maps, every
picture would read all of them; from a pyramid it reads about as many pixels as it shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit, prange

from dashboard.contrast import contrast_limits
from dashboard.viewport import Extent, Viewport, sample_edges

#: a level is not halved again below this many pixels on its longer side
_SMALLEST = 128
#: pixels of a map that stand for all of them in its contrast
_SAMPLE = 60_000


@dataclass(frozen=True, eq=False)
class MapPyramid:
    """Maps at full size, half, a quarter ...

    Attributes
    ----------
    full : (n_y, n_x, n_maps) as measured
    halved : (n_maps, n_y / 2^k, n_x / 2^k) float32 for k = 1, 2 ...; sides are rounded up
    sample : (n_maps, n_sample) float32, values of every map in ascending order
    extremes : (n_maps, 2) lowest and highest value
    """

    full: np.ndarray
    halved: tuple[np.ndarray, ...]
    sample: np.ndarray
    extremes: np.ndarray

    @classmethod
    def build(cls, full: np.ndarray) -> MapPyramid:
        """From maps (n_y, n_x, n_maps); NaN pixels are left out of means and contrast."""
        halved = []
        level = full
        while max(level.shape[:2]) > _SMALLEST:
            level = _halved(level)
            halved.append(np.ascontiguousarray(np.moveaxis(level, 2, 0)))
        flat = full.reshape(-1, full.shape[2])
        picked = np.ascontiguousarray(flat[:: max(1, len(flat) // _SAMPLE)].T, np.float32)
        extremes = np.column_stack([np.fmin.reduce(flat, axis=0), np.fmax.reduce(flat, axis=0)])
        return cls(full, tuple(halved), np.sort(picked, axis=1), np.nan_to_num(extremes))

    @property
    def shape(self) -> tuple[int, int]:
        """(n_y, n_x) of the full maps."""
        return self.full.shape[:2]

    @property
    def n_maps(self) -> int:
        """Number of maps."""
        return self.full.shape[2]

    def limits(self, number: int, low_percent: float, high_percent: float) -> tuple[float, float]:
        """Values below and above which a map has so many per cent of its pixels.

        Where they are one value (a line that few pixels show) they are the extremes, as in
        :func:`dashboard.contrast.contrast_limits`.
        """
        values = self.sample[number]
        n = int(np.searchsorted(values, np.inf, side="right"))  # NaN is sorted to the end
        if n == 0:
            return 0.0, 1.0
        low, high = (
            float(values[min(n - 1, round(percent / 100 * (n - 1)))])
            for percent in (low_percent, high_percent)
        )
        if not low < high:
            low, high = (float(value) for value in self.extremes[number])
        return contrast_limits(np.array([low, high]), 1.0)

    def view(
        self, numbers: Sequence[int], limits: np.ndarray, gammas: np.ndarray, viewport: Viewport
    ) -> tuple[np.ndarray, Extent]:
        """The visible part of some maps as palette indices, each over its own contrast.

        Parameters
        ----------
        numbers : which maps
        limits : (len(numbers), 2) values that become 1 and 255
        gammas : (len(numbers),) powers of the contrast; below 1 brightens the dark parts
        viewport : what is visible of the field of view, in pixels of the full maps

        Returns
        -------
        (len(numbers), height, width) uint8, 0 where a map has no value; and where the images lie
        """
        per_sample = min(
            (viewport.x1 - viewport.x0) / viewport.width, (viewport.y1 - viewport.y0) / viewport.height
        )
        # one level finer than the screen: the rest is averaged by area
        level = min(len(self.halved), max(0, int(np.floor(np.log2(max(per_sample, 1.0)))) - 1))
        maps = np.moveaxis(self.full, 2, 0) if level == 0 else self.halved[level - 1]
        # rounded up sides reach beyond the map; so does the field of view that they cover
        covered = (maps.shape[1] << level, maps.shape[2] << level)
        y, x, extent = sample_edges(maps.shape[1:], viewport, covered)
        low = np.asarray(limits, np.float32)
        return _indices(
            maps, np.asarray(numbers, np.int64), y, x, low, np.asarray(gammas, np.float32)
        ), extent


@njit(parallel=True, cache=True, nogil=True)
def _halved(maps):
    """Means over 2 x 2 pixels of maps (n_y, n_x, n_maps); NaN is left out, an odd end stands alone."""
    n_y, n_x, n_maps = maps.shape
    m_y, m_x = (n_y + 1) // 2, (n_x + 1) // 2
    answer = np.empty((m_y, m_x, n_maps), np.float32)
    for row in prange(m_y):
        total, n = np.zeros(n_maps, np.float32), np.zeros(n_maps, np.float32)
        for column in range(m_x):
            total[:] = 0
            n[:] = 0
            for y in range(2 * row, min(2 * row + 2, n_y)):
                for x in range(2 * column, min(2 * column + 2, n_x)):
                    for k in range(n_maps):
                        value = np.float32(maps[y, x, k])
                        if value == value:
                            total[k] += value
                            n[k] += 1
            for k in range(n_maps):
                answer[row, column, k] = total[k] / n[k] if n[k] > 0 else np.nan
    return answer


@njit(cache=True, nogil=True, parallel=True)
def _indices(maps, numbers, y_edges, x_edges, limits, gammas):
    n_y, n_x = y_edges.size - 1, x_edges.size - 1
    result = np.zeros((numbers.size, n_y, n_x), np.uint8)
    for task in prange(numbers.size):
        image = maps[numbers[task]]
        low, per_value = limits[task, 0], np.float32(1) / (limits[task, 1] - limits[task, 0])
        for row in range(n_y):
            top, bottom = y_edges[row], y_edges[row + 1]
            for column in range(n_x):
                left, right = x_edges[column], x_edges[column + 1]
                total, area = 0.0, 0.0
                for y in range(int(top), min(int(np.ceil(bottom)), image.shape[0])):
                    tall = min(bottom, y + 1.0) - max(top, float(y))
                    for x in range(int(left), min(int(np.ceil(right)), image.shape[1])):
                        value = image[y, x]
                        if value == value:
                            part = tall * (min(right, x + 1.0) - max(left, float(x)))
                            total += part * value
                            area += part
                if area > 0:
                    share = (np.float32(total / area) - low) * per_value
                    share = min(max(share, np.float32(0)), np.float32(1)) ** gammas[task]
                    result[task, row, column] = np.uint8(np.float32(1.5) + np.float32(254) * share)
    return result
