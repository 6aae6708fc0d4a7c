"""Bring a database to the schema of this program: made where it is empty, raised where it is older.

A change of tables.py needs a new file in migrations/versions, numbered on, with an ``upgrade``; the newest
one is the pattern. All steps of an opening are one transaction: a database is never left half-way.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, inspect, text

from dashboard.store.database import FILE_NAME, Database
from dashboard.store.errors import StoreUnavailable
from dashboard.store.faults import DAMAGED, unavailable
from dashboard.store.tables import Table

log = logging.getLogger(__name__)

SCRIPTS = Path(__file__).with_name("migrations")
#: not Alembic's own name, so that the database can be shared with another program that uses Alembic
VERSION_TABLE = "lodestone_schema"
_MOST_BYTES_CHECKED = 2**28
#: Alembic keeps what it works on in its module, so one thread at a time
_ALEMBIC = threading.Lock()
_OPENING = 0x10DE570E  # the number of the lock under which a PostgreSQL database is migrated


def migrate(database: Database, scripts: Path = SCRIPTS) -> str:
    """Bring the database to the newest schema of the scripts; returns its name.

    An older SQLite file is copied first, to a file beside it that bears the number of its schema.

    Raises
    ------
    StoreUnavailable
        It is newer than this program, damaged, of another program, locked or read-only. It was not changed.
    """
    if database.is_sqlite:
        _check_file(database)
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    newest = ScriptDirectory.from_config(config).get_current_head() or ""
    with database.connection() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _OPENING})
        present = schema(connection)
        if present == newest:
            return newest
        _refuse_what_is_not_ours(connection, present, newest, config)
        if present and database.is_sqlite:
            _back_up(database.folder / FILE_NAME, present)
        with _ALEMBIC:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        log.info("store: schema %s -> %s", present or "none", newest)
    return newest


def schema(connection: Connection) -> str:
    """Name of the schema that a database has; "" for none."""
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return context.get_current_revision() or ""


def _refuse_what_is_not_ours(connection: Connection, present: str, newest: str, config: Config) -> None:
    if not present:
        foreign = set(Table.metadata.tables) & set(inspect(connection).get_table_names())
        if foreign:
            raise StoreUnavailable(
                f"The database holds tables of another program ({', '.join(sorted(foreign))}). Name an empty "
                "database in DATABASE_URL."
            )
        return
    try:
        ScriptDirectory.from_config(config).get_revision(present)
    except CommandError as error:
        raise StoreUnavailable(
            f"The store has the schema {present}, which a newer Lodestone made; this one knows schemas up "
            f"to {newest}. Update Lodestone. Nothing was changed in the store."
        ) from error


def _check_file(database: Database) -> None:
    """Set WAL mode, and look for damage; neither can be done within a transaction."""
    file = database.folder / FILE_NAME
    try:
        with closing(sqlite3.connect(file, timeout=database.patience_s, isolation_level=None)) as connection:
            mode = _write_ahead(connection, database.patience_s)
            if mode != "wal":
                log.warning("store: no WAL on this disk (%s); a network folder is no good place for it", mode)
            # minutes for a file of many gigabytes, so large ones are left to SQLite's own checks
            if file.stat().st_size <= _MOST_BYTES_CHECKED:
                found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
                if found != "ok":
                    log.error("store: quick_check: %s", found)
                    raise StoreUnavailable(DAMAGED)
    except (sqlite3.Error, OSError) as error:
        raise unavailable(error, database.folder) from error


def _write_ahead(connection: sqlite3.Connection, patience_s: float) -> str:
    """The journal mode after WAL was asked for; two who make the same file at once wait for each other."""
    end = time.monotonic() + patience_s
    while True:
        try:
            return connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        except sqlite3.OperationalError as error:
            # for this step alone SQLite does not always wait by itself
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > end:
                raise
            time.sleep(0.02)


def _back_up(file: Path, present: str) -> None:
    """Copy a SQLite file as it was before this transaction, in one step under its final name."""
    copy = file.with_name(f"{file.name}.schema-{present}")
    unfinished = copy.with_name(f".{copy.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(unfinished)) as target:
            source.backup(target)
        unfinished.replace(copy)
    finally:
        unfinished.unlink(missing_ok=True)
