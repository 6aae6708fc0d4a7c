"""What can be opened: the datasets below the data folder, and the built-in demo.

An id is the path below the folder, with forward slashes; it travels in links, so it is checked like any
text from outside. No id reaches beyond the folder: not by '..', not as an absolute path, not through a
symbolic link. What people sent lies in the folder ``uploads`` in it; where the data folder takes nothing,
that lies elsewhere, and its ids are the same.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from data.block_work import tell
from data.installed_memory import installed_memory_bytes
from data.readers import SUPPORTED, Opened, UnreadableFile, is_dataset, open_dataset
from data.readers.conversions import Room
from data.readers.formats import companions, datasets_below, is_companion, is_store

log = logging.getLogger(__name__)

DEMO_ID = "demo"
UPLOADS_ID = "uploads"
_SHARE_OF_ONE_MAP = 0.4  # the map without its lowest energies is a second copy of its counts


@dataclass(frozen=True)
class Entry:
    """One dataset that can be opened.

    Attributes
    ----------
    id : "demo", or the path below the data folder
    path : its file or folder, or None for the demo
    name : what to call it in a list
    kind : "demo", "spectra" or "maps"
    description : what it is, e.g. "Bruker map (.bcf)"
    size_bytes : size of its files, companions included
    modified : when the file was last changed, seconds since 1970; 0 for the demo
    """

    id: str
    path: Path | None
    name: str
    kind: str
    description: str
    size_bytes: int
    modified: float


class Catalogue:
    """The datasets of a folder and the demo; a thin view that reads the folder when it is asked.

    Parameters
    ----------
    folder : the data folder (LODESTONE_DATA), or None where there is only the demo
    cache_folder : where the demo is kept once it is made; the user's cache folder if None
    uploads_folder : what people sent, where that is not the folder ``uploads`` of the data folder
    memory_bytes : what all maps may take together; by default the memory of the machine
    """

    def __init__(
        self,
        folder: Path | str | None,
        cache_folder: Path | str | None = None,
        uploads_folder: Path | str | None = None,
        memory_bytes: int | None = None,
    ) -> None:
        self.folder = None if folder is None else Path(folder)
        self._uploads_folder = None if uploads_folder is None else Path(uploads_folder)
        self._cache_folder = default_cache_folder() if cache_folder is None else Path(cache_folder)
        self._room = room_in(self._cache_folder, memory_bytes)

    def entries(self) -> tuple[Entry, ...]:
        """All that can be opened, the demo first, then by path. Names and sizes are looked at, not "
        f"contents."""
        demo = Entry(DEMO_ID, None, "Demo (synthetic particles)", "demo", "built-in demo", 0, 0.0)
        found: dict[str, Entry] = {}
        for root, prefix in self._roots():
            for path in datasets_below(root):
                try:
                    entry = _entry(path, root, prefix)
                except OSError:  # gone, or made unreadable, since it was listed
                    log.debug("left out of the catalogue: %s", path, exc_info=True)
                else:
                    found.setdefault(entry.id, entry)  # the data folder comes first, as in resolve
        return (demo, *sorted(found.values(), key=lambda entry: (entry.id.casefold(), entry.id)))

    def resolve(self, entry_id: str) -> Path:
        """The path of a dataset in the data folder.

        Raises
        ------
        UnreadableFile
            There is no dataset of that id in the folder, whatever else the id may name.
        """
        shown = entry_id[:200].encode("utf-8", "replace").decode()
        unknown = UnreadableFile(
            f"There is no dataset {shown!r} in the data folder. Choose one of the list; it may "
            f"have been moved or renamed."
        )
        if not entry_id or "\0" in entry_id:
            raise unknown
        asked = PurePosixPath(entry_id)
        if asked.is_absolute() or any(part == ".." or part.startswith("~") for part in asked.parts):
            raise unknown
        if any(part.startswith(".") for part in asked.parts):  # hidden
            raise unknown
        for root, prefix in self._roots():
            if prefix and asked.parts[:1] != (prefix,):
                continue
            try:
                path = (root / asked.relative_to(prefix)).resolve(strict=True)
                inside = path.is_relative_to(root)
            except (OSError, ValueError, RuntimeError):  # no such file, odd characters, a loop of links
                continue
            if inside and is_dataset(path) and not is_companion(path, root):
                return path
        raise unknown

    def open(self, entry_id: str, progress: Callable[[float, str], None] | None = None) -> Opened:
        """The datasets of an entry; the demo is made at its first opening (some seconds) and then kept.

        Where no ``progress`` is asked for, who follows the work is told, see :mod:`data.block_work`.

        Raises
        ------
        UnreadableFile
            The entry is unknown, or its file cannot be opened.
        """
        if entry_id == DEMO_ID:
            from data.synthetic import cached_demo

            image, _truth = cached_demo(self._cache_folder)
            return Opened((image,))
        return open_dataset(self.resolve(entry_id), progress or _told, self._room)

    def _roots(self) -> Iterator[tuple[Path, str]]:
        """Folders to look into, and what the ids of their files begin with."""
        folder = _existing(self.folder)
        if folder is not None:
            yield folder, ""
        uploads = _existing(self._uploads_folder)
        if uploads is not None and not _is_listed(uploads, folder):
            yield uploads, UPLOADS_ID


def _told(fraction: float, _message: str) -> None:
    tell(fraction)


def room_in(cache_folder: Path, memory_bytes: int | None = None) -> Room:
    """What one map may take of the memory; larger ones lie in the cache folder meanwhile."""
    memory_bytes = installed_memory_bytes() if memory_bytes is None else memory_bytes
    return Room(int(_SHARE_OF_ONE_MAP * memory_bytes), cache_folder / "maps")


def default_cache_folder() -> Path:
    """LODESTONE_CACHE where it is set, else 'lodestone' in the user's cache folder of the platform."""
    if chosen := os.environ.get("LODESTONE_CACHE"):
        return Path(chosen).expanduser()
    if os.name == "nt":
        base = os.environ.get("LOCALAPPDATA")
        return Path(base or Path.home() / "AppData" / "Local") / "lodestone"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "lodestone"


def _existing(folder: Path | None) -> Path | None:
    """The folder with its links followed, or None where it is not there."""
    try:
        return folder.resolve(strict=True) if folder is not None and folder.is_dir() else None
    except (OSError, RuntimeError):
        return None


def _is_listed(uploads: Path, folder: Path | None) -> bool:
    """Whether the uploads lie in the data folder where they are seen: not in a hidden folder of it."""
    if folder is None or not uploads.is_relative_to(folder):
        return False
    return not any(part.startswith(".") for part in uploads.relative_to(folder).parts)


def _entry(path: Path, root: Path, prefix: str) -> Entry:
    relative = (PurePosixPath(prefix) / path.relative_to(root).as_posix()).as_posix()
    if relative == DEMO_ID:
        relative = f"./{DEMO_ID}"  # a folder of that name must not hide the built-in demo
    is_maps = path.is_dir() and not is_store(path)
    status = path.stat()
    size = 0 if path.is_dir() else status.st_size
    return Entry(
        id=relative,
        path=path,
        name=path.name if relative == "." else relative,
        kind="maps" if is_maps else "spectra",
        description=SUPPORTED["folder" if is_maps else path.suffix.lower()],
        size_bytes=size + sum(one.stat().st_size for one in companions(path)),
        modified=status.st_mtime,
    )
