"""How many people look at the same thing: a count, no names."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Hashable
from dataclasses import dataclass


@dataclass(eq=False)
class _Here:
    """A visit in a room: who it is, which tab, and how it is told; being listed keeps no visit alive."""

    person: Hashable
    tab: Hashable
    tell: weakref.WeakMethod[Callable[[int], None]]


class Presence:
    """The visits of the process by what they look at.

    A person with two tabs counts once. Visits are told when the number changes, on whatever thread the
    change comes from: they hand it over to their page.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rooms: dict[Hashable, dict[int, _Here]] = {}
        self._room_of: dict[int, Hashable] = {}

    def enter(
        self,
        visit: int,
        room: Hashable,
        person: Hashable,
        tell: Callable[[int], None],
        tab: Hashable = None,
    ) -> None:
        """A visit looks at something; it leaves what it looked at before.

        Parameters
        ----------
        visit : which visit
        room : what it looks at
        person : who it is; equal ones count once
        tell : a method that gets the number of people in the room
        tab : what the browser calls the tab, which stays when it loads the page again
        """
        with self._lock:
            left = self._take_out(visit)
            self._rooms.setdefault(room, {})[visit] = _Here(person, tab, weakref.WeakMethod(tell))
            self._room_of[visit] = room
            calls = self._calls(room) + ([] if left in (None, room) else self._calls(left))
        _call(calls)

    def leave(self, visit: int) -> None:
        """A visit has ended."""
        with self._lock:
            left = self._take_out(visit)
            calls = [] if left is None else self._calls(left)
        _call(calls)

    def count(self, room: Hashable) -> int:
        """Number of people that look at it."""
        with self._lock:
            return self._count(room)

    def tabs(self, but: int) -> set[Hashable]:
        """The tabs that are open, apart from those of one visit."""
        with self._lock:
            return {
                here.tab
                for visits in self._rooms.values()
                for visit, here in visits.items()
                if visit != but and here.tell() is not None
            }

    def _take_out(self, visit: int) -> Hashable | None:
        room = self._room_of.pop(visit, None)
        if room is not None:
            here = self._rooms[room]
            del here[visit]
            if not here:
                del self._rooms[room]
        return room

    def _count(self, room: Hashable) -> int:
        return len({here.person for here in self._rooms.get(room, {}).values() if here.tell() is not None})

    def _calls(self, room: Hashable) -> list[tuple[Callable[[int], None], int]]:
        count = self._count(room)
        tellers = (here.tell() for here in self._rooms.get(room, {}).values())
        return [(tell, count) for tell in tellers if tell is not None]


def _call(calls: list[tuple[Callable[[int], None], int]]) -> None:
    for tell, count in calls:
        tell(count)
