"""What the server answers besides the page, on a server without accounts."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import shutil
import socket
import threading
import time
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
from bokeh.application import Application
from bokeh.server.tornado import BokehTornado
from reader_files import poisson_map, signal, write_hspy
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop

import dashboard.endpoints
from dashboard import visitors
from dashboard.endpoints import health, running, status
from dashboard.loop_watch import LoopWatch
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


@pytest.fixture
def server(tmp_path, monkeypatch):
    """The routes of the plugin on a loop of their own, under a prefix, with a store and a living queue."""
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
        store=lambda: store, library=SimpleNamespace(used_bytes=0), queue=None, catalogue=Catalogue(data)
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


@pytest.fixture(scope="module")
def map_bytes(tmp_path_factory):
    path = tmp_path_factory.mktemp("maps") / "map.hspy"
    return write_hspy(path, signal(poisson_map())).read_bytes()


def begun(server, name, size, **more):
    answer = server.ask("POST", "/uploads", {"name": name, "size": size, **more})
    assert answer.status == 201, answer.body
    return answer.fields["id"]


def wait_until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def test_the_plugin_names_its_routes(server):
    assert {route[0] for route in dashboard.endpoints.ROUTES} >= {"/healthz", "/status", "/uploads/finish"}
    with pytest.raises(AttributeError):
        _ = dashboard.endpoints.NOTHING


def test_a_server_that_is_well_says_so_and_nothing_else(server):
    answer = server.ask("GET", "/healthz")
    assert answer.status == 200
    assert set(answer.fields) == {"ok", "store", "queue", "disk_free_bytes"}
    assert (answer.fields["ok"], answer.fields["store"], answer.fields["queue"]) == (True, "ok", "ok")
    assert server.ask("HEAD", "/healthz").status == 200
    assert "Server" not in answer.headers


def test_what_is_not_well_is_said(server, monkeypatch):
    def fail():
        raise ValueError("The store is the folder /srv/secret, which is locked.")

    monkeypatch.setattr(server.common, "store", fail)
    answer = server.ask("GET", "/healthz")
    assert (answer.status, answer.fields["store"]) == (503, "not usable")
    assert b"secret" not in answer.body
    monkeypatch.setattr(health, "LEAST_FREE_BYTES", 2**80)
    assert server.ask("GET", "/healthz").fields["store"] == "disk full"
    monkeypatch.setattr(health.threading, "enumerate", lambda: [])
    assert server.ask("GET", "/healthz").fields["queue"] == "not alive"
    server.running.is_stopping = True
    answer = server.ask("GET", "/healthz")
    assert (answer.status, answer.fields["stopping"]) == (503, True)


def test_a_disk_that_does_not_answer_holds_up_nobody(server, monkeypatch):
    release = threading.Event()
    monkeypatch.setattr(health, "ANSWERS_WITHIN_S", 0.2)
    monkeypatch.setattr(server.common, "store", lambda: release.wait(20))
    answers = []
    asking = [
        threading.Thread(target=lambda: answers.append(server.ask("GET", "/healthz"))) for _ in range(10)
    ]
    for one in asking:
        one.start()
    began = time.monotonic()
    assert server.ask("GET", "/uploads").status == 200
    assert time.monotonic() - began < 2
    for one in asking:
        one.join()
    assert [one.status for one in answers] == [503] * 10
    assert {one.fields["store"] for one in answers} == {"no answer"}
    assert len([one for one in threading.enumerate() if one.name.startswith("health")]) == 1
    release.set()


def test_a_file_is_sent_in_pieces_and_goes_on_after_a_break(server, map_bytes):
    upload = begun(server, "map.hspy", len(map_bytes), fingerprint="2024-05-01")
    half = len(map_bytes) // 2
    answer = server.ask("PATCH", f"/uploads/{upload}", map_bytes[:half], Upload_Offset="0")
    assert (answer.status, answer.fields["offset"]) == (200, half)
    # the same piece again, as after an answer that was lost on the way
    answer = server.ask("PATCH", f"/uploads/{upload}", map_bytes[:half], Upload_Offset="0")
    assert (answer.status, answer.fields["offset"]) == (409, half)
    assert "Go on from" in answer.fields["error"]
    head = server.ask("HEAD", f"/uploads/{upload}")
    assert (head.headers["Upload-Offset"], head.headers["Upload-Length"]) == (str(half), str(len(map_bytes)))
    # the page was closed: asking for the same file finds it
    answer = server.ask(
        "POST", "/uploads", {"name": "map.hspy", "size": len(map_bytes), "fingerprint": "2024-05-01"}
    )
    assert (answer.status, answer.fields["id"], answer.fields["offset"]) == (200, upload, half)
    assert server.ask("POST", "/uploads/finish", {"ids": [upload]}).status == 409
    server.ask("PUT", f"/uploads/{upload}", map_bytes[half:], Upload_Offset=str(half))
    answer = server.ask("POST", "/uploads/finish", {"ids": [upload]})
    assert (answer.status, answer.fields["entry_id"]) == (201, "uploads/team/map.hspy")
    assert "uploads/team/map.hspy" in [entry.id for entry in server.common.catalogue.entries()]
    assert server.ask("GET", "/uploads").fields["uploads"] == []

    again = begun(server, "again.hspy", len(map_bytes))
    server.ask("PATCH", f"/uploads/{again}", map_bytes, Upload_Offset="0")
    answer = server.ask("POST", "/uploads/finish", {"ids": [again]})
    assert (answer.status, answer.fields["is_new"]) == (200, False)


def test_what_came_before_the_connection_broke_is_kept(server):
    upload = begun(server, "map.bcf", 3_000_000)
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(
            f"PATCH /lab/uploads/{upload} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000000\r\n"
            f"Upload-Offset: 0\r\n\r\n".encode()
        )
        connection.sendall(bytes(2_000_000))
        # while it is under way nobody else writes
        wait_until(lambda: server.ask("GET", f"/uploads/{upload}").fields["offset"] > 0)
        assert server.ask("PATCH", f"/uploads/{upload}", b"1", Upload_Offset="0").status == 423
    wait_until(lambda: server.ask("GET", f"/uploads/{upload}").fields["offset"] == 2_000_000)
    answer = server.ask("PATCH", f"/uploads/{upload}", bytes(1_000_000), Upload_Offset="2000000")
    assert (answer.status, answer.fields["offset"]) == (200, 3_000_000)


@pytest.mark.parametrize(
    ("fields", "code", "says"),
    [
        ({"name": "../../map.bcf", "size": 10}, 422, "is a path"),
        ({"name": "map.bcf", "size": 2**40}, 413, "up to 5.0 MB are taken"),
        ({"name": "map.bcf", "size": "10"}, 422, "number of its bytes"),
        ({"name": "<script>.exe", "size": 10}, 422, "cannot be opened here"),
        ({"name": None}, 422, "no name"),
        ({}, 422, "no name"),
        ([], 400, "JSON object"),
        (b"\xff", 400, "JSON object"),
        (b"[" * 60_000, 400, "JSON object"),
        (b'"' + b"x" * 70_000 + b'"', 400, "JSON object"),
    ],
)
def test_what_cannot_be_begun_is_answered_with_a_sentence(server, fields, code, says):
    answer = server.ask("POST", "/uploads", fields)
    assert (answer.status, says in answer.fields["error"]) == (code, True), answer.fields
    assert answer.headers["Content-Type"].startswith("application/json")  # HTML in a name is text


def test_pieces_that_are_none_are_answered_with_a_sentence(server):
    upload = begun(server, "map.bcf", 1000)
    for offset in ("-1", "x", "²", "1" * 30):
        answer = server.ask(
            "PATCH", f"/uploads/{upload}", b"1", Upload_Offset=offset.encode().decode("latin-1")
        )
        assert answer.status == 400, offset
    answer = server.ask("PATCH", f"/uploads/{upload}", bytes(2000), Upload_Offset="0")
    assert (answer.status, "more came" in answer.fields["error"]) == (413, True)
    assert server.ask("PATCH", "/uploads/" + "0" * 32, bytes(2_000_000), Upload_Offset="0").status == 404
    assert server.ask("GET", "/uploads/..%2f..%2fetc").status == 404
    for ids in ("x", [1], [], ["x"]):
        assert server.ask("POST", "/uploads/finish", {"ids": ids}).status in (400, 404, 422)
    assert server.ask("DELETE", f"/uploads/{upload}").status == 204
    assert server.ask("GET", f"/uploads/{upload}").status == 404


def test_a_file_that_lies_about_its_type_is_refused(server):
    upload = begun(server, "map.bcf", 12)
    server.ask("PATCH", f"/uploads/{upload}", b"<!DOCTYPE html>"[:12], Upload_Offset="0")
    answer = server.ask("POST", "/uploads/finish", {"ids": [upload]})
    assert (answer.status, "is called a Bruker map" in answer.fields["error"]) == (422, True)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://lab.example.org.evil.example"},
        {"Host": "evil.example", "Origin": "http://evil.example"},  # a name of theirs that leads here
        {"Host": "evil.example"},
        {"Sec_Fetch_Site": "cross-site"},
    ],
)
def test_other_sites_are_refused(server, headers):
    for method, path in (
        ("POST", "/uploads"),
        ("GET", "/uploads"),
        ("POST", "/uploads/finish"),
        ("GET", "/status"),
    ):
        answer = server.ask(
            method, path, {"name": "map.bcf", "size": 10} if method == "POST" else None, **headers
        )
        assert answer.status == 403, (method, path)
    assert server.ask("GET", "/uploads").fields["uploads"] == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "lab.example.org", "Origin": "http://lab.example.org"},
        {"Host": "lab.example.org", "Origin": "https://lab.example.org"},
        {"Host": "localhost:5006", "Origin": "http://localhost:5006"},
        {},
    ],
)
def test_pages_of_this_server_are_answered(server, headers):
    assert server.ask("POST", "/uploads", {"name": "map.bcf", "size": 10}, **headers).status == 201


def test_while_the_server_stops_nothing_new_begins(server):
    server.running.is_stopping = True
    answer = server.ask("POST", "/uploads", {"name": "map.bcf", "size": 10})
    assert (answer.status, answer.headers["Retry-After"]) == (503, "10")
    assert "nothing is lost" in answer.fields["error"]


@pytest.mark.skipif(
    not os.path.exists("/dev/full"), reason="there is no /dev/full, a disk that is always full"
)
def test_a_full_disk_is_said(server):
    upload = begun(server, "map.bcf", 10)
    part = server.running.uploads.folder / ".incoming" / upload / "part"
    part.unlink()
    part.symlink_to("/dev/full")
    answer = server.ask("PATCH", f"/uploads/{upload}", b"12345", Upload_Offset="0")
    assert (answer.status, "disk of the server is full" in answer.fields["error"]) == (507, True)


def test_the_status_page_shows_names_as_text(server):
    store = server.common.store()
    store.begin_job("key", "<script>alert(1)</script>", "<b>anna", {})
    begun(server, "<img src=x>.bcf", 10)
    watch = LoopWatch(asyncio.new_event_loop())
    server.running.watch = watch
    answer = server.ask("GET", "/status", Host="localhost:5006")
    text = answer.body.decode()
    assert answer.status == 200
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "&lt;b&gt;anna" in text
    assert "<script" not in text
    assert "<img" not in text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    for word in (
        "open tabs",
        "memory of the process",
        "unfinished jobs",
        "Slow actions",
        "Unfinished uploads",
    ):
        assert word in text, word


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "lab.example.org"},
        {"Host": "localhost", "X_Forwarded_For": "10.0.0.7"},
        {"Host": "localhost", "X_Real_IP": "10.0.0.7"},
    ],
)
def test_without_accounts_the_status_page_is_for_who_sits_at_the_server(server, headers):
    answer = server.ask("GET", "/status", **headers)
    assert answer.status == 403
    assert b"own computer only" in answer.body
    assert b"memory" not in answer.body


def test_status_says_when_the_store_is_not_usable(server, monkeypatch):
    def fail():
        raise ValueError("The database is locked.")

    monkeypatch.setattr(server.common, "store", fail)
    assert b"The database is locked." in server.ask("GET", "/status", Host="localhost").body


def test_upkeep_sweeps_what_was_abandoned(server):
    upload = begun(server, "map.bcf", 10)
    folder = server.running.uploads.folder / ".incoming" / upload
    for path in (folder, *folder.iterdir()):
        os.utime(path, (0, 0))
    server.running._upkeep()
    assert not folder.exists()
    shutil.rmtree(server.running.settings.store_folder)
    server.running._upkeep()  # says in the log that it could not


def test_what_visits_share_is_not_made_for_an_answer(monkeypatch):
    monkeypatch.setattr(visitors, "shared", SimpleNamespace(cache_info=lambda: SimpleNamespace(currsize=0)))
    assert running.made_already() is None
