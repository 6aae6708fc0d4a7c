"""Which contents are there already: the same file sent twice is stored once."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from data.readers.formats import companions

log = logging.getLogger(__name__)

_PIECE_BYTES = 2**22


class Entry(Protocol):
    """What is looked at of a dataset of the data folder."""

    @property
    def id(self) -> str: ...

    @property
    def path(self) -> Path | None: ...

    @property
    def size_bytes(self) -> int: ...


class KnownContents:
    """Contents by their SHA-256, each in a small file of its own beside the uploads.

    A record counts as long as its file is as it was: one that was moved or changed since is forgotten.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, content: str, root: Path) -> str | None:
        """The path below ``root`` of a file with this content, or None."""
        record = self._folder / f"{content}.json"
        try:
            known = json.loads(record.read_text(encoding="utf-8"))
            path = root / known["path"]
            status = path.stat()
        except (OSError, ValueError, KeyError, TypeError):
            return None
        unchanged = status.st_size == known.get("size") and status.st_mtime_ns == known.get("modified_ns")
        return known["path"] if unchanged and path.resolve().is_relative_to(root.resolve()) else None

    def remember(self, content: str, path: Path, root: Path) -> None:
        """Note the content of a file below ``root``; that it cannot be noted is no harm."""
        status = path.stat()
        known = {
            "path": path.relative_to(root).as_posix(),
            "size": status.st_size,
            "modified_ns": status.st_mtime_ns,
        }
        temporary = self._folder / f".{content}.tmp"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps(known), encoding="utf-8")
            os.replace(temporary, self._folder / f"{content}.json")
        except OSError as error:
            log.warning("the content of an upload was not noted: %s", error)


def content_of(paths: Sequence[Path]) -> str:
    """SHA-256 (hex) of the files of one dataset, whatever they are called; their endings count."""
    each = sorted(f"{path.suffix.lower()} {_sha256(path)}" for path in paths)
    if len(each) == 1:
        return each[0].split()[-1]
    return hashlib.sha256("\n".join(each).encode()).hexdigest()


def same_among(entries: Iterable[Entry], ending: str, n_bytes: int, content: str) -> str | None:
    """The id of a dataset with this content, or None; only those of the same size are read."""
    for entry in entries:
        path = entry.path
        if path is None or entry.size_bytes != n_bytes or path.suffix.lower() != ending or path.is_dir():
            continue
        try:
            if content_of([path, *companions(path)]) == content:
                return entry.id
        except OSError:  # gone meanwhile, or not readable
            continue
    return None


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()
