"""A real browser for the journeys; a journey fails on any error in the page, on the server or on the network.

Exceptions of an app only reach the log of the server and leave the page blank, errors in the browser only its
console: both are collected here, with every request that leaves this computer.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import socket
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import panel as pn
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from small_map import write_map
from team_server import Team, served_team
from tornado.websocket import WebSocketClosedError

from tools.browser import FLAGS, MODEL_NAMED

TIMEOUT_MS = 120_000
expect.set_options(timeout=TIMEOUT_MS)
# some of these keep their records from the root logger
SERVER_LOGGERS = ("", "panel", "bokeh", "tornado", "asyncio", "dashboard")


class Faults(list):
    """What went wrong during a journey, as text. A journey that provokes a fault on purpose allows it."""

    def __init__(self) -> None:
        super().__init__()
        self._allowed: list[str] = []

    def allow(self, text: str) -> None:
        """Faults that contain this text, by now or later, are no reason to fail."""
        self._allowed.append(text)

    def unforeseen(self) -> list[str]:
        """The faults that were not allowed."""
        return [fault for fault in self if not any(text in fault for text in self._allowed)]


class _Collector(logging.Handler):
    def __init__(self, faults: Faults) -> None:
        super().__init__(logging.ERROR)
        self._faults = faults
        self.setFormatter(logging.Formatter("server log: %(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[0] in (asyncio.CancelledError, WebSocketClosedError):
            return  # a message to a tab that was just closed
        text = self.format(record)
        if "playwright/_impl" in text:
            return  # a request that a journey held back until its page was closed: not of the server
        if text not in self._faults:  # one record passes several of the loggers
            self._faults.append(text)


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """One headless Chromium for all journeys."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, headless=True, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def faults() -> Iterator[Faults]:
    """Faults of this journey, from the page, the network and the log of the server; none may be left."""
    faults = Faults()
    collector = _Collector(faults)
    for name in SERVER_LOGGERS:
        logging.getLogger(name).addHandler(collector)
    yield faults
    for name in SERVER_LOGGERS:
        logging.getLogger(name).removeHandler(collector)
    assert not faults.unforeseen(), "during the journey:\n" + "\n".join(faults.unforeseen())


@pytest.fixture
def serve(faults: Faults) -> Iterator[Callable[..., str]]:
    """Serve an app (a function that makes a page, or a mapping of them) and give its address."""

    threads = []

    def run(app: Any, **options: Any) -> str:
        port = _free_port()
        thread = pn.serve(
            {name: _watched(one, faults) for name, one in app.items()}
            if isinstance(app, Mapping)
            else _watched(app, faults),
            port=port,
            address="127.0.0.1",
            threaded=True,
            show=False,
            verbose=False,
            websocket_origin=f"127.0.0.1:{port}",
            **options,
        )
        threads.append(thread)
        _wait_for_server(port)
        return f"http://127.0.0.1:{port}"

    yield run
    pn.state.kill_all_servers()
    for thread in threads:  # what a server still says belongs to this journey, not to the next
        thread.join(TIMEOUT_MS / 1000)


@pytest.fixture
def new_context(
    browser: Browser, serve: Callable[..., str], faults: Faults
) -> Iterator[Callable[[], BrowserContext]]:
    """Makes fresh browser profiles at 1440 x 900, one a person; their pages are watched like ``page``."""
    contexts: list[BrowserContext] = []

    def new() -> BrowserContext:
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        contexts.append(context)
        context.set_default_timeout(TIMEOUT_MS)
        context.route(lambda url: not _is_local(url), lambda route: route.abort())
        context.add_init_script(MODEL_NAMED)
        context.on("page", lambda page: _watch(page, faults))
        return context

    yield new
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def served_to_all(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """One server with accounts for all journeys of several people, over a folder with one small map."""
    with served_team(tmp_path_factory.mktemp("team"), browser) as team:
        write_map(team.data / "dust.hspy")
        yield team
        assert not team.failures(), "\n".join(team.failures())


@pytest.fixture
def team(served_to_all: Team, faults: Faults) -> Iterator[Team]:
    """The server with accounts; pages that a journey opens are watched for faults, and closed after it."""
    pages: list[Page] = []

    def watched(page: Page) -> None:
        page.set_default_timeout(TIMEOUT_MS)
        _watch(page, faults)
        pages.append(page)

    yield replace(served_to_all, watch=watched)
    for page in pages:
        page.close()


@pytest.fixture
def context(new_context: Callable[[], BrowserContext]) -> BrowserContext:
    """The browser profile of a journey of one person."""
    return new_context()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """An empty tab, watched for faults."""
    return context.new_page()


def _watched(app: Callable[[], Any], faults: Faults) -> Callable[[], Any]:
    """The app, its failures noted: Panel prints them and shows a page that says nothing."""

    @functools.wraps(app)
    def run() -> Any:
        try:
            return app()
        except Exception:
            faults.append(f"app: {traceback.format_exc()}")
            raise

    return run


def _watch(page: Page, faults: Faults) -> None:
    def leaves(url: str) -> None:
        if not _is_local(url):
            faults.append(f"request left this computer: {url}")

    page.on("pageerror", lambda error: faults.append(f"page error: {error}"))
    page.on(
        "console",
        lambda message: faults.append(f"console: {message.text}") if message.type == "error" else None,
    )
    page.on("request", lambda request: leaves(request.url))
    page.on("websocket", lambda websocket: leaves(websocket.url))


def _is_local(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("data", "blob", "about") or parts.hostname == "127.0.0.1"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for_server(port: int) -> None:
    end = time.monotonic() + TIMEOUT_MS / 1000
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)  # a refused connection returns at once
