"""How many people look at the same thing: a count, no names."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Protocol


class Guest(Protocol):
    """A visit as presence knows it."""

    def people_changed(self, number: int) -> None:
        """So many people look at the same; called from any thread."""

    def is_connected(self) -> bool:
        """Is its page open in a browser now?"""


@dataclass(eq=False)
class _Here:
    """A visit in a room: who it is, and which tab; being listed keeps no visit alive."""

    person: Hashable
    tab: Hashable
    visit: weakref.ref[Guest]

    @property
    def guest(self) -> Guest | None:
        """The visit, where its page is open."""
        guest = self.visit()
        return guest if guest is not None and guest.is_connected() else None


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
        guest: Guest,
        tab: Hashable = None,
    ) -> None:
        """A visit looks at something; it leaves what it looked at before.

        Parameters
        ----------
        visit : which visit
        room : what it looks at
        person : who it is; equal ones count once
        guest : the visit itself, which is told the number of people in the room
        tab : what the browser calls the tab, which stays when it loads the page again
        """
        with self._lock:
            left = self._take_out(visit)
            self._rooms.setdefault(room, {})[visit] = _Here(person, tab, weakref.ref(guest))
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
                if visit != but and here.guest is not None
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
        return len({here.person for here in self._rooms.get(room, {}).values() if here.guest is not None})

    def _calls(self, room: Hashable) -> list[tuple[Guest, int]]:
        count = self._count(room)
        guests = (here.guest for here in self._rooms.get(room, {}).values())
        return [(guest, count) for guest in guests if guest is not None]


def _call(calls: list[tuple[Guest, int]]) -> None:
    for guest, count in calls:
        guest.people_changed(count)
