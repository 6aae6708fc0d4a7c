"""What is visible of a map, as a small image: only viewport pixels travel to the browser.

Map coordinates are pixels: x from 0 to n_x, y from 0 to n_y with row 0 on top, so that pixel (y, x)
covers the square [x, x + 1] x [y, y + 1]. An image that comes back carries the :class:`Extent` that
its samples really cover; drawn there, every sample lies on its map pixel at every zoom.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numba import njit, prange


class Extent(NamedTuple):
    """Rectangle that an image covers, in data coordinates: its first row starts at ``y``."""

    x: float
    y: float
    dw: float
    dh: float

    def columns(self) -> dict[str, list[float]]:
        """As columns of one row, for the data source of a Bokeh image."""
        return {name: [value] for name, value in self._asdict().items()}


@dataclass(frozen=True)
class Viewport:
    """A rectangle of data coordinates shown on width x height screen pixels.

    The ends of an axis may come in either order, as a browser reports them for an axis that points down.

    Raises
    ------
    ValueError
        An end is not finite, both ends of an axis are equal, or there is no screen pixel.
    """

    x0: float
    x1: float
    y0: float
    y1: float
    width: int
    height: int

    def __post_init__(self) -> None:
        ends = (self.x0, self.x1, self.y0, self.y1)
        if not all(map(math.isfinite, ends)) or self.x0 == self.x1 or self.y0 == self.y1:
            raise ValueError(
                f"The view x {self.x0} to {self.x1}, y {self.y0} to {self.y1} is not a rectangle."
            )
        if self.width < 1 or self.height < 1:
            raise ValueError(f"A view of {self.width} x {self.height} screen pixels shows nothing.")
        for low, high in (("x0", "x1"), ("y0", "y1")):
            a, b = float(getattr(self, low)), float(getattr(self, high))
            object.__setattr__(self, low, min(a, b))
            object.__setattr__(self, high, max(a, b))

    @classmethod
    def whole(cls, shape: tuple[int, int], width: int, height: int) -> Viewport:
        """All of a map of ``shape`` (n_y, n_x)."""
        return cls(0, shape[1], 0, shape[0], width, height)

    def padded(self, margin: float) -> Viewport:
        """Larger by a share ``margin`` on every side, so that a small pan finds its pixels already there."""
        dx, dy = margin * (self.x1 - self.x0), margin * (self.y1 - self.y0)
        return Viewport(
            self.x0 - dx,
            self.x1 + dx,
            self.y0 - dy,
            self.y1 + dy,
            math.ceil(self.width * (1 + 2 * margin)),
            math.ceil(self.height * (1 + 2 * margin)),
        )

    def clipped(self, shape: tuple[int, int]) -> Viewport:
        """The part that lies on a map of ``shape`` (n_y, n_x); at least its nearest row and column."""
        x0, x1, width = _clip(self.x0, self.x1, shape[1], self.width)
        y0, y1, height = _clip(self.y0, self.y1, shape[0], self.height)
        return Viewport(x0, x1, y0, y1, width, height)


def sample_nearest(
    image: np.ndarray, viewport: Viewport, map_shape: tuple[int, int] | None = None
) -> tuple[np.ndarray, Extent]:
    """The visible part of an image, one value per screen pixel, none mixed: for labels.

    Where map pixels are larger than screen pixels, the whole map pixels that are visible come back,
    and the extent ends on their edges.

    Parameters
    ----------
    image : (height, width) array
    viewport : what is visible, in map coordinates
    map_shape : (n_y, n_x) of the map that the coordinates belong to, where the image covers the same
        field of view at another resolution

    Returns
    -------
    (at most viewport.height, at most viewport.width) array of the same type, and where it lies
    """
    y, x, extent = _grid(image.shape, viewport, map_shape)
    rows, columns = y.nearest(), x.nearest()
    if y.is_whole and x.is_whole:
        return image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], extent
    return image[np.ix_(rows, columns)], extent


def sample_mean(
    image: np.ndarray, viewport: Viewport, map_shape: tuple[int, int] | None = None
) -> tuple[np.ndarray, Extent]:
    """The visible part of an image, every sample the mean over its area: for intensities and masks.

    As :func:`sample_nearest` of the same arguments in shape and extent. NaN pixels are left out; a sample
    without any other is NaN. A mask of bool gives the share of True, so that single pixels stay visible.

    Returns
    -------
    (at most viewport.height, at most viewport.width) float32, and where it lies
    """
    y, x, extent = _grid(image.shape, viewport, map_shape)
    if y.is_whole and x.is_whole:
        nearest, _ = sample_nearest(image, viewport, map_shape)
        return nearest.astype(np.float32), extent
    if image.dtype == bool:
        image = image.view(np.uint8)
    elif image.dtype not in (np.float32, np.uint8):
        image = image.astype(np.float32)
    return _area_mean(image, y.edges(), x.edges()), extent


def sample_edges(
    shape: tuple[int, int], viewport: Viewport, map_shape: tuple[int, int] | None = None
) -> tuple[np.ndarray, np.ndarray, Extent]:
    """Where the samples of :func:`sample_mean` lie: edges of its rows and columns in pixels of the image.

    Returns
    -------
    (height + 1,) and (width + 1,) float64, ascending, and the extent of the samples in map coordinates
    """
    y, x, extent = _grid(shape, viewport, map_shape)
    return y.edges(), x.edges(), extent


def sample_phases(
    label: np.ndarray,
    viewport: Viewport,
    probability: np.ndarray | None = None,
    threshold: float = 0.0,
) -> tuple[np.ndarray, Extent]:
    """The visible part of a phase map as indices into a palette: 0 unassigned, phase + 1 otherwise.

    Parameters
    ----------
    label : (n_y, n_x) integers, negative = unassigned
    viewport : what is visible, in map coordinates
    probability, threshold : pixels whose probability (n_y, n_x) is below the threshold are unassigned

    Returns
    -------
    uint8 image (uint16 where there are more than 255 phases), and where it lies
    """
    visible, extent = sample_nearest(label, viewport)
    index = np.where(visible < 0, 0, visible.astype(np.int32) + 1)
    if probability is not None and threshold > 0:
        index[sample_nearest(probability, viewport)[0] < threshold] = 0
    return index.astype(np.uint8 if index.max(initial=0) < 256 else np.uint16), extent


@dataclass(frozen=True)
class _Axis:
    """Samples of one axis: ``n`` of equal size from start to stop, in pixels of the image."""

    start: float
    stop: float
    n: int

    @property
    def is_whole(self) -> bool:
        return self.stop - self.start == self.n

    def edges(self) -> np.ndarray:
        return np.linspace(self.start, self.stop, self.n + 1)

    def nearest(self) -> np.ndarray:
        """The image pixel under the centre of every sample."""
        centre = self.start + (np.arange(self.n) + 0.5) * ((self.stop - self.start) / self.n)
        return centre.astype(np.intp)


def _axis(low: float, high: float, n_screen: int) -> _Axis:
    first, last = math.floor(low), math.ceil(high)
    if last - first <= n_screen:
        return _Axis(first, last, last - first)
    return _Axis(low, high, n_screen)


def _clip(low: float, high: float, n: int, n_screen: int) -> tuple[float, float, int]:
    inside_low, inside_high = max(low, 0.0), min(high, float(n))
    if inside_low >= inside_high:  # out of sight: the nearest pixel, so that there is always an image
        nearest = 0.0 if high <= 0 else n - 1.0
        return nearest, nearest + 1, 1
    return inside_low, inside_high, max(1, round(n_screen * (inside_high - inside_low) / (high - low)))


def _grid(
    shape: tuple[int, ...], viewport: Viewport, map_shape: tuple[int, int] | None
) -> tuple[_Axis, _Axis, Extent]:
    if len(shape) != 2 or 0 in shape:
        raise ValueError(f"An image of shape {shape} cannot be shown; (n_y, n_x) was expected.")
    per_y, per_x = (1.0, 1.0) if map_shape is None else (shape[0] / map_shape[0], shape[1] / map_shape[1])
    view = replace(
        viewport,
        x0=viewport.x0 * per_x,
        x1=viewport.x1 * per_x,
        y0=viewport.y0 * per_y,
        y1=viewport.y1 * per_y,
    ).clipped((shape[0], shape[1]))
    y, x = _axis(view.y0, view.y1, view.height), _axis(view.x0, view.x1, view.width)
    return (
        y,
        x,
        Extent(x.start / per_x, y.start / per_y, (x.stop - x.start) / per_x, (y.stop - y.start) / per_y),
    )


@njit(parallel=True, cache=True, nogil=True)
def _area_mean(image, y_edges, x_edges):
    n_y, n_x = y_edges.size - 1, x_edges.size - 1
    first, last = int(x_edges[0]), min(int(np.ceil(x_edges[n_x])), image.shape[1])
    result = np.empty((n_y, n_x), np.float32)
    for row in prange(n_y):
        # down the columns first: whole image rows are added at once, and each only to one or two results
        total, area = np.zeros(last - first, np.float32), np.zeros(last - first, np.float32)
        low, high = y_edges[row], y_edges[row + 1]
        for y in range(int(low), min(int(np.ceil(high)), image.shape[0])):
            part = np.float32(min(high, y + 1.0) - max(low, float(y)))
            for x in range(first, last):
                value = np.float32(image[y, x])
                is_there = value == value
                total[x - first] += part * value if is_there else np.float32(0)
                area[x - first] += part if is_there else np.float32(0)
        for column in range(n_x):
            left, right = x_edges[column], x_edges[column + 1]
            sum_of_total, sum_of_area = 0.0, 0.0
            for x in range(int(left), min(int(np.ceil(right)), last)):
                part_x = min(right, x + 1.0) - max(left, float(x))
                sum_of_total += part_x * total[x - first]
                sum_of_area += part_x * area[x - first]
            result[row, column] = sum_of_total / sum_of_area if sum_of_area > 0 else np.nan
    return result
