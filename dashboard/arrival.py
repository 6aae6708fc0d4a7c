"""Changes of figures that have just been added to an open page wait until the browser has them.

Panel and Bokeh each send their messages on their own: a change of a figure can overtake the message that
brings the figure, and the browser then knows nothing of what is changed.
"""

from __future__ import annotations

from collections.abc import Callable

from bokeh.core.property.descriptors import UnsetValueError
from bokeh.models import Plot


class Arrival:
    """Holds changes back while a figure is on its way to the browser.

    Before it is sent, and once the browser has said how large it is, changes are made at once.
    """

    def __init__(self, figure: Plot) -> None:
        self._figure = figure
        self._there = False
        self._held: dict[str, Callable[[], None]] = {}
        figure.on_change("inner_width", self._arrived)

    def __call__(self, name: str, change: Callable[[], None]) -> None:
        """Make a change now or on arrival; one that waits is replaced by a newer one of its name."""
        if self._there or self._figure.document is None or _has_size(self._figure):
            change()
        else:
            self._held[name] = change

    def _arrived(self, attr: str, old: int, new: int) -> None:
        if self._there:
            return
        self._there = True
        held, self._held = self._held, {}
        for change in held.values():
            change()


def _has_size(figure: Plot) -> bool:
    try:
        return figure.inner_width is not None
    except UnsetValueError:
        return False
