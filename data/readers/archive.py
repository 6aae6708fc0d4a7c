"""A .zip with one dataset in it, unpacked into a temporary folder and opened there.

Nothing outside the temporary folder is ever written: names with '..', absolute names and links are
refused. What is unpacked is limited in size whatever the archive claims.
"""

from __future__ import annotations

import shutil
import stat
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePosixPath

from data.elemental_maps import ElementalMaps
from data.readers.dense_blocks import Progress
from data.readers.formats import datasets_below, names_in_archive, supported_endings
from data.readers.unreadable import UnreadableFile
from data.spectrum_image import SpectrumImage

LARGEST_BYTES = 8 * 2**30
_PIECE_BYTES = 2**20
_MOST_FILES = 10_000

Dataset = SpectrumImage | ElementalMaps


def read(
    path: Path, progress: Progress, open_inside: Callable[[Path, Progress], tuple[Dataset, ...]]
) -> tuple[Dataset, ...]:
    """The datasets of the one file (or folder of images) in a zip archive.

    Parameters
    ----------
    path : the archive
    open_inside : opens a path that was unpacked

    Raises
    ------
    UnreadableFile
        The archive holds no dataset or several, is too large, protected or damaged, or has names that
        lead out of it.
    """
    names = names_in_archive(path)
    with zipfile.ZipFile(path) as archive:
        if not names:
            raise UnreadableFile(
                f"{path.name} holds no dataset. One of {supported_endings()}, or images named after "
                f"elements, was expected in it."
            )
        entries = [archive.getinfo(name) for name in names]
        _check(path, entries)
        with tempfile.TemporaryDirectory(prefix="lodestone-") as temporary:
            # named as the archive: images that lie loose in it make a folder of that name
            folder = Path(temporary) / (path.stem or "archive")
            folder.mkdir()
            _unpack(
                path, archive, entries, folder, lambda done: progress(0.3 * done, f"unpacking {path.name}")
            )
            inside = list(datasets_below(folder))
            if len(inside) != 1:
                listed = ", ".join(str(one.relative_to(folder.resolve())) for one in inside[:5])
                raise UnreadableFile(
                    f"{path.name} holds {len(inside)} datasets ({listed or 'none that opens'}), and one was "
                    f"expected. Unzip it and open the one you want."
                )
            opened = open_inside(inside[0], lambda done, message: progress(0.3 + 0.7 * done, message))
    return tuple(replace(one, title=_title(one.title, inside[0], path)) for one in opened)


def _title(title: str, inside: Path, path: Path) -> str:
    return title if title.startswith(inside.stem) else f"{path.stem}: {title}"


def _check(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    n_bytes = sum(entry.file_size for entry in entries)
    free = shutil.disk_usage(tempfile.gettempdir()).free
    limit = min(LARGEST_BYTES, int(0.8 * free))
    if n_bytes > limit or len(entries) > _MOST_FILES:
        raise UnreadableFile(
            f"{path.name} holds {n_bytes / 2**30:.1f} GB in {len(entries)} files, more than is unpacked here "
            f"({limit / 2**30:.1f} GB). Unzip it yourself and open the file."
        )
    for entry in entries:
        name = PurePosixPath(entry.filename.replace("\\", "/"))
        is_link = stat.S_ISLNK(entry.external_attr >> 16)
        if (
            is_link
            or name.is_absolute()
            or ".." in name.parts
            or ":" in name.parts[0]
            or "\0" in entry.filename
        ):
            raise UnreadableFile(
                f"{path.name} holds the entry {entry.filename!r}, which leads out of the archive. It is not "
                f"opened; unzip it yourself if you trust it."
            )
        if entry.flag_bits & 1:
            raise UnreadableFile(f"{path.name} is protected by a password. Unzip it and open the file.")


def _unpack(
    path: Path,
    archive: zipfile.ZipFile,
    entries: list[zipfile.ZipInfo],
    folder: Path,
    report: Callable[[float], None],
) -> None:
    promised = max(1, sum(entry.file_size for entry in entries))
    written = 0
    for entry in entries:
        target = folder.joinpath(*PurePosixPath(entry.filename.replace("\\", "/")).parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(entry) as source, target.open("wb") as sink:
            while piece := source.read(_PIECE_BYTES):
                written += len(piece)
                if written > promised:
                    raise UnreadableFile(
                        f"{path.name} unpacks to more than it says: it is damaged or made to fill the disk."
                    )
                sink.write(piece)
                report(written / promised)
