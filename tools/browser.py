"""Find a Chromium for the browser tests and the screenshots, or get one where that is allowed.

``python tools/browser.py`` prints the path of a browser. Where there is none it installs one, if it may do so
without asking (apt-get as root or with passwordless sudo); else it says how to get one and exits with 1.
``LODESTONE_CHROMIUM`` names a browser of one's own choice.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
#: for a browser without a screen that leaves the network alone
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
#: in a page: the Bokeh model of a name, undefined until it is there
MODEL_NAMED = """window.modelNamed = name => (window.Bokeh?.documents ?? [])
    .flatMap(document => [...document._all_models.values()]).find(model => model.name === name)"""
HOW_TO_GET_ONE = """\
No Chromium was found for the browser tests. Any one of these helps:
  Debian, Ubuntu   sudo apt-get install chromium      (Ubuntu: sudo snap install chromium)
  Fedora           sudo dnf install chromium
  macOS            brew install --cask chromium
  without rights   .venv/bin/python -m playwright install chromium     (downloads Playwright's own)
or name an installed one: LODESTONE_CHROMIUM=/path/to/chrome make test"""


def find_browser() -> str | None:
    """Path of a Chromium or Chrome: LODESTONE_CHROMIUM, one on the PATH, an application, Playwright's own.

    Raises
    ------
    FileNotFoundError
        LODESTONE_CHROMIUM names a file that is not there.
    """
    chosen = os.environ.get("LODESTONE_CHROMIUM")
    if chosen:
        found = shutil.which(chosen)
        if found is None:
            raise FileNotFoundError(
                f"LODESTONE_CHROMIUM is {chosen}, which is no program. Correct or unset it."
            )
        return found
    on_path = next(filter(None, map(shutil.which, NAMES)), None)
    return on_path or next(filter(os.path.exists, MAC_APPLICATIONS), None) or _playwrights_own()


def _playwrights_own() -> str | None:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if path and Path(path).exists() else None


def install_with_apt() -> bool:
    """Install Debian's chromium where that needs no password; True where apt-get ran to its end."""
    if shutil.which("apt-get") is None:
        return False
    prefix: list[str] = []
    if os.geteuid() != 0:
        if (
            shutil.which("sudo") is None
            or subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode
        ):
            return False
        prefix = ["sudo", "-n"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    print("No Chromium was found; installing the package chromium for the browser tests.", file=sys.stderr)
    steps = (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"],
    )
    for step in steps:
        # sudo drops the environment, so the setting is passed on its command line
        command = [*prefix, *(["env", "DEBIAN_FRONTEND=noninteractive"] if prefix else []), *step]
        if subprocess.run(command, env=environment, stdout=sys.stderr, stdin=subprocess.DEVNULL).returncode:
            return False
    return True


def main() -> int:
    """Print the path of a browser, installing one where that is allowed; 1 where there is none."""
    try:
        path = find_browser()
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 1
    if path is None and install_with_apt():
        path = find_browser()
    if path is None:
        print(HOW_TO_GET_ONE, file=sys.stderr)
        return 1
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
