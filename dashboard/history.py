"""Undo and redo: what a person changed, step by step, as values that can be put back.

A handle that moves is one step: changes of one kind that follow each other closely, or while the handle is
held, are joined.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

T = TypeVar("T")

MOST_STEPS = 200
JOINED_S = 1.5


@dataclass(frozen=True)
class Step(Generic[T]):
    """One change: what was there before and after it, what it is called, and what kind it is of."""

    before: T
    after: T
    text: str
    kind: Hashable


class History(Generic[T]):
    """The steps that can be taken back, and those that were.

    Parameters
    ----------
    present : what is there now
    clock : seconds
    """

    def __init__(self, present: T, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.clear(present)

    def clear(self, present: T) -> None:
        """Start anew: nothing can be taken back."""
        self.present = present
        self._done: list[Step[T]] = []
        self._undone: list[Step[T]] = []
        self._last = float("-inf")
        self._held = self._fresh = False

    def record(self, present: T, text: str, kind: Hashable) -> None:
        """A person has changed something.

        Parameters
        ----------
        present : what is there now
        text : what the step is called, such as ``merge Phase 2 and 5``
        kind : steps of one kind are joined while they follow each other closely; None is never joined
        """
        now = self._clock()
        close = not self._fresh if self._held else now - self._last <= JOINED_S
        self._fresh = False
        alike = bool(self._done) and kind is not None and self._done[-1].kind == kind
        if alike and close and not self._undone:
            self._done[-1] = replace(self._done[-1], after=present, text=text)
        else:
            self._done.append(Step(self.present, present, text, kind))
            del self._done[:-MOST_STEPS]
        self.present, self._last = present, now
        self._undone.clear()

    def amend(self, present: T) -> None:
        """Something has followed from the last change: it is taken back with it."""
        if self._done and not self._undone:
            self._done[-1] = replace(self._done[-1], after=present)
        self.present = present

    def hold(self, held: bool) -> None:
        """A handle is held, or let go: what it changes is one step however long it takes."""
        self._held = self._fresh = held
        self._last = self._clock()

    @property
    def undo_text(self) -> str:
        """What would be taken back; empty where nothing can."""
        return self._done[-1].text if self._done else ""

    @property
    def redo_text(self) -> str:
        """What would be done again; empty where nothing can."""
        return self._undone[-1].text if self._undone else ""

    def undo(self) -> T | None:
        """Take the last step back: what to put in place, or None where there is no step."""
        if not self._done:
            return None
        step = self._done.pop()
        # what followed since, and was no step, goes with it: redo brings it back
        self._undone.append(replace(step, after=self.present))
        self.present = step.before
        self._last = float("-inf")
        return self.present

    def redo(self) -> T | None:
        """Do the step again that was taken back last: what to put in place, or None."""
        if not self._undone:
            return None
        step = self._undone.pop()
        self._done.append(replace(step, before=self.present))
        self.present = step.after
        self._last = float("-inf")
        return self.present
