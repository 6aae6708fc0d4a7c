"""The pixels of kept selections on the map on show, made anew where what they follow has changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dashboard.live import LatestWins
from dashboard.named_selections import Kept
from dashboard.origins import Context
from dashboard.phases.selecting import context
from dashboard.phases.state import PhasesState
from dashboard.selection import Selection, select

#: name -> the selection on this map, or the sentence that says why it is not there
Masks = dict[str, Selection | str]


class KeptSelections:
    """Keeps ``state.kept_masks`` in step with ``state.selections`` and the map."""

    def __init__(self, state: PhasesState, schedule: Callable[[Callable[[], None]], None]) -> None:
        self._state = state
        self._known: dict[tuple[Any, ...], Selection | str] = {}
        #: parameter -> how often it has changed: a mask is made anew where what it follows has changed
        self._changes = {"selections": 0, "prepared": 0, "result": 0, "shown": 0}
        self._live = LatestWins(self._made, self._show, lambda text: None, schedule)
        state.param.watch(self._follow, ["selections", "prepared", "result", "shown"])

    def _follow(self, *events: Any) -> None:
        state = self._state
        for event in events:
            self._changes[event.name] += 1
        if not state.selections or state.prepared is None:
            if state.kept_masks:
                state.kept_masks = {}
            return
        self._live.request(
            state.selections, context(state.prepared, state.result, state.shown), self._versions()
        )

    def _versions(self) -> dict[str, int]:
        """What a selection may follow -> which of the states that it has been in."""
        changes = self._changes
        return {
            "map": hash(self._state.prepared.maps.shape),
            "images": changes["prepared"],
            "latent": changes["prepared"] + changes["result"],
            "phases": changes["prepared"] + changes["shown"],
        }

    def _made(
        self, kept: Kept, where: Context, versions: dict[str, int]
    ) -> tuple[Masks, dict[tuple[Any, ...], Selection | str]]:
        masks: Masks = {}
        known = {}
        for one in kept:
            follows = getattr(one.origin, "follows", "phases")
            key = (one.origin, versions["map"], versions[follows])
            found = self._known.get(key)
            if found is None:
                found = _mask(one.origin, one.shape, where)
            masks[one.name] = known[key] = found
        return masks, known

    def _show(self, made: tuple[Masks, dict[tuple[Any, ...], Selection | str]]) -> None:
        masks, self._known = made
        state = self._state
        if state.prepared is None or any(
            isinstance(mask, Selection) and mask.shape != state.prepared.maps.shape for mask in masks.values()
        ):
            return
        state.kept_masks = masks


def _mask(origin: Any, shape: tuple[int, int], where: Context) -> Selection | str:
    if shape != where.shape:
        return (
            f"Made on a map of {shape[1]} × {shape[0]} pixels (width × height); this map has "
            f"{where.shape[1]} × {where.shape[0]}."
        )
    try:
        return select(origin, where)
    except ValueError as error:
        return str(error)
