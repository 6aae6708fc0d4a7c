"""The files of one dataset, whole and checked, get their names where all see them."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

from dashboard.known_contents import content_of
from dashboard.upload_errors import UploadRefused
from data.upload_check import COMPANION_ENDINGS
from data.upload_names import numbered


def main_file(names: Sequence[str]) -> str:
    """The file that describes the others.

    Raises
    ------
    UploadRefused
        There is none, there are several, or two have the same name.
    """
    if len({name.casefold() for name in names}) < len(names):
        raise UploadRefused("Two of the files have the same name. Rename one of them.")
    if len(names) == 1 and Path(names[0]).suffix.lower() == ".ser":
        return names[0]  # the one companion that opens by itself
    mains = [name for name in names if Path(name).suffix.lower() not in COMPANION_ENDINGS]
    if not mains:
        raise UploadRefused(
            f"{names[0]} holds numbers without a description. Send it together with the file that describes "
            f"it (.rpl, .emi, .spd or .hdr)."
        )
    if len(mains) > 1:
        raise UploadRefused(
            f"These files are not one dataset: {', '.join(names[:5])}. Send each by itself, with the files "
            f"that belong to it; element maps, one image per element, as a .zip."
        )
    stem = Path(mains[0]).stem.casefold()
    strangers = [name for name in names if not name.casefold().startswith(stem)]
    if strangers:
        raise UploadRefused(f"{strangers[0]} does not belong to {mains[0]}: their names differ.")
    return mains[0]


def publish(files: Mapping[str, Path], main: str, folder: Path) -> str:
    """Give the files of a dataset their names in a folder, none of them taken before; the main file's name.

    Where a name is taken, all files get the same number. The main file comes last: nobody sees a dataset
    without its companions.
    """
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        names = _free_names(main, files, folder)
        try:
            for name in sorted(files, key=lambda name: name == main):
                _link_unless_there(files[name], folder / names[name])
        except FileExistsError:  # somebody else has taken the name just now
            continue
        fsync_folder(folder)
        return names[main]


def link(file: Path, name: Path) -> None:
    """Give a file another name; where the file system has no hard links, it is copied.

    Raises
    ------
    FileExistsError
        The name is taken.
    """
    try:
        os.link(file, name)
    except FileExistsError:
        raise
    except OSError:
        _copy(file, name)


def fsync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _copy(file: Path, name: Path) -> None:
    if name.exists():
        raise FileExistsError(name)
    temporary = name.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with file.open("rb") as source, temporary.open("xb") as copied:
            while piece := source.read(2**22):
                copied.write(piece)
            copied.flush()
            os.fsync(copied.fileno())
        os.replace(temporary, name)
    finally:
        temporary.unlink(missing_ok=True)


def _link_unless_there(file: Path, name: Path) -> None:
    try:
        link(file, name)
    except FileExistsError:
        if not _is_same(file, name):  # else it is there since an attempt that was killed
            raise


def _free_names(main: str, files: Mapping[str, Path], folder: Path) -> dict[str, str]:
    """Name as sent -> name that is free; names that differ only in case are one on some systems."""
    taken = {path.name.casefold(): path for path in folder.iterdir()}
    number = 1
    while True:
        names = {name: name if number == 1 else numbered(name, main, number) for name in files}
        others = [(files[name], taken.get(new.casefold())) for name, new in names.items()]
        if all(other is None or _is_same(file, other) for file, other in others):
            return names
        number += 1


def _is_same(file: Path, other: Path) -> bool:
    with contextlib.suppress(OSError):
        same_size = other.is_file() and other.stat().st_size == file.stat().st_size
        return same_size and content_of([other]) == content_of([file])
    return False
