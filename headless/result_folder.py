"""A folder that holds a whole result, or none."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

_UNFINISHED = ".unfinished-"


@contextlib.contextmanager
def result_folder(
    out: Path, files: Sequence[str], folders: Sequence[str] = (), files_inside: Sequence[str] = ()
) -> Iterator[Path]:
    """A hidden folder inside ``out`` to write into; its files move into place once all are written.

    The last of the files marks a whole result: it is moved last, and an earlier one is removed first.

    Parameters
    ----------
    out : folder for the result, made where it is not there; an earlier result in it is replaced
    files : names of all files that a result may have
    folders : names of all folders that it may have
    files_inside : names of all files that one of those may have

    Yields
    ------
    The folder to write into

    Raises
    ------
    ValueError
        ``out`` is a file, or holds something else than an earlier result.
    """
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out} is a file. Name a folder for the results.")
    made = not out.exists()
    present = [] if made else sorted(entry.name for entry in out.iterdir())
    foreign = [name for name in present if name not in (*files, *folders) and not name.startswith(".")]
    for name in folders:
        if (out / name).is_dir():
            inside = sorted(entry.name for entry in (out / name).iterdir())
            foreign += [f"{name}/{entry}" for entry in inside if entry not in files_inside]
    if foreign:
        raise ValueError(
            f"The folder {out} holds other things, {foreign[0]} among them. Name a new or an empty folder."
        )
    out.mkdir(parents=True, exist_ok=True)
    hidden = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=out))
    try:
        yield hidden
        for name in reversed(files):
            (out / name).unlink(missing_ok=True)
        for name in folders:
            shutil.rmtree(out / name, ignore_errors=True)
        for name in (*folders, *files):
            if (hidden / name).exists():
                (hidden / name).replace(out / name)
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
        if made and not any(out.iterdir()):
            out.rmdir()


def clear_unfinished(out: Path) -> None:
    """Take away what a run left in its folder that was killed while it wrote, and the folder if empty."""
    for hidden in out.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(hidden, ignore_errors=True)
    with contextlib.suppress(OSError):  # it holds an earlier result, or is not there
        out.rmdir()


def is_unfinished(out: Path) -> bool:
    """Whether a run writes into the folder, or was killed while it did."""
    return any(out.glob(f"{_UNFINISHED}*"))
