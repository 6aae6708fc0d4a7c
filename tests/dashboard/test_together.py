"""Changes that belong together, and calls from other threads."""

from __future__ import annotations

import threading
from types import SimpleNamespace

from bokeh.document import Document
from tornado.ioloop import IOLoop

from dashboard.together import Afterwards, scheduler


def test_a_call_from_a_thread_is_kept_while_the_page_holds_its_changes() -> None:
    document, loop = Document(), IOLoop(make_current=True)
    document._session_context = lambda: SimpleNamespace(session=None)
    done: list[str] = []

    def answer() -> None:
        done.append("answered")

    def begin() -> None:
        schedule = scheduler(document)
        document.hold()
        thread = threading.Thread(target=schedule, args=(answer,))
        thread.start()
        thread.join()
        # what a page that ends its hold in this moment does with events it does not know of
        assert not document.callbacks._held_events
        document.unhold()
        loop.add_callback(loop.add_callback, end)

    def end() -> None:
        for callback in document.session_callbacks:
            callback.callback()
        loop.stop()

    loop.add_callback(begin)
    loop.start()
    loop.close()
    assert done == ["answered"]


def test_a_call_for_a_page_that_is_gone_is_dropped() -> None:
    document, loop = Document(), IOLoop(make_current=True)

    def begin() -> None:
        scheduler(document)(lambda: None)  # a document without a session: its tab was closed
        loop.add_callback(loop.stop)

    loop.add_callback(begin)
    loop.start()
    loop.close()
    assert not document.session_callbacks


def test_what_can_wait_is_done_once_in_the_order_of_asking() -> None:
    document, done = Document(), []

    def first() -> None:
        done.append("first")

    def second() -> None:
        done.append("second")

    afterwards = Afterwards(document)
    for work in (first, second, first):
        afterwards(work)
    assert done == []
    (callback,) = document.session_callbacks
    callback.callback()
    assert done == ["first", "second"]
    afterwards(first)
    assert len(document.session_callbacks) == 1
