"""Whether this visit waits for an answer: the moving line at the head of the page."""

from __future__ import annotations

from collections.abc import Callable

import param

DELAY_MS = 100


class Busy(param.Parameterized):
    """True while work of this visit runs that was begun more than ``DELAY_MS`` ago; quick answers show none.

    Parameters
    ----------
    later : calls a function after so many ms on the thread of the page
    """

    busy = param.Boolean(default=False)

    def __init__(self, later: Callable[[Callable[[], None], int], object]) -> None:
        super().__init__()
        self._later = later
        self._under_way, self._watched = 0, False

    def began(self) -> None:
        """Something was begun; :meth:`ended` must follow."""
        self._under_way += 1
        if not self._watched and not self.busy:
            self._watched = True
            self._later(self._look, DELAY_MS)

    def ended(self) -> None:
        """Something that was begun has ended."""
        self._under_way -= 1
        if self._under_way == 0:
            self.busy = False

    def _look(self) -> None:
        self._watched = False
        self.busy = self._under_way > 0
