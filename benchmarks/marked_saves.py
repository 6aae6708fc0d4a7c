"""Stores and contents for the benchmarks of saves: marked, so that parts of two saves are told apart."""

from __future__ import annotations

import contextlib
import secrets
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from dashboard.store import SessionContent, Store, StoredState  # noqa: E402
from tools.postgres import find_programs, temporary_server  # noqa: E402

PNG = b"\x89PNG\r\n\x1a\n"
PATIENCE_S = 60.0


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


@contextlib.contextmanager
def databases(folder: Path, postgresql: bool) -> Iterator[dict[str, Callable[[], Place]]]:
    """What makes new places: on SQLite and, where asked for, on a PostgreSQL of its own.

    That one waits for the disk, as one in earnest does.

    Raises
    ------
    ValueError
        There is no PostgreSQL; the message says how to get one.
    """

    def maker(address: str) -> Callable[[], Place]:
        def new_place() -> Place:
            number = secrets.token_hex(4)
            return Place(folder / number, new_database(address, f"saves_{number}"))

        return new_place

    with contextlib.ExitStack() as stack:
        makers = {"SQLite": maker("")}
        if postgresql:
            programs = find_programs()
            if programs is None:
                raise ValueError("No PostgreSQL is installed; python tools/postgres.py says how to get one.")
            makers["PostgreSQL"] = maker(stack.enter_context(temporary_server(programs, durable=True)))
        yield makers


def new_database(server: str, name: str) -> str:
    """Address of a new database of a server; "" where there is none."""
    if not server:
        return ""
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return server.replace("/postgres?", f"/{name}?")
