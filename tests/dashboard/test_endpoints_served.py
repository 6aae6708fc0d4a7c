"""A real ``panel serve`` with accounts, behind nginx with TLS as in deploy/, stopped as systemd does it."""

from __future__ import annotations

import asyncio
import http.client
import json
import re
import signal
import socket
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

import pytest
from reader_files import poisson_map, write_hspy
from reader_files import signal as spectrum_signal
from served_with_accounts import as_header, behind_nginx, served_with_accounts, signed_in, wait_until
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with served_with_accounts(tmp_path_factory.mktemp("served")) as one:
        yield one


@pytest.fixture(scope="module")
def proxied(served):
    with behind_nginx(served) as http_port:
        yield http_port


def test_without_a_login_nothing_is_told_but_that_it_is_well(served):
    assert served.ask("GET", "/healthz")[0] == 200
    assert served.ask("GET", "/app")[0] == 302  # to the login
    for method, path in (
        ("GET", "/uploads"),
        ("POST", "/uploads"),
        ("PATCH", "/uploads/" + "0" * 32),
        ("POST", "/uploads/finish"),
    ):
        status, _, body = served.ask(method, path, {} if method != "GET" else None)
        assert (status, b"not signed in" in body) == (401, True), (method, path)
    status, _, body = served.ask("GET", "/status")
    assert (status, b"memory" in body) == (401, False)
    # a cookie that nobody here has signed
    assert served.ask("GET", "/uploads", Cookie='user="anna"; is_guest=1')[0] == 401


def test_the_pages_of_the_login_ask_no_other_server_and_say_nothing_that_an_address_tells_them(served):
    status, _, body = served.ask("GET", "/login?error=%3Cscript%3ECall%20me")
    assert (status, body.count(b"<script"), b"Call me" in body) == (200, 1, False)
    assert b"The name or the password is wrong" in body
    assert b"is wrong" not in served.ask("GET", "/login")[2]
    signed_out = served.ask("GET", "/logout")
    assert b"You are signed out" in signed_out[2]
    assert any(cookie.startswith('user="";') for cookie in signed_out[1].get_all("Set-Cookie"))
    for page in (body, signed_out[2]):
        assert b"://" not in page


def test_uploads_belong_to_who_is_signed_in(served):
    anna, ben = (as_header(signed_in(served, name)) for name in ("anna", "ben"))
    status, _, body = served.ask("POST", "/uploads", {"name": "map.bcf", "size": 10}, Cookie=anna)
    assert status == 201
    upload = json.loads(body)["id"]
    assert served.ask("GET", f"/uploads/{upload}", Cookie=anna)[0] == 200
    assert served.ask("GET", f"/uploads/{upload}", Cookie=ben)[0] == 404
    assert served.ask("DELETE", f"/uploads/{upload}", Cookie=ben)[0] == 404
    foreign = {"Cookie": anna, "Origin": "https://evil.example"}
    assert served.ask("DELETE", f"/uploads/{upload}", **foreign)[0] == 403
    assert served.ask("DELETE", f"/uploads/{upload}", Cookie=anna)[0] == 204


@pytest.mark.parametrize(
    ("origin", "refused"),
    [
        ("https://evil.example", True),
        ("http://localhost.evil.example:{port}", True),
        ("null", True),
        ("http://127.0.0.1:{port}", False),
    ],
)
def test_a_websocket_is_opened_by_pages_of_this_server_alone(served, origin, refused):
    cookie = as_header(signed_in(served, "anna"))
    token = re.search(rb'"token":"([^"]+)"', served.ask("GET", "/app", Cookie=cookie)[2])[1].decode()

    async def first_message():
        headers = {"Cookie": cookie, "Origin": origin.format(port=served.port)}
        request = HTTPRequest(f"ws://127.0.0.1:{served.port}/app/ws", headers=headers)
        websocket = await websocket_connect(request, subprotocols=["bokeh", token])
        message = await websocket.read_message()
        websocket.close()
        return json.loads(message)["msgtype"]

    with ThreadPoolExecutor(1) as thread:
        asked = thread.submit(asyncio.run, first_message())
        if refused:
            with pytest.raises(HTTPClientError, match="403"):
                asked.result(60)
        else:
            assert asked.result(60) == "ACK"


def test_the_status_page_is_for_admins(served):
    anna, ben = (as_header(signed_in(served, name)) for name in ("anna", "ben"))
    status, _, body = served.ask("GET", "/app", Cookie=anna)
    assert status == 200
    status, _, body = served.ask("GET", "/status", Cookie=anna)
    assert (status, b"<th>anna</th>" in body) == (200, True)
    status, _, body = served.ask("GET", "/status", Cookie=ben)
    assert (status, b"LODESTONE_ADMINS" in body, b"memory" in body) == (403, True, False)


