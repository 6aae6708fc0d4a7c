"""A run on one map without a browser: open it, find its phases, write all files of the result."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headless.library_warnings import quiet_libraries
from headless.opening import open_map
from headless.peak_memory import PeakMemory, give_back
from headless.progress import Show
from headless.result_folder import result_folder
from headless.version import version

if TYPE_CHECKING:
    from models.latent_model import LatentModel
    from models.recipe import PhasesRecipe


@dataclass(frozen=True, eq=False)
class OneMap:
    """What to run; plain enough to be sent to another process.

    Attributes
    ----------
    given : file, folder or "demo", as the person named it
    path : the same, as it is found from here
    dataset : which map of the file, see :func:`headless.opening.open_map`
    recipe : every choice
    model : a latent space made before, or None
    out : folder for the result
    """

    given: str
    path: str
    dataset: str | None
    recipe: PhasesRecipe
    model: LatentModel | None
    out: Path


@dataclass(frozen=True)
class Found:
    """What came of a run: number of phases, seconds, MB (10^6 bytes) at the peak, remarks in sentences."""

    n_phases: int
    seconds: float
    peak_memory_mb: float
    notes: tuple[str, ...]


def find_phases(
    one: OneMap, show: Show, say: Callable[[str], None] = print, memory_bytes: int | None = None
) -> Found:
    """Find the phases of one map and write all files of the result; what ``show`` raises ends it.

    Parameters
    ----------
    one : what to run
    show : told how far it is, after every step
    say, memory_bytes : see :func:`headless.opening.open_map`

    Raises
    ------
    ValueError, OSError
        The recipe, the map or the folder cannot be used; the message is for the person who named it.
    """
    from models.phases_files import FILES, write_phases

    with (
        result_folder(one.out, FILES) as folder,
        quiet_libraries() as warned,
        PeakMemory() as memory,
    ):
        started = time.perf_counter()
        memory.enter("open")
        dataset = open_map(one.path, one.dataset, show, say, memory_bytes)
        give_back()
        seconds = {"open": time.perf_counter() - started}
        from models.phases import run  # with torch, which a file that cannot be read need not wait for

        epochs = []
        with contextlib.closing(run(dataset, one.recipe, model=one.model)) as reports:
            # the counts as they were before the low-energy cut need not stay in memory
            del dataset
            for report in reports:
                memory.enter(report.stage)
                show(report.fraction, report.message)
                if report.epoch is not None and report.epoch.share == 1:
                    epochs.append(report.epoch)
                if report.partial is not None:
                    result = report.partial
                    give_back()
        seconds |= {**result.seconds, "total": time.perf_counter() - started}
        losses = ("train_loss", "validation_loss", "learning_rate")
        metrics = {
            "version": version(),
            "input": one.given,
            "seconds": {stage: round(spent, 3) for stage, spent in seconds.items()},
            "peak_memory_mb": memory.peaks(),
            "losses": {name: [float(getattr(epoch, name)) for epoch in epochs] for name in losses},
            "warnings": warned,
        }
        memory.enter("write")
        write_phases(result, folder, metrics)
        from models.report_files import write_report  # with matplotlib

        memory.enter("report")
        show(1.0, "Writing the report")
        write_report(result, Path(one.given).name, folder)
        peak = max(memory.peaks().values())
    return Found(result.phases.n_phases, seconds["total"], peak, tuple(result.notes))
