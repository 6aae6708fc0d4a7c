"""The table of many runs: what came of every file."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from headless.mistakes import write_log
from headless.on_worker import Outcome
from headless.one_map import OneMap

RUNS_FILE = "runs.csv"
_COLUMNS = ("file", "folder", "phases", "seconds", "peak_memory_mb", "error")
_STOPPED = "stopped before it was done"


def require_folder_of_runs(out: Path) -> None:
    """Nothing but results of runs may lie where the table is written, or it could replace something else.

    Raises
    ------
    ValueError
        ``out`` is a file, or holds other files.
    """
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out} is a file. Name a folder for the results.")
    present = sorted(out.iterdir()) if out.is_dir() else []
    for path in present:
        ours = path.is_dir() or path.name == RUNS_FILE or path.name.endswith("-error.log")
        if not ours and not path.name.startswith("."):
            raise ValueError(
                f"The folder {out} holds other things, {path.name} among them. Name a new or an empty folder."
            )


def with_logs(runs: Sequence[OneMap], done: Mapping[int, Outcome]) -> dict[int, str]:
    """What to say of every run that failed; details of what nobody foresaw go into a log beside it."""
    said = {}
    for number, outcome in sorted(done.items()):
        if outcome.details:
            log = write_log(runs[number].out, outcome.details)
            said[number] = f"{outcome.error}; the details are in {log}"
        elif outcome.error:
            said[number] = outcome.error
    return said


def write_runs(
    out: Path, runs: Sequence[OneMap], done: Mapping[int, Outcome], errors: Mapping[int, str]
) -> Path:
    """Write the table; an earlier one is replaced.

    Parameters
    ----------
    out : folder of all results
    done : what came of the runs, by number; the others were stopped
    errors : what is said of those that failed, by number
    """
    out.mkdir(parents=True, exist_ok=True)
    hidden = out / f".{RUNS_FILE}.{os.getpid()}"
    with hidden.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(_COLUMNS)
        for number, one in enumerate(runs):
            outcome = done.get(number, Outcome(error=_STOPPED))
            if outcome.found is None:
                table.writerow([one.given, "", "", "", "", errors.get(number, outcome.error)])
            else:
                found = outcome.found
                row = [one.given, one.out.name, found.n_phases, f"{found.seconds:.1f}"]
                table.writerow([*row, f"{found.peak_memory_mb:.0f}", ""])
    return hidden.replace(out / RUNS_FILE)
