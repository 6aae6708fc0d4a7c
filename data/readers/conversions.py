"""Maps that are larger than memory, written in blocks into the cache folder while their file is read.

A conversion is a folder, named after the file and its state, with one map in blocks for every dataset of the
file. It is written under another name and gets its own when all is in it; whoever opens the file next finds
it there.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from scipy import sparse

from data import blocked_image
from data.block_store import DamagedBlocks
from data.block_writer import BlockWriter
from data.readers.unreadable import UnreadableFile
from data.spectrum_image import SpectrumImage

log = logging.getLogger(__name__)

NO_LIMIT = 2**62
_LEAST_FREE_BYTES = 2**30
_UNUSED_S = 30 * 24 * 3600.0
_UNFINISHED_S = 24 * 3600.0


@dataclass(frozen=True)
class Room:
    """What a map may take.

    Attributes
    ----------
    limit_bytes : of memory for the counts of one map; what needs more goes to disk
    folder : of the conversions; None where there is none, then all goes to memory
    """

    limit_bytes: int = NO_LIMIT
    folder: Path | None = None


@dataclass(eq=False)
class Conversion:
    """The conversion of one file, while it is read."""

    room: Room
    path: Path
    _numbers: Any = field(default_factory=count)

    @property
    def limit_bytes(self) -> int:
        """Of memory for the counts of one map."""
        return self.room.limit_bytes if self.room.folder is not None else NO_LIMIT

    @property
    def partial(self) -> Path:
        """Where it is written."""
        return self.path.with_name(f".{self.path.name}.{os.getpid()}.{threading.get_ident()}.part")

    def writer(self, n_x: int, n_channels: int) -> BlockWriter:
        """For a map of so many columns and channels."""
        return BlockWriter(self.partial / f"{next(self._numbers)}.zarr", n_x, n_channels)

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Write within this: the disk is not filled up, and what goes wrong is said.

        Raises
        ------
        UnreadableFile
            Next to nothing is free, or the folder takes nothing.
        """
        try:
            self.partial.mkdir(parents=True, exist_ok=True)
            self._check_disk()
            yield
        except OSError as error:
            raise UnreadableFile(
                f"The map is larger than memory and cannot be kept on disk meanwhile: "
                f"{error.strerror or error}, in the cache folder (LODESTONE_CACHE). Free some space there, "
                f"or name another folder."
            ) from error

    def _check_disk(self) -> None:
        free = shutil.disk_usage(self.partial).free
        if free < _LEAST_FREE_BYTES:
            raise UnreadableFile(
                f"The map is larger than memory and is kept on disk meanwhile, in the cache folder "
                f"(LODESTONE_CACHE); only {free / 2**20:.0f} MB are left there. Free some space, or name a "
                f"folder on a larger disk."
            )

    def finished(self, images: Sequence[Any]) -> tuple[Any, ...]:
        """The datasets of the file, those that are on disk in the place where they stay.

        A map that its reader had to take into memory whole goes to disk now where it is larger than the room.
        """
        if not any(isinstance(one, SpectrumImage) and self._is_large(one) for one in images):
            return tuple(images)
        with self.writing():
            return self._placed(images)

    def _placed(self, images: Sequence[Any]) -> tuple[Any, ...]:
        for number, image in enumerate(images):
            place = self.partial / f"{number}{blocked_image.ENDING}"
            if not isinstance(image, SpectrumImage):
                # bands beside a map that went to disk: they are read again
                continue
            if self._is_written(image):
                Path(image.counts.source.store.folder).rename(place)
                blocked_image.describe(place, image)
            else:
                blocked_image.save(image, place)
        if self.path.exists():
            shutil.rmtree(self.path)
        self.partial.rename(self.path)
        tidy(self.path.parent)
        found = iter(_maps_in(self.path))
        return tuple(next(found) if isinstance(one, SpectrumImage) else one for one in images)

    def _is_large(self, image: SpectrumImage) -> bool:
        if image.in_blocks:
            return self._is_written(image)
        return csr_bytes(image.counts) > self.limit_bytes

    def _is_written(self, image: SpectrumImage) -> bool:
        """Whether its counts went to disk while it was read; maps in blocks that people have stay there."""
        return image.in_blocks and Path(image.counts.source.store.folder).is_relative_to(
            self.partial.absolute()
        )


def csr_bytes(counts: sparse.csr_matrix) -> int:
    """Memory of a CSR matrix."""
    return counts.data.nbytes + counts.indices.nbytes + counts.indptr.nbytes


_current: ContextVar[Conversion | None] = ContextVar("conversion", default=None)


def current() -> Conversion:
    """The conversion of the file that is being read; one without limits where none was begun."""
    return _current.get() or Conversion(Room(), Path())


@contextlib.contextmanager
def begun(files: Sequence[Path], room: Room) -> Iterator[Conversion]:
    """Read a file and its companions within this: what is larger than the room goes to disk.

    What was begun in vain is deleted.
    """
    conversion = Conversion(room, (room.folder or Path()) / _key(files))
    token = _current.set(conversion)
    try:
        yield conversion
    finally:
        _current.reset(token)
        if room.folder is not None:
            shutil.rmtree(conversion.partial, ignore_errors=True)


def made_before(files: Sequence[Path], room: Room) -> tuple[SpectrumImage, ...] | None:
    """The datasets of a file that was converted before and has not changed since, or None."""
    if room.folder is None:
        return None
    folder = room.folder / _key(files)
    if not folder.is_dir():
        return None
    try:
        found = _maps_in(folder)
        with contextlib.suppress(OSError):
            os.utime(folder)  # else it would go after a month
    except (DamagedBlocks, OSError):
        log.warning(
            "a map in the cache is damaged and is made anew", extra={"file": str(folder)}, exc_info=True
        )
        shutil.rmtree(folder, ignore_errors=True)
        return None
    return found or None


def tidy(folder: Path) -> None:
    """Delete conversions that were not opened for a month, and those that were never finished."""
    with contextlib.suppress(OSError):
        for one in folder.iterdir():
            patience = _UNFINISHED_S if one.name.startswith(".") else _UNUSED_S
            if time.time() - one.stat().st_mtime > patience:
                shutil.rmtree(one, ignore_errors=True)


def _maps_in(folder: Path) -> tuple[SpectrumImage, ...]:
    files = sorted(folder.glob(f"*{blocked_image.ENDING}"), key=lambda one: int(one.name.split(".")[0]))
    return tuple(blocked_image.load(one) for one in files)


def _key(files: Sequence[Path]) -> str:
    """Name of the conversion of a file: another one when the file or its companions change."""
    facts = []
    for one in files:
        with contextlib.suppress(OSError):
            status = one.stat()
            facts.append((str(one.resolve()), status.st_size, status.st_mtime_ns))
    digest = hashlib.sha256(repr(facts).encode("utf-8", "surrogatepass")).hexdigest()
    return digest[:32]
