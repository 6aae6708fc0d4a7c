"""JEOL Analysis Station: a project (.asw) with its maps and images, or a single map (.pts).

The images (.img, .map) are read by rosettasciio; the headers and the event streams of the maps here
(jeol_tree, jeol_events), because rosettasciio makes the map dense or spends 100 bytes and more per event.
"""

from __future__ import annotations

import logging
import re
import struct
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Any

import numpy as np

from data.readers.assembly import Found, datasets
from data.readers.dense_blocks import Progress, Spectra
from data.readers.jeol_events import Area, read_sweeps
from data.readers.jeol_tree import read_tree
from data.readers.metadata import find
from data.readers.signals import Axis, Signal, signal_of
from data.readers.sparse_rows import check_size
from data.readers.symbols import symbols_in
from data.readers.unreadable import UnreadableFile
from data.spectrum_image import SpectrumImage

log = logging.getLogger(__name__)

_N_CHANNELS = 4096
_PTS_MAGIC = 304
_LARGEST_HEADER = 2**26  # bytes; real ones have some 20 kB
_MOST_NAMED = 6


@dataclass(frozen=True)
class _Item:
    """One file of a project, and what it is called there (e.g. "Fe K")."""

    path: Path
    exists: bool
    keyword: str


def read(path: Path, progress: Progress) -> tuple[SpectrumImage, ...]:
    """The maps of a project, each with the images taken before it in the same view.

    Raises
    ------
    UnreadableFile
        The files of the maps are missing (the message names them), or no map has a complete frame.
    """
    if path.suffix.lower() == ".pts":
        return datasets(path, [_map(path, [], "", progress)])
    views = _views(path)
    items = [item for view in views for item in view]
    maps = [item for item in items if item.path.suffix.lower() == ".pts"]
    missing = [
        item for item in items if not item.exists and item.path.suffix.lower() in (".pts", ".img", ".map")
    ]
    if not maps:
        raise UnreadableFile(
            f"{path.name} refers to no X-ray map (.pts) among its {len(items)} files: it has no EDS signal."
        )
    if not any(item.exists for item in maps):
        # the maps first: without them nothing opens
        names = sorted(
            (str(item.path.relative_to(path.parent)) for item in missing), key=lambda n: n[-4:] != ".pts"
        )
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        raise UnreadableFile(
            f"{path.name} refers to files that are not there: {', '.join(names[:_MOST_NAMED])}{more}. Copy "
            f"the project together with its folder of data."
        )
    notes = [f"Missing, and left out: {item.path.name}." for item in missing]
    found: list[Found] = []
    n_done, n_maps = 0, sum(item.exists for item in maps)
    for view in views:
        shared: list[Signal] = []  # images of the whole view
        own: list[Signal] = []  # images of the map that follows
        symbols: dict[str, None] = {}
        for item in view:
            kind = item.path.suffix.lower()
            symbols.update(dict.fromkeys(_symbols(item.keyword)))
            if not item.exists:
                continue
            if kind in (".img", ".map"):
                images = _images(item.path)
                (shared if kind == ".img" else own).extend(images)
                notes += [] if images else [f"The image {item.path.name} is damaged and was left out."]
            elif kind == ".pts":

                def report(fraction: float, message: str, done: int = n_done) -> None:
                    progress((done + fraction) / n_maps, message)

                try:
                    one = _map(item.path, [*shared, *own], item.path.stem, report, tuple(symbols))
                    found.append(one)
                except UnreadableFile as error:
                    notes.append(f"{error} It was left out.")
                n_done, own = n_done + 1, []
    if not found:
        raise UnreadableFile(" ".join(note.removesuffix(" It was left out.") for note in notes))
    return datasets(path, found, notes)


def _views(path: Path) -> list[list[_Item]]:
    """The files of every view of a project, in its order."""
    tree = read_tree(path.read_bytes(), 12)
    views = []
    for sample in (find(tree, "SampleInfo") or {}).values():
        for view in (find(sample, "ViewInfo") or {}).values():
            entries = (find(view, "ViewData") or {}).values()
            named = [(str(find(one, "Filename") or ""), str(find(one, "Keyword") or "")) for one in entries]
            views.append([_item(path.parent, name, keyword) for name, keyword in named if name])
    return views


def _item(folder: Path, name: str, keyword: str) -> _Item:
    """A file as the project names it (with backslashes), below the project's folder."""
    parts = [part for part in PureWindowsPath(name).parts if part not in (".", "\\")]
    here = folder
    for part in parts:
        if ".." in part or ":" in part:
            return _Item(folder / PureWindowsPath(name).name, False, keyword)
        here = _same_but_case(here, part)
    return _Item(here, here.is_file(), keyword)


def _same_but_case(folder: Path, name: str) -> Path:
    """The entry of a folder with this name: the project comes from a system that ignores case."""
    exact = folder / name
    if exact.exists() or not folder.is_dir():
        return exact
    return next((one for one in folder.iterdir() if one.name.lower() == name.lower()), exact)


def _images(path: Path) -> list[Signal]:
    from rsciio.jeol import file_reader

    try:
        return [signal_of(one) for one in file_reader(str(path))]
    except Exception:  # an image that cannot be read must not keep the map from opening
        log.info("%s could not be read", path.name, exc_info=True)
        return []


