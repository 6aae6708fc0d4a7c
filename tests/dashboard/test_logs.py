"""The log says who did what and how long it took, and nothing that is nobody's business."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dashboard import logs
from dashboard.loop_watch import LoopWatch

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def lines(monkeypatch):
    """A function that sets the format, and one that gives the lines written since."""
    stream = io.StringIO()
    root = logging.getLogger()
    handler = logging.StreamHandler(stream)
    monkeypatch.setattr(root, "handlers", [handler])
    levels = {name: logging.getLogger(name).level for name in ("dashboard", "data", "models")}

    def configured(format_name, data_folder=None):
        logs.configure(format_name, data_folder)
        return lambda: stream.getvalue().splitlines()

    yield configured
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def test_an_action_is_one_json_object(lines):
    written = lines("json")
    with logs.action("saved a session", "anna", "sha256:12ab"):
        pass
    (line,) = written()
    fields = json.loads(line)
    assert fields.pop("time").endswith("Z")
    assert 0 <= fields.pop("seconds") < 1
    assert fields == {
        "level": "info",
        "who": "anna",
        "what": "saved a session",
        "dataset": "sha256:12ab",
        "source": "dashboard.actions",
    }


def test_an_action_that_failed_says_so(lines):
    written = lines("text")
    with pytest.raises(ValueError, match="full"), logs.action("saved a session", "anna"):
        raise ValueError("full")
    assert "anna: saved a session (failed: ValueError)" in written()[0]


@pytest.mark.parametrize("format_name", ["json", "text"])
@pytest.mark.parametrize("name", ["a\nb", 'x"}\n{"level": "error"', "\x1b[2J", "\ud800", "\u2028"])
def test_a_name_cannot_forge_a_line(lines, format_name, name):
    written = lines(format_name)
    logs.note(f"upload finished: {name}", who=name, dataset=name)
    assert len(written()) == 1


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("404 GET /?s=Zk3mVQp0a1 (10.1.2.3) 3.1ms", "404 GET /?… ((address)) 3.1ms"),
        ("GET /app?s=abc&view=1 from fe80::1:2:3", "GET /app?… from (address)"),
        ("PATCH /uploads/0123456789abcdef0123456789abcdef", "PATCH /uploads/…"),
        ("token aZ09-_aZ09-_aZ09-_aZ09-_aZ09-_aZ.", "token …."),
        ("postgresql://me:secret@db/x", "postgresql://…@db/x"),
        ("no file /export/anna/private/map.bcf there", "no file <path> there"),
        ("opened /srv/data/2024/map.bcf", "opened <data>/2024/map.bcf"),
        ("map 4.2.bcf took 1.5 s at 10:22:31, 3/4 done", "map 4.2.bcf took 1.5 s at 10:22:31, 3/4 done"),
        ("why? because", "why? because"),
    ],
)
def test_addresses_tokens_and_paths_are_left_out(text, kept):
    if text.startswith("token"):
        text = "token aZ09-_aZ09-_aZ09-_aZ09-_aZ09-_aZ."  # as long as that of a link
    assert logs.scrubbed(text, Path("/srv/data")) == kept


def test_an_exception_says_where_in_the_program_it_was(lines):
    written = lines("json")
    try:
        raise ValueError("in /etc/secret/place")
    except ValueError:
        logging.getLogger("dashboard.x").exception("failed")
    (line,) = written()
    what = json.loads(line)["what"]
    assert 'File "tests/dashboard/test_logs.py"' in what
    assert "secret" not in what
    assert str(ROOT) not in line


def test_another_format_is_named():
    with pytest.raises(ValueError, match="LODESTONE_LOG is 'xml'"):
        logs.configure("xml")


def test_what_holds_up_the_loop_is_found(lines):
    written = lines("text")

    def block_the_others():
        end = time.monotonic() + 0.4
        while time.monotonic() < end:
            time.sleep(0.01)

    async def serve():
        watch = LoopWatch(asyncio.get_running_loop(), slow_s=0.1)
        watch.start()
        await asyncio.sleep(0.3)
        assert watch.slow_actions() == ()
        block_the_others()
        for _ in range(100):
            await asyncio.sleep(0.02)
            if watch.slow_actions():
                break
        watch.stop()
        return watch.slow_actions()

    # in a thread: the browser of other tests has a loop of its own running in this one
    with ThreadPoolExecutor(1) as thread:
        (slow,) = thread.submit(asyncio.run, serve()).result(30)
    assert 0.1 <= slow.seconds < 2
    assert slow.where.startswith("tests/dashboard/test_logs.py:")
    assert slow.where.endswith("block_the_others")
    assert "held up by" in written()[0]
