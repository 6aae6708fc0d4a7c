"""The long work of the Phases workspace as requests to the job queue."""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from dashboard.library import Library, nbytes
from dashboard.phases.job_record import of_map
from dashboard.phases.opened import OpenedMap
from dashboard.result_cache import ResultCache
from data.block_work import followed, retold
from data.elemental_maps import ElementalMaps
from data.line_maps import maps_of
from data.spectrum_image import SpectrumImage
from models.latent_model import LatentModel
from models.live_phases import LivePhases
from models.phases import StageReport, run
from models.phases_preparation import make_line_maps, prepare
from models.phases_result import PhasesResult
from models.recipe import LineMapChoices, PhasesRecipe

Dataset = SpectrumImage | ElementalMaps

_SHORT_BYTES = 2**29


@dataclass(frozen=True)
class Step:
    """How far an opening is."""

    fraction: float
    message: str


@dataclass(frozen=True, eq=False)
class Opened:
    """A dataset ready to look at, with the titles of all signals of its file."""

    dataset: Dataset
    titles: tuple[str, ...]
    view: OpenedMap


@dataclass(frozen=True, eq=False)
class FoundMap:
    """A map whose phases are known already: one of several that share theirs, or all of them on a sheet.

    ``names`` and ``colours`` are those that people gave to its phases, by lasting number.
    """

    view: OpenedMap
    result: PhasesResult
    shown: LivePhases
    names: Mapping[int, str]
    colours: Mapping[int, str]


@dataclass(frozen=True, eq=False)
class OpenRequest:
    """Open a dataset of the catalogue and make its line maps.

    ``recipe`` is what is sought on it afterwards, for the record of an opening that takes long.
    """

    library: Library
    entry_id: str
    index: int
    choices: LineMapChoices
    recipe: PhasesRecipe | None = None

    title = "Opening"
    keep_result = False  # the library holds the dataset, and must be able to give it up

    @property
    def is_short(self) -> bool:
        """Large files take minutes: nobody should wait behind them for a small one."""
        return opens_soon(self.library, self.entry_id)

    @property
    def record(self) -> Mapping[str, object] | None:
        """From which it can be asked again after a restart; None for what is there in a moment."""
        if self.recipe is None or self.is_short:
            return None
        return of_map(self.entry_id, self.index, self.recipe)

    @property
    def key(self) -> Hashable:
        # a file may have been replaced since: what the library holds decides, not the name alone
        return ("open", self.entry_id, self.library.version(self.entry_id), self.index, self.choices)

    def run(self) -> Generator[Step, None, Opened]:
        yield Step(0.05, f"Opening {self.entry_id}")
        # a thread of its own: a map that is larger than memory is written to disk first, for minutes
        signals = yield from open_in_steps(self.library, self.entry_id)
        if self.index >= len(signals):
            raise ValueError(
                f"{self.entry_id} holds {len(signals)} signals; number {self.index + 1} was asked for."
            )
        dataset = signals[self.index]
        yield Step(0.6, "Making line maps")
        view = yield from _view(dataset, self.choices, 0.6)
        # the next who opens this map looks at the same arrays, at once
        added = nbytes(view.maps) + (0 if view.image in (None, dataset) else nbytes(view.image))
        added += sum(level.nbytes for level in view.pyramid.halved) if view.pyramid is not None else 0
        return self._opened(signals, self.library.keep(dataset, self.choices, view, added))

    def at_hand(self) -> Opened | None:
        """The opened map where another visit has opened it before, and it is still in memory."""
        signals = self.library.at_hand(self.entry_id)
        if signals is None or self.index >= len(signals):
            return None
        view = self.library.made(signals[self.index], self.choices)
        return None if view is None else self._opened(signals, view)

    def _opened(self, signals: tuple[Dataset, ...], view: OpenedMap) -> Opened:
        return Opened(signals[self.index], tuple(signal.title for signal in signals), view)


