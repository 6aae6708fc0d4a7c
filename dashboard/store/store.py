"""The store: what a team keeps together, in one database and one folder of artifacts."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from dashboard.store.artifacts import ArtifactFolder
from dashboard.store.database import Database
from dashboard.store.drafts import Drafts
from dashboard.store.errors import StoreUnavailable
from dashboard.store.faults import FULL, READ_ONLY, unavailable
from dashboard.store.job_records import JobRecords
from dashboard.store.links import Links
from dashboard.store.migration import migrate
from dashboard.store.sessions import Sessions
from dashboard.store.upkeep import Upkeep


class Store(Sessions, Links, Drafts, JobRecords, Upkeep):
    """Sessions, links, drafts, job records and the artifacts that sessions refer to.

    Every method may be called from any thread, and raises nothing but
    :class:`dashboard.store.errors.StoreError`, whose text is for people. Writing waits for the disk and, at
    worst, for other writers: from the event loop of a server it is called in a thread.
    """

    @classmethod
    def open(
        cls,
        folder: Path,
        database_url: str = "",
        clock: Callable[[], float] = time.time,
        patience_s: float = 10.0,
    ) -> Store:
        """Open the store of a folder; what is missing is made, what is older is brought to this version.

        Parameters
        ----------
        folder : of the artifacts and, without a database_url, of the SQLite file
        database_url : a PostgreSQL address, or ""
        clock : seconds since the epoch
        patience_s : how long to wait for somebody else's lock

        Raises
        ------
        StoreUnavailable
            The folder cannot be written, or the database is locked, damaged, newer, foreign or unreachable.
        """
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            artifacts = ArtifactFolder(folder / "artifacts")
            artifacts.prepare()
            database = Database(folder, database_url, patience_s)
            try:
                migrate(database)
                store = cls(database, artifacts, clock)
                store.claim_artifacts()
            except BaseException:
                database.close()
                raise
        except OSError as error:
            raise _named(unavailable(error, folder), folder) from error
        except StoreUnavailable as error:
            if database_url and str(error) not in (FULL, READ_ONLY):
                raise
            raise _named(error, folder) from error
        return store

    def close(self) -> None:
        """Let the write that is under way end; later calls raise :class:`StoreUnavailable`."""
        self._database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _named(error: StoreUnavailable, folder: Path) -> StoreUnavailable:
    """Who starts the server is told which folder it is; visitors need not know."""
    advice = " LODESTONE_STORE names another one." if str(error) == READ_ONLY else ""
    return StoreUnavailable(f"{error} (The store is the folder {folder}.{advice})")
