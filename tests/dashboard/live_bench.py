"""A visit without a page: live answers and selections come when the test lets them."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable

from bokeh.plotting import figure
from phases_bench import latent_result, opened_map

from dashboard.phases.kept_selections import KeptSelections
from dashboard.phases.live_answers import LiveAnswers
from dashboard.phases.selecting import Selecting
from dashboard.phases.state import PhasesState


class LiveVisit:
    """The three stripes of ``phases_bench`` as a visit shows them.

    ``settle()`` waits until every answer that was asked for is shown; ``told`` are the messages.
    """

    def __init__(self) -> None:
        self.state = PhasesState()
        self.told: list[str] = []
        self._calls: queue.Queue[Callable[[], None]] = queue.Queue()
        self.phases = LiveAnswers(self.state, self._calls.put, self._tell, figure())
        self.selecting = Selecting(self.state, self._calls.put, self._tell)
        self.kept = KeptSelections(self.state, self._calls.put)
        self.state.param.watch(lambda event: self.phases.follow(event.old, event.new), "recipe")
        image, self.opened, self.stripe = opened_map()
        self.state.open(image, self.opened)
        self.result = latent_result(self.opened, self.stripe)
        self.state.recipe = self.result.recipe
        self.state.result = self.result
        self.phases.request(self.result, self.state.recipe, None)
        self.settle()

    def settle(self) -> None:
        """Let all answers come."""
        deadline = time.monotonic() + 30
        while True:
            while not self._calls.empty():
                self._calls.get()()
            lives = (self.phases._phases, self.selecting._live, self.kept._live)
            if not any(live.busy for live in lives) and self._calls.empty():
                return
            assert time.monotonic() < deadline, "an answer never came"
            time.sleep(0.002)

    def phase_of(self, stripe: int) -> int:
        """Lasting number of the phase of a stripe."""
        shown = self.state.shown
        return shown.ids[int(shown.phase_map.label[self.stripe == stripe][0])]

    def _tell(self, text: str, kind: str) -> None:
        self.told.append(text)
