"""The size of a figure's frame on the screen."""

from __future__ import annotations

from bokeh.core.property.descriptors import UnsetValueError
from bokeh.models import Plot


def frame_size(figure: Plot, first: int, first_height: int | None = None) -> tuple[int, int]:
    """(width, height) of the frame in screen pixels.

    Before the browser has reported it: ``first`` and ``first_height``, which is ``first`` too by default.
    """
    guess = (first, first_height or first)
    try:
        width, height = figure.inner_width, figure.inner_height
    except UnsetValueError:
        return guess
    return (width, height) if width > 0 and height > 0 else guess
