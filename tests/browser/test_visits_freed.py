"""Visits that were closed leave nothing behind: no document, no state, no memory."""

from __future__ import annotations

import asyncio
import gc
import time
import weakref
from concurrent.futures import ThreadPoolExecutor

import panel as pn
import psutil
from reader_files import poisson_map, write_hspy
from reader_files import signal as spectrum_signal
from served_here import served_here
from tornado.httpclient import AsyncHTTPClient

from dashboard import visitors
from tools.page_client import PageClient

N_VISITS = 50
#: of these one in so many is looked at; the others are closed while their page is still empty
LOOKED_AT = 25
PATIENCE_S = 120.0
#: one visit takes some 10 MB
LEFT_MB = 60.0


async def visit(address: str, looked_at: bool) -> None:
    page = PageClient()
    address = f"{address}?data=dust.hspy&latent.method=pca"
    if not looked_at:  # whoever made a mistake in the address is gone before the page is there
        await AsyncHTTPClient().fetch(address, request_timeout=PATIENCE_S)
        return
    await page.open(address)
    end = time.monotonic() + PATIENCE_S
    while page.labelled("Number of phases") is None:
        assert time.monotonic() < end and not page.errors, page.errors
        await asyncio.sleep(0.02)
    await page.close()
    assert not page.errors


async def visits(address: str, numbers: range) -> None:
    for number in numbers:
        await visit(address, number % LOOKED_AT == 0)


def memory_mb() -> float:
    return psutil.Process().memory_full_info().uss / 2**20


def test_fifty_visits_that_were_opened_and_closed_are_freed(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    write_hspy(tmp_path / "data" / "dust.hspy", spectrum_signal(poisson_map(24, 24)))
    documents, states = weakref.WeakSet(), weakref.WeakSet()

    class Watched(visitors.Workbench):
        def __init__(self):
            super().__init__()
            states.add(self.phases)

    def page():
        documents.add(pn.state.curdoc)
        return visitors.visit_page()

    def all_are_gone() -> None:
        end = time.monotonic() + PATIENCE_S
        while documents or states:
            assert time.monotonic() < end, f"{len(documents)} documents and {len(states)} states are left"
            time.sleep(0.1)
            gc.collect()

    monkeypatch.setattr(visitors, "Workbench", Watched)
    soon = {"unused_session_lifetime_milliseconds": 3000, "check_unused_sessions_milliseconds": 500}
    # in a thread: the browser of other tests has a loop of its own running in this one
    with served_here(tmp_path, page, **soon) as address, ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, visits(address, range(5))).result(PATIENCE_S)
        all_are_gone()
        before = memory_mb()
        thread.submit(asyncio.run, visits(address, range(5, N_VISITS))).result(2 * PATIENCE_S)
        all_are_gone()
        assert memory_mb() - before < LEFT_MB
        assert visitors.shared().presence.tabs(0) == set()
