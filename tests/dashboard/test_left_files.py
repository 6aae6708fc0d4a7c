"""What a killed process has left of a write goes; what is still written, or has its name, stays."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from dashboard.left_files import sweep
from dashboard.result_cache import ResultCache
from models import archive


@pytest.fixture
def ended() -> int:
    """The number of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_only_what_no_living_process_writes_is_deleted(tmp_path, ended):
    names = [f".a.npz.{ended}", f".b.npz.{os.getpid()}", f"c.npz.{ended}", "d.npz", f".e.npz.{ended}.part"]
    for name in names:
        (tmp_path / name).write_bytes(b"half")
    assert sweep(tmp_path) == 1
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(names[1:])


def test_a_process_that_began_later_under_the_same_number_is_not_the_writer(tmp_path):
    left = tmp_path / f".a.npz.{os.getpid()}"
    left.write_bytes(b"half")
    before = time.time() - 30 * 86400
    os.utime(left, (before, before))
    assert sweep(tmp_path) == 1


def test_results_of_a_killed_server_are_swept_by_the_name_that_they_are_written_under(
    tmp_path, ended, monkeypatch
):
    cache, folder = ResultCache(tmp_path), tmp_path / "results"
    assert cache.sweep() == 0, "there is no folder yet"
    monkeypatch.setattr(archive.os, "getpid", lambda: ended)
    seen = []

    def killed(_descriptor: int) -> None:
        [unfinished] = folder.iterdir()
        unfinished.with_name(unfinished.name.replace("result", "other")).write_bytes(b"half")
        seen.append(unfinished.name)

    monkeypatch.setattr(archive.os, "fsync", killed)
    archive.save((1, 2), folder / "result.npz")
    assert seen == [f".result.npz.{ended}"]
    assert cache.sweep() == 1
    assert [file.name for file in folder.iterdir()] == ["result.npz"]
