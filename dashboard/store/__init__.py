"""What a team keeps: saved sessions, links, drafts, job records and the the files of results."""

from dashboard.store.errors import (
    ChangedSince,
    NotAccepted,
    NotAllowed,
    NotFound,
    StoreError,
    StoreUnavailable,
)
from dashboard.store.records import (
    Draft,
    JobRecord,
    Link,
    SavedSession,
    SessionContent,
    StoredState,
    Visibility,
)
from dashboard.store.store import Store

__all__ = [
    "ChangedSince",
    "Draft",
    "JobRecord",
    "Link",
    "NotAccepted",
    "NotAllowed",
    "NotFound",
    "SavedSession",
    "SessionContent",
    "Store",
    "StoreError",
    "StoreUnavailable",
    "StoredState",
    "Visibility",
]
