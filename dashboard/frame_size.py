"""The size of a figure's frame on the screen."""

from __future__ import annotations

from bokeh.core.property.descriptors import UnsetValueError
from bokeh.models import Plot


def frame_size(figure: Plot, first: int) -> tuple[int, int]:
    """(width, height) of the frame in screen pixels; ``first`` before the browser has reported it."""
    try:
        width, height = figure.inner_width, figure.inner_height
    except UnsetValueError:
        return first, first
    return (width, height) if width > 0 and height > 0 else (first, first)
