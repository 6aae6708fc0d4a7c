"""Where a person is looking on the page, and how somebody else is shown the same."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from bokeh.models import Range1d

from dashboard.frame_size import frame_size
from dashboard.frozen_view import FrozenView
from dashboard.phases.selecting import chosen_by
from dashboard.phases.workspace import PhasesWorkspace

#: before the browser has reported the size of a frame, screen pixels
_FIRST_SIZE = 480
#: parts of a range that count as no zoom
_NEARLY = 1e-3
#: the browser lays out a page in several steps and fits the map in each: between two looks whether it is done
_LOOK_MS = 250
#: looks after the part was shown: a fitting that was under way may have undone it
_MORE_LOOKS = 4


class PageView:
    """Reads and sets tab, zoom, chosen phases and selection of a workspace.

    Parameters
    ----------
    workspace : of the visit
    later : calls a function after so many ms on the thread of the page
    """

    def __init__(
        self, workspace: PhasesWorkspace, later: Callable[[Callable[[], None], int], object]
    ) -> None:
        self._workspace, self._state, self._later = workspace, workspace.state, later
        self._wanted: tuple[float, ...] | None = None
        self._seen: tuple[Any, ...] | None = None  # how the browser had laid out the map at the last look
        self._looks = 0
        self._looking = False
        workspace.views.frame.x_range.on_change("tags", lambda attr, old, new: self._look_soon())

    def now(self) -> FrozenView:
        """Where the person is looking."""
        state, views = self._state, self._workspace.views
        selection = None if state.selection is None else state.selection.origin
        if selection is not None and chosen_by(selection):
            selection = None
        ranges = {
            "map": self._visible_part(),
            "latent": (*_zoomed(views.latent.x_range), *_zoomed(views.latent.y_range)),
            "energy": _zoomed(views.spectra.energy_range),
        }
        if len(ranges["latent"]) == 2:  # one of both: the other is as it is
            x, y = views.latent.x_range, views.latent.y_range
            ranges["latent"] = (x.start, x.end, y.start, y.end)
        return FrozenView(
            self.tab,
            tuple(int(phase) for phase in state.chosen_phases),
            selection,
            {name: tuple(map(float, ends)) for name, ends in ranges.items() if ends},
        )

    @property
    def tab(self) -> str:
        """Title of the open tab; "" for the first."""
        tabs = self._workspace.tabs
        number = tabs.strip.active
        return tabs.frames[number - 1].tab.title if number else ""

    def show(self, view: FrozenView) -> None:
        """Look there: the dataset and, for chosen phases and selections, the phases are on show."""
        state = self._state
        self._workspace.tabs.open(view.tab)
        self.zoom(view)
        with state.consequence():
            known = () if state.shown is None else state.shown.ids
            chosen = [phase for phase in view.chosen_phases if phase in known]
            if chosen:
                state.choose(chosen)
            elif view.selection is not None:
                state.select(view.selection)

    def zoom(self, view: FrozenView) -> None:
        """Set the visible parts of the figures."""
        views, ranges = self._workspace.views, view.ranges
        if "latent" in ranges:
            x0, x1, y0, y1 = ranges["latent"]
            views.latent.x_range.update(start=x0, end=x1)
            views.latent.y_range.update(start=y0, end=y1)
        if "energy" in ranges:
            views.spectra.energy_range.update(start=ranges["energy"][0], end=ranges["energy"][1])
        self._wanted, self._seen, self._looks = ranges.get("map"), None, _MORE_LOOKS
        self._look_soon()

    def _visible_part(self) -> tuple[float, ...]:
        """x0, x1, y0, y1 of the part of the map in sight, in units of its axes; () where all of it is."""
        frame = self._workspace.views.frame
        size, (n_y, n_x) = frame.pixel_size, frame.shape
        x0, x1 = sorted((frame.x_range.start, frame.x_range.end))
        y0, y1 = sorted((frame.y_range.start, frame.y_range.end))
        seen = (max(x0, 0.0), min(x1, n_x * size), max(y0, 0.0), min(y1, n_y * size))
        whole = (0.0, n_x * size, 0.0, n_y * size)
        if seen[0] >= seen[1] or seen[2] >= seen[3]:
            return ()
        near = all(abs(a - b) <= _NEARLY * max(whole) for a, b in zip(seen, whole, strict=True))
        return () if near else seen

    def _look_soon(self) -> None:
        if self._wanted is not None and not self._looking:
            self._looking = True
            self._later(self._look, _LOOK_MS)

    def _look(self) -> None:
        """Show the wanted part of the map once the browser has fitted all of it, which would undo this."""
        self._looking = False
        frame, figure = self._workspace.views.frame, self._workspace.views.phase.figure
        tags = frame.x_range.tags
        if self._wanted is None or not tags or not self._is_of_this_map(str(tags[0])):
            return  # its next note starts the looks again
        seen = (*tags, *frame_size(figure, _FIRST_SIZE))
        if seen == self._seen:
            x0, x1, y0, y1 = self._wanted
            width, height = seen[-2:]
            # pixels stay square: all of the part is seen, whatever the shape of this person's frame
            scale = max((x1 - x0) / width, (y1 - y0) / height)
            x, y, dx, dy = (x0 + x1) / 2, (y0 + y1) / 2, scale * width / 2, scale * height / 2
            if not _near((frame.x_range.start, frame.x_range.end), (x - dx, x + dx)):
                frame.x_range.update(start=x - dx, end=x + dx)
                frame.y_range.update(start=y + dy, end=y - dy)
                for plot in (self._workspace.views.element, self._workspace.views.phase):
                    plot.redraw()
            self._looks -= 1
            if not self._looks:
                self._wanted = None
        self._seen = seen
        self._look_soon()

    def _is_of_this_map(self, tag: str) -> bool:
        """The browser notes what it has fitted as "width:height"."""
        frame = self._workspace.views.frame
        try:
            fitted = [float(side) for side in tag.split(":")]
        except ValueError:
            return False
        sides = (frame.shape[1] * frame.pixel_size, frame.shape[0] * frame.pixel_size)
        return len(fitted) == 2 and all(map(math.isclose, fitted, sides))


def _zoomed(axis: Range1d) -> tuple[float, ...]:
    """Start and end of a range that somebody has changed; () where it is as at first."""
    start, end, first, last = axis.start, axis.end, axis.reset_start, axis.reset_end
    if first is None or last is None or not start < end:
        return ()
    return () if _near((start, end), (first, last)) else (start, end)


def _near(ends: tuple[float, float], others: tuple[float, float]) -> bool:
    near = _NEARLY * abs(others[1] - others[0])
    return all(abs(a - b) <= near for a, b in zip(ends, others, strict=True))
