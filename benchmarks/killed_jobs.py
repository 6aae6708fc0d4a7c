"""Is anything of a job lost where the server is killed? ``python benchmarks/killed_jobs.py``

A process with the queue, its records in the store and its results on the disk is killed with SIGKILL at a
random moment. The store must open, jobs that did not end be marked interrupted and go on in the next one,
records that were written be there, and every result that was kept be whole; any other one whole or absent.

Saves are killed by ``benchmarks/killed_saves.py``, uploads by ``benchmarks/killed_uploads.py``. The result is
1 where anything is lost or torn.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from benchmarks.killing import main, said_until_killed  # noqa: E402
from dashboard.job_recorder import JobRecorder  # noqa: E402
from dashboard.jobs import JobQueue  # noqa: E402
from dashboard.result_cache import ResultCache  # noqa: E402
from dashboard.store import Store  # noqa: E402
from data import synthetic  # noqa: E402
from models import archive  # noqa: E402
from models.phases import finished, run  # noqa: E402
from models.recipe import PhasesRecipe, with_settings  # noqa: E402


@dataclass(frozen=True, eq=False)
class Saving:
    """A job as short as a job can be: a few steps, then a result on the disk."""

    number: int
    result: Any
    kept: ResultCache
    acknowledge: Callable[..., None]
    title = "Finding phases"
    keep_result = False

    @property
    def key(self) -> int:
        return self.number

    @property
    def record(self) -> dict[str, int]:
        return {"number": self.number}

    def run(self) -> Iterator[float]:
        for step in range(3):
            time.sleep(0.002)
            yield step / 3
        self.kept.save(numbered(self.result, self.number))
        self.acknowledge("kept", self.number)
        yield 1.0


def numbered(result: Any, number: int) -> Any:
    return replace(result, recipe=with_settings(result.recipe, {"mixture.seed": str(number)}))


class Told:
    """The store; what it has written is acknowledged."""

    def __init__(self, store: Store, acknowledge: Callable[..., None]) -> None:
        self._store, self._acknowledge, self.mark_running = store, acknowledge, store.mark_running

    def begin_job(self, key: str, title: str, owner: str, request: dict[str, int]) -> int:
        job_id = self._store.begin_job(key, title, owner, request)
        self._acknowledge("begun", job_id, request["number"])
        return job_id

    def end_job(self, job_id: int, status: Any, message: str = "") -> None:
        self._store.end_job(job_id, status, message)
        self._acknowledge("ended", job_id)


def work_until_killed(folder: Path, result: Any, first: int, pipe: int) -> None:
    """A server: opens the store, resumes what was interrupted, and takes new jobs."""
    store, kept = Store.open(folder / "store"), ResultCache(folder)
    store.interrupt_unfinished()

    def acknowledge(*words: object) -> None:
        os.write(pipe, (" ".join(map(str, words)) + "\n").encode())

    queue = JobQueue(2, recorder=JobRecorder(lambda: Told(store, acknowledge)))
    for job in [one for one in store.jobs("ann", limit=10**6) if one.status == "interrupted"]:
        store.resume_job(job.id, "ann")
        acknowledge("resumed", job.id)
        queue.submit(Saving(job.request["number"], result, kept, acknowledge), "visit", "ann")
    for number in range(first, first + 10**6):
        queue.submit(Saving(number, result, kept, acknowledge), "visit", "ann")
        time.sleep(0.01)


def job_faults(folder: Path, result: Any, dataset: Any, said: list[list[str]]) -> Iterator[str]:
    with Store.open(folder / "store") as store:
        store.interrupt_unfinished()
        jobs = {job.id: job for job in store.jobs(limit=10**6)}
        yield from store.check()
    for what, *numbers in said:
        job = jobs.get(int(numbers[0])) if what != "kept" else None
        if what == "begun" and (job is None or job.request != {"number": int(numbers[1])}):
            yield f"job {numbers[0]} is not as recorded"
        elif what == "ended" and (job is None or job.status != "done"):
            yield f"job {numbers[0]} had ended and does not say so"
        elif what == "resumed" and (job is None or job.status == "interrupted"):
            yield f"job {numbers[0]} was resumed and does not say so"
    if any(job.status in ("queued", "running") for job in jobs.values()):
        yield "a job of a dead process is not marked as interrupted"
    kept = ResultCache(folder)
    # the oldest give way after 40: the last ones are all there
    for number in [int(words[1]) for words in said if words[0] == "kept"][-20:]:
        found = kept.load(dataset, numbered(result, number).recipe)
        if found is None or not np.array_equal(found.phases.label, result.phases.label):
            yield f"the result of job {number} was kept and is not there"
    for file in (folder / "results").glob("*.npz"):
        try:
            archive.load(file)
        except (OSError, ValueError):
            yield f"the result {file.name} is half-written"


def benchmark_jobs(folder: Path, n_kills: int, moments: random.Random) -> list[str]:
    dataset, _ = synthetic.particulate(11, n_y=24, n_x=24, counts_per_pixel=100)
    recipe = with_settings(PhasesRecipe(), {"autoencoder.max_epochs": "1", "unmixing.enabled": "false"})
    result, faults, said = finished(run(dataset, recipe)), [], []
    for turn in range(n_kills):
        here = said_until_killed(
            lambda pipe, turn=turn: work_until_killed(folder, result, 1000 * turn, pipe),
            moments.uniform(0.0, 1.0),
        )
        said += [words for words in here if words[0] != "kept"]
        faults += job_faults(folder, result, dataset, [*said, *(w for w in here if w[0] == "kept")])
    counts = {what: sum(words[0] == what for words in said) for what in ("begun", "ended", "resumed")}
    with Store.open(folder / "store") as store:
        n_interrupted = sum(job.status == "interrupted" for job in store.jobs(limit=10**6))
    print(
        f"  {n_kills} kills: {counts['begun']} recorded, {counts['ended']} ended, {counts['resumed']} "
        f"interrupted and resumed, {n_interrupted} interrupted by the last kill; {len(faults)} lost or torn"
    )
    return faults


if __name__ == "__main__":
    sys.exit(main(__doc__.splitlines()[0], benchmark_jobs))
