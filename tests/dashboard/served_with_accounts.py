"""A real ``panel serve`` with accounts, and nginx with TLS before it, as in deploy/."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STARTS_WITHIN_S = 300  # it compiles its kernels, where nobody has before

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


@contextmanager
def served_with_accounts(folder: Path) -> Iterator[Served]:
    """Two people, anna (an admin) and ben, whose passwords are the first letters of their names."""
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


@contextmanager
def behind_nginx(served: Served) -> Iterator[int]:
    """nginx with deploy/nginx.conf, its names, ports and certificate changed; gives the port of its http."""
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
