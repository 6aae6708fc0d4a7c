"""The colours of an image of indices: image value i is drawn in palette[i]."""

from __future__ import annotations

from collections.abc import Sequence

from bokeh.core.property.validation import validate
from bokeh.models import LinearColorMapper


def show_palette(mapper: LinearColorMapper, palette: Sequence[str]) -> None:
    """Draw image values 0 ... len(palette) - 1 in these colours, "#rrggbb" or "#rrggbbaa".

    The colours come from the program: Bokeh would check each of them against every way to write a colour,
    which takes longer than everything else that an update of the image needs.
    """
    palette = list(palette)
    if palette != mapper.palette:
        with validate(False):
            mapper.update(palette=palette, low=0, high=len(palette) - 1)
