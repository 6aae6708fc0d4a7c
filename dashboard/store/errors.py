"""What the store says when it cannot do as asked: every message is a sentence for the person who asked."""

from __future__ import annotations

from dashboard.store.records import SavedSession


class StoreError(ValueError):
    """The store did not do what was asked; the text says what was found and what helps."""


class StoreUnavailable(StoreError):
    """The request is in order, but the store cannot serve it: full, locked, damaged, unreachable."""


class NotFound(StoreError):
    """There is nothing of that name for this person (what belongs to somebody else counts as not there)."""


class NotAllowed(StoreError):
    """This person may look at it, but not do that to it."""


class ChangedSince(StoreError):
    """What should be replaced is not what the person has seen; ``session`` is how it is now."""

    def __init__(self, session: SavedSession) -> None:
        super().__init__(
            f"The session “{session.name}” has changed since it was opened here. Save a copy, or replace it."
        )
        self.session = session


class NotAccepted(StoreError):
    """What should be kept is too large or not of the kind that is kept."""
