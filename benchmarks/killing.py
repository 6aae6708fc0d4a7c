"""What the benchmarks that kill a server share: killing it at a moment, and saying what was lost."""

from __future__ import annotations

import argparse
import os
import random
import signal
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from tools.forked import ended_by_a_kill, forked


def said_until_killed(work: Callable[[int], None], after_s: float) -> list[list[str]]:
    """Words of the lines that a process wrote until it was killed.

    Parameters
    ----------
    work : runs in the process; gets the pipe to write lines to
    after_s : the process is killed with SIGKILL so long after its first line

    Raises
    ------
    RuntimeError
        It had ended before by itself.
    """
    reading, writing = os.pipe()

    def alone() -> None:
        os.close(reading)
        work(writing)

    child = forked(alone)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.readline()
        killer = threading.Timer(after_s, os.kill, (child, signal.SIGKILL))
        killer.start()
        text += pipe.read()
        killer.join()
    ended_by_a_kill(child)
    return [line.split() for line in text.splitlines()]


def main(about: str, benchmark: Callable[[Path, int, random.Random], list[str]]) -> int:
    """Kill, look, print; 1 where anything is lost or torn.

    Parameters
    ----------
    about : one line for ``--help``
    benchmark : gets an empty folder, how often to kill, and what draws the moments; returns what is wrong
    """
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    choices = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return told(benchmark(Path(folder), choices.kills, random.Random(choices.seed)))


def told(faults: list[str]) -> int:
    """Print the first faults; the status of the process."""
    for fault in faults[:10]:
        print(f"  FAULT: {fault}")
    return 1 if faults else 0
