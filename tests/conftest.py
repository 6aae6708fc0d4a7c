"""What the tests share: where the real files are."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

# before torch is imported: threads that wait would otherwise spin, many times slower beside other work
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real files from real instruments; tests that need it are skipped where it is absent."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the folder of real files, shared/data beside the project, is absent")
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser for the journeys; tests that need one are skipped where there is none."""
    from tools.browser import find_browser

    path = find_browser()
    if path is None:
        pytest.skip("no Chromium is installed; `python tools/browser.py` says how to get one")
    return path
