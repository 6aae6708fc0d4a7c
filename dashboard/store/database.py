"""One database, SQLite or PostgreSQL: how it is reached, and how its transactions begin and end."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import Session

from dashboard.store.errors import StoreUnavailable
from dashboard.store.faults import unavailable

FILE_NAME = "lodestone.sqlite"
_POSTGRESQL = ("postgresql", "postgres", "postgresql+psycopg")


class Database:
    """Transactions for any number of threads.

    SQLite writes in WAL mode and waits for the disk before it says that something is kept
    (synchronous=FULL): what was acknowledged survives a kill as well as a loss of power. Its writers queue
    within the process, and for at most ``patience_s`` for those of other processes.

    Parameters
    ----------
    folder : where the SQLite file is
    url : a PostgreSQL address, or "" for SQLite
    patience_s : how long to wait for somebody else's lock

    Raises
    ------
    StoreUnavailable
        The address is none of PostgreSQL.
    """

    def __init__(self, folder: Path, url: str = "", patience_s: float = 10.0) -> None:
        self.folder, self.patience_s = folder, patience_s
        self.is_sqlite = not url
        self.engine = _postgresql(url, patience_s) if url else _sqlite(folder / FILE_NAME, patience_s)
        self._writing_engine = self.engine.execution_options(writes=True)
        self._writer = threading.Lock()  # SQLite has one writer anyway; here they need not poll for it
        self._closed = False

    @property
    def name(self) -> str:
        """What kind it is, for people."""
        return "SQLite" if self.is_sqlite else "PostgreSQL"

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One consistent view of the database.

        Raises
        ------
        StoreUnavailable
            The database cannot be read now.
        """
        with self._translated(), Session(self.engine) as db:
            yield db

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction: kept whole when the block ends, not at all when it raises.

        Raises
        ------
        StoreUnavailable
            The database cannot be written now; nothing was changed.
        """
        with self._translated(), self._turn(), Session(self._writing_engine) as db, db.begin():
            yield db

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A writing transaction without mapped rows, for migrations and checks."""
        with self._translated(), self._turn(), self._writing_engine.begin() as connection:
            yield connection

    def size_bytes(self) -> int:
        """What the database takes on its disk.

        Raises
        ------
        StoreUnavailable
            It cannot be asked now.
        """
        if self.is_sqlite:
            files = (self.folder / f"{FILE_NAME}{end}" for end in ("", "-wal", "-shm"))
            return sum(file.stat().st_size for file in files if file.exists())
        with self.reading() as db:
            return int(db.scalar(text("SELECT pg_database_size(current_database())")))

    def close(self) -> None:
        """Let the transaction that is being written end, then begin no more."""
        got_turn = self._writer.acquire(timeout=self.patience_s)
        self._closed = True
        if got_turn:
            self._writer.release()
        self.engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        if self._closed:
            raise StoreUnavailable(
                "The store has been closed: the server is stopping. Try again in a minute."
            )
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error, psycopg.Error) as error:
            raise unavailable(error, self.folder) from error

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self.is_sqlite:
            yield
            return
        if not self._writer.acquire(timeout=self.patience_s):
            raise StoreUnavailable("Many people save at this moment, and the disk is slow. Try again.")
        try:
            yield
        finally:
            self._writer.release()


def _sqlite(file: Path, patience_s: float) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(file)),
        pool_size=8,
        max_overflow=24,
        pool_timeout=patience_s,
        hide_parameters=True,  # what people write is nobody's business in a log
        connect_args={"timeout": patience_s, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions begin where we say, see below
        for pragma in ("foreign_keys=ON", "synchronous=FULL", "trusted_schema=OFF"):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # a reader that turned writer would fail where somebody wrote in between, so a writer says it first
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(address: str, patience_s: float) -> Engine:
    try:
        url = make_url(address)
    except (ArgumentError, ValueError) as error:
        raise StoreUnavailable(
            "DATABASE_URL is no address of a database. Write postgresql://user:password@host:5432/lodestone, "
            "or leave it empty for a file."
        ) from error
    if url.drivername not in _POSTGRESQL:
        raise StoreUnavailable(
            f"DATABASE_URL begins with {url.drivername}:, but only PostgreSQL can be used. Write "
            "postgresql://user:password@host:5432/lodestone, or leave it empty for a file."
        )
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=8,
        max_overflow=24,
        pool_timeout=patience_s,
        hide_parameters=True,  # what people write is nobody's business in a log
        pool_pre_ping=True,  # a database server that was restarted is found again without an error
        connect_args={"connect_timeout": max(2, round(patience_s))},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{round(patience_s * 1000)}ms"])
        connection.commit()

    return engine
