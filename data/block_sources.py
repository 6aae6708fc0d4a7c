"""Where rows of counts come from: blocks on disk, and steps that are taken when rows are asked for.

Every source has a ``map_shape`` (n_y, n_x), ``n_channels``, the name of an unsigned ``dtype``, the first rows
of its blocks and n_y in ``row_edges``, a bound ``most_entries`` of the channels that hold counts, and
``load(first, stop)``: rows of the map as CSR, which must not be written to. Those that know the spectrum of
the whole map have ``channel_sums()``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from data.block_store import BlockStore


@dataclass(frozen=True, eq=False)
class StoredBlocks:
    """The blocks of a folder as they are."""

    store: BlockStore

    @property
    def map_shape(self) -> tuple[int, int]:
        return self.store.map_shape

    @property
    def n_channels(self) -> int:
        return self.store.n_channels

    @property
    def dtype(self) -> str:
        return self.store.dtype

    @property
    def row_edges(self) -> tuple[int, ...]:
        return self.store.row_edges

    @property
    def most_entries(self) -> int:
        return sum(self.store.n_entries)

    def channel_sums(self) -> np.ndarray:
        """Counts of every channel over all pixels, (n_channels,) int64."""
        return self.store.channel_sums()

    def load(self, first: int, stop: int) -> sparse.csr_matrix:
        edges, n_x = self.row_edges, self.map_shape[1]
        pieces = []
        for number in range(int(np.searchsorted(edges, first, side="right")) - 1, len(edges) - 1):
            low, high = edges[number], edges[number + 1]
            if low >= stop:
                break
            block = self.store.block(number)
            if first > low or stop < high:
                block = block[(max(first, low) - low) * n_x : (min(stop, high) - low) * n_x]
            pieces.append(block)
        return pieces[0] if len(pieces) == 1 else stacked(pieces, self.n_channels, self.dtype)


@dataclass(frozen=True, eq=False)
class Regrouped:
    """Every pixel's channels made into others: a window of them, or bins.

    ``change`` takes CSR counts and gives CSR counts of the same pixels; it is of a module, for a cluster.
    """

    source: Any
    change: Callable[[sparse.csr_matrix], sparse.csr_matrix]
    n_channels: int
    dtype: str

    @property
    def map_shape(self) -> tuple[int, int]:
        return self.source.map_shape

    @property
    def row_edges(self) -> tuple[int, ...]:
        return self.source.row_edges

    @property
    def most_entries(self) -> int:
        return self.source.most_entries

    def channel_sums(self) -> np.ndarray | None:
        """As that of :class:`StoredBlocks`; None where it takes a pass to know."""
        whole = self.source.channel_sums() if hasattr(self.source, "channel_sums") else None
        if whole is None or not isinstance(self.change, Window):
            return None
        return whole[self.change.first : self.change.stop]

    def load(self, first: int, stop: int) -> sparse.csr_matrix:
        return self.change(self.source.load(first, stop))


@dataclass(frozen=True)
class Window:
    """A range of channels."""

    first: int
    stop: int

    def __call__(self, counts: sparse.csr_matrix) -> sparse.csr_matrix:
        return counts[:, self.first : self.stop]


@dataclass(frozen=True, eq=False)
class Cropped:
    """The pixels of a rectangle: ``y``, ``x`` are (first, stop)."""

    source: Any
    y: tuple[int, int]
    x: tuple[int, int]

    @property
    def map_shape(self) -> tuple[int, int]:
        return self.y[1] - self.y[0], self.x[1] - self.x[0]

    @property
    def n_channels(self) -> int:
        return self.source.n_channels

    @property
    def dtype(self) -> str:
        return self.source.dtype

    @property
    def row_edges(self) -> tuple[int, ...]:
        inner = (row - self.y[0] for row in self.source.row_edges if self.y[0] < row < self.y[1])
        return (0, *inner, self.map_shape[0])

    @property
    def most_entries(self) -> int:
        n_y, n_x = self.source.map_shape
        # a crop can hold more than its share of the map, but not by much where maps have no empty half
        share = 2 * self.map_shape[0] * self.map_shape[1] / (n_y * n_x)
        most = self.map_shape[0] * self.map_shape[1] * self.n_channels
        return min(int(share * self.source.most_entries) + 1, self.source.most_entries, most)

    def load(self, first: int, stop: int) -> sparse.csr_matrix:
        counts = self.source.load(self.y[0] + first, self.y[0] + stop)
        n_x = self.source.map_shape[1]
        if self.x == (0, n_x):
            return counts
        start = np.arange(stop - first)[:, None] * n_x
        return counts[(start + np.arange(*self.x)).ravel()]


@dataclass(frozen=True, eq=False)
class Rebinned:
    """Squares of ``factor`` x ``factor`` pixels added by ``add`` (counts, shape, factor) -> counts."""

    source: Any
    factor: int
    add: Callable[[sparse.csr_matrix, tuple[int, int], int], sparse.csr_matrix]

    @property
    def dtype(self) -> str:
        # a square of the smallest type cannot overflow the next
        fits = self.factor**2 * np.iinfo(self.source.dtype).max <= np.iinfo(np.uint16).max
        return "uint16" if fits else "uint32"

    @property
    def map_shape(self) -> tuple[int, int]:
        n_y, n_x = self.source.map_shape
        return n_y // self.factor, n_x // self.factor

    @property
    def n_channels(self) -> int:
        return self.source.n_channels

    @property
    def row_edges(self) -> tuple[int, ...]:
        inner = {row // self.factor for row in self.source.row_edges}
        return tuple(sorted({0, *(row for row in inner if row < self.map_shape[0]), self.map_shape[0]}))

    @property
    def most_entries(self) -> int:
        return min(self.source.most_entries, self.map_shape[0] * self.map_shape[1] * self.n_channels)

    def load(self, first: int, stop: int) -> sparse.csr_matrix:
        rows = self.source.load(first * self.factor, stop * self.factor)
        shape = ((stop - first) * self.factor, self.source.map_shape[1])
        return self.add(rows, shape, self.factor).astype(self.dtype)


def stacked(pieces: list[sparse.csr_matrix], n_channels: int, dtype: str) -> sparse.csr_matrix:
    """Pieces of counts below each other, as a matrix of its own."""
    if not pieces:
        return sparse.csr_matrix((0, n_channels), dtype=dtype)
    if len(pieces) == 1:
        # blocks are shared: what is handed out as a matrix of its own may be changed by its owner
        return pieces[0].astype(dtype, copy=True)
    indptr = np.zeros(sum(one.shape[0] for one in pieces) + 1, np.int64)
    np.cumsum(np.concatenate([np.diff(one.indptr) for one in pieces]), out=indptr[1:])
    if indptr[-1] <= np.iinfo(np.int32).max:
        indptr = indptr.astype(np.int32)
    found = sparse.csr_matrix(
        (
            np.concatenate([one.data for one in pieces]).astype(dtype, copy=False),
            np.concatenate([one.indices for one in pieces]),
            indptr,
        ),
        shape=(indptr.size - 1, n_channels),
        copy=False,
    )
    found.has_sorted_indices = found.has_canonical_format = True
    return found