@dataclass(frozen=True, eq=False)
class PrepareRequest:
    """Make the line maps of an open dataset anew."""

    dataset: Dataset
    choices: LineMapChoices

    title = "Making line maps"
    is_short = True
    keep_result = False

    @property
    def key(self) -> Hashable:
        return ("prepare", self.dataset.dataset_id, self.choices)

    def run(self) -> Generator[Step, None, OpenedMap]:
        yield Step(0.1, self.title)
        return (yield from _view(self.dataset, self.choices, 0.1))


@dataclass(frozen=True, eq=False)
class FindRequest:
    """Find the phases of a dataset; stages that an earlier result already holds are not run again."""

    dataset: Dataset
    recipe: PhasesRecipe
    kept: ResultCache
    previous: PhasesResult | None = None
    model: LatentModel | None = None
    entry_id: str = ""
    index: int = 0

    title = "Finding phases"

    @property
    def record(self) -> Mapping[str, object] | None:
        """From which it can be asked again after a restart; None for what is no entry of the catalogue."""
        if not self.entry_id:
            return None
        return of_map(self.entry_id, self.index, self.recipe, self.dataset.dataset_id, self.dataset.title)

    @property
    def key(self) -> Hashable:
        return ("find", self.dataset.dataset_id, self.recipe)

    def run(self) -> Generator[StageReport, None, PhasesResult]:
        # what a person edits is made on top of what was found: that is kept, and need not be found again
        plain = replace(self.recipe, edits=(), numbering=())
        result = self.kept.load(self.dataset, plain)
        if result is None:
            begun = self.kept.begun(self.dataset, plain, self.previous)
            for report in run(self.dataset, plain, begun, self.model):
                result = report.partial or result
                if report.stage == "train" and report.partial is not None:
                    self.kept.save_space(report.partial)
                yield report
            self.kept.save(result)
        else:
            yield StageReport("done", 1.0, "Found before", partial=result)
        if self.recipe != plain:
            for report in run(self.dataset, self.recipe, result, self.model):
                result = report.partial or result
                yield StageReport("edits", 1.0, report.message)
        return result


def opens_soon(library: Library, entry_id: str) -> bool:
    """Is a file small enough to be opened in some seconds?"""
    return library.size_bytes(entry_id) <= _SHORT_BYTES


def open_in_steps(library: Library, entry_id: str) -> Generator[Step, None, tuple[Dataset, ...]]:
    """The datasets of a file, with steps from 0.05 to 0.6 while it is read."""
    return (yield from _steps(partial(library.open, entry_id), f"Opening {entry_id}", 0.05, 0.6))


def _view(dataset: Dataset, choices: LineMapChoices, fraction: float) -> Generator[Step, None, OpenedMap]:
    """As :func:`view_of`, with steps in between where the counts lie on disk."""
    blocked = isinstance(dataset, SpectrumImage) and dataset.in_blocks
    work = partial(view_of, dataset, choices)
    return (yield from _steps(work, "Making line maps", fraction, 1.0, 6, blocked))


def _steps(
    work: Callable[[], Any], message: str, fraction: float, after: float, passes: int = 1, wanted: bool = True
) -> Generator[Step, None, Any]:
    def report(share: float) -> Step:
        return Step(fraction + (after - fraction) * share, message)

    return (yield from retold(followed(work, passes, wanted), report))


def view_of(dataset: Dataset, choices: LineMapChoices) -> OpenedMap:
    """Rebin, cut and map the lines of a dataset, ready to look at.

    Spectra without energies have no line maps: they are shown all the same, so that somebody can give them
    energies.
    """
    prepared = prepare(dataset, choices)
    if isinstance(prepared, SpectrumImage) and not prepared.energy.calibrated:
        maps = maps_of(prepared, (), np.zeros((*prepared.shape, 0), np.float32))
    else:
        maps = make_line_maps(prepared, choices)
    return OpenedMap.of(prepared, maps, choices)
