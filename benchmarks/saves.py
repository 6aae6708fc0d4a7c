"""Is every save there, whole, whoever else saves?

    python benchmarks/saves.py [--writers 20] [--saves 200] [--postgresql]

20 writers at once (16 threads of one process as a server has, 4 of a second process) make 200 saves,
each with 20 kB of state, a picture and a result of 200 kB that nobody else has. The peer writes the same as
plain files: JSON, PNG and the result, each under a temporary name, flushed with its folder, renamed. That is
as safe, but without owners, links, lists or transactions. Store and peer take turns.

On SQLite and, with --postgresql, on a PostgreSQL of its own that waits for the disk. The result is 1 where
anything is missing or torn. ``benchmarks/killed_saves.py`` kills the writers.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.killing import told  # noqa: E402
from benchmarks.marked_saves import Place, databases, make_content, torn  # noqa: E402
from dashboard.store import SessionContent, Store  # noqa: E402

OTHER_PROCESS = 0.2  # share of the writers
#: saves a content under a number and returns the id of what was saved
Save = Callable[[int, SessionContent], str]


def write_saves(
    save: Callable[[int, SessionContent], str], folder: Path, n_writers: int, n_saves: int
) -> list:
    """Writers as threads; returns (id, mark, seconds) of every save that was acknowledged."""
    contents = [make_content(folder, number) for number in range(n_saves)]
    acknowledged, start = [], threading.Barrier(n_writers)

    def write(mine: list[tuple[SessionContent, str]]) -> None:
        start.wait()
        for number, (content, mark) in enumerate(mine):
            begun = time.perf_counter()
            name = save(number, content)
            acknowledged.append((name, mark, time.perf_counter() - begun))

    threads = [threading.Thread(target=write, args=(contents[i::n_writers],)) for i in range(n_writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return acknowledged


def save_to_store(store: Store) -> Save:
    return lambda number, content: store.save(f"Save {number}", "ann", content).id


def save_to_files(folder: Path) -> Save:
    """The peer: plain files, as safe as files can be."""

    def flushed(path: Path, blob: bytes) -> None:
        unfinished = path.with_name(f".{path.name}")
        with unfinished.open("wb") as file:
            file.write(blob)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
        descriptor = os.open(path.parent, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)

    def save(number: int, content: SessionContent) -> str:
        name = secrets.token_hex(16)
        flushed(folder / f"{name}.npz", content.artifacts["phases.result"].read_bytes())
        flushed(folder / f"{name}.png", content.thumbnail)
        row = {"name": f"Save {number}", "state": dict(content.state), "notes": content.notes}
        flushed(folder / f"{name}.json", json.dumps(row).encode())
        return name

    return save


def run_writers(kind: str, place: Place, n_writers: int, n_saves: int) -> tuple[list, float]:
    """Threads here and in a second process; returns what was acknowledged and the seconds of all."""
    n_there = max(1, round(n_writers * OTHER_PROCESS))
    saves_there = n_saves * n_there // n_writers
    with tempfile.TemporaryDirectory() as sources:
        command = [sys.executable, __file__, "--second", kind, place.folder, place.database_url, sources]
        command += [str(n_there), str(saves_there)]
        other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        other.stdout.readline()  # it has opened the store
        save = save_to_files(place.folder)
        with place.open() if kind == "store" else contextlib.nullcontext() as store:
            save = save_to_store(store) if kind == "store" else save
            begun = time.perf_counter()
            other.stdin.write("go\n")
            other.stdin.flush()
            here = write_saves(save, Path(sources), n_writers - n_there, n_saves - saves_there)
            there = json.loads(other.communicate()[0])
            seconds = time.perf_counter() - begun
    return [*here, *map(tuple, there)], seconds


def second_process(kind: str, folder: str, url: str, sources: str, n_writers: str, n_saves: str) -> int:
    """The part of the writers that is not in the server's process."""
    with Place(Path(folder), url).open() if kind == "store" else contextlib.nullcontext() as store:
        save = save_to_store(store) if kind == "store" else save_to_files(Path(folder))
        print("ready", flush=True)
        sys.stdin.readline()
        print(json.dumps(write_saves(save, Path(sources), int(n_writers), int(n_saves))))
    return 0


def benchmark_saves(new_place: Callable[[], Place], n_writers: int, n_saves: int, n_rounds: int) -> list[str]:
    """Print throughput and waiting beside the peer's; sentences on what is missing or torn."""
    ratios, all_waits, faults = [], [], []
    for _ in range(n_rounds):
        place = new_place()
        acknowledged, store_s = run_writers("store", place, n_writers, n_saves)
        with place.open() as store:
            faults += [f"{len(acknowledged)} of {n_saves} acknowledged"] * (len(acknowledged) != n_saves)
            listed = {session.id for session in store.sessions("ann", limit=10 * n_saves)}
            faults += ["the list is not what was acknowledged"] * (listed != {row[0] for row in acknowledged})
            faults += [
                t for row in acknowledged if (t := torn(store.load(row[0], "ann", verify=True), row[1]))
            ]
            faults += store.check()
        files = new_place()
        files.folder.mkdir(parents=True, exist_ok=True)
        _, peer_s = run_writers("files", Place(files.folder, ""), n_writers, n_saves)
        ratios.append(store_s / peer_s)
        all_waits += [row[2] for row in acknowledged]
        print(f"  store {store_s:.2f} s ({n_saves / store_s:.0f} saves/s), plain files {peer_s:.2f} s")
    waits = statistics.quantiles(all_waits, n=20)
    print(
        f"  {n_saves} saves by {n_writers} writers: median wait {waits[9] * 1000:.0f} ms, 95 % under "
        f"{waits[18] * 1000:.0f} ms; {statistics.median(ratios):.2f} (at most {max(ratios):.2f}) times "
        f"the time of plain files with fsync; {len(faults)} missing or torn"
    )
    return faults


def main() -> int:
    """Measure, print; 1 where anything is missing or torn."""
    if sys.argv[1:2] == ["--second"]:
        return second_process(*sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--writers", type=int, default=20)
    parser.add_argument("--saves", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--postgresql", action="store_true", help="also on a PostgreSQL")
    choices = parser.parse_args()
    faults = []
    with (
        tempfile.TemporaryDirectory() as folder,
        databases(Path(folder), choices.postgresql) as makers,
    ):
        for name, new_place in makers.items():
            print(name)
            faults += benchmark_saves(new_place, choices.writers, choices.saves, choices.rounds)
    return told(faults)


if __name__ == "__main__":
    sys.exit(main())
