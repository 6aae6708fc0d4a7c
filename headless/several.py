"""A run on several maps without a browser: a folder for each map, and a table of modal shares."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headless.peak_memory import PeakMemory, give_back
from headless.progress import Show
from headless.result_folder import result_folder

if TYPE_CHECKING:
    from models.recipe import PhasesRecipe
    from models.shared_phases import SharedPhases
    from models.shared_run import MapOutcome


def folder_names(paths: Sequence[str]) -> tuple[str, ...]:
    """Names of folders for the results of some maps, taken from their paths, all different."""
    from models.exports_files import distinct_names, file_name
    from models.map_names import distinct_map_names

    return tuple(
        name.replace(" ", "-")
        for name in distinct_names([file_name(n, ending="")[:-1] for n in distinct_map_names(paths)])
    )


def share(
    maps: Sequence[tuple[str, str, Callable[[], Any]]],
    recipe: PhasesRecipe,
    out: Path,
    show: Show,
    memory: PeakMemory,
    known: Mapping[str, Any],
) -> tuple[Sequence[MapOutcome], SharedPhases]:
    """Find the phases that maps share, and write all files.

    Parameters
    ----------
    maps : name of the folder, path as it was given, and what opens the map
    out : folder of the whole; made where it is not there
    show, memory : told how far it is, and in which stage
    known : what else goes into ``metrics.json``; plain types only

    Returns
    -------
    what became of every map, and the answer

    Raises
    ------
    ValueError, OSError
        No map can be used, the maps have nothing in common, or the folder cannot be used.
    """
    from models.phases_files import FILES
    from models.shared_files import SHARED_FILES, write_shared
    from models.shared_run import run_shared

    started = time.perf_counter()
    names = [name for name, _, _ in maps]
    with result_folder(out, SHARED_FILES, names, FILES) as folder:
        for report in run_shared([(name, open_map) for name, _, open_map in maps], recipe):
            memory.enter(report.stage)
            show(report.fraction, report.message)
            if report.stage in ("open", "pool"):
                give_back()
        memory.enter("write")
        folders = [folder / name for name in report.shared.names]
        for of_map in folders:
            of_map.mkdir()
        seconds = {stage: round(spent, 3) for stage, spent in report.shared.result.seconds.items()}
        metrics = {
            **known,
            "seconds": {**seconds, "total": round(time.perf_counter() - started, 3)},
            "peak_memory_mb": memory.peaks(),
        }
        write_shared(report.shared, report.shown, report.outcomes, folders, folder, metrics)
    return report.outcomes, report.shared
