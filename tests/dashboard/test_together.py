"""Changes that belong together, and calls from other threads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from bokeh.document import Document
from panel.io import document as panel_document

from dashboard.together import Afterwards, keep_every_message, scheduler


def in_a_loop(talk: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run it in a thread: the browser of other tests has a loop running in this one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(talk())).result(30)


def test_a_call_from_a_thread_is_kept_while_the_page_holds_its_changes() -> None:
    document, done = Document(), []
    document._session_context = lambda: SimpleNamespace(session=None)

    async def talk() -> None:
        schedule = scheduler(document)
        document.hold()
        thread = threading.Thread(target=schedule, args=(lambda: done.append("answered"),))
        thread.start()
        thread.join()
        # what a page that ends its hold in this moment does with events it does not know of
        assert not document.callbacks._held_events
        document.unhold()
        while not document.session_callbacks:
            await asyncio.sleep(0.01)
        for callback in document.session_callbacks:
            callback.callback()

    in_a_loop(talk)
    assert done == ["answered"]


def test_a_call_for_a_page_that_is_gone_is_dropped() -> None:
    document = Document()

    async def talk() -> None:
        scheduler(document)(lambda: None)  # a document without a session: its tab was closed
        await asyncio.sleep(0.05)

    in_a_loop(talk)
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


class Socket:
    """Writes when it is told to."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.writing: list[asyncio.Future[None]] = []

    def write(self, _connection: object, msg: str) -> list[asyncio.Future[None]]:
        self.sent.append(msg)
        self.writing.append(asyncio.get_running_loop().create_future())
        return self.writing[-1:]


@dataclass(frozen=True, eq=False)
class Connection:
    _socket: Socket
    protocol: SimpleNamespace


def test_a_message_that_is_ready_when_the_last_one_was_written_is_sent_too(monkeypatch) -> None:
    socket = Socket()
    monkeypatch.setitem(panel_document.extra_socket_handlers, Socket, socket.write)
    protocol = SimpleNamespace(create=lambda _kind, events: events)
    connection = Connection(socket, protocol)
    keep_every_message()
    keep_every_message()  # once is enough, twice does no harm

    async def talk() -> None:
        document = Document()
        panel_document.schedule_write_events(document, [connection], "first")
        await asyncio.sleep(0)
        socket.writing[0].set_result(None)
        panel_document.schedule_write_events(document, [connection], "second")
        for _ in range(10):
            await asyncio.sleep(0)
            for future in socket.writing:
                if not future.done():
                    future.set_result(None)

    in_a_loop(talk)
    assert socket.sent == ["first", "second"]
