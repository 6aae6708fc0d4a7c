"""Kept selections drawn over a map, each in its colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from dashboard.named_selections import NamedSelection
from dashboard.phases.map_plot import MapPlot
from dashboard.phases.state import PhasesState
from dashboard.selection import Selection
from dashboard.viewport import sample_nearest

#: of the colours over a map: what lies below can still be read
_ALPHA = "99"
LAYER = "kept"


def overlay(
    kept: Sequence[NamedSelection], masks: Mapping[str, Selection | str], shape: tuple[int, int]
) -> tuple[np.ndarray | None, list[str]]:
    """Palette indices (n_y, n_x) uint8 of the visible selections, the last on top, and their palette.

    None where nothing is to be drawn.
    """
    drawn = [one for one in kept if one.visible and isinstance(masks.get(one.name), Selection)]
    drawn = [one for one in drawn if masks[one.name].shape == shape][-254:]
    if not drawn:
        return None, ["#00000000"]
    index = np.zeros(shape, np.uint8)
    for number, one in enumerate(drawn, 1):
        index[masks[one.name].image] = number
    return index, ["#00000000", *(one.colour + _ALPHA for one in drawn)]


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
        index, palette = overlay(state.selections, state.kept_masks, state.prepared.maps.shape)
        for plot in self._plots:
            if index is not None:
                plot.set_palette(LAYER, palette)
            plot.set_layer(LAYER, None if index is None else lambda viewport: sample_nearest(index, viewport))
