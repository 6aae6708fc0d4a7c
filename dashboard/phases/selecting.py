"""What is selected: pixels of a shape, a phase or a range, their spectrum and the phases they belong to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from functools import reduce
from typing import Any

import numpy as np
from bokeh.model import Model

from dashboard.busy import Busy
from dashboard.gate import PaintGate
from dashboard.live import LatestWins
from dashboard.phases.opened import OpenedMap
from dashboard.phases.state import ALL_COUNTS, NAVIGATION, PhasesState
from dashboard.selection import Combined, Context, Origin, PhaseMembers, Selection, drawn, select
from dashboard.viewport import Viewport, sample_mean
from data import sparse_counts
from models.live_phases import LivePhases
from models.phases_result import PhasesResult

#: the selection, its spectrum, the phases in it, whether it follows from something else that was done, and
#: the phases that were on show when it was asked for
_Found = tuple[Selection, np.ndarray, tuple[tuple[int, float], ...], bool, LivePhases | None]


class Selecting:
    """Answers what a state asks to select, in a thread.

    Parameters
    ----------
    state : what is chosen and shown; ``asked`` is answered by ``selection``
    schedule : calls a function soon on the thread of the page
    tell : shows a message to the person: (text, "error" | "warning" | "info")
    busy : the sign that an answer is sought
    anchor : a figure of the page, whose painting sets the pace: a threshold that moves selects many times a
        second
    """

    def __init__(
        self,
        state: PhasesState,
        schedule: Callable[[Callable[[], None]], None],
        tell: Callable[[str, str], None],
        busy: Busy | None = None,
        anchor: Model | None = None,
    ) -> None:
        self.state, self._tell = state, tell
        self._newest: _Found | None = None
        self._gate = self._draw_newest if anchor is None else PaintGate(self._draw_newest, anchor)
        self._live = LatestWins(
            _selection, self._show, lambda text: tell(text, "warning"), schedule, busy=busy
        )
        # the same shape may be asked for again, after the selection was cleared
        state.param.watch(lambda event: self._select(event.new), "asked", onlychanged=False)
        state.param.watch(self._phases_chosen, "chosen_phases")
        state.param.watch(self._selection_changed, "selection")
        state.param.watch(self._phases_changed, ["shown", "result"])

    def drop(self) -> None:
        """Forget what is under way: another map is shown, or nothing is to be selected."""
        self._live.drop()
        self._newest = None

    def drawn(self, space: str, geometry: dict[str, Any]) -> None:
        """A lasso or a box was finished on a map (in map pixels) or in the latent space."""
        try:
            origin = drawn(space, geometry)
        except ValueError as error:
            self._tell(str(error), "warning")
            return
        self.state.select(origin)

    def clear(self) -> None:
        """Nothing is selected any more."""
        self.state.clear_selection()

    def _phases_chosen(self, *_events: Any) -> None:
        state = self.state
        if state.chosen_phases:
            self._select(members(state.chosen_phases))
        elif state.selection is not None and chosen_by(state.selection.origin):
            self.clear()

    def _phases_changed(self, *_events: Any) -> None:
        """Other phases are on show: what was selected by them is selected anew."""
        selection = self.state.selection
        if selection is None or self.state.shown is None:
            return
        what = getattr(selection.origin, "follows", "phases")
        # a chosen phase that is gone is no longer chosen: whoever showed the phases sees to that
        gone = set(chosen_by(selection.origin)) - set(self.state.shown.ids)
        if what in ("phases", "latent") and not gone:
            with self.state.consequence():
                self._select(selection.origin)

    def _select(self, origin: Origin | None) -> None:
        state = self.state
        if origin is None:
            self.drop()
        elif state.prepared is not None:
            follows = state.following or state.restoring
            self._live.request(origin, state.prepared, state.result, state.shown, follows)

    def _show(self, found: _Found) -> None:
        self._newest = found
        self._gate()

    def _draw_newest(self) -> None:
        """Show the newest answer; the gate calls this once the one before is painted."""
        if self._newest is None:
            return
        (selection, spectrum, phases, follows, shown), self._newest = self._newest, None
        state = self.state
        if state.prepared is None or selection.shape != state.prepared.maps.shape:
            return
        if shown is not state.shown and getattr(selection.origin, "follows", "phases") == "phases":
            # other phases have come meanwhile
            with state.consequence() if follows else nullcontext():
                self._select(selection.origin)
            return
        chosen = chosen_by(selection.origin)
        with state.consequence() if follows else nullcontext():
            state.param.update(
                selection=selection,
                selection_spectrum=spectrum,
                selection_phases=phases,
                chosen_phases=chosen,
                chosen_phase=chosen[-1] if chosen else None,
            )

    def _selection_changed(self, event: Any) -> None:
        if event.new is None and self.state.asked is not None:
            self.state.asked = None
        if event.new is None and self.state.selection_spectrum is not None:
            self.state.param.update(selection_spectrum=None, selection_phases=())


def members(phases: tuple[int, ...]) -> Origin:
    """The pixels of one phase or of several."""
    return reduce(lambda left, right: Combined("or", (left, right)), map(PhaseMembers, phases))


def chosen_by(origin: Origin) -> tuple[int, ...]:
    """The phases that a selection consists of; none where it is of another kind."""
    if isinstance(origin, PhaseMembers):
        return (origin.phase,) if origin.threshold == 0 else ()
    if isinstance(origin, Combined) and origin.operation == "or":
        left, right = (chosen_by(part) for part in origin.parts)
        return (*left, *right) if left and right else ()
    return ()


def context(opened: OpenedMap, result: PhasesResult | None, shown: LivePhases | None) -> Context:
    """What a map has to select by."""
    fits = result is not None and result.latent is not None and result.latent.map_shape == opened.maps.shape
    return Context(
        opened.maps.shape,
        coordinates=_plane(result.latent.coordinates) if fits else None,
        label=None if shown is None else shown.phase_map.label,
        ids=None if shown is None else shown.ids,
        probability=None if shown is None else shown.phase_map.probability,
        images=MapImages(opened),
    )


def _plane(coordinates: np.ndarray) -> np.ndarray:
    """The two coordinates that the latent space is drawn in; a single one is drawn along the axis."""
    if coordinates.shape[1] >= 2:
        return coordinates[:, :2]
    return np.column_stack([coordinates, np.where(np.isnan(coordinates), np.nan, np.float32(0))])


class MapImages(Mapping[str, np.ndarray]):
    """The images of a map by the names of the map menu, on its pixels; made when they are asked for."""

    def __init__(self, opened: OpenedMap) -> None:
        self._opened = opened
        images = (NAVIGATION + name for name in opened.maps.navigation)
        self._names = (ALL_COUNTS, *opened.maps.lines, *images)

    def __getitem__(self, name: str) -> np.ndarray:
        opened = self._opened
        if name not in self._names:
            raise KeyError(name)
        if name == ALL_COUNTS:
            return opened.intensity
        if not name.startswith(NAVIGATION):
            return opened.maps.of(name)
        image = opened.maps.navigation[name.removeprefix(NAVIGATION)]
        n_y, n_x = opened.maps.shape
        if image.shape == (n_y, n_x):
            return image
        # an electron image of its own size shows the same field of view
        seen = sample_mean(image, Viewport(0, n_x, 0, n_y, n_x, n_y), (n_y, n_x))[0]
        rows, columns = (np.arange(n) * m // n for n, m in zip((n_y, n_x), seen.shape, strict=True))
        return seen[np.ix_(rows, columns)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _selection(
    origin: Origin,
    opened: OpenedMap,
    result: PhasesResult | None,
    shown: LivePhases | None,
    follows: bool,
) -> _Found:
    """The pixels of an origin, their sum spectrum, and the phases that they belong to."""
    selection = select(origin, context(opened, result, shown))
    spectrum = sum_of(opened, selection)
    if shown is None:
        return selection, spectrum, (), follows, shown
    label = shown.phase_map.label.ravel()[selection.mask].astype(np.intp)
    pixels = np.bincount(label + 1, minlength=shown.n_phases + 1)[1:]
    order = np.argsort(-pixels, kind="stable")
    shares = tuple(
        (shown.ids[one], float(pixels[one] / selection.n_selected)) for one in order if pixels[one]
    )
    return selection, spectrum, shares, follows, shown


def sum_of(opened: OpenedMap, selection: Selection) -> np.ndarray:
    """Summed counts of the selected pixels, (n_channels,), or summed intensities of element maps."""
    if opened.image is not None:
        return sparse_counts.sum_where(opened.image.counts, selection.mask, opened.sum_spectrum)
    return opened.maps.intensity[selection.image].sum(axis=0, dtype=np.float64)
