"""What the server answers besides the page, on a server without accounts: health, status, whom it answers."""

from __future__ import annotations

import asyncio
import threading
import time
from types import SimpleNamespace

import pytest
from routes_here import begun, routes_here

import dashboard.endpoints
from dashboard import visitors
from dashboard.endpoints import health, running
from dashboard.loop_watch import LoopWatch


@pytest.fixture
def server(tmp_path, monkeypatch):
    with routes_here(tmp_path, monkeypatch) as one:
        yield one


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


def test_what_visits_share_is_not_made_for_an_answer(monkeypatch):
    monkeypatch.setattr(visitors, "shared", SimpleNamespace(cache_info=lambda: SimpleNamespace(currsize=0)))
    assert running.made_already() is None
