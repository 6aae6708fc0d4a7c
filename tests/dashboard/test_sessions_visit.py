"""Whatever the page says to a visit, nothing is lost and nothing is left behind."""

from __future__ import annotations

import gc
import json
import time
import weakref

import pytest

from dashboard.store.errors import StoreUnavailable


def test_everything_that_people_type_travels_as_text(server, mine):
    hostile = "<img src=x onerror=alert(1)>"
    mine.sessions.received({"what": "save", "name": hostile, "notes": hostile, "new": True})
    mine.settle()
    token = mine.share()
    theirs = server.visit("eve<script>", s=token).begin()
    assert theirs.front.shown["name"] == hostile
    assert theirs.front.shown["bar"]["notes"] == hostile
    parts = theirs.front.shown["bar"]["parts"]
    assert all(isinstance(part, str) or set(part) <= {"strong", "when"} for part in parts)
    json.dumps(theirs.front.shown["bar"])


@pytest.mark.parametrize(
    "message",
    [
        None, 7, "save", [], {}, {"what": None}, {"what": "__class__"}, {"what": ["save"]},
        {"what": "open", "id": 3}, {"what": "open", "id": "x" * 10**6},
        {"what": "rename", "id": "\0", "name": {}},
        {"what": "delete"}, {"what": "share", "expires": [], "view": "yes", "name": "\0" * 500},
        {"what": "save", "name": "", "notes": 3}, {"what": "save", "name": "x" * 5000, "notes": "\ud800"},
        {"what": "revoke", "token": "../../etc/passwd"}, {"what": "hello", "person": "../..", "tab": 3},
        {"what": "list", "search": "%_\\'\";--"}, {"what": "go_on"}, {"what": "let_go"}, {"what": "publish"},
    ],
)  # fmt: skip
def test_messages_that_nobody_sends_do_no_harm(server, mine, message):
    mine.sessions.received(message)
    mine.settle()
    assert mine.state.shown is not None
    assert not any("log of the server" in text for text in mine.told)


def test_a_store_that_fails_is_told_and_the_page_goes_on(server, mine):
    class Full:
        def __getattr__(self, name):
            raise StoreUnavailable("The disk of the store is full. Make room on it.")

    store, server.store = server.store, Full()
    mine.sessions.received({"what": "save", "name": "x", "notes": "", "new": True})
    mine.settle()
    assert mine.told[-1] == "The disk of the store is full. Make room on it."
    assert mine.front.last("failed")["text"] == mine.told[-1]
    theirs = server.visit(s="whatever").begin()
    assert theirs.front.sentence == mine.told[-1]
    assert theirs.state.shown is not None
    server.store = store
    mine.save("Now")
    assert [one.name for one in store.sessions("")] == ["Now"]


def test_a_visit_that_has_ended_is_freed(server, mine):
    token = mine.share()
    theirs = server.visit(person="bert-0001", s=token).begin()
    theirs.state.map_palette = "Grey"
    theirs.settle()
    theirs.sessions.close()
    theirs.loop.settle(lambda: not server.store.drafts("browser-bert-0001"))  # its draft is still being kept
    gone = [weakref.ref(one) for one in (theirs.sessions, theirs.state, theirs.front)]
    server.visits.remove(theirs)
    del theirs
    end = time.monotonic() + 10
    while any(one() is not None for one in gone) and time.monotonic() < end:
        gc.collect()
    assert [one() for one in gone] == [None, None, None]
