"""A store for each test, once as a file and once on a real PostgreSQL."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from dashboard.store import SessionContent, Store
from dashboard.store.tables import Table
from tools.postgres import find_programs, temporary_server

_NUMBERS = itertools.count()
PNG = b"\x89PNG\r\n\x1a\n and the rest of a small picture"


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


@dataclass(frozen=True)
class Place:
    """Where a store is kept, and how another one opens the same."""

    folder: Path
    database_url: str
    clock: Clock

    def open(self, **choices: object) -> Store:
        return Store.open(self.folder, self.database_url, **{"clock": self.clock, **choices})


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """Address of a PostgreSQL for all tests; without one they are skipped, under CI they fail."""
    programs = find_programs()
    if programs is None:
        sentence = "no PostgreSQL is installed; `python tools/postgres.py` says how to get one"
        if os.environ.get("CI"):
            pytest.fail(sentence)
        pytest.skip(sentence)
    with temporary_server(programs) as address:
        yield address


@pytest.fixture(scope="session")
def emptied_postgresql(postgresql_server: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a database with the tables of a store; a test empties them when it is done."""
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE emptied")
    address = postgresql_server.replace("/postgres?", "/emptied?")
    Store.open(tmp_path_factory.mktemp("pattern"), address).close()
    return address


@pytest.fixture
def new_postgresql(postgresql_server: str) -> Iterator[str]:
    """The address of a database without tables."""
    name = f"test_{next(_NUMBERS)}"
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield postgresql_server.replace("/postgres?", f"/{name}?")
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def sqlite_pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an empty store."""
    folder = tmp_path_factory.mktemp("pattern") / "store"
    Store.open(folder).close()
    return folder


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A place with an empty store, of either kind."""
    folder = tmp_path / "store"
    if request.param == "sqlite":
        shutil.copytree(request.getfixturevalue("sqlite_pattern"), folder)
        yield Place(folder, "", Clock())
        return
    address = request.getfixturevalue("emptied_postgresql")
    yield Place(folder, address, Clock())
    with psycopg.connect(address) as connection:
        for table in reversed(Table.metadata.sorted_tables):
            if table.name != "store_identity":
                connection.execute(f"DELETE FROM {table.name}")


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A place where there is nothing yet, of either kind."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("new_postgresql")
    return Place(tmp_path / "store", url, Clock())


@pytest.fixture
def file_place(tmp_path: Path) -> Place:
    """A place for a SQLite file, where there is nothing yet."""
    return Place(tmp_path / "store", "", Clock())


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    """An empty store of either kind."""
    with place.open() as store:
        yield store


@pytest.fixture
def clock(place: Place) -> Clock:
    """The clock of the store."""
    return place.clock


@pytest.fixture
def content(tmp_path: Path) -> Callable[..., SessionContent]:
    """Makes contents of sessions: ``content("text")`` has that text in its state, notes and artifact."""

    def make(text: str = "first", **changes: object) -> SessionContent:
        result = tmp_path / f"result-{text[:20].strip('/. ')}.npz"
        result.write_bytes(text.encode() * 1000)
        state = {
            "format": 1,
            "workspace": "phases",
            "phases": {"dataset_id": "abc123", "dataset_title": f"Section {text}", "recipe": text},
        }
        fields = dict(state=state, notes=f"notes {text}", thumbnail=PNG, artifacts={"phases.result": result})
        return SessionContent(**{**fields, **changes})

    return make
