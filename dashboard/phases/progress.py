"""What a running job tells: how far it is, the loss curve while it trains, and a way to stop it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import panel as pn
import panel_material_ui as pmui

from dashboard.phases.grid import Column
from dashboard.phases.loss_plot import LossPlot


class ProgressCard:
    """A card in the sidebar, visible while something runs; ``cancel`` is what its button does."""

    def __init__(self, cancel: Callable[[], None]) -> None:
        self.loss: LossPlot | None = None  # made when something is trained
        self.message = pmui.Typography("", variant="body2", sizing_mode="stretch_width", margin=(2, 8))
        self.bar = pmui.LinearProgress(
            value=0, variant="determinate", sizing_mode="stretch_width", margin=(4, 8)
        )
        self.cancel = pmui.Button(label="Cancel", size="small", variant="outlined", margin=(4, 8))
        self.cancel.on_click(lambda _event: cancel())
        self._loss = Column(sizing_mode="stretch_width", visible=False, margin=0)
        self._parts = [self.message, self.bar, self._loss, self.cancel]
        self.panel = pmui.Paper(
            elevation=0, visible=False,
            sizing_mode="stretch_width", margin=(4, 8), sx={"border": "1px solid", "borderColor": "divider"},
        )  # fmt: skip

    def start(self, message: str) -> None:
        """Something begins."""
        if not self.panel.objects:
            self.panel[:] = self._parts
        if self.loss is not None:
            self.loss.clear()
        self._loss.visible = False
        self.bar.value = 0
        self.message.object = message
        self.panel.visible = True

    def show(self, fraction: float, message: str) -> None:
        """How far it is, 0..1, in words too; without words the last ones stay."""
        self.bar.value = round(100 * min(max(fraction, 0.0), 1.0))
        self.message.object = message or self.message.object

    def trained(self, losses: Sequence[tuple[float, float, float]]) -> None:
        """New points of the loss curve: epochs done, training and validation loss."""
        if self.loss is None:
            self.loss = LossPlot()
            self._loss[:] = [pn.pane.Bokeh(self.loss.figure, sizing_mode="stretch_width", margin=0)]
        self._loss.visible = True
        self.loss.add(losses)

    def end(self) -> None:
        """Nothing runs any more."""
        self.panel.visible = False
