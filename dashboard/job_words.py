"""What a person is told of a job that waits or runs."""

from __future__ import annotations

from dashboard.job import Progress

_SOON_S = 8.0
_NOW_S = 3.0


def words_of(progress: Progress) -> str:
    """How far a job is, e.g. "3rd in the queue, starts in about 2 min" or "Epoch 3 of 40, about 20 s left".

    Empty where there is nothing to say of it: it has ended, or its work has said nothing yet.
    """
    if progress.position:
        place = "Next" if progress.position == 1 else _ordinal(progress.position)
        if progress.starts_in_s is None:
            return f"{place} in the queue"
        earliest = " at the earliest" if progress.or_later else ""
        return f"{place} in the queue, starts in {_about(progress.starts_in_s)}{earliest}"
    left = progress.remaining_s
    if not progress.message or left is None or left < _NOW_S:
        return progress.message
    return f"{progress.message}, {_about(left)} left"


def _about(seconds: float) -> str:
    """A time as exactly as an estimate is: "a few seconds", "about 40 s", "about 3 min", "about 2 h"."""
    if seconds < _SOON_S:
        return "a few seconds"
    if seconds < 57.5:
        return f"about {5 * round(seconds / 5)} s"
    if seconds < 57.5 * 60:
        return f"about {max(1, round(seconds / 60))} min"
    return f"about {max(1, round(seconds / 3600))} h"


def _ordinal(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
