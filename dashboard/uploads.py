"""Files that people send, in pieces, until they are whole, checked and seen by all.

The catalogue never sees a file before it is whole: until then it lies in a hidden folder beside the finished
ones, and publishing it is one link to its name.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dashboard.known_contents import Entry, KnownContents, content_of, same_among
from dashboard.settings import Settings
from dashboard.upload_errors import (
    NoRoom,
    TooLarge,
    TooMany,
    UploadBusy,
    UploadNotFound,
    UploadRefused,
    WrongOffset,
    megabytes,
    refusal,
)
from dashboard.upload_parts import Upload, UploadParts
from dashboard.upload_publishing import link, main_file, publish
from data.catalogue import UPLOADS_ID
from data.upload_check import check_content, check_ending
from data.upload_names import safe_name

MOST_UNFINISHED = 20  # of one person
MOST_FILES = 40  # of one dataset
ABANDONED_S = 7 * 24 * 3600
RESERVE_BYTES = 256 * 2**20  # left for saved sessions when uploads fill a disk


@dataclass(frozen=True)
class Finished:
    """What became of an upload: the id in the catalogue, a sentence, and whether it is new there."""

    entry_id: str
    message: str
    is_new: bool


def uploads_folder(settings: Settings) -> Path:
    """Where uploads go: into the data folder or, where it is absent or takes nothing, beside the store."""
    if settings.data_folder is not None:
        folder = settings.data_folder / UPLOADS_ID
        existing = folder if folder.exists() else settings.data_folder
        # through a link that leads out of the data folder the catalogue would not follow
        inside = existing.resolve().is_relative_to(settings.data_folder.resolve())
        if inside and existing.is_dir() and os.access(existing, os.W_OK | os.X_OK):
            return folder
    return settings.store_folder / UPLOADS_ID


class Uploads:
    """The uploads of a team; every method may be called from any thread, and waits for the disk.

    Parameters
    ----------
    folder : see :func:`uploads_folder`; made at the first upload
    team : the folder in it that takes the finished files
    limit_bytes : the largest file
    entries : the datasets there are, to find out what is sent a second time
    clock : seconds since 1970
    """

    def __init__(
        self,
        folder: Path,
        team: str,
        limit_bytes: int,
        entries: Callable[[], Iterable[Entry]] = tuple,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.folder, self.limit_bytes = folder, limit_bytes
        self._team, self._entries, self._clock = team, entries, clock
        self._parts = UploadParts(folder / ".incoming")
        self._known = KnownContents(folder / ".contents")
        self._publishing = threading.Lock()
        self._lock = threading.Lock()  # of the following
        self._busy: set[str] = set()  # ids of uploads that are written to or finished just now

    def begin(self, owner: str, name: str, size_bytes: int, fingerprint: str = "") -> Upload:
        """A new upload, or the unfinished one of the same file: its offset says where to go on.

        Raises
        ------
        UploadRefused
            The name, the ending or the size cannot be taken, there is no room, or too many are unfinished.
        """
        name, fingerprint = _acceptable(name), str(fingerprint)[:200]
        size_bytes = self._acceptable_size(name, size_bytes)
        try:
            mine = self.unfinished(owner)
            for one in mine:
                if (one.name, one.size_bytes, one.fingerprint) == (name, size_bytes, fingerprint):
                    return one
            if len(mine) >= MOST_UNFINISHED:
                raise TooMany(
                    f"You have {len(mine)} unfinished uploads, {mine[0].name} for one. Finish or cancel some "
                    f"first; they are forgotten after a week."
                )
            self._check_room(size_bytes)
            return self._parts.add(name, size_bytes, owner, self._clock(), fingerprint)
        except OSError as error:
            raise refusal(error) from error

    def find(self, upload_id: str, owner: str) -> Upload:
        """An unfinished upload of this person.

        Raises
        ------
        UploadNotFound
            There is none of that id, or it is somebody else's.
        """
        upload = self._parts.find(upload_id)
        if upload is None or upload.owner != owner:
            raise UploadNotFound(
                "There is no such upload: it is finished, cancelled, or was forgotten after a week. Send the "
                "file from the beginning."
            )
        return upload

    def unfinished(self, owner: str | None = None) -> tuple[Upload, ...]:
        """Uploads that are on their way, of one person or of all, the oldest first."""
        return tuple(one for one in self._parts.all() if owner in (None, one.owner))

    @contextlib.contextmanager
    def appending(self, upload_id: str, owner: str, offset: int) -> Iterator[Callable[[bytes], None]]:
        """A function that writes the next bytes; they count from the moment they are written.

        Raises
        ------
        UploadRefused
            The upload is not there or written to already, the offset is wrong (:class:`WrongOffset`), more
            comes than was announced, or the disk is full.
        """
        with self._alone(upload_id, owner) as upload:
            if offset != upload.offset:
                raise WrongOffset(
                    f"{upload.name}: {upload.offset:,} bytes have arrived, and the next were sent as from "
                    f"{offset:,}. Go on from {upload.offset:,}.",
                    upload.offset,
                )
            with self._parts.appending(upload) as write:
                yield write

    def finish(self, upload_ids: Sequence[str], owner: str) -> Finished:
        """Check the files of one dataset and put them where all see them; a second copy is not kept.

        Raises
        ------
        UploadRefused
            Something has not arrived yet, or the content is not what the name says; then it is dropped.
        """
        if not 1 <= len(set(upload_ids)) == len(upload_ids) <= MOST_FILES:
            raise UploadRefused(f"A dataset is made of 1 to {MOST_FILES} files, each sent once.")
        with contextlib.ExitStack() as stack:
            uploads = [stack.enter_context(self._alone(one, owner)) for one in upload_ids]
            for one in uploads:
                if one.offset != one.size_bytes:
                    raise WrongOffset(
                        f"{one.name} is not whole: {one.offset:,} of {one.size_bytes:,} bytes have arrived. "
                        f"Go on from there.",
                        one.offset,
                    )
            main = main_file([one.name for one in uploads])
            ready = self._parts.path(uploads[0]).with_name("ready")
            try:
                files = self._stage(uploads, ready)
                check_content(ready / main)
                finished = self._publish(main, files)
            except OSError as error:
                raise refusal(error, sum(one.size_bytes for one in uploads)) from error
            except ValueError as error:  # of the reader: the content is bad, to send it again would not help
                self._forget(uploads)
                raise UploadRefused(str(error)) from error
            finally:
                shutil.rmtree(ready, ignore_errors=True)
            self._forget(uploads)
        return finished

    def drop(self, upload_id: str, owner: str) -> None:
        """Cancel an upload; what has arrived is deleted."""
        with self._alone(upload_id, owner) as upload:
            self._forget([upload])

    def sweep(self, max_age_s: float = ABANDONED_S) -> int:
        """Delete uploads of which nothing arrived for a week; how many there were."""
        with self._lock:
            return self._parts.sweep(self._clock() - max_age_s, self._busy)

    @contextlib.contextmanager
    def _alone(self, upload_id: str, owner: str) -> Iterator[Upload]:
        self.find(upload_id, owner)
        with self._lock:
            if upload_id in self._busy:
                raise UploadBusy("This file is being sent already, perhaps from another tab. Wait for it.")
            self._busy.add(upload_id)
        try:
            yield self.find(upload_id, owner)  # as it is now that nobody else writes
        finally:
            with self._lock:
                self._busy.discard(upload_id)

    def _acceptable_size(self, name: str, size_bytes: int) -> int:
        if isinstance(size_bytes, bool) or not isinstance(size_bytes, int) or size_bytes < 0:
            raise UploadRefused(
                f"The size of {name} is {str(size_bytes)[:40]!r}. Send the number of its bytes."
            )
        if size_bytes == 0:
            raise UploadRefused(f"{name} is empty (0 bytes). Copy or export it again.")
        if size_bytes > self.limit_bytes:
            raise TooLarge(
                f"{name} has {megabytes(size_bytes)}; up to {megabytes(self.limit_bytes)} are taken. Crop or "
                f"rebin it first, or ask whoever runs the server to copy it into the data folder."
            )
        return size_bytes

    def _check_room(self, size_bytes: int) -> None:
        self._parts.folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self._parts.folder).free - RESERVE_BYTES
        free -= sum(one.size_bytes - one.offset for one in self.unfinished())
        if size_bytes > free:
            raise NoRoom(
                f"The file has {megabytes(size_bytes)}, and the server has room for "
                f"{megabytes(max(free, 0))}. Ask whoever runs it for room."
            )

    def _stage(self, uploads: Sequence[Upload], ready: Path) -> dict[str, Path]:
        """The files side by side under their names, as a reader expects them: name -> file."""
        shutil.rmtree(ready, ignore_errors=True)  # of an attempt that was killed
        ready.mkdir(mode=0o700)
        for one in uploads:
            with self._parts.path(one).open("rb") as file:
                os.fsync(file.fileno())
            link(self._parts.path(one), ready / one.name)
        return {one.name: ready / one.name for one in uploads}

    def _publish(self, main: str, files: Mapping[str, Path]) -> Finished:
        n_bytes = sum(path.stat().st_size for path in files.values())
        content = content_of(list(files.values()))
        with self._publishing:  # two who send the same at the same time: the second finds the first's
            known = self._known.find(content, self.folder)
            found = f"{UPLOADS_ID}/{known}" if known else None
            found = found or same_among(self._entries(), Path(main).suffix.lower(), n_bytes, content)
            if found is not None:
                message = f"The same file is there already, as {found}. It is stored once; open that one."
                return Finished(found, message, False)
            name = publish(files, main, self.folder / self._team)
            self._known.remember(content, self.folder / self._team / name, self.folder)
        renamed = "" if name == main else f" There was another {main}, so it got a number."
        return Finished(f"{UPLOADS_ID}/{self._team}/{name}", f"{name} has arrived.{renamed}", True)

    def _forget(self, uploads: Iterable[Upload]) -> None:
        for one in uploads:
            self._parts.forget(one)


def _acceptable(name: str) -> str:
    try:
        kept = safe_name(name)
        check_ending(kept)
    except ValueError as error:
        raise UploadRefused(str(error)) from error
    return kept
