"""Make the pictures of the README: serve the app, drive it in a headless browser, photograph it.

``python docs/screenshots.py`` (or ``make screenshots``) writes docs/screenshot.png, and with ``--all`` also
the dark page and the narrow ones.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools.browser import find_browser  # noqa: E402

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

#: the phase map is drawn in phases, and no job is under way
FOUND = """() => {
  const models = (window.Bokeh?.documents ?? []).flatMap(d => [...d._all_models.values()]);
  const phases = models.find(m => m.name === 'phase_map:phases');
  const latent = models.find(m => m.name === 'latent:density');
  return phases?.data.image.length > 0 && latent?.data.image.length > 0;
}"""


def main() -> None:
    """Serve, photograph, stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="also the dark page and the narrow ones")
    parser.add_argument("--out", type=Path, default=ROOT / "docs", help="folder for the pictures")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, "-m", "dashboard.first_demo"], cwd=ROOT, check=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "panel", "serve", str(ROOT / "app.py"), "--port", str(port)],
        cwd=ROOT,
        env={**os.environ, "OMP_WAIT_POLICY": "PASSIVE"},
    )
    try:
        address = f"http://localhost:{port}/app"
        _wait(address)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
            views = [("screenshot", 1440, 900, "light")]
            if arguments.all:
                views += [
                    ("screenshot-dark", 1440, 900, "dark"),
                    ("screenshot-1024", 1024, 900, "light"),
                    ("screenshot-1024-dark", 1024, 900, "dark"),
                ]
            for name, width, height, scheme in views:
                page = browser.new_page(viewport={"width": width, "height": height})
                _photograph(page, address, arguments.out / f"{name}.png", dark=scheme == "dark")
                page.close()
            browser.close()
    finally:
        server.terminate()
        server.wait()


def _photograph(page: Page, address: str, path: Path, dark: bool) -> None:
    page.goto(address)
    page.wait_for_function(FOUND, timeout=300_000)
    expect(page.get_by_text("Cancel", exact=True)).to_be_hidden(timeout=300_000)
    if dark:
        page.locator("header button").last.click()
    page.mouse.move(720, 5)  # off every button, so that none shows its hint
    page.wait_for_timeout(2500)  # the last paint of the slowest view
    page.screenshot(path=path, full_page=False)
    print(path)


def _wait(address: str) -> None:
    for _ in range(240):
        try:
            urllib.request.urlopen(address, timeout=60).read()
            return
        except OSError:
            time.sleep(0.5)
    raise SystemExit(f"The server did not answer at {address}.")


if __name__ == "__main__":
    main()
