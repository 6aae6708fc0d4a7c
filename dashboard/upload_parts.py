"""Uploads on their way, on the disk: ``<id>/part`` and ``<id>/about.json`` in a hidden folder.

How much has arrived is the size of the part and nothing else, so a break, a restart or a kill loses only what
was not written yet.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from dashboard.upload_errors import TooLarge, refusal


@dataclass(frozen=True)
class Upload:
    """A file on its way.

    Attributes
    ----------
    id : unguessable
    name : under which it will be kept
    size_bytes : as announced
    owner : who sends it, "" on a server without accounts
    begun : seconds since 1970
    fingerprint : what the sender knows it by, e.g. its time of change; "" for nothing
    offset : bytes that have arrived
    """

    id: str
    name: str
    size_bytes: int
    owner: str
    begun: float
    fingerprint: str
    offset: int


class UploadParts:
    """The unfinished uploads of a folder; the file system's errors are raised as they are."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, upload: Upload) -> Path:
        """The file with what has arrived."""
        return self.folder / upload.id / "part"

    def add(self, name: str, size_bytes: int, owner: str, begun: float, fingerprint: str) -> Upload:
        """A new one, of which nothing has arrived yet."""
        upload = Upload(secrets.token_hex(16), name, size_bytes, owner, begun, fingerprint, 0)
        folder = self.folder / upload.id
        folder.mkdir(parents=True, mode=0o700)
        about = {key: value for key, value in asdict(upload).items() if key != "offset"}
        self.path(upload).touch()
        (folder / "about.tmp").write_text(json.dumps(about), encoding="utf-8")
        os.replace(folder / "about.tmp", folder / "about.json")
        return upload

    def find(self, upload_id: str) -> Upload | None:
        """The one of this id, or None; any text may be asked for."""
        if not re.fullmatch(r"[0-9a-f]{32}", upload_id):
            return None
        folder = self.folder / upload_id
        try:
            about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
            return Upload(**about, offset=(folder / "part").stat().st_size)
        except (OSError, ValueError, TypeError):  # not there, or cut off while it was begun
            return None

    def all(self) -> tuple[Upload, ...]:
        """Every one, the oldest first."""
        ids = [path.name for path in self.folder.iterdir()] if self.folder.is_dir() else []
        found = [upload for one in ids if (upload := self.find(one)) is not None]
        return tuple(sorted(found, key=lambda one: (one.begun, one.id)))

    @contextlib.contextmanager
    def appending(self, upload: Upload) -> Iterator[Callable[[bytes], None]]:
        """A function that writes the next bytes; they have arrived once it returns.

        Raises
        ------
        UploadRefused
            More comes than was announced, or it cannot be written.
        """
        n_received = upload.offset
        try:
            file = self.path(upload).open("ab", buffering=0)
        except OSError as error:
            raise refusal(error, n_received) from error

        def write(data: bytes) -> None:
            nonlocal n_received
            if n_received + len(data) > upload.size_bytes:
                raise TooLarge(
                    f"{upload.name} was announced with {upload.size_bytes:,} bytes, and more came. It has "
                    f"changed while it was sent: send it again from the beginning."
                )
            left = memoryview(data)
            try:
                while left:
                    n_written = file.write(left)
                    n_received += n_written
                    left = left[n_written:]
            except OSError as error:
                raise refusal(error, n_received) from error

        with file:
            yield write

    def forget(self, upload: Upload) -> None:
        """Delete what has arrived."""
        shutil.rmtree(self.folder / upload.id, ignore_errors=True)

    def sweep(self, before: float, busy: Collection[str]) -> int:
        """Delete those of which nothing has arrived since a time (seconds since 1970); how many they were."""
        n_swept = 0
        for folder in list(self.folder.iterdir()) if self.folder.is_dir() else []:
            with contextlib.suppress(OSError):
                newest = max(one.stat().st_mtime for one in (folder, *folder.iterdir()))
                if newest < before and folder.name not in busy:
                    shutil.rmtree(folder)
                    n_swept += 1
        return n_swept
