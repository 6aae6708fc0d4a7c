"""Opening a store: what is empty is made, what is older raised, all else answered with a sentence."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event

from dashboard.store import SessionContent, Store, StoreUnavailable
from dashboard.store.database import FILE_NAME, Database
from dashboard.store.migration import SCRIPTS, VERSION_TABLE, migrate
from dashboard.store.tables import Table

NEXT = """
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = "0002", "0001", None, None

def upgrade():
    op.add_column("saved_session", sa.Column("mood", sa.Text, nullable=False, server_default="calm"))
    with op.batch_alter_table("draft") as draft:
        draft.alter_column("saved", new_column_name="kept")
"""
ROOT = Path(__file__).resolve().parents[3]


def raised_scripts(tmp_path, text=NEXT):
    """The migrations of a later version of this program."""
    scripts = tmp_path / "migrations"
    shutil.copytree(SCRIPTS, scripts)
    (scripts / "versions" / "0002_next.py").write_text(text)
    return scripts


def migrated(place, scripts):
    database = Database(place.folder, place.database_url, patience_s=1)
    try:
        return migrate(database, scripts)
    finally:
        database.close()


@contextmanager
def sql(place):
    if place.database_url:
        with psycopg.connect(place.database_url) as connection:
            yield connection
    else:
        with closing(sqlite3.connect(place.folder / FILE_NAME)) as connection:
            yield connection
            connection.commit()


def test_an_empty_place_becomes_a_store(empty_place):
    with empty_place.open() as store:
        assert store.sessions("") == () and store.facts()["schema"] == "0001" and store.check() == ()


def test_the_migrations_make_the_tables_of_the_program(empty_place):
    empty_place.open().close()
    database = Database(empty_place.folder, empty_place.database_url)
    with database.engine.connect() as connection:
        options = {"version_table": VERSION_TABLE, "compare_server_default": True}
        difference = compare_metadata(MigrationContext.configure(connection, opts=options), Table.metadata)
    database.close()
    assert difference == []


def test_an_older_store_is_raised_with_all_that_is_in_it(empty_place, tmp_path):
    with empty_place.open() as store:
        saved = store.save("Kept", "ann", SessionContent({"a": 1}))
        store.put_draft("ann", "tab", {"b": 2})
    assert migrated(empty_place, raised_scripts(tmp_path)) == "0002"
    with sql(empty_place) as connection:
        rows = connection.execute("SELECT id, name, mood FROM saved_session").fetchall()
        drafts = connection.execute("SELECT visit, state FROM draft WHERE kept > 0").fetchall()
    assert rows == [(saved.id, "Kept", "calm")] and drafts == [("tab", '{"b":2}')]
    if not empty_place.database_url:
        with closing(sqlite3.connect(empty_place.folder / f"{FILE_NAME}.schema-0001")) as copy:
            assert copy.execute("SELECT name FROM saved_session").fetchall() == [("Kept",)]
            assert copy.execute(f"SELECT * FROM {VERSION_TABLE}").fetchall() == [("0001",)]


def test_a_migration_that_fails_changes_nothing(empty_place, tmp_path):
    with empty_place.open() as store:
        saved = store.save("Kept", "ann", SessionContent({"a": 1}))
    broken = NEXT + "    op.execute('UPDATE nothing SET x = 1')\n"
    with pytest.raises(StoreUnavailable):
        migrated(empty_place, raised_scripts(tmp_path, broken))
    with empty_place.open() as store:
        assert store.sessions("ann") == (saved,) and store.facts()["schema"] == "0001"
        store.put_draft("ann", "tab", {})


def test_a_newer_store_is_refused_and_left_alone(empty_place, tmp_path):
    empty_place.open().close()
    migrated(empty_place, raised_scripts(tmp_path))
    with pytest.raises(StoreUnavailable, match=r"schema 0002, which a newer.*up to 0001\. Update Lodestone"):
        empty_place.open()
    with sql(empty_place) as connection:
        assert connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchall() == [("0002",)]


def test_the_database_of_another_program_is_refused(empty_place):
    empty_place.folder.mkdir()
    with sql(empty_place) as connection:
        connection.execute("CREATE TABLE draft (mine TEXT)")
    with pytest.raises(StoreUnavailable, match=r"tables of another program \(draft\)"):
        empty_place.open()
    with sql(empty_place) as connection:
        assert connection.execute("SELECT count(*) FROM draft").fetchone() == (0,)


@pytest.mark.parametrize("damage", ["text", "zeros", "middle", "half"])
def test_a_damaged_file_is_refused_and_left_alone(file_place, content, damage):
    with file_place.open() as store:
        for name in "abcdefgh":
            store.save(name, "ann", content(name, state={"a": name * 20_000}))
    file = file_place.folder / FILE_NAME
    whole = file.read_bytes()
    file.write_bytes(
        {
            "text": b"This is a letter to the administrator. " * 200,
            "zeros": bytes(100) + whole[100:],
            "middle": whole[:8192] + os.urandom(40_000) + whole[48_192:],
            "half": whole[: len(whole) // 2],
        }[damage]
    )
    before = file.read_bytes()
    with pytest.raises(StoreUnavailable, match=r"is damaged.*backup.*The store is the folder"):
        file_place.open()
    assert file.read_bytes() == before


def test_a_locked_database_is_waited_for_then_said(file_place, content):
    with file_place.open(patience_s=0.2) as store:
        with closing(sqlite3.connect(file_place.folder / FILE_NAME, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreUnavailable, match="held by another program"):
                store.save("One", "ann", content())
            with pytest.raises(StoreUnavailable, match="held by another program"):
                file_place.open(patience_s=0.2)
            assert store.sessions("ann") == (), "reading goes on"
            other.execute("ROLLBACK")
        assert store.save("One", "ann", content()).name == "One"


def test_a_lock_that_is_let_go_in_time_is_no_fault(file_place, content):
    with file_place.open() as store:
        other = sqlite3.connect(file_place.folder / FILE_NAME, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        threading.Timer(0.2, lambda: (other.execute("ROLLBACK"), other.close())).start()
        assert store.save("One", "ann", content()).name == "One"


def test_two_who_open_the_same_new_store_at_once_both_have_it(empty_place):
    stores, faults, start = [], [], threading.Barrier(4)

    def open_it():
        start.wait()
        try:
            stores.append(empty_place.open())
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == [] and len(stores) == 4
    stores[0].save("One", "ann", SessionContent({}))
    assert len(stores[3].sessions("ann")) == 1
    for store in stores:
        store.close()


OPEN_READ_ONLY = """
import os, sys
from pathlib import Path
from dashboard.store import SessionContent, Store, StoreUnavailable
store = Store.open(Path(sys.argv[1])) if sys.argv[2] == "later" else None
os.seteuid(65534) if os.geteuid() == 0 else None
os.chdir("/")
try:
    store = store or Store.open(Path(sys.argv[1]))
    store.save("x", "ann", SessionContent({}, artifacts={"r": Path(sys.argv[3])}))
