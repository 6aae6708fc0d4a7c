"""The routes of the server's plugin on a loop of their own, for tests without ``panel serve``."""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest
from bokeh.application import Application
from bokeh.server.tornado import BokehTornado
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop

import dashboard.endpoints
from dashboard.endpoints import health, running, status
from dashboard.files.thumbnails import Thumbnails
from dashboard.result_cache import ResultCache
from dashboard.store import Store
from data.catalogue import Catalogue


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def fields(self) -> dict:
        return json.loads(self.body)


@dataclass
class Server:
    """A running server of the test."""

    port: int
    prefix: str = ""
    running: running.Running | None = None
    common: SimpleNamespace = field(default_factory=SimpleNamespace)

    def ask(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        body = json.dumps(body).encode() if isinstance(body, dict | list) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, self.prefix + path, body, named)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())


@contextmanager
def routes_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server under a prefix, with a store and a living queue."""
    data = tmp_path / "data"
    data.mkdir()
    monkeypatch.setenv("LODESTONE_DATA", str(data))
    monkeypatch.setenv("LODESTONE_UPLOAD_LIMIT", "5MB")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setattr(running, "begin_with_the_loop", lambda: None)
    monkeypatch.setattr(health, "_under_way", None)
    running.running.cache_clear()
    store = Store.open(data / ".lodestone")
    common = SimpleNamespace(
        store=lambda: store,
        library=SimpleNamespace(used_bytes=0),
        queue=None,
        catalogue=Catalogue(data),
        kept=ResultCache(tmp_path / "cache"),
        thumbnails=Thumbnails(tmp_path / "cache"),
    )
    monkeypatch.setattr(running, "made_already", lambda: common)
    for module in (health, status):
        monkeypatch.setattr(module, "made_already", lambda: common)
    workers_end = threading.Event()
    worker = threading.Thread(target=workers_end.wait, name="job worker of a test")
    worker.start()

    started, found = threading.Event(), {}

    def serve():
        asyncio.set_event_loop(asyncio.new_event_loop())
        loop = IOLoop.current()
        app = BokehTornado(
            {"/app": Application()},
            prefix="lab",
            extra_patterns=list(dashboard.endpoints.ROUTES),
            extra_websocket_origins=["lab.example.org:80", "127.0.0.1:*"],
        )
        http_server = HTTPServer(app)
        http_server.listen(0, "127.0.0.1")
        port = next(iter(http_server._sockets.values())).getsockname()[1]
        found.update(loop=loop, port=port)
        loop.add_callback(started.set)
        loop.start()
        http_server.stop()
        loop.asyncio_loop.run_until_complete(http_server.close_all_connections())
        loop.close()

    thread = threading.Thread(target=serve)
    thread.start()
    assert started.wait(20)
    yield Server(found["port"], "/lab", running.running(), common)
    found["loop"].add_callback(found["loop"].stop)
    thread.join()
    workers_end.set()
    running.running().pieces.shutdown()
    running.running().checks.shutdown()
    store.close()
    running.running.cache_clear()


def begun(server, name, size, **more):
    answer = server.ask("POST", "/uploads", {"name": name, "size": size, **more})
    assert answer.status == 201, answer.body
    return answer.fields["id"]
