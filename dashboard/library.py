"""The datasets that the process holds: read-only, loaded once for all visits, least recently used out first.

A dataset that a visit still shows stays in memory whatever the library does; so it stays counted, and a
second visit gets the same one. What cannot be held beside it is refused with a sentence, before the machine
runs out of memory.
"""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Hashable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from scipy import sparse

from data.block_work import Abandoned
from data.elemental_maps import ElementalMaps
from data.spectrum_image import SpectrumImage

Dataset = SpectrumImage | ElementalMaps


class Opened(Protocol):
    """What opening an entry gives: several datasets where a file holds several, the best choice first."""

    @property
    def datasets(self) -> tuple[Dataset, ...]: ...


class Entry(Protocol):
    """What the library needs to know of an entry: its id, and its file or folder (None for the demo)."""

    @property
    def id(self) -> str: ...

    @property
    def path(self) -> Path | None: ...


class Catalogue(Protocol):
    """What can be opened, by id."""

    def entries(self) -> Iterable[Entry]: ...

    def open(self, entry_id: str) -> Opened: ...


@dataclass(eq=False)
class _Shelf:
    """One entry as it was loaded: held by the library until room is needed, then only by visits."""

    entry_id: str
    held: tuple[Dataset, ...] | None
    references: tuple[weakref.ref[Dataset], ...]
    sizes: tuple[int, ...]
    #: what was made of the datasets, with its size; goes when the library gives them up
    made: dict[Hashable, tuple[Any, int]] = field(default_factory=dict)

    def give_up(self) -> None:
        """From now on only those who use the datasets hold them."""
        self.held = None
        self.made.clear()

    def alive(self) -> tuple[Dataset | None, ...]:
        """The datasets that are still in memory, None for the others."""
        return tuple(reference() for reference in self.references)

    def used_bytes(self) -> int:
        pairs = zip(self.alive(), self.sizes, strict=True)
        of_made = sum(size for _, size in self.made.values())
        return of_made + sum(size for dataset, size in pairs if dataset is not None)


_Key = tuple[str, Hashable]  # entry id, and the version of its files
_MOST_MADE = 4  # things kept of one entry


