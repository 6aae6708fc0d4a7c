"""What goes into the store and comes out of it: frozen values, free of any database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

Visibility = Literal["private", "team", "link"]
VISIBILITIES: tuple[str, ...] = get_args(Visibility)


@dataclass(frozen=True)
class SessionContent:
    """What a save freezes.

    Attributes
    ----------
    state : plain values, at most 2 MB as JSON. Its "workspace" names the part whose "dataset_id" and
        "dataset_title" stand in lists
    notes : text of the author, at most 100,000 characters
    thumbnail : a PNG of at most 300 kB, or empty
    artifacts : what it is to the session, e.g. "phases.result" -> a finished file, which is copied
    """

    state: Mapping[str, Any]
    notes: str = ""
    thumbnail: bytes = b""
    artifacts: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class SavedSession:
    """A stored session, as lists show it.

    Attributes
    ----------
    id : 32 characters that nobody guesses
    author : who saved it; "" on a server without accounts
    created, changed, deleted : seconds since the epoch; deleted is None unless it was
    visibility : "private" (its author), "team" (all who are signed in), "link" (who has a link)
    copied_from : id of the session that it was copied from, which may be gone
    n_links : links that open it now; told to its author only, else 0
    version : another one after every change of its name, its notes or what it holds
    """

    id: str
    name: str
    author: str
    created: float
    changed: float
    visibility: Visibility
    notes: str
    dataset_title: str
    dataset_id: str
    thumbnail: bytes = field(repr=False)
    copied_from: str | None
    deleted: float | None
    n_links: int
    version: str = ""


@dataclass(frozen=True)
class Link:
    """An address under which a session can be opened as it was when it was shared; times in s since 1970."""

    token: str
    session_id: str
    created: float
    expires: float | None
    revoked: float | None

    def is_open(self, now: float) -> bool:
        """Does it open anything at this time?"""
        return self.revoked is None and (self.expires is None or now < self.expires)


@dataclass(frozen=True)
class StoredState:
    """A session with all that it froze.

    Attributes
    ----------
    state : as it was saved, with tuples as lists
    artifacts : role -> file, whole; to be read, never written
    missing : roles of artifacts whose file is gone or damaged
    link, view : the link by which it was opened and the view that this carries, or None
    """

    session: SavedSession
    state: dict[str, Any]
    artifacts: Mapping[str, Path]
    missing: tuple[str, ...] = ()
    link: Link | None = None
    view: dict[str, Any] | None = None


@dataclass(frozen=True)
class Draft:
    """What a visit had on the table, kept without being asked."""

    owner: str
    visit: str
    state: dict[str, Any]
    saved: float


@dataclass(frozen=True)
class JobRecord:
    """What is known of a job after its process: times in s since 1970, status as in dashboard.job."""

    id: int
    key: str
    title: str
    owner: str
    request: dict[str, Any]
    status: str
    message: str
    created: float
    ended: float | None
