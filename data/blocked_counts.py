"""Counts that are larger than memory: blocks on disk, and what is made of them when a block is read.

A crop, a window of channels, a rebinning or a regrouping of channels is not carried out: it is a step that
is taken whenever rows are asked for. What is small in the end becomes an ordinary CSR matrix.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import sparse

from data.block_passes import added
from data.block_sources import Cropped, Rebinned, Regrouped, StoredBlocks, Window, stacked
from data.block_work import in_order
from data.block_writer import BLOCK_ENTRIES
from data.sparse_counts import sum_by_label

_SMALL_ENTRIES = 2 * BLOCK_ENTRIES  # some 250 MB: what holds no more is taken into memory
_MOST_GATHERED = 2**28  # entries that may be asked for at once, 1.5 to 2 GB


@dataclass(frozen=True, eq=False)
class BlockedCounts:
    """Counts of every pixel and channel, of which a few blocks are in memory at a time.

    It has of a CSR matrix what a map needs: shape, dtype, nnz, ``counts[pixels]``, ``counts[:, some]``.
    The functions of ``data.sparse_counts`` take it like any counts.

    Attributes
    ----------
    source : where rows come from
    """

    source: Any
    _known: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def map_shape(self) -> tuple[int, int]:
        """(n_y, n_x) of the map."""
        return self.source.map_shape

    @property
    def shape(self) -> tuple[int, int]:
        """(n_pixels, n_channels)."""
        n_y, n_x = self.map_shape
        return n_y * n_x, self.source.n_channels

    @property
    def dtype(self) -> np.dtype:
        """An unsigned type that holds every count."""
        return np.dtype(self.source.dtype)

    @property
    def nbytes(self) -> int:
        """Memory that is taken while nothing is computed: next to none."""
        return 8 * len(self.row_edges)

    @cached_property
    def row_edges(self) -> tuple[int, ...]:
        """(n_blocks + 1,) first rows of the blocks, and n_y."""
        return self.source.row_edges

    @property
    def nnz(self) -> int:
        """Channels of pixels that hold counts; of what is derived it takes a pass to know."""
        if isinstance(self.source, StoredBlocks):
            return self.source.most_entries
        return self._once("nnz", lambda: int(added(self, _entries)))

    def sum(self) -> int:
        """All counts."""
        if isinstance(self.source, StoredBlocks):
            return self.source.store.total
        return int(self.channel_sums().sum())

    def channel_sums(self) -> np.ndarray:
        """Counts of every channel over all pixels, (n_channels,) int64; found once."""
        return self._once("channel_sums", self._channel_sums)

    def _channel_sums(self) -> np.ndarray:
        known = self.source.channel_sums() if hasattr(self.source, "channel_sums") else None
        return added(self, _channel_sums) if known is None else known

    def rows(self, first: int, stop: int) -> sparse.csr_matrix:
        """Counts of some rows of the map, CSR; not to be written to."""
        return self.source.load(first, stop)

    def at_hand(self) -> sparse.csr_matrix:
        """All counts in memory: for small maps.

        Raises
        ------
        ValueError
            They are not small.
        """
        self._check_size(self.shape[0], self.source.most_entries)
        pieces = [self.rows(first, stop) for first, stop in pairwise(self.row_edges)]
        return stacked(pieces, self.shape[1], self.source.dtype)

    def __getitem__(self, key: Any) -> BlockedCounts | sparse.csr_matrix:
        """``[:, channels]`` stays in blocks; ``[pixels]``, a slice or indices in any order, is in memory."""
        if isinstance(key, tuple):
            pixels, channels = key
            if pixels != slice(None) or not isinstance(channels, slice) or channels.step not in (None, 1):
                raise TypeError("Counts in blocks give [:, first:stop] or [pixels].")
            first, stop, _ = channels.indices(self.shape[1])
            window = Regrouped(self.source, Window(first, stop), stop - first, self.source.dtype)
            return BlockedCounts(window)
        if isinstance(key, slice):
            first, stop, step = key.indices(self.shape[0])
            if step == 1:
                return self._slice(first, max(first, stop))
            key = np.arange(first, stop, step)
        return self._gathered(np.asarray(key))

    def crop(self, y: slice, x: slice) -> BlockedCounts | sparse.csr_matrix:
        """The pixels of a rectangle, given by slices of step 1 within the map."""
        return _small_or_blocked(Cropped(self.source, (y.start, y.stop), (x.start, x.stop)))

    def rebin(self, factor: int, add: Callable[..., sparse.csr_matrix]) -> BlockedCounts | sparse.csr_matrix:
        """Squares of pixels added; see :class:`Rebinned`."""
        return _small_or_blocked(Rebinned(self.source, factor, add))

    def regrouped(
        self, change: Callable[[sparse.csr_matrix], sparse.csr_matrix], n_channels: int, dtype: Any
    ) -> BlockedCounts:
        """Other channels of the same pixels; see :class:`Regrouped`."""
        return BlockedCounts(Regrouped(self.source, change, n_channels, np.dtype(dtype).name))

    def _slice(self, first: int, stop: int) -> sparse.csr_matrix:
        n_x = self.map_shape[1]
        if stop <= first:
            return sparse.csr_matrix((0, self.shape[1]), dtype=self.dtype)
        self._check_size(stop - first, (stop - first) * self.source.most_entries // self.shape[0])
        top = first // n_x
        rows = self.rows(top, -(-stop // n_x))
        if first == top * n_x and stop == top * n_x + rows.shape[0]:
            return rows
        return rows[first - top * n_x : stop - top * n_x]

    def _gathered(self, key: np.ndarray) -> sparse.csr_matrix:
        pixels = np.flatnonzero(key) if key.dtype == bool else key.astype(np.int64)
        if pixels.size and not -self.shape[0] <= pixels.min() <= pixels.max() < self.shape[0]:
            raise IndexError(f"Pixels are numbered 0 to {self.shape[0] - 1}.")
        pixels = np.where(pixels < 0, pixels + self.shape[0], pixels)
        self._check_size(pixels.size, pixels.size * self.source.most_entries // self.shape[0])
        order = np.argsort(pixels, kind="stable")
        ordered = pixels[order]
        n_x, calls = self.map_shape[1], []
        for first, stop in pairwise(self.row_edges):
            low, high = np.searchsorted(ordered, (first * n_x, stop * n_x))
            if high > low:
                calls.append((self, (first, stop), ordered[low:high] - first * n_x))
        pieces = list(in_order(_picked, iter(calls), len(calls)))
        found = stacked(pieces, self.shape[1], self.source.dtype)
        if (np.diff(order) > 0).all():
            return found
        place = np.empty(order.size, np.int64)
        place[order] = np.arange(order.size)
        return found[place]

    def _check_size(self, n_pixels: int, n_entries: int) -> None:
        if n_entries > _MOST_GATHERED:
            n_bytes = n_entries * (4 + self.dtype.itemsize)
            raise ValueError(
                f"This asks for the spectra of {n_pixels:,} pixels at once, some {n_bytes / 2**30:.0f} GB of "
                f"memory; the map is kept on disk because it is larger than memory. Ask for fewer pixels, or "
                f"crop or rebin the map under Lines and preparation."
            )

    def _once(self, name: str, find: Callable[[], Any]) -> Any:
        if name not in self._known:
            self._known[name] = find()
        return self._known[name]

    def __reduce__(self) -> tuple[Any, tuple[Any]]:
        return type(self), (self.source,)


def _small_or_blocked(source: Any) -> BlockedCounts | sparse.csr_matrix:
    counts = BlockedCounts(source)
    return counts.at_hand() if source.most_entries <= _SMALL_ENTRIES else counts


def _picked(counts: BlockedCounts, rows: tuple[int, int], pixels: np.ndarray) -> sparse.csr_matrix:
    return counts.rows(*rows)[pixels]


def _entries(counts: sparse.csr_matrix) -> int:
    return counts.nnz


def _channel_sums(counts: sparse.csr_matrix) -> np.ndarray:
    return sum_by_label(counts, np.zeros(counts.shape[0], np.int32), 1)[0]
