"""Changes that belong together reach the browser in one message, so that it draws once."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from bokeh.document import Document
from panel.io import hold


def together(document: Document, work: Callable[[], None]) -> Callable[[], None]:
    """The work, with all that it changes on the page sent as one message at its end.

    A dataset that is opened changes some hundred properties of menus and figures; told one by one, the
    browser would lay out the page as often.
    """

    @wraps(work)
    def at_once() -> None:
        with hold(document):
            work()

    return at_once


def scheduler(document: Document) -> Callable[[Callable[[], None]], None]:
    """Calls a function soon on the thread of the page; what it changes is sent together."""

    def schedule(work: Callable[[], None]) -> None:
        document.add_next_tick_callback(together(document, work))

    return schedule
