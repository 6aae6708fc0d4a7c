"""In a real browser the gate opens after every paint, and a moving handle ends on its last value."""

from __future__ import annotations

import numpy as np
import panel as pn
from bokeh.models import Range1d
from bokeh.plotting import figure
from panel_material_ui import IntSlider, Page

from dashboard import shell
from dashboard.gate import PaintGate

VALUE_IS = "value => modelNamed('picture')?.data.image[0][0] === value"
ACKNOWLEDGED = "modelNamed('paint gate').tags[0] === modelNamed('paint gate').data.serial[0]"


class Scene:
    """A figure that shows the value of a slider, drawn through a gate."""

    def __init__(self) -> None:
        self.slider = IntSlider(start=0, end=60, value=0)
        self.plot = figure(x_range=Range1d(0, 1), y_range=Range1d(0, 1), width=200, height=200)
        image = np.zeros((8, 8), np.uint8)
        self.renderer = self.plot.image([image], x=0, y=0, dw=1, dh=1)
        self.renderer.data_source.name = "picture"
        self.n_drawn = 0
        self.gate = PaintGate(self.draw, self.plot)
        self.slider.param.watch(lambda event: self.gate(), "value")

    def draw(self) -> None:
        self.n_drawn += 1
        image = np.full((8, 8), self.slider.value, np.uint8)
        self.renderer.data_source.data = {"image": [image]}

    def page(self) -> Page:
        return shell.page("Gate", [], [], [self.slider, pn.pane.Bokeh(self.plot)])


def test_every_paint_opens_the_gate_for_the_next_drawing(serve, page):
    scenes = []

    def app() -> Page:
        scenes.append(Scene())
        return scenes[-1].page()

    page.goto(serve(app))
    page.wait_for_function(VALUE_IS, arg=0)
    handle = page.locator("input[type=range]")
    for value in range(1, 6):
        handle.press("ArrowRight")
        page.wait_for_function(VALUE_IS, arg=value)
    for _ in range(40):
        handle.press("ArrowRight")
    page.wait_for_function(VALUE_IS, arg=45)
    page.wait_for_function(ACKNOWLEDGED)
    assert scenes[0].n_drawn <= 45
