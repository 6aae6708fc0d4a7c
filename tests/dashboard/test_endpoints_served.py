"""A real ``panel serve`` with accounts, behind nginx with TLS as in deploy/, stopped as systemd does it."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from reader_files import poisson_map, write_hspy
from reader_files import signal as spectrum_signal
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

ROOT = Path(__file__).resolve().parents[2]
STARTS_WITHIN_S = 120

APP = """
import panel as pn
from slow_job import submit
submit(pn.state.location)
pn.panel(f"Hello {pn.state.user}").servable()
"""
SLOW_JOB = """
import time
from pathlib import Path
from dashboard.visitors import shared

class Slow:
    key = title = "slow"
    def run(self):
        Path("{folder}/job").write_text("runs")
        try:
            while True:
                time.sleep(0.05)
                yield None
        finally:
            Path("{folder}/job").write_text("has ended")

def submit(location):
    if location and "job" in location.search:
        shared().queue.submit(Slow(), "anna")
"""


@dataclass
class Served:
    """The server, its folder, and how to ask it."""

    process: subprocess.Popen
    port: int
    folder: Path
    https_port: int = 0

    def ask(self, method, path, body=None, tls=False, **headers):
        if tls:
            trusting = ssl._create_unverified_context()
            connection = http.client.HTTPSConnection(
                "localhost", self.https_port, timeout=30, context=trusting
            )
        else:
            connection = http.client.HTTPConnection("localhost", self.port, timeout=30)
        body = json.dumps(body).encode() if isinstance(body, dict) else body
        connection.request(method, path, body, {name.replace("_", "-"): one for name, one in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def log(self):
        return (self.folder / "log").read_text(encoding="utf-8")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def wait_until(condition, seconds, what):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what()
        time.sleep(0.05)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    for name in ("data", "app"):
        (folder / name).mkdir()
    (folder / "app" / "app.py").write_text(APP)
    (folder / "app" / "slow_job.py").write_text(SLOW_JOB.replace("{folder}", str(folder)))
    (folder / "users.json").write_text('{"anna": "a", "ben": "b"}')
    port, https_port = free_port(), free_port()
    environment = os.environ | {
        "LODESTONE_DATA": str(folder / "data"),
        "LODESTONE_CACHE": str(folder / "cache"),
        "LODESTONE_LOG": "json",
        "LODESTONE_ADMINS": "anna",
        "OMP_WAIT_POLICY": "PASSIVE",
        "PANEL_COOKIE_SECRET": "for-tests-only",
    }
    for name in ("DATABASE_URL", "LODESTONE_STORE"):
        environment.pop(name, None)
    flags = [
        "--address",
        "127.0.0.1",
        "--port",
        str(port),
        "--plugins",
        "dashboard.endpoints",
        "--use-xheaders",
    ]
    flags += [
        "--allow-websocket-origin",
        f"localhost:{https_port}",
        "--basic-auth",
        str(folder / "users.json"),
        "--basic-login-template",
        "dashboard/login.html",
        "--logout-template",
        "dashboard/logout.html",
    ]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [Path(sys.executable).with_name("panel"), "serve", str(folder / "app" / "app.py"), *flags],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    one = Served(process, port, folder, https_port)

    def is_up():
        assert process.poll() is None, one.log()
        try:
            return one.ask("GET", "/healthz")[0] == 200
        except OSError:
            return False

    try:
        wait_until(is_up, STARTS_WITHIN_S, one.log)
        yield one
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def proxied(served):
    """nginx with deploy/nginx.conf, its names, ports and certificate changed, in front of the server."""
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None or shutil.which("openssl") is None:
        pytest.skip("nginx or openssl is not installed (Debian: apt-get install nginx openssl)")
    folder = served.folder / "nginx"
    folder.mkdir()
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout privkey.pem"
    subprocess.run(
        [*command.split(), "-out", "fullchain.pem"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    http_port = free_port()
    text = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    for found, new in (
        ("listen 80;", f"listen 127.0.0.1:{http_port};"),
        ("listen 443 ssl http2;", f"listen 127.0.0.1:{served.https_port} ssl http2;"),
        ("server 127.0.0.1:5006;", f"server 127.0.0.1:{served.port};"),
        ("lab.example.org", "localhost"),
        ("/etc/ssl/lodestone", str(folder)),
        ("/var/log/nginx", str(folder)),
    ):
        assert found in text, found
        text = text.replace(found, new)
    temporary = "".join(
        f"{one}_temp_path {folder}/{one}; " for one in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{ {temporary}\n{text}\n}}\n"
    )
    process = subprocess.Popen([nginx, "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "error.log"])

    def is_up():
        assert process.poll() is None, (folder / "error.log").read_text()
        try:
            return served.ask("GET", "/healthz", tls=True)[0] == 200
        except OSError:
            return False

    try:
        wait_until(is_up, 10, lambda: (folder / "error.log").read_text())
        yield http_port
    finally:
        process.terminate()
        process.wait()


def signed_in(served, name, tls=False):
    """The cookies of somebody who has signed in."""
    form = urllib.parse.urlencode({"username": name, "password": name[0]})
    kind = "application/x-www-form-urlencoded"
    status, headers, _ = served.ask("POST", "/login", form, tls, Content_Type=kind)
    assert status == 302
    return headers.get_all("Set-Cookie")


def as_header(cookies):
    return "; ".join(one.split(";")[0] for one in cookies)


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
