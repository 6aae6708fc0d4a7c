"""Open a dataset by its path: find the reader, and say plainly what is wrong with a file."""

from __future__ import annotations

import importlib
import logging
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import rsciio

from data.elemental_maps import ElementalMaps
from data.readers import image_folder, landsat, scenes
from data.readers.conversions import Room, begun, made_before
from data.readers.dense_blocks import Progress
from data.readers.formats import (
    FORMATS,
    SCENES,
    STORES,
    Format,
    companions,
    is_scene,
    is_store,
    supported_endings,
)
from data.readers.image_names import IMAGE_SUFFIXES
from data.readers.unreadable import UnreadableFile
from data.spectrum_image import SpectrumImage

log = logging.getLogger(__name__)

# rosettasciio prints what it does not know to the standard output, which is not its own here and tells no
# user what to do; through the parent loggers it reaches the log where one is configured
_parser_log = logging.getLogger(rsciio.__name__)
_parser_log.handlers[:] = [logging.NullHandler()]
warnings.filterwarnings("ignore", module=r"rsciio\b")

Dataset = SpectrumImage | ElementalMaps


@dataclass(frozen=True, eq=False)
class Opened:
    """What a file offers: several datasets where it holds several EDS signals, the best choice first."""

    datasets: tuple[Dataset, ...]


def open_dataset(
    path: Path | str, progress: Callable[[float, str], None] | None = None, room: Room | None = None
) -> Opened:
    """Open a file of spectra or a folder of element maps.

    Parameters
    ----------
    path : the file, .zspy store, map in blocks or folder
    progress : is told the fraction done (0..1) and a short message, from time to time
    room : what a map may take; one that is larger is written to disk in blocks while it is read, as far as
        its format can be read piece by piece. None: all of it goes to memory

    Raises
    ------
    UnreadableFile
        It cannot be opened; the message says what was found and what to do. What the parser had to say
        is in the log.
    """
    report: Progress = progress or (lambda _fraction, _message: None)
    try:
        datasets = _in_room(Path(path), report, room or Room())
    except UnreadableFile as error:
        log.info("not opened: %s", error, exc_info=error.__cause__)
        raise
    except Exception as error:
        log.info("not opened: %s", path, exc_info=True)
        raise UnreadableFile(_translated(Path(path), error)) from error
    report(1.0, "opened")
    return Opened(datasets)


def _in_room(path: Path, progress: Progress, room: Room) -> tuple[Dataset, ...]:
    files = (path, *sorted(companions(path))) if "\0" not in str(path) and path.exists() else ()
    found = made_before(files, room) if files else None
    if found is not None:
        return found
    with begun(files, room) as conversion:
        return conversion.finished(_open(path, progress))


def _open(path: Path, progress: Progress) -> tuple[Dataset, ...]:
    suffix = path.suffix.lower()
    if "\0" in str(path):
        raise UnreadableFile("The name of the file holds a character that no file name can hold.")
    if not path.exists():
        raise UnreadableFile(f"There is no file {path.name} in {path.parent.name or path.parent}.")
    if path.is_dir() and not is_store(path):
        names = image_folder.image_names(path)
        if not image_folder.looks_like_maps(names) and landsat.band_files(names):
            return landsat.read(path, progress)
        return image_folder.read(path, progress)
    if suffix in (*SCENES, ".zarr") and path.stat().st_size == 0:
        raise UnreadableFile(f"{path.name} is empty (0 bytes). Copy or export it again.")
    if is_scene(path):
        return scenes.read(path, progress)
    kind = next((STORES[end] for end in STORES if path.is_dir() and path.name.lower().endswith(end)), None)
    kind = kind or FORMATS.get(suffix)
    if kind is None:
        raise UnreadableFile(_unsupported(path))
    if path.is_file():
        _check_start(path, kind)
    module = importlib.import_module(f"data.readers.{kind.module}")
    if kind.module == "archive":
        return module.read(path, progress, _open)
    return module.read(path, progress)


def _unsupported(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix in IMAGE_SUFFIXES:
        return (
            f"{path.name} is a single image or table. To open element maps, open the folder that holds one "
            f"image per element, named like Fe_Ka.tif or Si.png. An image of several bands opens as a "
            f"GeoTIFF or with an ENVI header (.hdr)."
        )
    if suffix == ".hdr":
        return (
            f"{path.name} is no ENVI header: that begins with the word ENVI. The .hdr of an X-ray microscope "
            f"belongs to the workspace Particles."
        )
    if suffix == ".zarr":
        return (
            f"{path.name} is a file; a map in blocks is a folder whose name ends in .lodestone.zarr. Copy "
            f"the whole folder."
        )
    if suffix == ".raw":
        return f"{path.name} holds numbers without a description. Open the .rpl file that belongs to it."
    ending = f"files ending in {path.suffix}" if suffix else "files without an ending"
    return f"{path.name} cannot be opened: {ending} are not supported. Supported are {supported_endings()}."


def _check_start(path: Path, kind: Format) -> None:
    """Refuse empty files, and those that do not begin as their format does."""
    with path.open("rb") as file:
        start = file.read(64)
    if not start:
        raise UnreadableFile(f"{path.name} is empty (0 bytes). Copy or export it again.")
    if kind.begins and not any(start.startswith(one) for one in kind.begins):
        raise UnreadableFile(
            f"{path.name} is not a {kind.description}: its content is of another kind or damaged. Check "
            f"that the file was copied whole and kept its ending."
        )


def _translated(path: Path, error: Exception) -> str:
    """The exception of a parser, in words for the person who asked for the file."""
    kind = FORMATS.get(path.suffix.lower()) or SCENES.get(path.suffix.lower())
    description = kind.description if kind else "folder"
    if isinstance(error, PermissionError):
        return f"{path.name} may not be read: permission denied. Ask its owner for read access."
    if isinstance(error, MemoryError):
        return (
            f"{path.name} needs more memory than there is. Crop or rebin it in the program that wrote it, "
            f"or use a larger machine."
        )
    if isinstance(error, zipfile.BadZipFile):
        return f"{path.name} is a damaged or incomplete zip archive. Copy it again."
    if isinstance(error, ModuleNotFoundError):
        return f"{path.name} needs the Python package {error.name!r}, which is not installed (make install)."
    if isinstance(error, FileNotFoundError) and error.filename:
        missing = Path(str(error.filename)).name
        return f"{path.name} needs the file {missing}, which is not there. Copy both to one folder."
    return (
        f"{path.name} could not be read as a {description}: it is damaged, incomplete or of a version that "
        f"is not known here. Copy or export it again; if it opens in the program that wrote it, export it "
        f"as .hspy or .rpl."
    )