class Library:
    """Loaded datasets of a catalogue, shared by all visits of the process.

    Parameters
    ----------
    catalogue : what can be opened
    memory_bytes : what the datasets may take together
    """

    def __init__(self, catalogue: Catalogue, memory_bytes: int) -> None:
        self._catalogue, self._memory_bytes = catalogue, memory_bytes
        self._lock = threading.Lock()
        self._shelves: dict[_Key, _Shelf] = {}  # the longest unused first
        self._loading: dict[_Key, Future[tuple[Dataset, ...]]] = {}

    @property
    def catalogue(self) -> Catalogue:
        """What can be opened."""
        return self._catalogue

    @property
    def used_bytes(self) -> int:
        """Memory of all loaded datasets, held by the library or only by a visit."""
        with self._lock:
            return self._used_bytes()

    def open(self, entry_id: str) -> tuple[Dataset, ...]:
        """The datasets of an entry, the best choice first: loaded now, or before and unchanged on disk since.

        Blocks while it loads (call it from a job); those who ask for the same meanwhile wait for the one
        load and get the same objects.

        Raises
        ------
        ValueError
            The entry is unknown or unreadable, or there is no room for it.
        """
        key = (entry_id, self.version(entry_id))
        with self._lock:
            datasets = self._loaded(key)
            if datasets is not None:
                return datasets
            loading = self._loading.get(key)
            is_first = loading is None
            if is_first:
                loading = self._loading[key] = Future()
        if is_first:
            try:
                loading.set_result(self._load(key))
            except BaseException as error:
                loading.set_exception(error)
            finally:
                with self._lock:
                    del self._loading[key]
        try:
            return loading.result()
        except Abandoned:
            if is_first:
                raise
            return self.open(entry_id)  # who loaded it went away

    def at_hand(self, entry_id: str) -> tuple[Dataset, ...] | None:
        """The datasets of an entry where they are loaded and unchanged on disk; never loads."""
        key = (entry_id, self.version(entry_id))
        with self._lock:
            return self._loaded(key)

    def made(self, dataset: Dataset, key: Hashable) -> Any | None:
        """What was kept of a dataset under a key, or None."""
        with self._lock:
            shelf = self._shelf_of(dataset)
            return shelf.made[key][0] if shelf is not None and key in shelf.made else None

    def keep(self, dataset: Dataset, key: Hashable, made: Any, n_bytes: int) -> Any:
        """Keep what was made of a dataset (its line maps, say) for all visits, as long as it is held.

        Gives what is kept: another visit may have made the same meanwhile. Where there is no room for it,
        nothing is kept.
        """
        with self._lock:
            shelf = self._shelf_of(dataset)
            if shelf is None:
                return made
            if key in shelf.made:
                return shelf.made[key][0]
            while len(shelf.made) >= _MOST_MADE:
                del shelf.made[next(iter(shelf.made))]
            if self._used_bytes() + n_bytes <= self._memory_bytes:
                shelf.made[key] = (made, n_bytes)
            return made

    def _shelf_of(self, dataset: Dataset) -> _Shelf | None:
        shelves = self._shelves.values()
        return next(
            (shelf for shelf in shelves if shelf.held and any(d is dataset for d in shelf.held)), None
        )

    def find(self, dataset_id: str) -> Dataset | None:
        """A loaded dataset by its content hash, or None where it is not loaded."""
        with self._lock:
            for shelf in reversed(self._shelves.values()):
                for dataset in shelf.alive():
                    if dataset is not None and dataset.dataset_id == dataset_id:
                        return dataset
        return None

    def size_bytes(self, entry_id: str) -> int:
        """Size of the files of an entry; 0 where that is not known."""
        sizes = (
            getattr(entry, "size_bytes", 0) for entry in self._catalogue.entries() if entry.id == entry_id
        )
        return next(sizes, 0)

    def version(self, entry_id: str) -> Hashable:
        """What changes when the files of an entry do: names, sizes and times."""
        path = next((entry.path for entry in self._catalogue.entries() if entry.id == entry_id), None)
        if path is None:
            return None
        try:
            # companions (.rpl and .raw) have the same stem
            files = path.iterdir() if path.is_dir() else path.parent.iterdir()
            wanted = sorted(file for file in files if path.is_dir() or file.stem == path.stem)
            return tuple((file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in wanted)
        except OSError:  # gone since it was listed: opening it says so better
            return None

    def _loaded(self, key: _Key) -> tuple[Dataset, ...] | None:
        shelf = self._shelves.get(key)
        if shelf is None:
            return None
        datasets = shelf.held or shelf.alive()
        if None in datasets:
            return None
        self._shelves[key] = self._shelves.pop(key)  # now the one used last
        shelf.held = datasets
        return datasets

    def _load(self, key: _Key) -> tuple[Dataset, ...]:
        datasets = tuple(self._catalogue.open(key[0]).datasets)
        with self._lock:
            # a visit may still show some of them: everybody gets those, so that none is there twice
            shelf = self._shelves.pop(key, None)
            in_use = {} if shelf is None else {d.dataset_id: d for d in shelf.alive() if d is not None}
            datasets = tuple(in_use.get(dataset.dataset_id, dataset) for dataset in datasets)
            for (entry_id, _), outdated in self._shelves.items():
                if entry_id == key[0]:
                    outdated.give_up()
            sizes = tuple(nbytes(dataset) for dataset in datasets)
            self._make_room(key[0], sum(sizes))
            self._shelves[key] = _Shelf(key[0], datasets, tuple(map(weakref.ref, datasets)), sizes)
        return datasets

    def _make_room(self, entry_id: str, n_bytes: int) -> None:
        """Give up datasets, the longest unused first, until so much more fits.

        Raises
        ------
        ValueError
            It does not fit, alone or beside what visits show.
        """
        needs = f"{entry_id} needs {_size(n_bytes)} of memory"
        if n_bytes > self._memory_bytes:
            raise ValueError(
                f"{needs}; this server holds {_size(self._memory_bytes)} of maps. Rebin or crop the map with "
                f"other software first, or raise LODESTONE_MEMORY."
            )
        budget = self._memory_bytes - n_bytes
        for shelf in self._shelves.values():
            if self._used_bytes() <= budget:
                return
            shelf.give_up()
        if self._used_bytes() > budget:
            gc.collect()  # visits that were closed live on in reference cycles until then
        if self._used_bytes() > budget:
            shown = ", ".join(sorted({shelf.entry_id for shelf in self._shelves.values()}))
            raise ValueError(
                f"{needs}, but {_size(self._used_bytes())} of the {_size(self._memory_bytes)} of this server "
                f"are taken by maps that people are looking at ({shown}). Try again when one of them is "
                f"closed, or raise LODESTONE_MEMORY."
            )

    def _used_bytes(self) -> int:
        self._shelves = {key: shelf for key, shelf in self._shelves.items() if any(shelf.alive())}
        return sum(shelf.used_bytes() for shelf in self._shelves.values())


def nbytes(dataset: Dataset) -> int:
    """Memory of the arrays of a dataset, each array counted once."""
    seen: dict[int, int] = {}
    for array in _arrays(dataset):
        owner = array if array.base is None else array.base
        seen[id(owner)] = max(seen.get(id(owner), 0), array.nbytes)
    return sum(seen.values())


def _arrays(dataset: Dataset) -> Iterator[np.ndarray]:
    for value in vars(dataset).values():
        if isinstance(value, np.ndarray):
            yield value
        elif sparse.issparse(value):
            yield from (value.data, value.indices, value.indptr)
    yield from dataset.navigation.values()


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 2**30:.1f} GB" if n_bytes >= 2**30 else f"{n_bytes / 2**20:.0f} MB"
