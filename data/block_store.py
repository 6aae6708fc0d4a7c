"""Counts of a map on disk, in blocks of whole rows of the map: one folder, a zarr group.

Every block has three arrays: ``n_nonzero`` of every pixel, then ``indices`` (channels) and ``data`` (counts)
of these, pixel after pixel. They are compressed and carry checksums. What describes the map is written last,
so that a folder that was not finished does not open.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

FORMAT = 1
DESCRIPTION = "lodestone_map"
_KEPT_BYTES = 400 * 2**20  # of blocks read last: neighbouring rows are read from them again
CHANNEL_SUMS = "channel_sums"  # the spectrum of the whole map: one pass less for everybody
PARTS = ("n_nonzero", "indices", "data")


class DamagedBlocks(ValueError):
    """A folder of blocks that does not hold what it says; the message is for people."""


@dataclass(frozen=True)
class BlockStore:
    """What a folder of blocks holds.

    Attributes
    ----------
    folder : the zarr group
    map_shape : (n_y, n_x)
    n_channels : of every spectrum
    dtype : name of the unsigned type that holds every count
    row_edges : (n_blocks + 1,) first rows of the blocks, and n_y
    n_entries : (n_blocks,) numbers of channels that hold counts
    total : counts of the whole map
    mark : of this one writing: another map under the same name has another
    """

    folder: str
    map_shape: tuple[int, int]
    n_channels: int
    dtype: str
    row_edges: tuple[int, ...]
    n_entries: tuple[int, ...]
    total: int
    mark: str

    @classmethod
    def open(cls, folder: Path) -> tuple[BlockStore, Mapping[str, Any]]:
        """The blocks of a folder, and the facts that were written with them.

        Raises
        ------
        DamagedBlocks
            It is no such folder, is unfinished, or was written by another version.
        """
        described = _group(folder).attrs.asdict().get(DESCRIPTION)
        if not isinstance(described, dict) or described.get("format") != FORMAT:
            raise DamagedBlocks(
                f"{folder.name} is no finished map of this version of Lodestone: its description is missing "
                f"or of another format. Make or copy it again."
            )
        try:
            n_y, n_x = (int(size) for size in described["shape"])
            edges = tuple(int(row) for row in described["row_edges"])
            entries = tuple(int(number) for number in described["n_entries"])
            store = cls(
                str(folder.absolute()), (n_y, n_x), int(described["n_channels"]), str(described["dtype"]),
                edges, entries, int(described["total"]), str(described["mark"]),
            )  # fmt: skip
            whole = np.dtype(store.dtype).kind == "u" and len(entries) == len(edges) - 1
            whole &= edges[0] == 0 and edges[-1] == n_y and min(np.diff(edges)) > 0
            whole &= min(n_x, store.n_channels) > 0 and min(entries) >= 0
            if not whole:
                raise ValueError("its numbers contradict each other")
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise DamagedBlocks(
                f"The description of {folder.name} is damaged ({error}). Make or copy it again."
            ) from error
        return store, described.get("facts", {})

    @property
    def n_blocks(self) -> int:
        return len(self.n_entries)

    @property
    def n_bytes(self) -> int:
        """Memory that all counts together would take, as CSR."""
        n_pixels = self.map_shape[0] * self.map_shape[1]
        return sum(self.n_entries) * (4 + np.dtype(self.dtype).itemsize) + 8 * n_pixels

    def block(self, number: int) -> sparse.csr_matrix:
        """The counts of one block, (n_rows * n_x, n_channels) CSR; not to be written to.

        Raises
        ------
        DamagedBlocks
            The block is missing or damaged.
        """
        key = (self.folder, self.mark, number)
        with _locks[hash(key) % len(_locks)]:
            found = _recent(key)
            if found is None:
                found = self._read(number)
                _remember(key, found)
        return found

    def part(self, number: int, name: str) -> np.ndarray:
        """One of the arrays of a block as it is stored; errors as for :meth:`block`."""
        folder = Path(self.folder)
        try:
            array = _group(folder)[f"blocks/{number}/{name}"]
            # zarr takes a chunk that is gone for one of zeros
            chunks = folder / "blocks" / str(number) / name / "c"
            sizes = zip(array.shape, array.chunks, strict=True)
            wanted = math.prod(-(-size // chunk) for size, chunk in sizes)
            if wanted and sum(1 for _ in chunks.iterdir()) < wanted:
                raise FileNotFoundError(f"{name} is missing")
            return array[:]
        except (OSError, ValueError, KeyError, RuntimeError, TypeError) as error:
            raise self._damaged(number) from error

    def channel_sums(self) -> np.ndarray:
        """Counts of every channel over the whole map, (n_channels,) int64; errors as for :meth:`block`."""
        sums = next(arrays_of(Path(self.folder), [CHANNEL_SUMS]))
        if sums.shape != (self.n_channels,) or sums.sum() != self.total:
            raise DamagedBlocks(
                f"The spectrum of {Path(self.folder).name} is damaged. Make or copy the map again."
            )
        return sums

    def _read(self, number: int) -> sparse.csr_matrix:
        n_nonzero, indices, data = (self.part(number, name) for name in PARTS)
        n_pixels = (self.row_edges[number + 1] - self.row_edges[number]) * self.map_shape[1]
        indptr = np.zeros(n_nonzero.size + 1, np.int64)
        np.cumsum(n_nonzero, out=indptr[1:])
        # kernels do not look whether an index is one
        n_entries = self.n_entries[number]
        fits = n_nonzero.size == n_pixels and indptr[-1] == indices.size == data.size == n_entries
        if not fits or (indices.size and int(indices.max()) >= self.n_channels):
            raise self._damaged(number)
        counts = sparse.csr_matrix(
            (data.astype(self.dtype, copy=False), indices.astype(np.int32), indptr.astype(np.int32)),
            shape=(n_pixels, self.n_channels),
            copy=False,
        )
        counts.has_sorted_indices = counts.has_canonical_format = True
        return counts

    def _damaged(self, number: int) -> DamagedBlocks:
        first, stop = self.row_edges[number : number + 2]
        return DamagedBlocks(
            f"Block {number + 1} of {self.n_blocks} of {Path(self.folder).name} (rows {first} to {stop - 1} "
            f"of the map) is missing or damaged. Copy the folder again; if it lies in the cache, delete it "
            f"and open the map anew."
        )


def arrays_of(folder: Path, names: list[str]) -> Iterator[np.ndarray]:
    """Further arrays of a folder, as :meth:`BlockWriter.finish` wrote them."""
    group = _group(folder)
    for name in names:
        try:
            yield group[name][:]
        except (OSError, ValueError, KeyError, RuntimeError, TypeError) as error:
            raise DamagedBlocks(f"{name} of {folder.name} is damaged. Make or copy the map again.") from error


def _group(folder: Path) -> Any:
    import zarr

    try:
        return zarr.open_group(str(folder), mode="r", zarr_format=3)
    except Exception as error:  # zarr raises its own kinds, KeyError, OSError ... for what is no group
        raise DamagedBlocks(
            f"{folder.name} is no finished map of Lodestone: it is missing, incomplete or another kind of "
            f"zarr folder. Make or copy it again."
        ) from error


_locks = [threading.Lock() for _ in range(16)]
_kept: OrderedDict[tuple[str, str, int], sparse.csr_matrix] = OrderedDict()
_kept_lock = threading.Lock()


def _recent(key: tuple[str, str, int]) -> sparse.csr_matrix | None:
    with _kept_lock:
        if key in _kept:
            _kept.move_to_end(key)
        return _kept.get(key)


def _remember(key: tuple[str, str, int], counts: sparse.csr_matrix) -> None:
    with _kept_lock:
        _kept[key] = counts
        size = sum(map(_bytes, _kept.values()))
        while len(_kept) > 1 and size > _KEPT_BYTES:
            size -= _bytes(_kept.popitem(last=False)[1])


def _bytes(counts: sparse.csr_matrix) -> int:
    return counts.data.nbytes + counts.indices.nbytes + counts.indptr.nbytes
