"""Is anything of a save lost where the server is killed? ``python benchmarks/killed_saves.py``

A process that saves, saves over, shares, sweeps, and records jobs and drafts, all at once, is killed with
SIGKILL at random moments. What it had acknowledged must then be there and whole, and no artifact
half-written: on SQLite, and on a PostgreSQL of its own that waits for the disk, where that is installed.

Uploads are killed by ``benchmarks/killed_uploads.py``, jobs by ``benchmarks/killed_jobs.py``. The result is 1
where anything is lost or torn.
"""

from __future__ import annotations

import hashlib
import os
import random
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.killing import main, said_until_killed  # noqa: E402
from benchmarks.marked_saves import Place, databases, make_content, torn  # noqa: E402
from dashboard.store import NotFound, SavedSession  # noqa: E402
from tools.postgres import find_programs  # noqa: E402


def work_until_killed(place: Place, sources: Path, pipe: int) -> None:
    """In the process to be killed: do everything at once, and say on the pipe what was acknowledged."""
    store = place.open()

    def acknowledge(*words: object) -> None:
        os.write(pipe, (" ".join(map(str, words)) + "\n").encode())  # short enough to be written in one piece

    def save_new(turn: int) -> None:
        # so large that much of the time goes by while artifacts are written
        content, mark = make_content(sources, turn, 2_000_000)
        saved = store.save("New", "ann", content)
        acknowledge("saved", saved.id, mark)
        if turn % 3 == 0:
            acknowledge("shared", store.share(saved.id, "ann").token, mark)

    over: list[SavedSession] = []

    def save_over(turn: int) -> None:
        content, _ = make_content(sources, turn)
        over[:] = [store.save("Over", "ann", content, session_id=over[0].id if over else None)]
        acknowledge("over", over[0].id, turn)

    def run_job(turn: int) -> None:
        number = store.begin_job(f"key {turn}", "Finding phases", "ann", {"turn": turn})
        acknowledge("begun", number, turn)
        store.end_job(number, "done", "x" * 1000)
        acknowledge("ended", number, turn)

    def draft(turn: int) -> None:
        store.put_draft("ann", "tab", {"turn": turn, "text": "x" * 50_000})
        acknowledge("draft", "tab", turn)

    def sweep(_turn: int) -> None:
        store.collect_garbage(0)

    def repeat(doing: Callable[[int], None]) -> None:
        turn = 0
        while True:
            doing(turn)
            turn += 1

    for doing in (save_new, save_new, save_new, save_over, run_job, draft):
        threading.Thread(target=repeat, args=(doing,), daemon=True).start()
    repeat(sweep)


def faults_after(place: Place, acknowledged: list[list[str]]) -> Iterator[str]:
    """Sentences on all that was acknowledged and is not there or not whole, and on halves."""
    with place.open() as store:
        yield from store.check()
        jobs = {job.id: job for job in store.jobs(limit=10**6)}
        for what, name, mark in acknowledged:
            try:
                if what == "saved":
                    fault = torn(store.load(name, "ann", verify=True), mark)
                elif what == "shared":
                    fault = torn(store.open_link(name, verify=True), mark)
                elif what == "over":
                    opened = store.load(name, "ann", verify=True)
                    fault = torn(opened) or ("is an older save" if opened.state["number"] < int(mark) else "")
                elif what == "draft":
                    kept = store.draft("ann", name)
                    fault = "is not the newest" if kept is None or kept.state["turn"] < int(mark) else ""
                else:
                    job = jobs[int(name)]
                    right = job.request == {"turn": int(mark)} and (what == "begun" or job.status == "done")
                    fault = "" if right else "is not as recorded"
            except (NotFound, KeyError) as error:
                fault = f"is gone ({error})"
            if fault:
                yield f"{what} {name} {fault}"
        for path in (place.folder / "artifacts").glob("??/*"):
            if hashlib.sha256(path.read_bytes()).hexdigest() != path.name:
                yield f"artifact {path.name} is half-written"
        store.interrupt_unfinished()
        store.collect_garbage(0)
        if any(job.status in ("queued", "running") for job in store.jobs(limit=10**6)):
            yield "a job of a dead process is not marked as interrupted"
        if list((place.folder / "artifacts").glob(".unfinished*")):
            yield "temporary files stay"
        yield from store.check()


def benchmark_kills(place: Place, n_kills: int, moments: random.Random) -> list[str]:
    """Kill at random moments, and print what was acknowledged; sentences on what was lost or torn."""
    faults, counts, halves = [], {}, 0
    for _ in range(n_kills):
        with tempfile.TemporaryDirectory() as sources:
            acknowledged = said_until_killed(
                lambda pipe, sources=Path(sources): work_until_killed(place, sources, pipe),
                moments.uniform(0.0, 0.4),
            )
        halves += len(list((place.folder / "artifacts").glob(".unfinished*")))
        faults += faults_after(place, acknowledged)
        for what, *_ in acknowledged:
            counts[what] = counts.get(what, 0) + 1
    done = ", ".join(f"{number} {what}" for what, number in sorted(counts.items()))
    print(
        f"  {n_kills} kills: {done} acknowledged; {halves} unfinished files found and swept; "
        f"{len(faults)} lost or torn"
    )
    return faults


def benchmark(folder: Path, n_kills: int, moments: random.Random) -> list[str]:
    """On SQLite and on PostgreSQL, where there is one."""
    faults = []
    with databases(folder, find_programs() is not None) as makers:
        for name, new_place in makers.items():
            print(name)
            faults += benchmark_kills(new_place(), n_kills, moments)
    return faults


if __name__ == "__main__":
    sys.exit(main(__doc__.splitlines()[0], benchmark))
