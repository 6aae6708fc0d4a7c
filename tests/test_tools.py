"""What the Makefile stands on: a Python that is new enough, a browser that is there."""

from __future__ import annotations

import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tools import browser, lock

ROOT = Path(__file__).resolve().parents[1]


def program(path: Path, text: str = "#!/bin/sh\nexit 0\n") -> Path:
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture
def bare_machine(monkeypatch, tmp_path):
    """No browser anywhere, and no right to install one; the folder is the whole PATH."""
    monkeypatch.delenv("LODESTONE_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(browser, "MAC_APPLICATIONS", ())
    monkeypatch.setattr(browser, "_playwrights_own", lambda: None)
    return tmp_path


def test_the_browser_on_the_path_is_found(bare_machine):
    chrome = program(bare_machine / "google-chrome")
    assert browser.find_browser() == str(chrome)


def test_a_browser_of_ones_own_choice_goes_first(bare_machine, monkeypatch):
    program(bare_machine / "chromium")
    mine = program(bare_machine / "my-chrome")
    monkeypatch.setenv("LODESTONE_CHROMIUM", str(mine))
    assert browser.find_browser() == str(mine)


def test_a_choice_that_is_not_there_is_said(bare_machine, monkeypatch, capsys):
    monkeypatch.setenv("LODESTONE_CHROMIUM", str(bare_machine / "nowhere"))
    assert browser.main() == 1
    assert "nowhere" in capsys.readouterr().err


def test_without_a_browser_it_says_how_to_get_one(bare_machine, capsys):
    assert browser.main() == 1
    said = capsys.readouterr().err
    assert "apt-get install chromium" in said and "playwright install chromium" in said


def test_where_it_may_it_installs_one(bare_machine, monkeypatch, capsys):
    program(bare_machine / "apt-get")
    monkeypatch.setattr(browser.os, "geteuid", lambda: 0)
    monkeypatch.setattr(
        browser.subprocess, "run", lambda command, **_: installed(command, bare_machine / "chromium")
    )
    assert browser.main() == 0
    assert capsys.readouterr().out.strip() == str(bare_machine / "chromium")


def installed(command: list[str], place: Path) -> subprocess.CompletedProcess:
    if "install" in command:
        program(place)
    return subprocess.CompletedProcess(command, 0)


def test_without_the_right_nothing_is_installed(bare_machine, monkeypatch):
    program(bare_machine / "apt-get")
    program(bare_machine / "sudo", "#!/bin/sh\nexit 1\n")
    monkeypatch.setattr(browser.os, "geteuid", lambda: 1000)
    assert not browser.install_with_apt()


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_an_old_python_is_refused_with_what_to_do(tmp_path):
    for name in ("Makefile", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path / name)
    old = program(tmp_path / "python2", '#!/bin/sh\n[ "$1" = --version ] && echo "Python 2.7.18" || exit 1\n')
    asked = subprocess.run(["make", "install", f"PYTHON={old}"], cwd=tmp_path, capture_output=True, text=True)
    assert asked.returncode != 0
    assert "needs Python 3.11 or later" in asked.stderr and "2.7.18" in asked.stderr
    assert not (tmp_path / ".venv").exists()


def test_the_lock_pins_ordinary_builds_for_every_machine(monkeypatch):
    report = """{"install": [
        {"metadata": {"name": "torch", "version": "2.13.0+cpu"}},
        {"metadata": {"name": "Bokeh", "version": "3.9.2"}},
        {"metadata": {"name": "nvidia-cublas", "version": "13.0"}}]}"""

    def resolve(command: list[str], check: bool) -> None:
        Path(command[command.index("--report") + 1]).write_text(report)

    monkeypatch.setattr(lock.subprocess, "run", resolve)
    assert lock.resolved(["torch"]) == {"Bokeh": "3.9.2", "torch": "2.13.0"}
