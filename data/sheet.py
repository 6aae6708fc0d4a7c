"""Sheet: several maps laid side by side on one grid of pixels, and taken from it again.

Between the maps lie empty pixels, so that neighbours of one map are never taken for neighbours of another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

#: empty pixels between maps: further apart than any neighbourhood that a method looks at
GAP = 4
_WIDER = 1.3  # the sheet is about so much wider than high, as screens are


@dataclass(frozen=True)
class Place:
    """Where a map lies on the sheet: its first row and column, and its (n_y, n_x)."""

    y: int
    x: int
    shape: tuple[int, int]

    @property
    def part(self) -> tuple[slice, slice]:
        """Rows and columns of the sheet."""
        return slice(self.y, self.y + self.shape[0]), slice(self.x, self.x + self.shape[1])


@dataclass(frozen=True)
class Sheet:
    """Places of maps, in the order of the maps, on a grid of ``shape`` (n_y, n_x)."""

    places: tuple[Place, ...]
    shape: tuple[int, int]

    @classmethod
    def lay(cls, shapes: Sequence[tuple[int, int]]) -> Sheet:
        """Lay maps in rows, in their order, on a sheet somewhat wider than high.

        Parameters
        ----------
        shapes : (n_y, n_x) of every map, at least one
        """
        area = sum((n_y + GAP) * (n_x + GAP) for n_y, n_x in shapes)
        width = max(max(n_x for _, n_x in shapes), int(_WIDER * np.sqrt(area)))
        places, y, x, height, widest = [], 0, 0, 0, 0
        for n_y, n_x in shapes:
            if x and x + n_x > width:
                y, x, height = y + height + GAP, 0, 0
            places.append(Place(y, x, (n_y, n_x)))
            widest, height, x = max(widest, x + n_x), max(height, n_y), x + n_x + GAP
        return cls(tuple(places), (y + height, widest))

    @property
    def n_pixels(self) -> int:
        """Pixels of the grid, the empty ones included."""
        return self.shape[0] * self.shape[1]

    def pixels(self, number: int) -> np.ndarray:
        """Row-major pixels of the sheet that a map covers, in the order of its own, (n_y * n_x,) int64."""
        rows, columns = self.places[number].part
        y = np.arange(rows.start, rows.stop)[:, None] * self.shape[1]
        return (y + np.arange(columns.start, columns.stop)).ravel()

    def covered(self) -> np.ndarray:
        """Pixels that belong to a map, (n_y, n_x) bool."""
        mask = np.zeros(self.shape, bool)
        for place in self.places:
            mask[place.part] = True
        return mask

    def paste(self, images: Sequence[np.ndarray], fill: float = 0.0) -> np.ndarray:
        """Images of the maps on one sheet, (n_y, n_x, ...) of the type of the first."""
        sheet = np.full((*self.shape, *images[0].shape[2:]), fill, images[0].dtype)
        for place, image in zip(self.places, images, strict=True):
            sheet[place.part] = image
        return sheet

    def paste_counts(self, counts: Sequence[sparse.csr_matrix]) -> sparse.csr_matrix:
        """Counts of the maps on one sheet, (n_pixels, n_channels) CSR; pixels of no map have none.

        Parameters
        ----------
        counts : of every map (n_y * n_x, n_channels), unsigned integers; all have the same channels
        """
        n_events = np.zeros(self.n_pixels, np.int64)
        for number, rows in enumerate(counts):
            n_events[self.pixels(number)] = np.diff(rows.indptr)
        total = int(n_events.sum())
        index_type = np.int32 if total <= np.iinfo(np.int32).max else np.int64
        indptr = np.zeros(self.n_pixels + 1, index_type)
        np.cumsum(n_events, out=indptr[1:])
        indices = np.empty(total, index_type)
        data = np.empty(total, np.result_type(*(rows.dtype for rows in counts)))
        for place, rows in zip(self.places, counts, strict=True):
            n_y, n_x = place.shape
            for y in range(n_y):  # the pixels of a row of a map lie together here and there
                start = indptr[(place.y + y) * self.shape[1] + place.x]
                first, last = rows.indptr[y * n_x], rows.indptr[(y + 1) * n_x]
                indices[start : start + last - first] = rows.indices[first:last]
                data[start : start + last - first] = rows.data[first:last]
        return sparse.csr_matrix(
            (data, indices, indptr), shape=(self.n_pixels, counts[0].shape[1]), copy=False
        )


def at_map_resolution(image: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """A navigation image at the pixels of its map, (n_y, n_x) float32: nearest, as it is only looked at."""
    rows = (np.arange(shape[0]) + 0.5) * image.shape[0] / shape[0]
    columns = (np.arange(shape[1]) + 0.5) * image.shape[1] / shape[1]
    return image[np.ix_(rows.astype(int), columns.astype(int))].astype(np.float32)
