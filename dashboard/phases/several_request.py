"""Phases that several maps of the catalogue share, as a request to the job queue."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass

from dashboard.library import Library
from dashboard.phases.requests import Dataset, FindRequest
from dashboard.result_cache import ResultCache
from models.phases import StageReport
from models.recipe import PhasesRecipe
from models.shared_run import SharedReport, distinct_map_names, run_shared


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
        maps = [(name, self._opener(entry)) for name, entry in zip(self.names, self.entry_ids, strict=True)]
        yield from run_shared(maps, self.recipe, self._find)

    def _opener(self, entry_id: str) -> Callable[[], Dataset]:
        # of a file with several signals the first, which is the best choice
        return lambda: self.library.open(entry_id)[0]

    def _find(self, dataset: Dataset, recipe: PhasesRecipe) -> Iterator[StageReport]:
        yield from FindRequest(dataset, recipe, self.kept).run()
