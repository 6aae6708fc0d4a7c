"""Changes that belong together reach the browser in one message, so that it draws once."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from bokeh.document import Document
from panel.io import document as panel_document
from panel.io import hold, state
from tornado.ioloop import IOLoop

_MOMENT_MS = 150


def together(document: Document, work: Callable[[], None]) -> Callable[[], None]:
    """The work, with all that it changes on the page sent as one message at its end.

    A dataset that is opened changes some hundred properties of menus and figures; told one by one, the
    browser would lay out the page as often.
    """

    @wraps(work)
    def at_once() -> None:
        # between its first answer and the sign that the page has loaded, Panel takes the document for one
        # that was never sent, and drops what is held
        if not state._connected.get(document):
            work()
            return
        with hold(document):
            work()

    return at_once


def scheduler(document: Document) -> Callable[[Callable[[], None]], None]:
    """Calls a function soon on the thread of the page, from any thread; what it changes is sent together.

    To be made on the thread of the page. A callback added to a document from another thread is lost when
    the page begins or ends to hold its changes in that moment: the loop of the page adds it instead.
    """
    loop = IOLoop.current()

    def schedule(work: Callable[[], None]) -> None:
        loop.add_callback(add, work)

    def add(work: Callable[[], None]) -> None:
        if document.session_context is not None:  # else the tab was closed meanwhile
            document.add_next_tick_callback(together(document, work))

    return schedule


class Afterwards:
    """Does what can wait for a moment: everything once, in one message, after what a person looks at.

    Texts that follow a handle (what Undo takes back, the address) change with every move; told one by one,
    each would cost the server as much as a picture.

    Parameters
    ----------
    document : the page
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        self._wanted: dict[Callable[[], None], None] = {}

    def __call__(self, work: Callable[[], None]) -> None:
        """Do this soon; asked again before, it is done once."""
        if not self._wanted:
            self._document.add_timeout_callback(together(self._document, self._run), _MOMENT_MS)
        self._wanted[work] = None

    def _run(self) -> None:
        wanted, self._wanted = self._wanted, {}
        for work in wanted:
            work()


def at_once(work: Callable[[], None]) -> None:
    """What :class:`Afterwards` is where no page has to be spared."""
    work()


def keep_every_message() -> None:
    """Let Panel send what it forgets, for as long as the process lives.

    A message that is ready while the socket is busy waits in a list. Panel 1.9 takes a message that joins the
    list just when the one before it has been written for one that is being sent, and lets it lie until the
    page changes again: on a busy server a person moved a handle and saw no answer.
    """
    original = panel_document._dispatch_msgs
    if getattr(original, "keeps_every_message", False):
        return

    async def dispatch(document: Document) -> None:
        await original(document)
        while document in panel_document._WRITE_MSGS and document not in panel_document._WRITE_BLOCK:
            panel_document._WRITE_BLOCK[document] = True
            await original(document)

    dispatch.keeps_every_message = True
    panel_document._dispatch_msgs = dispatch
