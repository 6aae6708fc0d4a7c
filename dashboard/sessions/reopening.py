"""A saved session put back on the table: its dataset from the library, its result from its file."""

from __future__ import annotations

from collections.abc import Generator, Hashable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from dashboard.frozen_phases import FrozenPhases
from dashboard.library import Library
from dashboard.phases.job_record import of_map
from dashboard.phases.line_choices import of_another_sample, same_maps
from dashboard.phases.opened import OpenedMap
from dashboard.phases.requests import Dataset, Step, open_in_steps, opens_soon, view_of
from dashboard.sessions.saving import RESULT, SHOWN, read
from data.spectrum_image import SpectrumImage
from models.live_phases import LivePhases
from models.phases_preparation import make_line_maps, prepare
from models.phases_result import PhasesResult

_OTHER_VERSION = "Its result was written by another version of Lodestone: the phases are found again."


@dataclass(frozen=True, eq=False)
class Reopened:
    """What is left of a saved session.

    Attributes
    ----------
    dataset, view : None where the dataset is gone
    index, titles : which signal of its file it is, and what all are called
    result : None where it is to be found again
    shown : the phases of it, where no recipe gives them again
    missing : one sentence for everything that is not as it was saved
    """

    dataset: Dataset | None
    view: OpenedMap | None
    index: int
    titles: tuple[str, ...]
    result: PhasesResult | None
    missing: tuple[str, ...]
    shown: LivePhases | None = None


@dataclass(frozen=True, eq=False)
class ReopenRequest:
    """Open the dataset of a saved session, and read its result.

    Attributes
    ----------
    frozen : the state that was saved
    artifacts : role -> file of its results
    lost : roles whose file is gone
    """

    library: Library
    frozen: FrozenPhases
    artifacts: Mapping[str, Path] = field(default_factory=dict)
    lost: tuple[str, ...] = ()

    title = "Opening a session"
    keep_result = False  # the library holds the dataset, the store the result

    @property
    def is_short(self) -> bool:
        """Large files take minutes: nobody should wait behind them for a small one."""
        return opens_soon(self.library, self.frozen.entry_id)

    @property
    def record(self) -> Mapping[str, object] | None:
        """From which it can be asked again after a restart; None for what is there in a moment.

        A saved session needs none: it stands in the list, and in the address of the page.
        """
        frozen = self.frozen
        if self.artifacts or self.is_short:
            return None
        return of_map(
            frozen.entry_id, frozen.dataset_index, frozen.recipe, frozen.dataset_id, frozen.dataset_title
        )

    @property
    def key(self) -> Hashable:
        frozen = self.frozen
        entry = (frozen.entry_id, frozen.dataset_index, frozen.dataset_id)
        # the content of a dataset that has no id is told by the version of its file
        version = self.library.version(frozen.entry_id)
        return ("reopen", entry, version, frozen.recipe, tuple(sorted(self.artifacts.items())), self.lost)

    def run(self) -> Generator[Step, None, Reopened]:
        frozen, missing = self.frozen, []
        yield Step(0.05, f"Opening {frozen.dataset_title or frozen.entry_id or 'a session'}")
        result = self._result(missing)
        if not frozen.entry_id:
            return self._of_several(result, missing)
        dataset, index, titles = yield from self._dataset(missing)
        if dataset is None:
            return Reopened(None, None, 0, (), None, tuple(missing))
        if result is not None and result.dataset_id != dataset.dataset_id:
            if dataset.dataset_id == frozen.dataset_id:
                missing.append("The saved result belongs to another dataset: the phases are found again.")
            result = None
        yield Step(0.6, "Making line maps")
        choices = frozen.recipe.line_maps
        try:
            view = view_of(dataset, choices)
        except ValueError as error:
            choices = of_another_sample(choices)
            view, result = view_of(dataset, choices), None
            missing.append(f"Its lines, crop and energies do not fit this file: {error}")
        if result is not None:
            result = _completed(result, dataset, view)
            if not _fits(result):
                result = None
                missing.append(_OTHER_VERSION)
        return Reopened(dataset, view, index, titles, result, tuple(missing))

    def _result(self, missing: list[str]) -> PhasesResult | None:
        if RESULT in self.lost:
            missing.append("The file of its result is gone or damaged: the phases are found again.")
        if RESULT not in self.artifacts:
            return None
        found = read(self.artifacts[RESULT])
        if isinstance(found, PhasesResult):
            return found
        missing.append(_OTHER_VERSION)
        return None

    def _of_several(self, result: PhasesResult | None, missing: list[str]) -> Reopened:
        """Several maps on one sheet are no file of the data folder: they were saved with their result."""
        if result is None or result.prepared is None or result.maps is None:
            missing.append("Its map was made of several, and is not in the data folder: open them again.")
            return Reopened(None, None, 0, (), None, tuple(missing))
        view = OpenedMap.of(result.prepared, result.maps, self.frozen.recipe.line_maps)
        shown = read(self.artifacts[SHOWN]) if SHOWN in self.artifacts else None
        shown = shown if isinstance(shown, LivePhases) else None
        return Reopened(result.prepared, view, 0, (), result, tuple(missing), shown)

    def _dataset(
        self, missing: list[str]
    ) -> Generator[Step, None, tuple[Dataset | None, int, tuple[str, ...]]]:
        """The dataset by its content: in its file, or loaded from another one; else what has its name now."""
        frozen = self.frozen
        name = frozen.dataset_title or frozen.entry_id
        try:
            signals, why = (yield from open_in_steps(self.library, frozen.entry_id)), ""
        except ValueError as error:
            signals, why = (), str(error)
        titles = tuple(signal.title for signal in signals)
        for index, signal in enumerate(signals):
            if signal.dataset_id == frozen.dataset_id:
                return signal, index, titles
        elsewhere = self.library.find(frozen.dataset_id) if frozen.dataset_id else None
        if elsewhere is not None:
            return elsewhere, 0, ()
        if frozen.dataset_index < len(signals):
            if frozen.dataset_id:
                missing.append(
                    f"The file {frozen.entry_id} has another content than when this was saved: "
                    "its phases are found anew."
                )
            return signals[frozen.dataset_index], frozen.dataset_index, titles
        reason = why or f"{frozen.entry_id} holds {len(signals)} signals."
        missing.append(f"The dataset {name} cannot be opened: {reason}")
        return None, 0, ()


def _completed(result: PhasesResult, dataset: Dataset, view: OpenedMap) -> PhasesResult:
    """The result with the map and the line maps that it was made from."""
    choices = result.recipe.line_maps
    if view.image is not None and view.choices is not None and same_maps(choices, view.choices):
        return replace(result, prepared=view.image, maps=view.maps)
    prepared = prepare(dataset, choices)
    return replace(result, prepared=prepared, maps=make_line_maps(prepared, choices))


def _fits(result: PhasesResult) -> bool:
    """Is the result of the pixels and channels that this version makes of its map?"""
    n_values = len(result.maps.lines)
    if isinstance(result.prepared, SpectrumImage):
        n_values = result.prepared.energy.n_channels
    spectra, latent = result.phase_spectra, result.latent
    return (spectra is None or spectra.shape[1] == n_values) and (
        latent is None or latent.map_shape == result.maps.shape
    )