def _symbols(keyword: str) -> tuple[str, ...]:
    """Elements in "MAP,Fe K," and the like."""
    return symbols_in(match.group(1) for match in re.finditer(r"\b([A-Z][a-z]?) [KLM]\b", keyword))


def _map(
    path: Path, images: list[Signal], title: str, progress: Progress, symbols: tuple[str, ...] = ()
) -> Found:
    """The map of a .pts file."""
    with path.open("rb") as file:
        head = file.read(36)
        if len(head) < 36 or struct.unpack_from("<I", head)[0] != _PTS_MAGIC:
            raise UnreadableFile(f"{path.name} does not begin as a JEOL map (.pts) does.")
        tree_at, first_byte = struct.unpack_from("<I", head, 20)[0], struct.unpack_from("<I", head, 28)[0]
        file.seek(0)
        tree = read_tree(file.read(min(first_byte, _LARGEST_HEADER)), tree_at + 12)
    measured = find(tree, "PTTD Data.AnalyzableMap MeasData")
    if measured is None:
        raise UnreadableFile(f"{path.name} has no description of its map: the file is damaged.")
    area = _area(measured)
    check_size(*area.shape, _N_CHANNELS)
    sweeps = read_sweeps(
        path, first_byte, area, _N_CHANNELS, lambda done: progress(done, f"{path.name}: {done:.0%}")
    )
    if sweeps.n_frames == 0:
        raise UnreadableFile(
            f"{path.name} has no complete frame: the scan was interrupted before it had covered its area."
        )
    notes = ()
    if sweeps.n_incomplete:
        notes = (f"The last frame of {path.name} was interrupted and left out; {sweeps.n_frames} "
                 f"{'are' if sweeps.n_frames > 1 else 'is'} complete.",)  # fmt: skip
    y, x, energy = _axes(tree, measured, area)
    if sweeps.image is not None:
        images = [*images, Signal(sweeps.image, (y, x), {}, "Electron image of the map")]
    metadata = {
        "Acquisition_instrument": {
            "SEM": {
                "beam_energy": find(measured, "MeasCond.AccKV"),
                "Detector": {"EDS": {"live_time": find(measured, "Doc.LiveTime")}},
            }
        },
        "Sample": {"elements": symbols or _measured_elements(tree)},
    }
    spectra = Spectra(sweeps.counts, area.shape, y, x, energy, notes=())
    return Found(spectra, metadata, images, title, notes)


def _measured_elements(tree: dict[str, Any]) -> tuple[str, ...]:
    """Elements whose maps were made while measuring."""
    pages = (find(tree, "PTTD Cond.Meas Cond") or {}).values()
    return symbols_in(
        one for page in pages for one in _symbols(str(find(page, "MiniOBJs") or "").replace("\0", ","))
    )


def _area(measured: dict[str, Any]) -> Area:
    pixels = str(find(measured, "Meas Cond.Pixels") or "")
    match = re.fullmatch(r"(\d+)x(\d+)", pixels)
    if match is None:
        raise UnreadableFile(
            f"The map's number of pixels, {pixels!r}, cannot be understood: the file is damaged."
        )
    n_x, n_y = int(match.group(1)), int(match.group(2))
    check_size(n_y, n_x, _N_CHANNELS)
    grid = max(n_x, n_y)  # both directions are counted in the same units
    aim = np.atleast_1d(find(measured, "Meas Cond.Aim Area"))
    if aim.size == 4 and aim.dtype.kind in "iu":
        x0, y0, x1, y1 = (int(value) for value in aim)
        if 0 <= x0 <= x1 < n_x and 0 <= y0 <= y1 < n_y:
            return Area(grid, x0, y0, x1, y1)
    return Area(grid, 0, 0, n_x - 1, n_y - 1)


def _axes(tree: dict[str, Any], measured: dict[str, Any], area: Area) -> tuple[Axis, Axis, Axis]:
    n_y, n_x = area.shape
    magnification = float(find(measured, "MeasCond.Mag") or 0)
    width_mm = float(find(tree, "PTTD Param.Params.PARAMPAGE0_SEM.ScanSize") or 0)
    side_um = width_mm / magnification * 1e3 / area.grid if magnification > 0 else 0.0
    units = "um" if side_um > 0 else ""
    template = find(measured, "Meas Cond.Tpl")
    # the channel in which zero energy lies belongs to the pulse processor's time constant
    zero = find(tree, f"PTTD Param.Params.PARAMPAGE1_EDXRF.Tpl.{template}.DigZ")
    scale, offset = find(measured, "Doc.CoefA"), find(measured, "Doc.CoefB")
    calibrated = None not in (zero, scale, offset)
    energy = Axis(
        "Energy",
        _N_CHANNELS,
        float(offset) - float(scale) * float(zero) if calibrated else 0.0,
        float(scale) if calibrated else 1.0,
        "keV" if calibrated else "",
        navigate=False,
    )
    return (
        Axis("y", n_y, 0.0, side_um or 1.0, units, navigate=True),
        Axis("x", n_x, 0.0, side_um or 1.0, units, navigate=True),
        energy,
    )
