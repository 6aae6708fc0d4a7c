"""Memory of an open page that nobody touches, beyond what Panel itself takes for one.

The app is served in a process of its own; pages of the demo are opened in headless Chromium one after the
other, each until its phases are drawn and its sidebar is there, and left alone. The memory of the server (its
own, not shared with other processes) is read after the first ones, which load what all share, and after the
last one. The named peers are served and opened in the same way: a page of Panel Material UI with as many
widgets, figures and images, of the same sizes, made by nobody's code but Panel's, and an empty page of it.

Wanted: less than 15 MB for each further page, beyond that of the peer.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools.browser import FLAGS, MODEL_NAMED, find_browser  # noqa: E402
from tools.served import FOUND, served  # noqa: E402

#: what all pages share is loaded with these
FIRST = 3
WANTED_MB = 15.0
SIDEBAR = """() => Bokeh.documents.flatMap(d => [...d._all_models.values()])
    .some(m => (m.data?.label ?? '').startsWith('Number of phases'))"""
COUNT = """() => { const all = Bokeh.documents.flatMap(d => [...d._all_models.values()]);
    return {figures: all.filter(m => m.type === 'Figure').length,
            components: all.filter(m => m.esm !== undefined).length, models: all.length}; }"""
PEER = """
import numpy as np, panel as pn, panel_material_ui as pmui
from bokeh.plotting import figure
N_FIGURES, N_WIDGETS = {figures}, {components}
def one(number):
    made = figure(height=300, sizing_mode="stretch_width", name="peer" + str(number))
    made.image_rgba(image=[np.zeros((256, 256), np.uint32)], x=0, y=0, dw=1, dh=1)
    made.line(np.arange(2000.0), np.zeros(2000))
    return pn.pane.Bokeh(made, sizing_mode="stretch_width")
def widget(number):
    kind = (pmui.Button, pmui.Select, pmui.FloatSlider, pmui.Typography)[number % 4]
    if kind is pmui.Select:
        return kind(label="Choice", options=[str(i) for i in range(20)])
    if kind is pmui.Typography:
        return kind("Some words")
    return kind(label="Words")
pn.extension(notifications=True)
pmui.Page(
    title="peer", sidebar=[widget(i) for i in range(N_WIDGETS)], main=[one(i) for i in range(N_FIGURES)]
).servable()
"""


def main() -> int:
    """Serve, open, print; 1 where more is taken than is wanted."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pages", type=int, default=10, help="beyond the first three")
    n_pages = parser.parse_args().pages
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=list(FLAGS))
        with tempfile.TemporaryDirectory() as folder:
            with served({"LODESTONE_STORE": folder}) as address:
                ours, counts = per_page_mb(browser, f"{address}?data=demo", n_pages, (FOUND, SIDEBAR))
            ready = f"() => modelNamed('peer{counts['figures'] - 1}') !== undefined"
            with served_script(Path(folder), PEER.format(**counts)) as address:
                peer, of_peer = per_page_mb(browser, address, n_pages, (ready,))
            ready = "() => Bokeh.documents.length > 0"
            with served_script(Path(folder), PEER.format(figures=0, components=0)) as address:
                empty, _ = per_page_mb(browser, address, n_pages, (ready,))
        browser.close()
    print(
        f"memory of each further open page, mean of {n_pages}:\n"
        f"  Lodestone with the demo: {ours:.1f} MB ({_words(counts)})\n"
        f"  a page of Panel with as many: {peer:.1f} MB ({_words(of_peer)})\n"
        f"  an empty page of Panel: {empty:.1f} MB\n"
        f"  beyond Panel's own: wanted {WANTED_MB:.0f} MB, {ours - peer:.1f} MB"
    )
    return 0 if ours - peer < WANTED_MB else 1


def per_page_mb(
    browser: Browser, address: str, n_pages: int, ready: tuple[str, ...]
) -> tuple[float, dict[str, int]]:
    """Memory of the server for each further page, MB, and what one page consists of."""
    server = _server_at(address)
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_init_script(MODEL_NAMED)
    for number in range(FIRST + n_pages):
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.goto(address)
        for condition in ready:
            page.wait_for_function(condition)
        if number == FIRST - 1:
            before = _at_rest_mb(server)
    taken = _at_rest_mb(server) - before
    counts = page.evaluate(COUNT)
    context.close()
    return taken / n_pages, counts


def _at_rest_mb(server: psutil.Process) -> float:
    """Memory of a process once it has done what was under way."""
    busy = server.cpu_times()
    while True:
        time.sleep(2.0)
        now = server.cpu_times()
        if now.user + now.system - busy.user - busy.system < 0.2:
            return server.memory_full_info().uss / 2**20
        busy = now


@contextmanager
def served_script(folder: Path, script: str) -> Iterator[str]:
    """Serve a script as Panel does; gives its address."""
    file = folder / "peer.py"
    file.write_text(script, encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "panel", "serve", str(file), "--port", str(port)]
    process = subprocess.Popen(command, cwd=folder, env={**os.environ, "OMP_WAIT_POLICY": "PASSIVE"})
    try:
        end = time.monotonic() + 60
        while not _listens(port):
            if time.monotonic() > end:
                raise RuntimeError("The peer was not served within a minute.")
            time.sleep(0.2)
        yield f"http://localhost:{port}/peer"
    finally:
        process.terminate()
        process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _server_at(address: str) -> psutil.Process:
    port = int(address.split(":")[2].split("/")[0])
    listening = (one for one in psutil.net_connections("tcp") if one.status == psutil.CONN_LISTEN)
    return psutil.Process(next(one.pid for one in listening if one.laddr.port == port))


def _words(counts: dict[str, int]) -> str:
    return f"{counts['figures']} figures, {counts['components']} components, {counts['models']} models"


if __name__ == "__main__":
    sys.exit(main())
