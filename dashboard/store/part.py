"""What the parts of the store stand on."""

from __future__ import annotations

from collections.abc import Callable

from dashboard.store.artifacts import ArtifactFolder
from dashboard.store.database import Database


class StorePart:
    """A subject of the store: sessions, links, drafts, jobs. :class:`dashboard.store.Store` is all of them.

    Parameters
    ----------
    database : rows
    artifacts : files that rows refer to
    clock : seconds since the epoch
    """

    def __init__(self, database: Database, artifacts: ArtifactFolder, clock: Callable[[], float]) -> None:
        self._database, self._artifacts, self._clock = database, artifacts, clock
