"""Files of results, each under the hash of its content: all of them whole, none there twice."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from dashboard.store.errors import NotAccepted
from dashboard.store.faults import FULL, unavailable
from dashboard.store.limits import MAX_ARTIFACT_BYTES

_UNFINISHED = ".unfinished-"
_BLOCK_BYTES = 2**20
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Artifact:
    """A file that was taken in."""

    sha256: str
    size_bytes: int


class ArtifactFolder:
    """``ab/abcdef...`` below a folder, by SHA-256.

    A file is written under a temporary name, flushed to the disk with its folder, and renamed; whoever refers
    to it does so afterwards. So a kill leaves at most a temporary file, which :meth:`sweep` removes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def prepare(self) -> None:
        """Make the folder where it is missing, and write into it once to know that this can be done.

        A full disk is no reason to refuse: what is there can be opened, and space may be freed.

        Raises
        ------
        StoreUnavailable
            It cannot be made or written.
        """
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            probe = self._temporary()
            try:
                with _new_file(probe) as file:
                    file.write(b"can this folder be written?")
                    file.flush()
                    os.fsync(file.fileno())
            finally:
                probe.unlink(missing_ok=True)
        except OSError as error:
            fault = unavailable(error, self.folder)
            if str(fault) != FULL:
                raise fault from error

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """While files are taken in and not yet referred to: nothing is swept meanwhile, by no process."""
        with self._lock(fcntl.LOCK_SH):
            yield

    def take_in(self, source: Path) -> Artifact:
        """Copy a finished file, unless the same is there already; within :meth:`in_use`.

        It is copied, not linked: whoever wrote the source may write it again.

        Raises
        ------
        NotAccepted
            The source is no file, or too large.
        StoreUnavailable
            It cannot be kept: the disk is full, or cannot be written.
        """
        try:
            facts = source.stat()
            if facts.st_size > MAX_ARTIFACT_BYTES:
                raise NotAccepted(
                    f"The result {source.name} takes {facts.st_size / 1e9:.1f} GB; files of up to "
                    f"{MAX_ARTIFACT_BYTES / 1e9:.0f} GB are kept."
                )
            if not stat.S_ISREG(facts.st_mode):  # a pipe, say, would be waited for
                raise OSError(errno.EINVAL, "it is no file")
            with source.open("rb") as file:
                sha256 = _digest(file)
        except OSError as error:
            raise NotAccepted(
                f"The result {source.name} cannot be read: {error.strerror}. Compute it again, then save."
            ) from error
        try:
            if self.is_whole(sha256, facts.st_size, verify=True):
                os.utime(self.path(sha256))  # to the sweeper it is as young as one that came now
                return Artifact(sha256, facts.st_size)
            return self._copy(source)
        except OSError as error:
            raise unavailable(error, self.folder) from error

    def path(self, sha256: str) -> Path:
        """Where the content of this hash is, or would be."""
        return self.folder / sha256[:2] / sha256

    def is_whole(self, sha256: str, size_bytes: int, verify: bool = False) -> bool:
        """Is a file there, of its size and, where that is to be verified, its content?"""
        try:
            path = self.path(sha256)
            if path.stat().st_size != size_bytes:
                return False
            if not verify:
                return True
            with path.open("rb") as file:
                return _digest(file) == sha256
        except OSError:
            return False

    def touch(self, sha256: str) -> None:
        """Somebody was given this file just now: it is not swept for a while."""
        with suppress(OSError):
            os.utime(self.path(sha256))

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Sweeping: is nobody taking files in, so that what nobody refers to can go?"""
        try:
            with self._lock(fcntl.LOCK_EX | fcntl.LOCK_NB):
                yield True
        except BlockingIOError:
            yield False

    def sweep(self, referred_to: set[str], min_age_s: float) -> int:
        """Remove files that nobody refers to and that are old enough; within :meth:`alone`.

        Returns
        -------
        number of artifacts that were removed; temporary files are not counted

        Raises
        ------
        StoreUnavailable
            The folder cannot be read or written.
        """
        youngest, n_removed = time.time() - min_age_s, 0
        try:
            for file in [*self.folder.glob(f"{_UNFINISHED}*"), *self.files()]:
                is_artifact = not file.name.startswith(_UNFINISHED)
                if (is_artifact and file.name in referred_to) or file.stat().st_mtime > youngest:
                    continue
                file.unlink(missing_ok=True)
                n_removed += is_artifact
        except OSError as error:
            raise unavailable(error, self.folder) from error
        return n_removed

    def files(self) -> Iterator[Path]:
        """All artifacts that are there."""
        return (
            file for file in sorted(self.folder.glob("[0-9a-f][0-9a-f]/*")) if _SHA256.fullmatch(file.name)
        )

    def _copy(self, source: Path) -> Artifact:
        unfinished = self._temporary()
        try:
            # hashed again while it is copied: the name is that of what was written, whatever the source does
            with source.open("rb") as original, _new_file(unfinished) as copy:
                sha256 = _digest(original, copy)
                copy.flush()
                os.fsync(copy.fileno())
                size_bytes = copy.tell()
            target = self.path(sha256)
            if not target.parent.is_dir():
                target.parent.mkdir(mode=0o700, exist_ok=True)
                _flush_folder(self.folder)
            unfinished.replace(target)
            _flush_folder(target.parent)
            return Artifact(sha256, size_bytes)
        finally:
            unfinished.unlink(missing_ok=True)

    def _temporary(self) -> Path:
        return self.folder / f"{_UNFINISHED}{secrets.token_hex(8)}"

    @contextmanager
    def _lock(self, kind: int) -> Iterator[None]:
        try:
            descriptor = os.open(self.folder / ".lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise unavailable(error, self.folder) from error
        try:
            fcntl.flock(descriptor, kind)
            yield
        finally:
            os.close(descriptor)


def _digest(source: BinaryIO, copy: BinaryIO | None = None) -> str:
    """SHA-256 of a file, which is copied on the way."""
    digest = hashlib.sha256()
    while block := source.read(_BLOCK_BYTES):
        digest.update(block)
        if copy is not None:
            copy.write(block)
    return digest.hexdigest()


def _new_file(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600), "wb")


def _flush_folder(folder: Path) -> None:
    """Make the names in a folder outlast a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
