"""Changes that belong together reach the browser in one message, so that it draws once."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from bokeh.document import Document
from panel.io import hold, state


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
    """Calls a function soon on the thread of the page; what it changes is sent together."""

    def schedule(work: Callable[[], None]) -> None:
        document.add_next_tick_callback(together(document, work))

    return schedule
