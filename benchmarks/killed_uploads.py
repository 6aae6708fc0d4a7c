"""Is anything of an upload lost where the server is killed? ``python benchmarks/killed_uploads.py``

Files are sent in pieces over HTTP, by three senders at once, to a process with the routes of the server. It
is killed with SIGKILL at a random moment, and the next one goes on with the same folder. Every byte that was
acknowledged must be there, what is unfinished must be the beginning of its file, and the catalogue must list
whole files alone. In the end each file is there once, with the right hash.

Saves are killed by ``benchmarks/killed_saves.py``, jobs by ``benchmarks/killed_jobs.py``. The result is 1
where anything is lost or torn.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import http.client
import json
import os
import random
import socket
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "data")]

import numpy as np  # noqa: E402
from bokeh.application import Application  # noqa: E402
from bokeh.server.tornado import BokehTornado  # noqa: E402
from reader_files import poisson_map, signal, write_hspy  # noqa: E402
from tornado.httpserver import HTTPServer  # noqa: E402
from tornado.ioloop import IOLoop  # noqa: E402

import dashboard.endpoints  # noqa: E402
from benchmarks.killing import main  # noqa: E402
from dashboard.endpoints import running  # noqa: E402
from data.catalogue import Catalogue  # noqa: E402
from data.upload_check import check_content  # noqa: E402
from tools.forked import forked, killed  # noqa: E402

PIECE_BYTES = 200_000
N_FILES, FILE_BYTES = 60, 3_000_000
N_SENDERS = 3


@dataclass
class Sent:
    """What the senders know: bytes acknowledged of each file, and the files that were finished."""

    contents: dict[str, bytes]
    offsets: dict[str, int] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    n_pieces: int = 0
    n_resumed: int = 0


def serve_uploads(data: Path, port: int) -> None:
    """The routes of the server, without its pages."""
    os.environ["LODESTONE_DATA"] = str(data)
    running.begin_with_the_loop = lambda: None  # no pages, no log: what takes time to start
    running.running.cache_clear()
    asyncio.set_event_loop(asyncio.new_event_loop())
    app = BokehTornado({"/app": Application()}, extra_patterns=list(dashboard.endpoints.ROUTES))
    HTTPServer(app).listen(port, "127.0.0.1")
    IOLoop.current().start()


def send(port: int, names: list[str], sent: Sent) -> None:
    """Send files until all are there or the server is gone."""

    def ask(method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
        body = json.dumps(body).encode() if isinstance(body, dict) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        answer = connection.getresponse()
        fields = json.loads(answer.read())
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {fields}")
        return fields

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with contextlib.suppress(OSError, http.client.HTTPException):
        for name in names:
            if name in sent.done:
                continue
            content = sent.contents[name]
            upload = ask("POST", "/uploads", {"name": name, "size": len(content)})
            sent.n_resumed += upload["offset"] > 0
            while (offset := upload["offset"]) < len(content):
                piece = content[offset : offset + PIECE_BYTES]
                upload = ask("PATCH", f"/uploads/{upload['id']}", piece, Upload_Offset=str(offset))
                sent.offsets[name] = upload["offset"]
                sent.n_pieces += 1
            ask("POST", "/uploads/finish", {"ids": [upload["id"]]})
            sent.done.add(name)
    connection.close()


def upload_once(data: Path, sent: Sent, kill_after_s: float | None) -> None:
    """Serve and send; killed after so many seconds, or None to come to the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    child = forked(lambda: serve_uploads(data, port))
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            break
        time.sleep(0.005)
    names = list(sent.contents)
    senders = [
        threading.Thread(target=send, args=(port, names[i::N_SENDERS], sent)) for i in range(N_SENDERS)
    ]
    for sender in senders:
        sender.start()
    if kill_after_s is not None:
        time.sleep(kill_after_s)
        killed(child)
    for sender in senders:
        sender.join()
    if kill_after_s is None:
        killed(child)


def upload_faults(data: Path, sent: Sent) -> Iterator[str]:
    """Sentences on what is lost, torn or seen half."""
    hashes = {hashlib.sha256(content).digest(): name for name, content in sent.contents.items()}
    listed = [
        hashes.get(hashlib.sha256(one.path.read_bytes()).digest()) for one in Catalogue(data).entries()[1:]
    ]
    yield from ["the catalogue lists a file that is not whole"] * listed.count(None)
    yield from (f"{name} is there twice" for name in set(listed) - {None} if listed.count(name) > 1)
    yield from (f"{name} was finished and is not there" for name in sent.done - set(listed))
    arrived = {}
    for about in (data / "uploads" / ".incoming").glob("*/about.json"):
        name, part = json.loads(about.read_text())["name"], about.with_name("part").read_bytes()
        arrived[name] = len(part)
        if not sent.contents[name].startswith(part):
            yield f"{name}: what has arrived is not its beginning"
    for name, offset in sent.offsets.items():
        if name not in listed and arrived.get(name, 0) < offset:
            yield f"{name}: {offset} bytes were acknowledged, {arrived.get(name, 0)} are there"


def benchmark_uploads(folder: Path, n_kills: int, moments: random.Random) -> list[str]:
    data, faults = folder / "data", []
    data.mkdir()
    source = write_hspy(folder / "map.hspy", signal(poisson_map())).read_bytes()
    check_content(folder / "map.hspy")  # what it imports takes longer than a server lives here
    random_bytes = np.random.default_rng(moments.randrange(2**32)).bytes

    def new_files(turn: int) -> dict[str, bytes]:
        # HDF5 does not mind what follows
        return {f"map{turn}-{i}.hspy": source + random_bytes(FILE_BYTES) for i in range(N_SENDERS)}

    sent = Sent(new_files(0))
    for turn in range(n_kills):
        upload_once(data, sent, moments.uniform(0.0, 1.5))
        faults += upload_faults(data, sent)
        if len(sent.done) == len(sent.contents) and len(sent.contents) < N_FILES:
            sent.contents |= new_files(turn + 1)
    upload_once(data, sent, None)
    faults += upload_faults(data, sent)
    faults += [f"{name} did not get to its end" for name in set(sent.contents) - sent.done]
    print(
        f"  {n_kills} kills: {sent.n_pieces} pieces acknowledged, {sent.n_resumed} times gone on after "
        f"a kill, {len(sent.done)} of {len(sent.contents)} files whole in the end; {len(faults)} lost or torn"
    )
    return faults


if __name__ == "__main__":
    sys.exit(main(__doc__.splitlines()[0], benchmark_uploads))
