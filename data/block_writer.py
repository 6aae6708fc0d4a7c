"""Writing the counts of a map in blocks: see :mod:`data.block_store` for what lies in the folder."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from data.block_store import CHANNEL_SUMS, DESCRIPTION, FORMAT, PARTS

BLOCK_PIXELS = 2**18
BLOCK_ENTRIES = 2**24  # of bright maps: blocks are then fewer pixels
_CHUNK = 2**22


class BlockWriter:
    """Writes counts as blocks, in the order of the pixels.

    Parameters
    ----------
    folder : is made; it must not be there yet
    n_x, n_channels : columns of the map, channels of its spectra
    block_pixels : a block ends with the row that reaches so many
    """

    def __init__(self, folder: Path, n_x: int, n_channels: int, block_pixels: int = BLOCK_PIXELS) -> None:
        import zarr

        self.folder, self._n_x, self._n_channels = folder, n_x, n_channels
        self._block_pixels = block_pixels
        folder.parent.mkdir(parents=True, exist_ok=True)
        self._group = zarr.create_group(str(folder))
        self._waiting: list[sparse.csr_matrix] = []
        self._edges, self._entries = [0], []
        self._total, self._largest = 0, 0
        self._sums = np.zeros(n_channels, np.int64)

    def add(self, counts: sparse.csr_matrix) -> None:
        """Take the next pixels, any number of them; channels of a pixel rise.

        Raises
        ------
        OSError
            They cannot be written.
        """
        start = 0
        while start < counts.shape[0]:
            n_waiting = sum(one.shape[0] for one in self._waiting)
            entries = sum(one.nnz for one in self._waiting)
            room = counts.indptr[start] + max(BLOCK_ENTRIES - entries, 0)
            stop = min(
                start + max(self._block_pixels - n_waiting, 1),
                int(np.searchsorted(counts.indptr, room, side="right")),
                counts.shape[0],
            )
            # blocks end with a row of the map
            stop = max(stop, start + 1)
            stop = min(stop + -(n_waiting + stop - start) % self._n_x, counts.shape[0])
            piece = counts if stop - start == counts.shape[0] else counts[start:stop]
            self._waiting.append(piece)
            full = n_waiting + stop - start >= self._block_pixels or entries + piece.nnz >= BLOCK_ENTRIES
            if full and (n_waiting + stop - start) % self._n_x == 0:
                self._flush()
            start = stop

    def finish(self, facts: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None) -> None:
        """Write what waits, further arrays by name, and the description.

        Raises
        ------
        ValueError
            The last row of the map is not whole, or there is none.
        """
        if self._waiting:
            self._flush()
        if len(self._edges) < 2:
            raise ValueError("A map without rows cannot be written.")
        for name, array in (arrays or {}).items():
            _write(self._group, name, array)
        _write(self._group, CHANNEL_SUMS, self._sums)
        self._group.attrs[DESCRIPTION] = {
            "format": FORMAT,
            "shape": [self._edges[-1], self._n_x],
            "n_channels": self._n_channels,
            "dtype": np.dtype(_unsigned(self._largest)).name,
            "row_edges": self._edges,
            "n_entries": self._entries,
            "total": self._total,
            "mark": uuid.uuid4().hex,
            "facts": dict(facts),
        }

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        n_pixels = sum(one.shape[0] for one in waiting)
        if n_pixels % self._n_x:
            raise ValueError(f"{n_pixels} pixels are no whole rows of {self._n_x}.")
        number = len(self._entries)
        n_nonzero = np.concatenate([np.diff(one.indptr) for one in waiting])
        indices = np.concatenate([one.indices for one in waiting])
        data = np.concatenate([one.data for one in waiting])
        largest = int(data.max(initial=0))
        kind = np.uint16 if self._n_channels <= 2**16 else np.uint32
        kinds = (_unsigned(int(n_nonzero.max())), kind, _unsigned(largest))
        for name, array, narrow in zip(PARTS, (n_nonzero, indices, data), kinds, strict=True):
            _write(self._group, f"blocks/{number}/{name}", array.astype(narrow))
        self._edges.append(self._edges[-1] + n_pixels // self._n_x)
        self._entries.append(int(indices.size))
        self._total += int(data.sum(dtype=np.uint64))
        self._largest = max(self._largest, largest)
        # sums of whole numbers below 2^53 are exact in double precision
        self._sums += np.bincount(indices, weights=data, minlength=self._n_channels).astype(np.int64)


def redescribe(folder: Path, facts: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Write other facts and further arrays into a finished folder."""
    import zarr

    group = zarr.open_group(str(folder), mode="r+", zarr_format=3)
    for name, array in arrays.items():
        _write(group, name, array)
    group.attrs[DESCRIPTION] = {**group.attrs.asdict()[DESCRIPTION], "facts": dict(facts)}


def _unsigned(largest: int) -> type[np.unsignedinteger]:
    return next(kind for kind in (np.uint8, np.uint16, np.uint32, np.uint64) if largest <= np.iinfo(kind).max)


def _write(group: Any, name: str, array: np.ndarray) -> None:
    from zarr.codecs import BloscCodec, Crc32cCodec

    chunks = (max(1, min(_CHUNK, array.shape[0])), *(max(1, size) for size in array.shape[1:]))
    group.create_array(
        name,
        data=array,
        chunks=chunks,
        compressors=[BloscCodec(cname="lz4", clevel=5, shuffle="shuffle"), Crc32cCodec()],
        # a chunk that is nothing but zeros is written too: one that is missing is damage
        config={"write_empty_chunks": True},
    )
