"""Kept selections drawn over a map: the outline of each in its colour, a veil of it inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from dashboard.named_selections import NamedSelection
from dashboard.phases.map_plot import Layer, MapPlot
from dashboard.phases.state import PhasesState
from dashboard.selection import Selection
from dashboard.viewport import Viewport, sample_nearest

LAYER = "kept"
#: so many selections have a colour of their own at a time; the last ones are drawn
MOST = 120
_LINE, _INSIDE = "ff", "1f"  # alpha: what lies below can still be read
_CASING = "#10141890"
_FINE = 2.0  # screen pixels: how wide an outline may be
_MOST_REPEATS = 8


def drawn_masks(
    kept: Sequence[NamedSelection], masks: Mapping[str, Selection | str], shape: tuple[int, int]
) -> list[tuple[str, np.ndarray]]:
    """Colour and mask (n_y, n_x) of the selections that are visible and on this map, the last on top."""
    drawn = []
    for one in kept:
        mask = masks.get(one.name)
        if one.visible and isinstance(mask, Selection) and mask.shape == shape:
            drawn.append((one.colour, mask.image))
    return drawn[-MOST:]


def outline_layer(masks: Sequence[np.ndarray]) -> Layer:
    """Draws palette indices: 0 nothing, 2 i + 1 the inside of mask i, 2 i + 2 its outline, the last a casing.

    The casing runs around the outline, so that it is seen on a map of any colours.
    """
    casing = 2 * len(masks) + 1

    def draw(viewport: Viewport) -> tuple[np.ndarray, tuple[float, float, float, float]]:
        index, extent = None, None
        for place, mask in enumerate(masks):
            seen, extent = sample_nearest(mask, viewport)
            if index is None:
                # a pixel that is many screen pixels wide gets a thin line all the same
                wide = viewport.width / max(seen.shape[1], 1) / _FINE
                repeats = int(np.clip(wide, 1, _MOST_REPEATS))
                index = np.zeros((seen.shape[0] * repeats, seen.shape[1] * repeats), np.uint8)
            fine = seen.repeat(repeats, axis=0).repeat(repeats, axis=1)
            # no casing over the outline of another one
            index[~fine & ~_core(~fine) & ((index % 2 == 1) | (index == 0))] = casing
            index[fine] = 2 * place + 1
            index[fine & ~_core(fine)] = 2 * place + 2
        return index, extent

    return draw


def outline_palette(colours: Sequence[str]) -> list[str]:
    """Colours of :func:`outline_layer`."""
    return ["#00000000", *(colour + alpha for colour in colours for alpha in (_INSIDE, _LINE)), _CASING]


def _core(mask: np.ndarray) -> np.ndarray:
    """Pixels of a mask with all four neighbours in it; beyond the edge lies what is at the edge."""
    core = mask.copy()
    core[1:] &= mask[:-1]
    core[:-1] &= mask[1:]
    core[:, 1:] &= mask[:, :-1]
    core[:, :-1] &= mask[:, 1:]
    return core


class KeptOverlay:
    """The layer ``kept`` of some maps.

    Parameters
    ----------
    state : its visible selections are drawn
    plots : maps with a layer of that name
    follow : whether they are drawn whenever they change, or only when that is asked for
    """

    def __init__(self, state: PhasesState, plots: Sequence[MapPlot], follow: bool = True) -> None:
        self._state, self._plots = state, plots
        if follow:
            state.param.watch(self.draw, ["selections", "kept_masks"])

    def draw(self, *_events: object) -> None:
        """Draw what is visible."""
        state = self._state
        if state.prepared is None:
            return
        drawn = drawn_masks(state.selections, state.kept_masks, state.prepared.maps.shape)
        palette = outline_palette([colour for colour, _ in drawn])
        layer = outline_layer([mask for _, mask in drawn]) if drawn else None
        for plot in self._plots:
            if layer is not None:
                plot.set_palette(LAYER, palette)
            plot.set_layer(LAYER, layer)
