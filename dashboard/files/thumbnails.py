"""Small pictures of datasets that somebody has opened before, on disk; none is made for a list alone."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Hashable
from pathlib import Path

from dashboard import left_files
from dashboard.sessions.thumbnail import Picture, png

log = logging.getLogger(__name__)

_MOST_BYTES = 300_000


class Thumbnails:
    """Pictures by the id of an entry and the version of its files.

    Parameters
    ----------
    folder : where what can be computed again is kept
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "thumbnails"

    def read(self, entry_id: str, version: Hashable) -> bytes:
        """The PNG of an entry; empty where there is none."""
        try:
            content = self._path(entry_id, version).read_bytes()
        except OSError:
            return b""
        return content if len(content) <= _MOST_BYTES else b""

    def keep(self, entry_id: str, version: Hashable, picture: Picture) -> None:
        """Make the picture of an entry where there is none yet; some ms, so call it in a thread."""
        path = self._path(entry_id, version)
        if path.exists():
            return
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished.write_bytes(png(picture))
            unfinished.replace(path)
        except OSError as error:
            log.warning("picture of a dataset not kept: %s", error)

    def sweep(self) -> int:
        """Delete what writes that never came to their end have left; returns how many files."""
        return left_files.sweep(self._folder)

    def _path(self, entry_id: str, version: Hashable) -> Path:
        key = hashlib.sha256(f"{entry_id}\n{version}".encode("utf-8", "replace")).hexdigest()
        return self._folder / f"{key[:32]}.png"
