"""What a killed process has left of a write goes; what is still written, or has its name, stays."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dashboard import left_files
from dashboard.left_files import sweep
from dashboard.result_cache import ResultCache
from models import archive


def write_half(file: Path, age_s: float = 2 * 3600.0) -> None:
    file.write_bytes(b"half")
    then = time.time() - age_s
    os.utime(file, (then, then))


@pytest.fixture
def ended() -> int:
    """The number of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_only_what_no_living_process_writes_is_deleted(tmp_path, ended, monkeypatch):
    monkeypatch.setattr(left_files, "_LONGEST_WRITE_S", 0.0)
    names = [f".a.npz.{ended}", f".b.npz.{os.getpid()}", f"c.npz.{ended}", "d.npz", f".e.npz.{ended}.part"]
    for name in names:
        write_half(tmp_path / name, 0.0)
    assert sweep(tmp_path) == 1
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(names[1:])


def test_a_process_that_began_later_under_the_same_number_is_not_the_writer(tmp_path):
    write_half(tmp_path / f".a.npz.{os.getpid()}", 30 * 86400.0)
    assert sweep(tmp_path) == 1


def test_what_was_written_just_now_may_be_of_another_computer(tmp_path, ended):
    write_half(tmp_path / f".a.npz.{ended}", 60.0)
    assert sweep(tmp_path) == 0


def test_results_of_a_killed_server_are_swept_by_the_name_that_they_are_written_under(
    tmp_path, ended, monkeypatch
):
    cache, folder = ResultCache(tmp_path), tmp_path / "results"
    assert cache.sweep() == 0, "there is no folder yet"
    monkeypatch.setattr(archive.os, "getpid", lambda: ended)
    seen = []

    def killed(_descriptor: int) -> None:
        [unfinished] = folder.iterdir()
        write_half(unfinished.with_name(unfinished.name.replace("result", "other")))
        seen.append(unfinished.name)

    monkeypatch.setattr(archive.os, "fsync", killed)
    archive.save((1, 2), folder / "result.npz")
    assert seen == [f".result.npz.{ended}"]
    assert cache.sweep() == 1
    assert [file.name for file in folder.iterdir()] == ["result.npz"]
