"""Is a file that was sent what its name says, before anybody else sees it?

The first bytes are compared with what the format begins with, what would unpack to more than can be held is
refused, and what is small enough is opened by its reader. A large file is only looked at: whether it opens to
the end shows when somebody opens it.
"""

from __future__ import annotations

import bz2
import zipfile
from pathlib import Path

import h5py

from data.readers import SUPPORTED, UnreadableFile, is_dataset, open_dataset
from data.readers.formats import FORMATS, SCENES
from data.readers.precautions import check_hdf5

MOST_EXPANDED_BYTES = 8 * 2**30  # what the reader of archives unpacks at most
MOST_RATIO = 1000  # a map without counts is packed so well, a map with counts is not
FREELY_EXPANDED_BYTES = 256 * 2**20  # of these nobody asks how they were packed
MOST_PROBED_BYTES = 64 * 2**20  # opened by its reader, which takes seconds
MOST_PROBED_EXPANDED_BYTES = 2**30
_PIECE_BYTES = 2**20

#: files that hold the numbers of another one (.rpl, .emi, .spd, .hdr) and are nothing by themselves
COMPANION_ENDINGS = (".raw", ".ser", ".spc", ".ipr", "", ".dat", ".img", ".bil", ".bip", ".bsq")

_BEGINNINGS = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF document"),
    (b"PK", "a zip archive"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"AAMVHFSS", "a Bruker map"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
)


def check_ending(name: str) -> None:
    """Refuse what cannot be opened here by its ending alone, before it is sent.

    Raises
    ------
    UnreadableFile
        The message says what can be sent.
    """
    ending = Path(name).suffix.lower()
    if ending in (".asw", ".pts"):
        raise UnreadableFile(
            f"{name} belongs to a JEOL project of several folders. Zip the project, its folder Sample "
            f"included, and send the .zip."
        )
    if ending not in {*FORMATS, *SCENES, *COMPANION_ENDINGS}:
        raise UnreadableFile(
            f"{name} cannot be opened here. Send one of {', '.join([*FORMATS, *SCENES])}, or a .zip with one "
            f"dataset; element maps, one image per element, as a .zip."
        )


def check_content(path: Path) -> str:
    """Refuse a file that is not what its ending says, or unpacks to more than can be held.

    Parameters
    ----------
    path : the file; its companions lie beside it

    Returns
    -------
    what it is, e.g. "Bruker map (.bcf)"

    Raises
    ------
    UnreadableFile
        The message says what was found and what to do.
    """
    ending = path.suffix.lower()
    kind = FORMATS.get(ending) or SCENES.get(ending)
    if kind is None:
        raise UnreadableFile(
            f"{path.name} holds numbers without a description. Send it together with the file that "
            f"describes it (.rpl, .emi, .spd or .hdr)."
        )
    if path.stat().st_size == 0:
        raise UnreadableFile(f"{path.name} is empty (0 bytes). Copy or export it again.")
    with path.open("rb") as file:
        start = file.read(512)
    if kind.begins and not start.startswith(kind.begins):
        raise UnreadableFile(
            f"{path.name} is called a {kind.description}, but {what_begins_so(start)} was found in it. Check "
            f"that the right file was sent, with its own ending."
        )
    _check_companion(path)
    expanded = _expanded_bytes(path, start)
    if not is_dataset(path):
        _explain(path)
    n_bytes = sum(one.stat().st_size for one in path.parent.iterdir() if one.is_file())
    if n_bytes <= MOST_PROBED_BYTES and expanded <= MOST_PROBED_EXPANDED_BYTES:
        open_dataset(path)
    return SUPPORTED[ending]


def what_begins_so(start: bytes) -> str:
    """What a file with this beginning probably is, in words."""
    for beginning, words in _BEGINNINGS:
        if start.startswith(beginning):
            return words
    text = start.lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html")):
        return "a web page"
    try:
        start.rstrip(b"\x80\xff").decode("utf-8")
    except UnicodeDecodeError:
        return "data of another kind"
    return "data of another kind" if b"\0" in start else "text"