except StoreUnavailable as error:
    print(error)
"""


@pytest.mark.parametrize("when", ["first", "later"])
def test_a_read_only_folder_is_said(when, content):
    # in the system's temporary folder: those of tests are closed to other accounts
    folder = Path(tempfile.mkdtemp())
    try:
        Store.open(folder / "store").close()
        (folder / "source").write_bytes(b"x")
        folder.chmod(0o755)
        for path in [*folder.rglob("*"), folder / "store"]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        if when == "later":
            for path in (folder / "store", folder / "store" / "artifacts"):
                path.chmod(0o755)
            if os.geteuid() != 0:
                pytest.skip("only root can lose its rights in between")
        said = subprocess.run(
            [sys.executable, "-c", OPEN_READ_ONLY, folder / "store", when, folder / "source"],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert "The store cannot be written: its folder or disk is read-only" in said.stdout, said.stderr
        if when == "first":
            assert f"The store is the folder {folder / 'store'}. LODESTONE_STORE names another" in said.stdout
    finally:
        for path in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
            path.chmod(0o755)
        shutil.rmtree(folder)


def test_a_folder_that_is_a_file_is_said(tmp_path):
    (tmp_path / "store").write_text("x")
    with pytest.raises(StoreUnavailable, match=r"The disk of the store reports: .*exists"):
        Store.open(tmp_path / "store")


def test_a_full_database_is_said_and_loses_nothing(file_place, content):
    with file_place.open() as store:
        kept = store.save("Kept", "ann", content("kept"))
        pages = {"n": 0}

        def limit(connection, *_):
            connection.execute(f"PRAGMA max_page_count={pages['n']}").close()

        pages["n"] = (file_place.folder / FILE_NAME).stat().st_size // 4096 + 2
        event.listen(store._database.engine, "checkout", limit)
        with pytest.raises(StoreUnavailable, match="disk of the store is full"):
            for n in range(9):
                store.save("New", "ann", content("new", state={"a": "x" * 10**5, "n": n}))
        with pytest.raises(StoreUnavailable, match="disk of the store is full"):
            store.put_draft("ann", "tab", {"a": "x" * 10**6})
        event.remove(store._database.engine, "checkout", limit)
        pages["n"] = 2**30
        assert kept in store.sessions("ann") and store.check() == ()
    with file_place.open() as store:
        assert store.check() == ()
        store.save("New", "ann", content("new"))


def test_a_closed_store_says_so(store, content):
    store.close()
    for doing in (
        lambda: store.save("x", "ann", content()),
        lambda: store.sessions("ann"),
        lambda: store.facts(),
    ):
        with pytest.raises(StoreUnavailable, match="server is stopping"):
            doing()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("mysql://user:geheim@host/x", "only PostgreSQL"),
        ("sqlite:///x", "only PostgreSQL"),
        ("not an address", "no address"),
        ("postgresql://user:geheim@localhost:1/x", "does not answer"),
        ("postgres://user:geheim@localhost:1/x", "does not answer"),
        ("postgresql://user@/x?host=/nowhere", "does not answer"),
        ("postgresql://user:geheim@localhost:port/x", "no address"),
    ],
)
def test_an_address_that_leads_nowhere_is_said_without_its_password(tmp_path, address, said, caplog):
    with pytest.raises(StoreUnavailable, match=said) as refusal:
        Store.open(tmp_path / "store", address, patience_s=2)
    assert "geheim" not in str(refusal.value) and "geheim" not in caplog.text


def test_a_database_or_account_that_is_not_there_is_said(postgresql_server, tmp_path):
    for address in (
        postgresql_server.replace("/postgres?", "/absent?"),
        postgresql_server.replace("postgres@", "nobody@"),
    ):
        with pytest.raises(StoreUnavailable, match="does not exist on its server"):
            Store.open(tmp_path / "store", address)


def test_a_postgresql_that_only_reads_is_said(new_postgresql, tmp_path):
    with Store.open(tmp_path / "store", new_postgresql) as store:
        saved = store.save("One", "ann", SessionContent({}))
    with psycopg.connect(new_postgresql, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with Store.open(tmp_path / "store", new_postgresql) as store:
        assert store.sessions("ann") == (saved,)
        with pytest.raises(StoreUnavailable, match="takes no writes now"):
            store.save("Two", "ann", SessionContent({}))


def test_a_postgresql_that_was_restarted_is_found_again(new_postgresql, postgresql_server, tmp_path):
    with Store.open(tmp_path / "store", new_postgresql) as store:
        saved = store.save("One", "ann", SessionContent({}))
        with psycopg.connect(postgresql_server, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                [psycopg.conninfo.conninfo_to_dict(new_postgresql)["dbname"]],
            )
        assert store.sessions("ann") == (saved,)
        store.rename(saved.id, "ann", "Two")
