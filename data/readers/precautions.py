"""What can be known of a file before a parser is let loose on it: companions, sizes, pickles.

Parsers believe headers. A damaged one that claims a giant array makes them list billions of chunks, and
a store may hold objects whose reading runs code.
"""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Sequence
from pathlib import Path

import h5py

from data.readers.lazy_files import check_memory
from data.readers.sparse_rows import MAX_VALUES
from data.readers.unreadable import UnreadableFile

_MOST_CHUNKS = 10**7


def check_companions(path: Path) -> None:
    """Refuse a file whose data lie in another one that is not beside it.

    Raises
    ------
    UnreadableFile
        The message names the missing file.
    """
    suffix, stem = path.suffix.lower(), path.stem
    if suffix == ".rpl":
        raw = [path.with_suffix(".raw"), path.with_suffix(".RAW")]
        if not any(one.is_file() for one in raw):
            raise UnreadableFile(
                f"{path.name} describes the data in {raw[0].name}, which is not beside it. Copy both files "
                f"to the same folder."
            )
    if suffix == ".emi":
        series = [one for one in path.parent.iterdir() if one.name.lower().startswith(f"{stem.lower()}_")]
        series = [one for one in series if one.suffix.lower() == ".ser"]
        if not series:
            raise UnreadableFile(
                f"{path.name} describes data in {stem}_1.ser (and further numbers), which is not beside it. "
                f"Copy the .emi and its .ser files to the same folder."
            )
    if suffix == ".ser":
        check_memory(path)


def check_length(path: Path, n_bytes: int) -> None:
    """Refuse a file (or the data beside it) that is shorter than the array that its header describes.

    Raises
    ------
    UnreadableFile
        The message gives both lengths.
    """
    data = path
    if path.suffix.lower() == ".rpl":
        data = next(one for one in (path.with_suffix(".raw"), path.with_suffix(".RAW")) if one.is_file())
    length = data.stat().st_size
    if n_bytes > length:
        raise UnreadableFile(
            f"{path.name} describes a map of {n_bytes:,} bytes, but {data.name} has {length:,}: it was cut "
            f"off, or the header is damaged. Copy or export it again."
        )


def check_hdf5(path: Path) -> None:
    """Refuse an HDF5 file whose datasets claim absurd sizes.

    Raises
    ------
    UnreadableFile
        The message names the dataset.
    """

    def look(name: str, one: h5py.Dataset | h5py.Group) -> None:
        if isinstance(one, h5py.Dataset) and one.shape:
            _check_array(path, name, one.shape, one.chunks)

    with h5py.File(path, "r") as file:
        file.visititems(look)


def check_zarr(path: Path) -> None:
    """Refuse a zarr store whose arrays claim absurd sizes or are pickled.

    Raises
    ------
    UnreadableFile
        The message names the array.
    """
    names = (".zarray", "zarr.json", ".zmetadata")
    if path.is_dir():
        texts = {str(one): one.read_bytes() for one in path.rglob("*") if one.name in names and one.is_file()}
    else:
        with zipfile.ZipFile(path) as archive:
            entries = [one for one in archive.namelist() if one.rsplit("/", 1)[-1] in names]
            texts = {one: archive.read(one) for one in entries}
    for name, text in texts.items():
        if b"pickle" in text:
            raise UnreadableFile(
                f"{path.name} holds pickled objects, which are never opened here because they can run code. "
                f"Save the signal again without them."
            )
        described = json.loads(text)
        if isinstance(described.get("shape"), list):
            _check_array(path, Path(name).parent.name, described["shape"], described.get("chunks"))


def _check_array(path: Path, name: str, shape: Sequence[int], chunks: Sequence[int] | None) -> None:
    n_chunks = 1
    if chunks:
        n_chunks = math.prod(-(-size // max(chunk, 1)) for size, chunk in zip(shape, chunks, strict=False))
    if math.prod(shape) > MAX_VALUES or n_chunks > _MOST_CHUNKS:
        sizes = " x ".join(str(size) for size in shape)
        raise UnreadableFile(
            f"{path.name} claims an array {name!r} of {sizes} values, larger than any instrument writes. "
            f"Its header is damaged; copy or export it again."
        )
