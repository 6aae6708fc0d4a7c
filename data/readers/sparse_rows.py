"""Counts gathered pixel by pixel into one sparse matrix, without a dense copy of the map.

Readers hand over what they decode, in any order of pixels and in pieces of any size; the matrix is
written once, at its final types. While reading, an event costs 2 to 6 bytes, in the matrix 5 to 8.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from scipy import sparse

from data.block_passes import Counts
from data.block_sources import StoredBlocks
from data.block_store import BlockStore
from data.block_writer import BlockWriter
from data.blocked_counts import BlockedCounts
from data.readers.conversions import current
from data.readers.unreadable import UnreadableFile

MAX_PIXELS = 2**28  # 16384 x 16384: four times the largest map of any vendor; more is a damaged header
MAX_VALUES = 2**38  # pixels times channels: the same, for cubes that must be walked through
_MAX_CHANNELS = 2**20
_BYTES_PER_ENTRY = 5  # of a CSR matrix whose counts are small
_WRITTEN_TOGETHER = 2**24  # channels with counts

#: pixels, numbers of their channels with counts, these channels, their counts
_Piece = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def check_size(n_y: int, n_x: int, n_channels: int) -> None:
    """Refuse a size that no instrument writes, before memory is asked for.

    Raises
    ------
    UnreadableFile
        A damaged header claims an absurd map, or an empty one.
    """
    if min(n_y, n_x, n_channels) < 1:
        raise UnreadableFile(
            f"The file describes a map of {n_y} x {n_x} pixels with {n_channels} channels, which holds "
            f"nothing. The acquisition was probably never started."
        )
    n_pixels = n_y * n_x
    if n_pixels > MAX_PIXELS or n_channels > _MAX_CHANNELS or n_pixels * n_channels > MAX_VALUES:
        raise UnreadableFile(
            f"The file claims a map of {n_y} x {n_x} pixels with {n_channels} channels, larger than any "
            f"instrument writes. Its header is damaged; copy or export it again."
        )


class SparseRows:
    """Collects the non-zero channels of pixels and makes the count matrix of them.

    A pixel may come more than once (repeated scans of a line): its counts are added. Where maps come in
    slices of energy instead, ``in_slices`` says that every slice of a pixel lies above those before. Readers
    that give ``n_x`` and say what is :meth:`complete` can read maps that are larger than memory.
    """

    def __init__(self, n_pixels: int, n_channels: int, in_slices: bool = False, n_x: int = 0) -> None:
        self.n_pixels, self.n_channels, self._in_slices = n_pixels, n_channels, in_slices
        self._channel_type = np.uint16 if n_channels < 2**16 else np.int32
        self._pieces: list[_Piece] = []
        self._n_x, self._conversion = n_x, current()
        self._writer: BlockWriter | None = None
        self._first, self._held = 0, 0  # pixels before are on disk; channels with counts that are not

    def add(self, pixel: np.ndarray, n_nonzero: np.ndarray, channel: np.ndarray, counts: np.ndarray) -> None:
        """Take the spectra of some pixels.

        Parameters
        ----------
        pixel : (n,) row-major indices below n_pixels
        n_nonzero : (n,) number of non-zero channels of every one of them
        channel : (n_nonzero.sum(),) channels, rising within a pixel
        counts : (n_nonzero.sum(),) unsigned counts of those channels, all above zero
        """
        # slices of energy leave most pixels empty: they are not worth their bytes
        filled = np.flatnonzero(n_nonzero)
        self._pieces.append(
            (
                np.asarray(pixel)[filled].astype(np.int32),
                np.asarray(n_nonzero)[filled].astype(self._channel_type),
                np.array(channel, self._channel_type),
                np.array(counts, smallest_unsigned(counts.max(initial=0))),
            )
        )
        self._held += channel.size

    def add_dense(self, pixel: np.ndarray, spectra: np.ndarray, first_channel: int = 0) -> None:
        """Take dense spectra of some pixels, (n, n_channels) unsigned integers, or a slice of them."""
        n_nonzero, channel, counts = _nonzero(np.ascontiguousarray(spectra))
        self.add(pixel, n_nonzero, channel + np.int32(first_channel), counts)

    def complete(self, row: int) -> None:
        """Say that nothing more comes for the rows of the map before this one, and that they came in order.

        Where the map grows beyond its room, they go to disk.

        Raises
        ------
        UnreadableFile
            The disk takes no more.
        """
        full = _BYTES_PER_ENTRY * self._held + 8 * self.n_pixels > self._conversion.limit_bytes
        if not (full or (self._writer is not None and self._held >= _WRITTEN_TOGETHER)):
            return
        stop = row * self._n_x
        if stop <= self._first:
            return
        with self._conversion.writing():
            if self._writer is None:
                self._writer = self._conversion.writer(self._n_x, self.n_channels)
            self._writer.add(self._taken(stop))

    def _taken(self, stop: int) -> sparse.csr_matrix:
        """Counts of the pixels up to one, which are then no longer held."""
        now, later = [], []
        for piece in self._pieces:
            before, after = _cut(piece, stop)
            now += [before] if before[0].size else []
            later += [after] if after[0].size else []
        first, self._first, self._pieces = self._first, stop, later
        self._held = sum(piece[2].size for piece in later)
        now = [(pixel - np.int32(first), *rest) for pixel, *rest in now]
        return self._assembled(now, stop - first)

    def matrix(self) -> Counts:
        """All counts, (n_pixels, n_channels) CSR of the smallest unsigned type that holds the largest.

        The pieces are given up on the way, so this can be called once. Where a part is on disk, all is, and
        the counts are in blocks.
        """
        if self._writer is None:
            return self._assembled(self._pieces, self.n_pixels)
        self._held = _WRITTEN_TOGETHER  # whatever waits
        self.complete(self.n_pixels // self._n_x)
        with self._conversion.writing():
            self._writer.finish({})
        return BlockedCounts(StoredBlocks(BlockStore.open(self._writer.folder)[0]))

    def _assembled(self, pieces: list[_Piece], n_pixels: int) -> sparse.csr_matrix:
        n_nonzero = np.zeros(n_pixels, np.int64)
        repeated, largest = False, 0
        for pixel, n_of_pixel, _, counts in pieces:
            if not self._in_slices:
                repeated |= bool(n_nonzero[pixel].any()) or np.unique(pixel).size < pixel.size
            np.add.at(n_nonzero, pixel, n_of_pixel)
            largest = max(largest, int(counts.max(initial=0)))
        indptr = np.zeros(n_pixels + 1, np.int64)
        np.cumsum(n_nonzero, out=indptr[1:])
        indices = np.empty(indptr[-1], np.int32)
        # counts of a repeated pixel are added below, which may need more room
        data = np.empty(indptr[-1], np.uint64 if repeated else smallest_unsigned(largest))
        cursor = indptr[:-1].copy()
        while pieces:
            _place(*pieces.pop(0), cursor, indices, data)
        matrix = _csr(data, indices, indptr, (n_pixels, self.n_channels))
        if repeated:
            matrix.has_sorted_indices = matrix.has_canonical_format = False
            matrix.sum_duplicates()
            matrix.data = matrix.data.astype(smallest_unsigned(matrix.data.max(initial=0)))
        return matrix


def _cut(piece: _Piece, stop: int) -> tuple[_Piece, _Piece]:
    """The pixels of a piece before one, and the others; rows of the map lie in order in it."""
    pixel, n_nonzero, channel, counts = piece
    at = int(np.count_nonzero(pixel < stop))
    if at in (0, pixel.size):
        nothing = tuple(array[:0] for array in piece)
        return (piece, nothing) if at else (nothing, piece)
    end = int(n_nonzero[:at].sum(dtype=np.int64))
    return (pixel[:at], n_nonzero[:at], channel[:end], counts[:end]), (
        pixel[at:],
        n_nonzero[at:],
        channel[end:],
        counts[end:],
    )


def from_events(n_events: np.ndarray, channel: np.ndarray, n_channels: int) -> sparse.csr_matrix:
    """The count matrix of single events that lie in order of pixels.

    Parameters
    ----------
    n_events : (n_pixels,) events of every pixel
    channel : (n_events.sum(),) uint16, the channel of every event, pixel after pixel; sorted in place

    Returns
    -------
    (n_pixels, n_channels) CSR of the smallest unsigned type that holds the largest count
    """
    start = np.zeros(n_events.size + 1, np.int64)
    np.cumsum(n_events, out=start[1:])
    indptr = np.zeros(n_events.size + 1, np.int64)
    largest = _sort_and_count(start, channel, n_channels, indptr[1:])
    np.cumsum(indptr, out=indptr)
    indices = np.empty(indptr[-1], np.int32)
    data = np.empty(indptr[-1], smallest_unsigned(largest))
    _merge(start, channel, indices, data)
    return _csr(data, indices, indptr, (n_events.size, n_channels))


def smallest_unsigned(largest: int) -> type[np.unsignedinteger]:
    """The smallest unsigned integer type that holds a count.

    Raises
    ------
    UnreadableFile
        A count above 32 bits, which no detector delivers.
    """
    for kind in (np.uint8, np.uint16, np.uint32):
        if largest <= np.iinfo(kind).max:
            return kind
    raise UnreadableFile(
        f"The file holds a count of {largest} in one channel of one pixel, which no detector delivers. "
        f"The file is damaged; copy or export it again."
    )


def _csr(data, indices, indptr, shape) -> sparse.csr_matrix:
    if indptr[-1] <= np.iinfo(np.int32).max:
        indptr = indptr.astype(np.int32)
    matrix = sparse.csr_matrix((data, indices, indptr), shape=shape, copy=False)
    # true by construction; scipy would otherwise walk through all events to find out
    matrix.has_sorted_indices = True
    matrix.has_canonical_format = True
    return matrix


@njit(cache=True, nogil=True)
def _nonzero(spectra):
    n, n_channels = spectra.shape
    n_nonzero = np.zeros(n, np.int64)
    for row in range(n):
        for channel in range(n_channels):
            if spectra[row, channel] != 0:
                n_nonzero[row] += 1
    total = n_nonzero.sum()
    channels, counts = np.empty(total, np.int32), np.empty(total, spectra.dtype)
    at = 0
    for row in range(n):
        for channel in range(n_channels):
            if spectra[row, channel] != 0:
                channels[at] = channel
                counts[at] = spectra[row, channel]
                at += 1
    return n_nonzero, channels, counts


@njit(cache=True, nogil=True)
def _place(pixel, n_nonzero, channel, counts, cursor, indices, data):
    at = 0
    for row in range(pixel.size):
        to = cursor[pixel[row]]
        for i in range(n_nonzero[row]):
            indices[to + i] = channel[at + i]
            data[to + i] = counts[at + i]
        cursor[pixel[row]] += n_nonzero[row]
        at += n_nonzero[row]


@njit(cache=True, nogil=True)
def _sort_and_count(start, channel, n_channels, n_distinct):
    largest = np.int64(0)
    histogram = np.zeros(n_channels, np.int64)
    for pixel in range(start.size - 1):
        events = channel[start[pixel] : start[pixel + 1]]
        if events.size * 4 > n_channels:
            # bright pixels: counting is faster than sorting
            for i in range(events.size):
                histogram[events[i]] += 1
            at = 0
            for c in range(n_channels):
                for _ in range(histogram[c]):
                    events[at] = c
                    at += 1
                histogram[c] = 0
        else:
            events.sort()
        run = 0
        for i in range(events.size):
            if i == 0 or events[i] != events[i - 1]:
                n_distinct[pixel] += 1
                run = 0
            run += 1
            largest = max(largest, run)
    return largest


@njit(cache=True, nogil=True)
def _merge(start, channel, indices, data):
    at = -1
    for pixel in range(start.size - 1):
        for i in range(start[pixel], start[pixel + 1]):
            if i == start[pixel] or channel[i] != channel[i - 1]:
                at += 1
                indices[at] = channel[i]
                data[at] = 0
            data[at] += 1
