"""Formats that store an array of spectra, read through rosettasciio.

HyperSpy .hspy and .zspy, Ripple .rpl, EDAX .spd, DigitalMicrograph .dm3 and .dm4, NeXus .nxs and the
Berkeley kind of .emd are read lazily and made sparse block by block. TIA .ser (and .emi) are not:
rosettasciio reads every spectrum of the series to learn its size, so that the dense map exists once.
"""

from __future__ import annotations

import contextlib
import importlib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from data.readers.assembly import Found, datasets
from data.readers.dense_blocks import Progress, sparse_spectra
from data.readers.lazy_files import opened_lazily
from data.readers.navigation import is_image
from data.readers.signals import Signal, energy_dimension, signal_of, why_not_eds
from data.readers.unreadable import UnreadableFile
from data.spectrum_image import SpectrumImage

_PLUGIN = {
    ".hspy": "hspy", ".zspy": "zspy", ".emd": "emd", ".rpl": "ripple", ".spd": "edax",
    ".emi": "tia", ".ser": "tia", ".dm3": "digitalmicrograph", ".dm4": "digitalmicrograph",
    ".nxs": "nexus", ".nexus": "nexus",
}  # fmt: skip


def read(path: Path, progress: Progress) -> tuple[SpectrumImage, ...]:
    """The EDS signals of a file; its other signals become navigation images.

    Raises
    ------
    UnreadableFile
        No EDS signal, missing companions, or values that are no counts.
    """
    _check_companions(path)
    with _signals(path) as signals:
        return datasets(path, *_sorted_out(path, signals, progress))


def _sorted_out(path: Path, signals: list[Signal], progress: Progress) -> tuple[list[Found], tuple[str, ...]]:
    """The sets of spectra among the signals of a file, and notes on what was left out."""
    spectra: list[tuple[Signal, int]] = []
    images: list[Signal] = []
    refused: list[str] = []
    for signal in signals:
        dimension = energy_dimension(signal)
        if dimension is None:
            images += [signal] if is_image(signal) else []
        elif reason := why_not_eds(signal, dimension):
            refused.append(f"{signal.title or 'a signal'} {reason}")
        else:
            spectra.append((signal, dimension))
    if not spectra:
        raise UnreadableFile(_nothing(path, images, refused))
    maps = [
        (signal, dimension)
        for signal, dimension in spectra
        if signal.data.size > signal.data.shape[dimension]
    ]
    notes = []
    if maps and len(maps) < len(spectra):
        n_single = len(spectra) - len(maps)
        notes.append(f"{n_single} single spectr{'um was' if n_single == 1 else 'a were'} left out.")
    notes += [f"Left out, as it is not EDS: {reason}." for reason in refused]
    found = []
    chosen = maps or spectra
    for number, (signal, dimension) in enumerate(chosen):

        def report(fraction: float, message: str, done: int = number) -> None:
            progress((done + fraction) / len(chosen), message)

        extra: tuple[str, ...] = ()
        if not signal.signal_type:
            extra = ("The file does not say that its spectra are EDS; they are taken as such.",)
        found.append(
            Found(sparse_spectra(signal, dimension, report), signal.metadata, images, signal.title, extra)
        )
    return found, tuple(notes)


def _nothing(path: Path, images: list[Signal], refused: list[str]) -> str:
    if refused:
        what = f"its spectra are of another kind ({'; '.join(refused[:3])})"
    elif images:
        what = f"it holds only {len(images)} image{'s' if len(images) > 1 else ''}"
    else:
        what = "it holds neither spectra nor images"
    return f"{path.name} has no EDS signal: {what}. Open the file in which the X-ray map was saved."


@contextlib.contextmanager
def _signals(path: Path) -> Iterator[list[Signal]]:
    """The signals of a file, lazy where its reader allows; the file is closed at the end."""
    reader = importlib.import_module(f"rsciio.{_PLUGIN[path.suffix.lower()]}").file_reader
    options: dict[str, Any] = {}
    if path.suffix.lower() == ".zspy":
        _refuse_pickles(path)
        options["mode"] = "r"  # rosettasciio opens lazy zarr for writing otherwise
    with opened_lazily(reader, path, **options) as dictionaries:
        if path.suffix.lower() == ".rpl":
            for one in dictionaries:
                _calibrate_ripple(one)
        yield [signal_of(one) for one in dictionaries if "data" in one]


def _calibrate_ripple(dictionary: dict[str, Any]) -> None:
    """Name the unit of the one calibration that the Ripple standard has: eV per channel, from zero."""
    header = dictionary["original_metadata"]
    if "depth-scale" in header or not header.get("ev-per-chan", 0) > 0:
        return
    for axis in dictionary["axes"]:
        if axis["name"] == "depth" and not axis["units"]:
            axis["units"] = "eV"


def _check_companions(path: Path) -> None:
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
        # read into memory twice by rosettasciio
        needed, available = 2.5 * path.stat().st_size, psutil.virtual_memory().available
        if needed > 0.7 * available:
            raise UnreadableFile(
                f"{path.name} needs {needed / 2**30:.1f} GB of memory to be read, and "
                f"{available / 2**30:.1f} GB are free. Crop or rebin the map in TIA, or use a larger machine."
            )


def _refuse_pickles(path: Path) -> None:
    """Refuse zarr stores whose arrays are pickled: reading them could run code of whoever wrote them."""
    names = (".zarray", "zarr.json", ".zmetadata")
    if path.is_dir():
        texts = [one.read_bytes() for one in path.rglob("*") if one.name in names and one.is_file()]
    else:
        with zipfile.ZipFile(path) as archive:
            texts = [archive.read(one) for one in archive.namelist() if one.rsplit("/", 1)[-1] in names]
    if any(b"pickle" in text for text in texts):
        raise UnreadableFile(
            f"{path.name} holds pickled objects, which are never opened here because they can run code. Save "
            f"the signal again without them."
        )
