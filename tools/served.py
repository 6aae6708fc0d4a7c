"""The app as a team sees it: served in a process of its own, for pictures and for measuring."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

#: in a page: the phases are found and drawn
FOUND = """() => modelNamed('phase_map:phases')?.data.image.length > 0
    && modelNamed('latent:density')?.data.image.length > 0"""


@contextmanager
def served(environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """Serve app.py until the block ends; gives its address. The demo's phases are found before.

    Parameters
    ----------
    environment : settings of the process, e.g. LODESTONE_DATA, beside those of this one

    Raises
    ------
    RuntimeError
        The server did not answer within two minutes.
    """
    surroundings = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE", **(environment or {})}
    subprocess.run([sys.executable, "-m", "dashboard.first_demo"], cwd=ROOT, env=surroundings, check=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    flags = ["--port", str(port), "--warm", "--plugins", "dashboard.endpoints"]
    server = subprocess.Popen(
        [sys.executable, "-m", "panel", "serve", str(ROOT / "app.py"), *flags],
        cwd=ROOT,
        env=surroundings,
    )
    try:
        address = f"http://localhost:{port}/app"
        _wait(address)
        yield address
    finally:
        server.terminate()
        server.wait()


def _wait(address: str) -> None:
    for _ in range(240):
        try:
            urllib.request.urlopen(address, timeout=60).read()
            return
        except OSError:
            time.sleep(0.5)
    raise RuntimeError(f"The server did not answer at {address}.")
