"""Killed at any moment, an upload goes on where it was, and nobody ever sees a part of it."""

from __future__ import annotations

import os
import random
import signal
import sys
import time

import numpy as np
import pytest
from reader_files import poisson_map, write_hspy
from reader_files import signal as spectrum_signal

from dashboard.uploads import Uploads
from data.catalogue import Catalogue

KILLS = 25
PIECE_BYTES = 50_000


def send_all(folder, contents):
    """What a server does with these files; each goes on where the last one that was killed left it."""
    team = Uploads(folder / "uploads", "team", 10**8, Catalogue(folder).entries)
    for name, content in contents.items():
        upload = team.begin("anna", name, len(content))
        with team.appending(upload.id, "anna", upload.offset) as write:
            for start in range(upload.offset, len(content), PIECE_BYTES):
                write(content[start : start + PIECE_BYTES])
        team.finish([upload.id], "anna")


@pytest.mark.skipif(
    not hasattr(os, "fork") or sys.platform == "darwin", reason="a process is forked to be killed"
)
def test_killed_at_random_moments_uploads_are_whole_or_not_there(tmp_path):
    chance = random.Random(4)
    contents = {}
    for i in range(4):
        whole = write_hspy(tmp_path / f"m{i}.hspy", spectrum_signal(poisson_map(seed=i))).read_bytes()
        contents[f"map{i}.hspy"] = whole + np.random.default_rng(i).bytes(4_000_000)  # HDF5 does not mind
    data = tmp_path / "data"
    data.mkdir()
    n_killed = 0
    for _ in range(KILLS):
        child = os.fork()
        if child == 0:
            try:
                send_all(data, contents)
            finally:
                os._exit(0)
        time.sleep(chance.uniform(0.0, 0.15))
        os.kill(child, signal.SIGKILL)
        _, how = os.waitpid(child, 0)
        n_killed += os.WIFSIGNALED(how)
        for entry in Catalogue(data).entries()[1:]:
            assert entry.path.read_bytes() in contents.values(), f"{entry.id} is not whole"
        for one in Uploads(data / "uploads", "team", 10**8).unfinished():
            part = data / "uploads" / ".incoming" / one.id / "part"
            assert contents[one.name].startswith(part.read_bytes())
    assert n_killed > 0
    send_all(data, contents)
    listed = [entry.path.read_bytes() for entry in Catalogue(data).entries()[1:]]
    assert sorted(map(len, listed)) == sorted(map(len, contents.values()))  # each of them once
    assert {bytes(one) for one in listed} == set(contents.values())
