"""Is every save there, whole, whoever else saves and whenever the process is killed?

    python benchmarks/saves.py [--writers 20] [--saves 200] [--kills 50] [--postgresql] [--seed 1]

Saves: 20 writers at once (16 threads of one process as a server has, 4 of a second process) make 200 saves,
each with 20 kB of state, a picture and a result of 200 kB that nobody else has. The peer writes the same as
plain files: JSON, PNG and the result, each under a temporary name, flushed with its folder, renamed. That is
as safe, but without owners, links, lists or transactions. Store and peer take turns.

Kills: a process that saves, saves over, shares, sweeps, and records jobs and drafts, all at once, is killed
with SIGKILL at random moments. What it had acknowledged must then be there and whole, and no artifact
half-written.

Both are done on SQLite and, with --postgresql, on a PostgreSQL of its own that waits for the disk. The result
is 1 where anything is missing or torn.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import random
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from dashboard.store import NotFound, SavedSession, SessionContent, Store, StoredState  # noqa: E402
from tools.postgres import find_programs, temporary_server  # noqa: E402

OTHER_PROCESS = 0.2  # share of the writers
PNG = b"\x89PNG\r\n\x1a\n"
PATIENCE_S = 60.0
#: saves a content under a number and returns the id of what was saved
Save = Callable[[int, SessionContent], str]


@dataclass(frozen=True)
class Place:
    """Where a store is; what the second process needs to open it."""

    folder: Path
    database_url: str

    def open(self) -> Store:
        return Store.open(self.folder, self.database_url, patience_s=PATIENCE_S)


def make_content(folder: Path, number: int, size: int = 200_000) -> tuple[SessionContent, str]:
    """A content whose parts all carry one mark, and that mark: parts of two saves are told apart."""
    mark = secrets.token_hex(16)
    text = (mark * (20_000 // len(mark) + 1))[:20_000]
    result = folder / f"{mark}.npz"
    result.write_bytes(mark.encode() + secrets.token_bytes(size))
    state = {"number": number, "mark": mark, "text": text}
    return SessionContent(state, mark, PNG + mark.encode() * 300, {"phases.result": result}), mark


def torn(opened: StoredState, mark: str | None = None) -> str:
    """What is wrong with an opened session, which should carry the mark; "" where it is whole."""
    found = opened.state.get("mark", "")
    if mark is not None and found != mark:
        return "holds another save"
    if opened.missing:
        return f"misses {', '.join(opened.missing)}"
    marks = {
        opened.session.notes,
        opened.session.thumbnail[len(PNG) :][:32].decode(),
        opened.artifacts["phases.result"].read_bytes()[:32].decode(),
        opened.state["text"][:32],
    }
    return "" if marks == {found} else "mixes two saves"


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


def benchmark_saves(new_place: Callable[[], Place], n_writers: int, n_saves: int, n_rounds: int) -> bool:
    """Print throughput and waiting beside the peer's; True where every save is there and whole."""
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
    for fault in faults[:10]:
        print(f"  FAULT: {fault}")
    return not faults


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


def kill_once(place: Place, sources: Path, after_s: float) -> list[tuple[str, str, str]]:
    """Start, wait, kill; returns what was acknowledged."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            work_until_killed(place, sources, writing)
        finally:  # a fault in the child is no acknowledgement
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        first = pipe.readline()
        killer = threading.Timer(after_s, os.kill, (child, signal.SIGKILL))
        killer.start()
        text = first + pipe.read()
        killer.join()
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        raise RuntimeError("The process ended before it was killed; what it printed says why.")
    return [tuple(line.split()) for line in text.splitlines()]


def faults_after(place: Place, acknowledged: list[tuple[str, str, str]]) -> Iterator[str]:
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


def benchmark_kills(place: Place, n_kills: int, seed: int) -> bool:
    """Kill at random moments; True where nothing acknowledged was lost and nothing is torn."""
    moments, faults, counts, halves = random.Random(seed), [], {}, 0
    for _ in range(n_kills):
        with tempfile.TemporaryDirectory() as sources:
            acknowledged = kill_once(place, Path(sources), moments.uniform(0.0, 0.4))
        halves += len(list((place.folder / "artifacts").glob(".unfinished*")))
        faults += faults_after(place, acknowledged)
        for what, *_ in acknowledged:
            counts[what] = counts.get(what, 0) + 1
    done = ", ".join(f"{number} {what}" for what, number in sorted(counts.items()))
    print(
        f"  {n_kills} kills (seed {seed}): {done} acknowledged; {halves} unfinished files found and swept; "
        f"{len(faults)} lost or torn"
    )
    for fault in faults[:10]:
        print(f"  FAULT: {fault}")
    return not faults


def main() -> int:
    """Measure, print; 1 where anything is missing or torn."""
    if sys.argv[1:2] == ["--second"]:
        return second_process(*sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--writers", type=int, default=20)
    parser.add_argument("--saves", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--postgresql", action="store_true", help="also on a PostgreSQL")
    choices = parser.parse_args()
    is_right = True
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        servers = [("SQLite", "")]
        if choices.postgresql:
            programs = find_programs()
            if programs is None:
                print("No PostgreSQL is installed; python tools/postgres.py says how to get one.")
                return 1
            servers.append(("PostgreSQL", stack.enter_context(temporary_server(programs, durable=True))))
        for name, address in servers:
            print(name)

            def new_place(address: str = address) -> Place:
                number = secrets.token_hex(4)
                return Place(Path(folder) / number, new_database(address, f"saves_{number}"))

            if choices.kills:
                is_right &= benchmark_kills(new_place(), choices.kills, choices.seed)
            if choices.saves:
                is_right &= benchmark_saves(new_place, choices.writers, choices.saves, choices.rounds)
    return 0 if is_right else 1


def new_database(server: str, name: str) -> str:
    """Address of a new database of a server; "" where there is none."""
    if not server:
        return ""
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return server.replace("/postgres?", f"/{name}?")


if __name__ == "__main__":
    sys.exit(main())
