"""Opening a map takes memory for its events, not for the dense map that they would fill."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from instrument_files import write_dm, write_rpl

ROOT = Path(__file__).resolve().parents[2]

# the peak since the small file was opened, above what was resident then; clear_refs resets the peak
_MEASURE = """
import sys
from data.readers import open_dataset

def status(key):
    lines = open("/proc/self/status").read().splitlines()
    return int(next(line for line in lines if line.startswith(key)).split()[1]) / 1024

open_dataset(sys.argv[1])
open("/proc/self/clear_refs", "w").write("5")
before = status("VmRSS")
opened = open_dataset(sys.argv[2])
print(status("VmHWM") - before)
"""


def peak_mb(small, large) -> float:
    """Peak resident memory that opening ``large`` adds, MB, in a process of its own."""
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("peak memory is read from /proc")
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(small), str(large)],
        cwd=ROOT, capture_output=True, text=True, timeout=200, check=True,
    )  # fmt: skip
    return float(done.stdout.split()[-1])


@pytest.mark.parametrize("name", ["jeol/rawdata.ASW", "bruker/Hitachi_TM3030Plus.bcf"])
def test_a_large_real_map_adds_less_than_150_mb(shared_data, name):
    # 1.07 GB and 157 MB if they were made dense
    assert peak_mb(shared_data / "eds/bruker/4on3_full.bcf", shared_data / "eds" / name) < 150


@pytest.mark.parametrize("kind", ["rpl", "dm4"])
def test_a_map_stored_as_an_array_is_read_in_pieces(tmp_path, kind):
    counts = np.zeros((256, 256, 1024), np.uint16)  # 134 MB, and in a .dm4 all pixels of a channel together
    rng = np.random.default_rng(0)
    counts.reshape(-1)[rng.integers(0, counts.size, 10**6)] += 1
    small = write_rpl(tmp_path / "small.rpl", counts[:2, :2])
    write = write_dm if kind == "dm4" else write_rpl
    assert peak_mb(small, write(tmp_path / f"large.{kind}", counts)) < 110
