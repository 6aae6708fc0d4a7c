"""Phases that several maps of the catalogue share, as a request to the job queue."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from dashboard.library import Catalogue, Library
from dashboard.phases.requests import Dataset, FindRequest
from dashboard.result_cache import ResultCache
from models.phases import StageReport
from models.recipe import PhasesRecipe
from models.shared_run import SharedReport, distinct_map_names, run_shared


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
    """Open datasets of the catalogue, and find the phases that they share."""

    library: Library
    entry_ids: tuple[str, ...]
    recipe: PhasesRecipe
    kept: ResultCache

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

    def run(self) -> Iterator[SharedReport]:
        entries = zip(self.names, self.entry_ids, strict=True)
        maps = [(name, MapOfLibrary(self.library, entry)) for name, entry in entries]
        yield from run_shared(maps, self.recipe, self._find)

    def _find(self, dataset: Dataset, recipe: PhasesRecipe) -> Iterator[StageReport]:
        yield from FindRequest(dataset, recipe, self.kept).run()
