"""The formats that open, how a file shows which it is, and how datasets are found in a folder."""

from __future__ import annotations

import contextlib
import os
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import tifffile

from data.readers.image_folder import looks_like_maps
from data.readers.image_names import IMAGE_SUFFIXES
from data.readers.landsat import band_files


@dataclass(frozen=True)
class Format:
    """A format by its ending: what to call it, the module that reads it, and how its files begin.

    ``begins`` lists possible first bytes, or is empty where the format has none of its own.
    """

    description: str
    module: str
    begins: tuple[bytes, ...] = ()


_HDF5 = (b"\x89HDF\r\n\x1a\n",)
_ZIP = (b"PK\x03\x04",)

FORMATS: Mapping[str, Format] = {
    ".bcf": Format("Bruker map (.bcf)", "bruker", (b"AAMVHFSS",)),
    ".hspy": Format("HyperSpy signal (.hspy)", "arrays", _HDF5),
    ".zspy": Format("HyperSpy signal (.zspy)", "arrays", _ZIP),
    ".emd": Format("Velox or Berkeley file (.emd)", "emd", _HDF5),
    ".asw": Format("JEOL project (.asw)", "jeol", (b"\x00\x00\x00\x00",)),
    ".pts": Format("JEOL map (.pts)", "jeol", (b"\x30\x01\x00\x00",)),
    ".elid": Format("Phenom project (.elid)", "phenom", (b"BZ",)),
    ".spd": Format("EDAX map (.spd)", "arrays", (b"MAPSPECTRA_DATA",)),
    ".rpl": Format("Ripple map (.rpl with .raw)", "arrays"),
    ".emi": Format("TIA file (.emi with .ser)", "arrays"),
    ".ser": Format("TIA series (.ser)", "arrays", (b"II\x97\x01",)),
    ".dm3": Format("DigitalMicrograph file (.dm3)", "arrays", (b"\x00\x00\x00\x03",)),
    ".dm4": Format("DigitalMicrograph file (.dm4)", "arrays", (b"\x00\x00\x00\x04",)),
    ".nxs": Format("NeXus file (.nxs)", "arrays", _HDF5),
    ".nexus": Format("NeXus file (.nexus)", "arrays", _HDF5),
    ".zip": Format("zip archive with one dataset (.zip)", "archive", _ZIP),
}

#: images of several bands; the endings alone do not tell, so a look is taken inside (``is_scene``)
SCENES: Mapping[str, Format] = {
    ".hdr": Format("ENVI image of several bands (.hdr)", "scenes", (b"ENVI",)),
    ".tif": Format("GeoTIFF of several bands (.tif)", "scenes"),
    ".tiff": Format("GeoTIFF of several bands (.tiff)", "scenes"),
}

#: folders that are one dataset each
STORES: Mapping[str, Format] = {
    ".zspy": FORMATS[".zspy"],
    ".lodestone.zarr": Format("Lodestone map in blocks (.lodestone.zarr)", "blocks"),
}

SUPPORTED: Mapping[str, str] = {
    **{ending: format.description for ending, format in (*FORMATS.items(), *SCENES.items())},
    ".zarr": STORES[".lodestone.zarr"].description,
    "folder": "folder with one image per element (TIFF, PNG, CSV) or per band (Landsat)",
}

# of a TIFF: ModelPixelScale, ModelTransformation, GeoKeyDirectory, and GDAL's metadata with wavelengths
_GROUND_TAGS = (33550, 34264, 34735, 42112)
_FOLDERS_ABOVE = 3  # a JEOL project lies so far above its maps
_IGNORED = ("__macosx", "thumbs.db", "desktop.ini", "$recycle.bin")


def is_dataset(path: Path | str) -> bool:
    """Whether a path looks like something that opens, by names alone: nothing is read but a zip's list."""
    path = Path(path)
    with contextlib.suppress(OSError, ValueError):
        if path.is_dir():
            names = _image_names(path)
            return is_store(path) or looks_like_maps(names) or bool(band_files(names))
        if path.suffix.lower() == ".zip":
            return bool(names_in_archive(path))
        return (path.suffix.lower() in FORMATS and path.is_file()) or is_scene(path)
    return False


def is_store(path: Path | str) -> bool:
    """Whether a folder of this name is one dataset, whatever lies in it."""
    return Path(path).name.lower().endswith(tuple(STORES))


def is_scene(path: Path) -> bool:
    """Whether a file is an image of several bands: an ENVI header, or a TIFF with places on the ground."""
    suffix = path.suffix.lower()
    with contextlib.suppress(OSError):
        if suffix in SCENES and path.is_file():
            status = path.stat()
            return _is_scene(path, status.st_mtime_ns, status.st_size)
    return False


