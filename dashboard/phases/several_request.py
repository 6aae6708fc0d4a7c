"""Phases that several maps of the catalogue share, as a request to the job queue."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from dashboard.library import Catalogue, Library
from dashboard.phases.requests import Dataset, FindRequest
from dashboard.result_cache import ResultCache
from models.map_names import distinct_map_names
from models.phases import StageReport
from models.recipe import PhasesRecipe
from models.shared_run import SharedReport, run_shared


@dataclass(frozen=True, eq=False)
class MapOfLibrary:
    """What opens a map of the catalogue, of a file with several the best choice.

    Here it comes from the library, which may hold it. A worker of a cluster has none: sent there, it reads
    the file itself.
    """

    library: Library
    entry_id: str

    def __call__(self) -> Dataset:
        return self.library.open(self.entry_id)[0]

    def __reduce__(self) -> tuple[Any, ...]:
        return partial, (_read, self.library.catalogue, self.entry_id)


def _read(catalogue: Catalogue, entry_id: str) -> Dataset:
    return catalogue.open(entry_id).datasets[0]


@dataclass(frozen=True, eq=False)
class SharedRequest:
    """Open datasets of the catalogue, and find the phases that they share.

    ``table`` is what lay on the table when they were asked for, for the record; None where none is kept.
    """

    library: Library
    entry_ids: tuple[str, ...]
    recipe: PhasesRecipe
    kept: ResultCache
    table: Mapping[str, object] | None = None

    title = "Finding shared phases"
    keep_result = False  # all maps together are large; the result itself is kept on disk

    @property
    def key(self) -> Hashable:
        versions = tuple((entry, self.library.version(entry)) for entry in self.entry_ids)
        return ("shared", versions, self.recipe)

    @property
    def names(self) -> tuple[str, ...]:
        """What the maps are called."""
        return distinct_map_names(self.entry_ids)

    @property
    def record(self) -> Mapping[str, object] | None:
        """From which it can be asked again after a restart."""
        if self.table is None:
            return None
        return {**self.table, "maps": list(self.entry_ids), "names": list(self.names)}

    def run(self) -> Iterator[SharedReport]:
        entries = zip(self.names, self.entry_ids, strict=True)
        maps = [(name, MapOfLibrary(self.library, entry)) for name, entry in entries]
        yield from run_shared(maps, self.recipe, self._find)

    def _find(self, dataset: Dataset, recipe: PhasesRecipe) -> Iterator[StageReport]:
        yield from FindRequest(dataset, recipe, self.kept).run()
