"""Lodestone as a team runs it: ``panel serve`` with accounts, by the flags of docs/administrator.md."""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, expect

from tools.browser import MODEL_NAMED

ROOT = Path(__file__).resolve().parents[2]
STARTS_WITHIN_S = 300  # it compiles its kernels, where nobody has before
PASSWORDS = {"alice": "alice's password", "bob": "bob's & <password>", "carol": "carol's"}
#: the phase map of a page as it is drawn, a list of palette indices
PHASES_SHOWN = "Array.from(modelNamed('phase_map:phases').data.image[0])"
#: lets a journey break the connection of a page as a network does
_SOCKETS = """window.sockets = []; const Plain = window.WebSocket;
window.WebSocket = class extends Plain {
  constructor(...all) { super(...all); window.sockets.push(this); }
};"""


@dataclass
class Team:
    """The served app, its folders, and a browser profile for each person.

    Attributes
    ----------
    address : of the page
    data, store : the folders LODESTONE_DATA and LODESTONE_STORE
    watch : is called with every page that is opened
    """

    address: str
    data: Path
    store: Path
    browser: Browser
    log: Path
    watch: Callable[[Page], None] = lambda _page: None
    contexts: dict[str, BrowserContext] = field(default_factory=dict)

    def new_context(self) -> BrowserContext:
        """A browser profile of somebody who is not signed in."""
        context = self.browser.new_context(viewport={"width": 1440, "height": 900})
        context.add_init_script(MODEL_NAMED + ";" + _SOCKETS)
        return context

    def page_of(self, name: str) -> Page:
        """An empty tab of a person; the first one signs in."""
        if name not in self.contexts:
            self.contexts[name] = self.new_context()
            page = self.contexts[name].new_page()
            page.goto(self.address.replace("/app", "/login"))
            sign_in(page, name)
            page.close()
        page = self.contexts[name].new_page()
        self.watch(page)
        return page

    def failures(self) -> list[str]:
        """Exceptions that the log of the server holds."""
        text = self.log.read_text(encoding="utf-8")
        return re.findall(r"^Traceback[^\n]*\n(?:[ \t][^\n]*\n)*[^\n]*", text, re.MULTILINE)


def shows_phases(page: Page, label: list[int]) -> None:
    """Wait until the phase map is drawn so: chosen phases are marked a moment after the map is there."""
    page.wait_for_function(
        f"""label => {{
            const shown = {PHASES_SHOWN};
            return shown.length === label.length && shown.every((one, pixel) => one === label[pixel]);
        }}""",
        arg=label,
    )


def sign_in(page: Page, name: str, password: str | None = None) -> None:
    """Fill the form of the login; a wrong password leaves the page there."""
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORDS[name] if password is None else password)
    page.get_by_label("Password").press("Enter")
    if password is None:
        expect(page).not_to_have_url(re.compile("/login"))


@contextmanager
def served_team(folder: Path, browser: Browser) -> Iterator[Team]:
    """Serve app.py until the block ends.

    Parameters
    ----------
    folder : gets the folders of data, store and cache
    """
    data, store = folder / "data", folder / "store"
    data.mkdir()
    users = folder / "users.json"
    users.write_text(json.dumps(PASSWORDS), encoding="utf-8")
    port = _free_port()
    environment = os.environ | {
        "LODESTONE_DATA": str(data),
        "LODESTONE_STORE": str(store),
        "LODESTONE_CACHE": str(folder / "cache"),
        "LODESTONE_UPLOAD_LIMIT": "40MB",
        "LODESTONE_LOG": "text",
        "OMP_WAIT_POLICY": "PASSIVE",
        "PANEL_COOKIE_SECRET": "for-tests-only",
    }
    environment.pop("DATABASE_URL", None)
    flags = f"--address 127.0.0.1 --port {port} --plugins dashboard.endpoints {_login_flags(users)}"
    log = folder / "log"
    with log.open("w") as file:
        process = subprocess.Popen(
            [Path(sys.executable).with_name("panel"), "serve", str(ROOT / "app.py"), *shlex.split(flags)],
            cwd=ROOT, env=environment, stdout=file, stderr=subprocess.STDOUT,
        )  # fmt: skip
    team = Team(f"http://127.0.0.1:{port}/app", data, store, browser, log)
    try:
        _wait(process, f"http://127.0.0.1:{port}/healthz", log)
        yield team
    finally:
        for context in team.contexts.values():
            context.close()
        process.terminate()
        try:
            process.wait(30)
        finally:
            process.kill()


def _login_flags(users: Path) -> str:
    """The flags of the login, as deploy/lodestone.env has them."""
    text = (ROOT / "deploy" / "lodestone.env").read_text(encoding="utf-8")
    flags = re.search(r"^LODESTONE_LOGIN=(.*)$", text, re.MULTILINE)[1]
    assert "/etc/lodestone/users.json" in flags
    return flags.replace("/etc/lodestone/users.json", shlex.quote(str(users)))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait(process: subprocess.Popen, address: str, log: Path) -> None:
    end = time.monotonic() + STARTS_WITHIN_S
    while True:
        try:
            urllib.request.urlopen(address, timeout=5).read()
            return
        except OSError:
            assert process.poll() is None and time.monotonic() < end, log.read_text(encoding="utf-8")
            time.sleep(0.2)
