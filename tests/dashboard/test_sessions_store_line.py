"""Calls of the store: in a thread, in order, failures as sentences."""

from __future__ import annotations

import threading

import pytest
from page_loop import PageLoop

from dashboard.sessions.store_line import RETRY_S, UNFORESEEN, StoreLine, StoreOnce
from dashboard.store.errors import StoreUnavailable


def test_the_store_is_opened_once_and_tried_again_after_a_failure():
    now, opened = [0.0], []

    def open_store():
        opened.append(now[0])
        if len(opened) == 1:
            raise StoreUnavailable("locked")
        return "store"

    store = StoreOnce(open_store, lambda: now[0])
    for _ in range(2):  # the second asks too soon: nobody waits for a lock again
        with pytest.raises(StoreUnavailable, match="locked"):
            store()
    now[0] = RETRY_S
    assert store() == store() == "store"
    assert opened == [0.0, RETRY_S]


def test_calls_of_a_visit_keep_their_order_and_answer_on_the_page():
    loop, answers, threads = PageLoop(), [], set()

    def work(store):
        threads.add(threading.current_thread().name)
        return store

    line = StoreLine(lambda: "store", loop, answers.append)
    for number in range(20):
        line.ask(lambda store, number=number: (work(store), number), answers.append)
    loop.settle(lambda: line.busy)
    assert answers == [("store", number) for number in range(20)]
    assert threading.current_thread().name not in threads


def test_failures_are_sentences_and_the_next_call_is_made(caplog):
    loop, told, done = PageLoop(), [], []

    def refuse(_store):
        raise StoreUnavailable("The disk is full.")

    def stumble(_store):
        raise KeyError("secret")

    line = StoreLine(lambda: None, loop, told.append)
    line.ask(refuse)
    line.ask(stumble)
    line.ask(refuse, fail=done.append)
    line.ask(lambda _store: "yes", done.append)
    loop.settle(lambda: line.busy)
    assert told == ["The disk is full.", UNFORESEEN]
    assert done == ["The disk is full.", "yes"]


def test_what_a_closed_visit_still_wanted_is_done_and_told_to_nobody():
    loop, done, answers = PageLoop(), [], []
    gate, all_done = threading.Event(), threading.Event()
    line = StoreLine(lambda: None, loop, answers.append)
    line.ask(lambda _store: gate.wait(10), answers.append)
    line.ask(lambda _store: (done.append("kept"), all_done.set()), answers.append)
    line.close()
    gate.set()
    assert all_done.wait(10)
    loop.run()
    assert (done, answers) == (["kept"], [])
