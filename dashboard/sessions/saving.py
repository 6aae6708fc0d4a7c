"""What a save takes along: the state, a small picture, and the result as a file."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dashboard.frozen_view import FrozenView
from dashboard.sessions.thumbnail import Picture, png
from dashboard.store.records import SessionContent
from dashboard.workbench import Workbench
from models import archive
from models.live_phases import LivePhases
from models.phases_result import PhasesResult

RESULT, SHOWN = "phases.result", "phases.shown"


@dataclass(frozen=True, eq=False)
class Taken:
    """What is on the table at one moment, as it was taken from the page; a thread makes files of it.

    Attributes
    ----------
    state : gives the frozen state
    notes : of the person
    picture : what the thumbnail is made of
    result : of the phases, or None
    shown : the phases on show, to be kept too where the map itself is: no file of the data folder has it,
        and no run gives these phases
    """

    state: Callable[[], dict[str, Any]]
    notes: str
    picture: Picture | None
    result: PhasesResult | None
    shown: LivePhases | None

    @classmethod
    def of(cls, workbench: Workbench, view: FrozenView, unfinished: bool = False) -> Taken:
        """From the page, on its thread; ``unfinished`` where the phases are still being found."""
        phases, plain = workbench.phases, workbench.captured(view)
        return cls(
            lambda: {**plain(), "unfinished": unfinished},
            workbench.notes,
            Picture.of(phases),
            phases.result,
            None if phases.entry_id else phases.shown,
        )

    @contextmanager
    def content(self) -> Iterator[SessionContent]:
        """What the store takes, while its files are there; writes the result, so call it in a thread.

        Raises
        ------
        ValueError
            There is no room for the file of the result.
        """
        with tempfile.TemporaryDirectory(prefix="lodestone-save-") as folder:
            try:
                artifacts = self._files(Path(folder))
            except OSError as error:
                raise ValueError(
                    f"The result could not be written to be saved ({error.strerror}). Make room on the disk "
                    "of temporary files and save again."
                ) from error
            yield SessionContent(self.state(), self.notes, png(self.picture), artifacts)

    def _files(self, folder: Path) -> dict[str, Path]:
        if self.result is None or self.result.phases is None:
            return {}
        files = {RESULT: folder / "result.npz"}
        result = replace(self.result, edited=_storable(self.result.edited))
        if self.shown is None:
            archive.save(replace(result, prepared=None, maps=None), files[RESULT])
        else:
            files[SHOWN] = folder / "shown.npz"
            archive.save(result, files[RESULT])
            archive.save(_storable(self.shown), files[SHOWN])
        return files


def read(path: Path) -> PhasesResult | LivePhases | None:
    """What a file of a save holds; None where this version cannot read it."""
    try:
        found = archive.load(path)
    except (OSError, ValueError):
        return None
    if isinstance(found, PhasesResult):
        return replace(found, edited=_restored(found.edited))
    return _restored(found) if isinstance(found, LivePhases) else None


def _storable(phases: LivePhases | None) -> LivePhases | None:
    """An archive holds no sets."""
    return None if phases is None else replace(phases, locked=tuple(sorted(phases.locked)))


def _restored(phases: LivePhases | None) -> LivePhases | None:
    return None if phases is None else replace(phases, locked=frozenset(phases.locked))
