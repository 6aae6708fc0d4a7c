"""A server that is killed while it trains: the next one offers to resume, and does on one click."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from reader_files import poisson_map, write_hspy
from reader_files import signal as spectrum_signal
from served_here import served_here

from dashboard.phases.several_tab import SeveralMapsTab
from dashboard.phases.workspace import TABS
from tools.page_client import PageClient

ROOT = Path(__file__).resolve().parents[2]
STARTS_WITHIN_S = 120.0
PATIENCE_S = 60.0
#: does not come to its end by itself
LONG = "autoencoder.max_epochs=5000&autoencoder.patience=5000"


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, subprocess.Popen]]:
    """The app over the folders in ``folder``: its address and its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        f"LODESTONE_{name.upper()}": str(folder / name) for name in ("data", "store", "cache")
    }
    environment.pop("DATABASE_URL", None)
    command = [
        sys.executable,
        "-m",
        "panel",
        "serve",
        "app.py",
        "--address",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    with (folder / "log").open("a") as log:
        process = subprocess.Popen(
            [*command, "--plugins", "dashboard.endpoints"], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    try:
        wait_until(lambda: is_well(process, port), STARTS_WITHIN_S, lambda: (folder / "log").read_text())
        yield f"http://127.0.0.1:{port}/app", process
    finally:
        process.kill()
        process.wait()


def is_well(process: subprocess.Popen, port: int) -> bool:
    assert process.poll() is None
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).status == 200
    except OSError:
        return False


def wait_until(condition: Callable[[], bool], seconds: float, what: Callable[[], str]) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what()
        time.sleep(0.05)


def statuses(folder: Path) -> list[str]:
    """Of the jobs in the store, in the order in which they were asked for."""
    file = folder / "store" / "lodestone.sqlite"
    if not file.exists():
        return []
    with closing(sqlite3.connect(file, timeout=10)) as store:
        return [status for (status,) in store.execute("SELECT status FROM job_record ORDER BY id")]


async def until(page: PageClient, is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end and not page.errors, page.errors
        await asyncio.sleep(0.05)


async def ask_for_two(address: str, folder: Path) -> None:
    """Have phases sought on a map, and those that two maps share, which waits for the first."""
    page = PageClient()
    await page.open(address)
    try:
        await until(page, lambda: statuses(folder) == ["running"])
        await page.change(page.of_kind("Tabs"), "active", 1 + TABS.index(SeveralMapsTab))
        await until(page, lambda: page.labelled("Find shared phases") is not None)
        await page.change(page.labelled("Maps"), "value", ["dust.hspy", "grain.hspy"])
        await page.change(page.labelled("Find shared phases"), "clicks", 1)
        await until(page, lambda: statuses(folder) == ["running", "queued"])
    finally:
        await page.close()


async def open_until(address: str, is_so: Callable[[PageClient], bool], click: str = "") -> None:
    """Open a page, wait, and click a button of the line of interrupted jobs."""
    page = PageClient()
    await page.open(address)
    try:
        end = time.monotonic() + PATIENCE_S
        await until(page, lambda: is_so(page))
        if click:
            await page.say(page.component("job"), {"what": click})
            while page.shown("job") != {"type": "map"}:
                assert time.monotonic() < end and not page.errors, (page.errors, page.shown("job"))
                await asyncio.sleep(0.05)
    finally:
        await page.close()


@pytest.mark.skipif(sys.platform == "win32", reason="a process is killed by a signal")
def test_killed_while_it_trains_the_server_offers_to_resume_and_does_on_one_click(tmp_path):
    folder = tmp_path
    (folder / "data").mkdir()
    for name, size in (("dust", {}), ("grain", {"n_x": 30})):
        write_hspy(folder / "data" / f"{name}.hspy", spectrum_signal(poisson_map(**size)))
    with served(folder) as (address, process):
        # in a thread: the browser of other tests has a loop of its own running in this one
        with ThreadPoolExecutor(1) as thread:
            work = ask_for_two(f"{address}?data=dust.hspy&{LONG}", folder)
            thread.submit(asyncio.run, work).result(2 * PATIENCE_S)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert statuses(folder) == ["running", "queued"]
    # the next server is this process: it knows nothing of the first one either
    with served_here(folder) as address, ThreadPoolExecutor(1) as thread:
        work = open_until(
            f"{address}?data=nothing.hspy",
            lambda page: "Finding shared phases in " in str(page.shown("job")),
            "resume_job",
        )
        thread.submit(asyncio.run, work).result(2 * PATIENCE_S)
        # its map is sought again on the way: that is what the other job was of
        wait_until(
            lambda: statuses(folder) == ["resumed", "resumed", "running", "queued"],
            PATIENCE_S,
            lambda: str(statuses(folder)),
        )
