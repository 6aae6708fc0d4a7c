"""The PostgreSQL of the tests: found where packages put it, installed where it may be, asked for else."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import psycopg
import pytest

from tools import postgres


def programs(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in postgres.PROGRAMS:
        path = folder / name
        path.write_text("#!/bin/sh\nexit 1\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return folder


@pytest.fixture
def bare_machine(monkeypatch, tmp_path):
    """No PostgreSQL anywhere, and no right to install one."""
    monkeypatch.delenv("LODESTONE_POSTGRES", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setattr(postgres, "FOLDERS", (f"{tmp_path}/lib/*/bin",))
    (tmp_path / "path").mkdir()
    return tmp_path


def test_the_newest_version_is_found_where_packages_put_it(bare_machine):
    for version in ("9", "15", "16"):
        programs(bare_machine / "lib" / version / "bin")
    assert postgres.find_programs() == bare_machine / "lib" / "16" / "bin"


def test_what_is_on_the_path_goes_first_and_ones_own_choice_before_it(bare_machine, monkeypatch):
    programs(bare_machine / "lib" / "16" / "bin")
    assert postgres.find_programs() != programs(bare_machine / "path") == postgres.find_programs()
    monkeypatch.setenv("LODESTONE_POSTGRES", str(programs(bare_machine / "mine")))
    assert postgres.find_programs() == bare_machine / "mine"


def test_a_choice_without_programs_is_said(bare_machine, monkeypatch, capsys):
    monkeypatch.setenv("LODESTONE_POSTGRES", str(bare_machine))
    assert postgres.main() == 1
    assert "initdb and postgres are not" in capsys.readouterr().err


def test_without_one_it_says_how_to_get_one(bare_machine, capsys):
    assert postgres.main() == 1
    assert "apt-get install postgresql" in capsys.readouterr().err


def test_where_it_may_it_installs_one(bare_machine, monkeypatch, capsys):
    apt = bare_machine / "path" / "apt-get"
    apt.write_text("#!/bin/sh\n")
    apt.chmod(0o755)
    steps = []

    def run(command, **_):
        steps.append(command)
        if "install" in command:
            programs(bare_machine / "lib" / "15" / "bin")
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(postgres.os, "geteuid", lambda: 0)
    monkeypatch.setattr(postgres.subprocess, "run", run)
    assert postgres.main() == 0
    assert capsys.readouterr().out.strip() == str(bare_machine / "lib" / "15" / "bin")
    assert steps[-1][-1] == "postgresql"


def test_a_server_that_cannot_be_made_says_why_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(postgres.tempfile, "tempdir", str(tmp_path))
    tmp_path.chmod(0o755)
    with (
        pytest.raises((RuntimeError, OSError)),
        postgres.temporary_server(programs(tmp_path / "broken")),
    ):
        pass
    assert not list(tmp_path.glob("lodestone-pg*"))


def test_a_temporary_server_answers_and_is_gone_afterwards():
    found = postgres.find_programs()
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(postgres.HOW_TO_GET_ONE)
        pytest.skip("no PostgreSQL is installed; `python tools/postgres.py` says how to get one")
    with postgres.temporary_server(found) as address:
        with psycopg.connect(address) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        folder = Path(address.split("host=")[1])
        assert folder.is_dir()
    assert not folder.exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(address)