@lru_cache(maxsize=4096)
def _is_scene(path: Path, _modified_ns: int, _n_bytes: int) -> bool:
    """As is_scene; a file is looked into once, for the catalogue is asked often."""
    if path.suffix.lower() == ".hdr":
        with path.open("rb") as file:
            return file.read(4) == b"ENVI"
    try:
        with tifffile.TiffFile(path) as tiff:
            tags = tiff.pages.first.tags
            several = tiff.pages.first.samplesperpixel > 1
            return several and any(code in tags for code in _GROUND_TAGS)
    except (tifffile.TiffFileError, OSError, ValueError, IndexError, KeyError):
        return False


def datasets_below(folder: Path) -> Iterator[Path]:
    """Files and folders that look like datasets, in a folder or below it or itself, sorted.

    Left out are hidden ones, the companions of others (the maps of a JEOL project, the .ser files of an
    .emi), and what symbolic links lead to outside of the folder.
    """
    root = folder.resolve()
    for current, folders, files in os.walk(root, followlinks=False):
        here = Path(current)
        folders[:] = sorted(
            name for name in folders if not _is_hidden(name) and not (here / name).is_symlink()
        )
        stores = [name for name in folders if is_store(name)]
        folders[:] = [name for name in folders if name not in stores]
        files = sorted(name for name in files if not _is_hidden(name))
        images = [name for name in files if name.lower().endswith(IMAGE_SUFFIXES)]
        maps = looks_like_maps(images)
        if maps or band_files(images):
            yield here
        for name in (*stores, *files):
            path = here / name
            if maps and path.suffix.lower() in SCENES:
                continue  # one of the maps of the folder
            if _is_inside(path, root) and not is_companion(path, root) and is_dataset(path):
                yield path


def is_companion(path: Path, root: Path) -> bool:
    """Whether a file belongs to another one that opens with it."""
    suffix = path.suffix.lower()
    if suffix == ".pts":
        above = [path.parent, *path.parents[1 : _FOLDERS_ABOVE + 1]]
        return any(_has(folder, ".asw") for folder in above if folder.is_relative_to(root))
    if suffix == ".ser":
        stem = path.stem.rsplit("_", 1)[0].lower()
        return any(name.lower() == f"{stem}.emi" for name in _names(path.parent))
    return False


def companions(path: Path) -> list[Path]:
    """The files that make up a dataset besides the path itself, as far as names tell."""
    suffix, folder = path.suffix.lower(), path.parent
    if path.is_dir():
        if is_store(path):
            return [one for one in path.rglob("*") if one.is_file()]
        return [path / name for name in _image_names(path)]
    if suffix == ".hdr":
        with contextlib.suppress(OSError):
            stem = path.stem.lower()
            near = (folder / name for name in _names(folder) if name.lower() != path.name.lower())
            return [one for one in near if one.is_file() and stem in (one.name.lower(), one.stem.lower())][:1]
        return []
    if suffix == ".rpl":
        return [one for one in (path.with_suffix(".raw"), path.with_suffix(".RAW")) if one.is_file()][:1]
    if suffix == ".emi":
        start = f"{path.stem.lower()}_"
        return [
            folder / n for n in _names(folder) if n.lower().startswith(start) and n.lower().endswith(".ser")
        ]
    if suffix == ".spd":
        return [one for one in (path.with_suffix(".spc"), path.with_suffix(".ipr")) if one.is_file()]
    if suffix == ".asw":
        kinds = (".pts", ".img", ".map")
        return [one for one in folder.glob("*/*/*") if one.suffix.lower() in kinds]
    return []


def names_in_archive(path: Path) -> list[str]:
    """Names in a zip that belong to a dataset; empty where there is none or the file is no zip."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [one.filename for one in archive.infolist() if not one.is_dir()]
    except (OSError, zipfile.BadZipFile, NotImplementedError):
        return []
    names = [name for name in names if not any(_is_hidden(part) for part in name.split("/"))]
    if any(Path(name).suffix.lower() in FORMATS and not name.lower().endswith(".zip") for name in names):
        return names
    if any(part.lower().endswith(".zspy") for name in names for part in name.split("/")[:-1]):
        return names
    images = [name for name in names if name.lower().endswith(IMAGE_SUFFIXES)]
    return names if looks_like_maps([name.rsplit("/", 1)[-1] for name in images]) else []


def supported_endings() -> str:
    """The endings that open, as a list for a message."""
    return ", ".join(FORMATS)


def _is_inside(path: Path, root: Path) -> bool:
    """Whether a path below root stays there, links followed."""
    try:
        return not path.is_symlink() or path.resolve().is_relative_to(root)
    except (OSError, RuntimeError):  # a loop of links
        return False


def _image_names(folder: Path) -> list[str]:
    return [name for name in _names(folder) if name.lower().endswith(IMAGE_SUFFIXES) and not _is_hidden(name)]


def _names(folder: Path) -> Iterable[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _has(folder: Path, ending: str) -> bool:
    return any(name.lower().endswith(ending) for name in _names(folder))


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "~")) or name.lower() in _IGNORED