def test_nginx_passes_pages_websockets_and_large_files(served, proxied, tmp_path):
    connection = http.client.HTTPConnection("localhost", proxied, timeout=10)
    connection.request("GET", "/app")
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Location"].startswith("https://localhost/app")) == (301, True)

    cookies = signed_in(served, "anna", tls=True)
    assert all("secure" in one.lower() and "samesite=lax" in one.lower() for one in cookies)
    origin = f"https://localhost:{served.https_port}"
    mine = {"Cookie": as_header(cookies), "Origin": origin}
    status, headers, page = served.ask("GET", "/app?s=a-token", tls=True, **mine)
    assert (status, "max-age" in headers["Strict-Transport-Security"]) == (200, True)
    token = re.search(rb'"token":"([^"]+)"', page)[1].decode()

    async def first_message(asked_from):
        request = HTTPRequest(
            f"wss://localhost:{served.https_port}/app/ws",
            headers={"Cookie": mine["Cookie"], "Origin": asked_from},
            validate_cert=False,
        )
        websocket = await websocket_connect(request, subprotocols=["bokeh", token])
        message = await websocket.read_message()
        websocket.close()
        return json.loads(message)

    # in a thread: the browser of other tests has a loop of its own running in this one
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(asyncio.run, first_message(origin)).result(60)["msgtype"] == "ACK"
        with pytest.raises(HTTPClientError, match="403"):
            thread.submit(asyncio.run, first_message("https://evil.example")).result(60)

    # larger than any body that nginx takes elsewhere
    content = write_hspy(tmp_path / "map.hspy", spectrum_signal(poisson_map())).read_bytes()
    content += bytes(12_000_000)  # HDF5 does not mind what follows it
    begun = {"name": "map.hspy", "size": len(content)}
    status, _, body = served.ask("POST", "/uploads", begun, tls=True, **mine)
    assert status == 201
    upload = json.loads(body)["id"]
    status, _, body = served.ask("PATCH", f"/uploads/{upload}", content, True, **mine, Upload_Offset="0")
    assert (status, json.loads(body)["offset"]) == (200, len(content))
    status, _, body = served.ask("POST", "/uploads/finish", {"ids": [upload]}, tls=True, **mine)
    assert (status, json.loads(body)["entry_id"]) == (201, "uploads/team/map.hspy")
    status, _, body = served.ask(
        "GET", "/uploads", tls=True, Cookie=mine["Cookie"], Origin="https://evil.example"
    )
    assert status == 403

    written = (served.folder / "nginx" / "lodestone.log").read_text()
    assert "GET /app 200" in written
    assert "a-token" not in written
    assert "127.0.0.1" not in written


def test_passwords_are_guessed_slowly(served, proxied):
    wrong = urllib.parse.urlencode({"username": "anna", "password": "guess"})
    kind = "application/x-www-form-urlencoded"
    answers = [served.ask("POST", "/login", wrong, True, Content_Type=kind)[0] for _ in range(15)]
    assert answers[0] == 302  # back to the form
    assert answers[-1] == 503


def test_told_to_stop_it_ends_what_it_does_and_leaves(served):
    """Last in this file: the server is gone after it."""
    anna = as_header(signed_in(served, "anna"))
    assert served.ask("GET", "/app?job=1", Cookie=anna)[0] == 200
    job = served.folder / "job"
    wait_until(lambda: job.exists() and job.read_text() == "runs", 20, served.log)
    _, _, body = served.ask("POST", "/uploads", {"name": "late.bcf", "size": 4_000_000}, Cookie=anna)
    upload = json.loads(body)["id"]
    with socket.create_connection(("localhost", served.port)) as connection:
        connection.sendall(
            f"PATCH /uploads/{upload} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000000\r\n"
            f"Upload-Offset: 0\r\nCookie: {anna}\r\n\r\n".encode()
        )
        connection.sendall(bytes(2_500_000))
        part = served.folder / "data" / "uploads" / ".incoming" / upload / "part"
        wait_until(lambda: part.stat().st_size >= 2**20, 10, served.log)
        began = time.monotonic()
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(20) == 0, served.log()
        assert time.monotonic() - began < 15
    assert job.read_text() == "has ended"
    assert 2**20 <= part.stat().st_size <= 2_500_000
    with pytest.raises(OSError):
        served.ask("GET", "/healthz")

    lines = [json.loads(line) for line in served.log().splitlines() if line.startswith("{")]
    said = [line["what"] for line in lines]
    assert "the server has started" in said
    assert "the server stops: jobs and writes come to an end" in said
    assert "the server has stopped" in said
    finished = [line for line in lines if line["what"] == "upload finished"]
    assert all((line["who"], line["dataset"]) == ("anna", "uploads/team/map.hspy") for line in finished)
    assert "127.0.0.1" not in "".join(said)
    assert "Traceback" not in served.log()