def _expanded_bytes(path: Path, start: bytes) -> int:
    """What a file unpacks to, as far as that can be told without keeping it.

    Raises
    ------
    UnreadableFile
        More than can be held, or it is made to look small.
    """
    if start.startswith(b"PK"):
        return _expanded_zip(path)
    if path.suffix.lower() == ".elid":
        return _expanded_bzip2(path)
    if start.startswith(b"\x89HDF"):
        return _expanded_hdf5(path)
    return path.stat().st_size


def _expanded_zip(path: Path) -> int:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise UnreadableFile(f"{path.name} is a damaged or incomplete zip archive. Copy it again.") from error
    expanded = sum(entry.file_size for entry in entries)
    # entries that share their bytes: the archive of a few MB that unpacks to petabytes
    if sum(entry.compress_size for entry in entries) > path.stat().st_size:
        raise UnreadableFile(f"{path.name} is made so that it unpacks for ever. It is not kept.")
    _check_expanded(path, expanded)
    return expanded


def _expanded_bzip2(path: Path) -> int:
    expanded = 0
    decompressor = bz2.BZ2Decompressor()
    with path.open("rb") as file:
        while not decompressor.eof:
            piece = file.read(_PIECE_BYTES) if decompressor.needs_input else b""
            if decompressor.needs_input and not piece:
                break  # cut off: its reader says so
            try:
                expanded += len(decompressor.decompress(piece, max_length=16 * _PIECE_BYTES))
            except (OSError, ValueError) as error:
                raise UnreadableFile(
                    f"{path.name} is no Phenom project, or damaged: it cannot be unpacked. Copy it again."
                ) from error
            _check_expanded(path, expanded)
    return expanded


def _expanded_hdf5(path: Path) -> int:
    sizes = []

    def look(_name: str, one: h5py.Dataset | h5py.Group) -> None:
        if isinstance(one, h5py.Dataset):
            sizes.append(one.nbytes)

    try:
        check_hdf5(path)
        with h5py.File(path, "r") as file:
            file.visititems(look)
    except (OSError, RuntimeError, KeyError) as error:
        raise UnreadableFile(
            f"{path.name} is a damaged or incomplete HDF5 file. Copy or export it again."
        ) from error
    return sum(sizes)


def _check_expanded(path: Path, expanded: int) -> None:
    n_bytes = path.stat().st_size
    if expanded > MOST_EXPANDED_BYTES or expanded > max(FREELY_EXPANDED_BYTES, MOST_RATIO * n_bytes):
        raise UnreadableFile(
            f"{path.name} has {n_bytes / 2**20:.1f} MB and unpacks to {expanded / 2**30:.1f} GB or more; "
            f"{MOST_EXPANDED_BYTES / 2**30:.0f} GB are unpacked here at most. Unpack it and send the file "
            f"itself, or crop or rebin the map first."
        )


def _explain(path: Path) -> None:
    """Say why a file that begins as it should is no dataset.

    Raises
    ------
    UnreadableFile
        Always.
    """
    if path.suffix.lower() == ".zip":
        raise UnreadableFile(
            f"{path.name} holds no dataset. One of {', '.join(FORMATS)}, or images named after elements, was "
            f"expected in it."
        )
    open_dataset(path)
    raise UnreadableFile(f"{path.name} holds nothing that can be opened here.")


def _check_companion(path: Path) -> None:
    """Refuse a description of data that were not sent with it.

    Raises
    ------
    UnreadableFile
        The message names what is missing.
    """
    ending, stem = path.suffix.lower(), path.stem.lower()
    others = {one.name.lower() for one in path.parent.iterdir()} - {path.name.lower()}
    missing = {
        ".rpl": f"{stem}.raw" not in others,
        ".emi": not any(name.startswith(f"{stem}_") and name.endswith(".ser") for name in others),
        ".hdr": not any(stem in (name, name.rsplit(".", 1)[0]) for name in others),
    }
    if missing.get(ending, False):
        data = {".rpl": f"{path.stem}.raw", ".emi": f"{path.stem}_1.ser", ".hdr": f"{path.stem}.img or .dat"}
        raise UnreadableFile(
            f"{path.name} describes the numbers in {data[ending]}, which was not sent with it. Choose both "
            f"files together."
        )
