"""Runs of pytest over the parts of tests/: every test is in one of them, and what they come to."""

from __future__ import annotations

import pytest

from tools import tests
from tools.tests import NOTHING_COLLECTED, PARTS, ROOT, status_of


@pytest.mark.parametrize(
    ("statuses", "status"),
    [
        ((0, 0), 0),
        ((0, 1), 1),
        ((1, 0), 1),
        ((0, NOTHING_COLLECTED), 0),
        ((NOTHING_COLLECTED, NOTHING_COLLECTED), NOTHING_COLLECTED),
        ((NOTHING_COLLECTED, 2), 2),
    ],
)
def test_one_failed_run_fails_both(statuses: tuple[int, int], status: int) -> None:
    assert status_of(statuses) == status


def test_every_folder_of_tests_is_in_one_part() -> None:
    folders = {f"tests/{path.parent.name}" for path in (ROOT / "tests").glob("*/test_*.py")}
    *named, (tests, *left_out) = PARTS.values()
    assert {folder for one in named for folder in one} == folders
    assert (tests, {option.removeprefix("--ignore=") for option in left_out}) == ("tests", folders)


def test_parts_run_two_at_a_time_and_one_that_fails_is_shown_and_counts(tmp_path, monkeypatch, capfd) -> None:
    for name, outcome in (("well", "True"), ("ill", "False"), ("late", "True")):
        folder = tmp_path / name
        folder.mkdir()
        (folder / f"test_{name}.py").write_text(f"def test_it():\n    assert {outcome}, '{name} is not so'\n")
    monkeypatch.setattr(tests, "ROOT", tmp_path)
    monkeypatch.setattr(tests, "PARTS", {name: [name] for name in ("well", "ill", "late")})
    assert tests.main(["-q", "-p", "no:cacheprovider"]) == 1
    shown = capfd.readouterr().out
    assert shown.count("1 passed") == 2 and "ill is not so" in shown
    assert tests.main(["-q", "-p", "no:cacheprovider", "-k", "nobody"]) == NOTHING_COLLECTED
