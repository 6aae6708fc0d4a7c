"""The pace of the browser: the next drawing waits until the last one is painted, then shows the newest state.

Without this a moving handle makes the server send pictures faster than a browser paints them, and the page
runs seconds behind the hand.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from bokeh.model import Model
from bokeh.models import ColumnDataSource, CustomJS

from dashboard.together import together

log = logging.getLogger(__name__)

PATIENCE_S = 3.0

# the browser paints in an animation frame, so a timeout set in one comes after the paint; a hidden tab has
# no frames and would keep the server waiting
_ACKNOWLEDGE = """
const serial = cb_obj.data.serial[0]
const painted = () => { cb_obj.tags = [serial] }
if (document.hidden) painted()
else requestAnimationFrame(() => setTimeout(painted, 0))
"""


class Pace:
    """Draws at once when nothing is under way, else once more when that is acknowledged: the latest wins.

    Parameters
    ----------
    draw : shows the newest state
    announce : sends the serial number of a drawing after it; its acknowledgement must come back
    later : calls a function after so many seconds
    patience_s : after so long an acknowledgement counts as lost, and drawing goes on without it
    clock : seconds
    """

    def __init__(
        self,
        draw: Callable[[], None],
        announce: Callable[[int], None],
        later: Callable[[Callable[[], None], float], None],
        patience_s: float = PATIENCE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._draw, self._announce, self._later = draw, announce, later
        self._patience_s, self._clock = patience_s, clock
        self._serial = 0
        self._drawn_at = 0.0
        self._under_way = False
        self._wanted = False
        self._watched = False

    @property
    def under_way(self) -> bool:
        """A drawing was sent and not yet acknowledged."""
        return self._under_way

    def request(self) -> None:
        """Draw now or, where a drawing is under way, once it is painted."""
        if self._under_way:
            self._wanted = True
            return
        self._wanted = False
        self._draw()  # where this fails nothing was sent, and nothing will be acknowledged
        self._serial += 1
        self._under_way, self._drawn_at = True, self._clock()
        self._announce(self._serial)
        self._watch(self._patience_s)

    def acknowledge(self, serial: int) -> None:
        """The browser has painted a drawing; late answers to earlier ones change nothing."""
        if self._under_way and serial == self._serial:
            self._go_on()

    def _go_on(self) -> None:
        self._under_way = False
        if self._wanted:
            self.request()

    def _watch(self, seconds: float) -> None:
        if not self._watched:  # one timer at a time, however many drawings
            self._watched = True
            self._later(self._look, seconds)

    def _look(self) -> None:
        self._watched = False
        if not self._under_way:
            return
        left = self._patience_s - (self._clock() - self._drawn_at)
        if left > 0.01:
            self._watch(left)
        else:
            log.debug("drawing %d was not acknowledged", self._serial)
            self._go_on()


class PaintGate:
    """A :class:`Pace` whose acknowledgements come from the browser, through a model beside the figures.

    One gate serves all figures that ``draw`` changes. Where no browser shows them (the model is in no
    document), every request draws at once.

    Parameters
    ----------
    draw : changes the figures to show the newest state; runs on the thread of the page
    anchor : a figure of the page; the hidden model travels with it
    """

    def __init__(self, draw: Callable[[], None], anchor: Model, patience_s: float = PATIENCE_S) -> None:
        self._draw = draw
        self._pace = Pace(draw, self._announce, self._later, patience_s)
        self.model = ColumnDataSource(data={"serial": [0]}, name="paint gate")
        self.model.js_on_change("data", CustomJS(code=_ACKNOWLEDGE))
        self.model.on_change("tags", self._acknowledged)
        anchor.tags = [*anchor.tags, self.model]

    def __call__(self) -> None:
        """Draw now, or once the browser has painted what was drawn before."""
        if self.model.document is None:
            self._draw()
        else:
            self._together(self._pace.request)

    @property
    def under_way(self) -> bool:
        """A drawing was sent and the browser has not yet painted it."""
        return self._pace.under_way

    def _announce(self, serial: int) -> None:
        self.model.data = {"serial": [serial]}

    def _later(self, callback: Callable[[], None], seconds: float) -> None:
        if self.model.document is not None:
            self.model.document.add_timeout_callback(partial(self._together, callback), round(1000 * seconds))

    def _together(self, work: Callable[[], None]) -> None:
        # an acknowledgement comes in a turn of its own: told one by one, every figure would be painted alone
        together(self.model.document, work)()

    def _acknowledged(self, attr: str, old: list[Any], new: list[Any]) -> None:
        if new and isinstance(new[0], int | float):
            self._together(partial(self._pace.acknowledge, int(new[0])))
