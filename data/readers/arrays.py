"""Formats that store an array of spectra, read through rosettasciio.

HyperSpy .hspy and .zspy, Ripple .rpl, EDAX .spd, DigitalMicrograph .dm3 and .dm4, NeXus .nxs and the
Berkeley kind of .emd are read lazily and made sparse block by block. TIA .ser (and .emi) are not:
rosettasciio reads every spectrum of the series to learn its size, so that the dense map exists once.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from data.readers.assembly import Found, datasets
from data.readers.dense_blocks import BLOCK_BYTES, Progress, sparse_spectra
from data.readers.lazy_files import opened_lazily
from data.readers.navigation import is_image
from data.readers.precautions import check_companions, check_hdf5, check_length, check_zarr
from data.readers.signals import Signal, energy_dimension, signal_of, why_not_eds
from data.readers.unreadable import UnreadableFile
from data.spectrum_image import SpectrumImage

_PLUGIN = {
    ".hspy": "hspy", ".zspy": "zspy", ".emd": "emd", ".rpl": "ripple", ".spd": "edax",
    ".emi": "tia", ".ser": "tia", ".dm3": "digitalmicrograph", ".dm4": "digitalmicrograph",
    ".nxs": "nexus", ".nexus": "nexus",
}  # fmt: skip

_MEMORY_MAPPED = (".rpl", ".spd", ".dm3", ".dm4")


def read(path: Path, progress: Progress) -> tuple[SpectrumImage, ...]:
    """The EDS signals of a file; its other signals become navigation images.

    Raises
    ------
    UnreadableFile
        No EDS signal, missing companions, or values that are no counts.
    """
    check_companions(path)
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
        check_zarr(path)
        options["mode"] = "r"  # rosettasciio opens lazy zarr for writing otherwise
    if path.suffix.lower() in (".hspy", ".nxs", ".nexus", ".emd"):
        check_hdf5(path)
    if path.suffix.lower() in _MEMORY_MAPPED:
        # one chunk: dask would make a list of millions for a size that a damaged header claims
        with opened_lazily(reader, path, chunks=-1) as dictionaries:
            signals = [signal_of(one) for one in dictionaries]
            check_length(path, max((one.data.nbytes for one in signals), default=0))
            options["chunks"] = _in_file_order(signals)
    with opened_lazily(reader, path, **options) as dictionaries:
        if path.suffix.lower() == ".rpl":
            for one in dictionaries:
                _calibrate_ripple(one)
        yield [signal_of(one) for one in dictionaries if "data" in one]


def _in_file_order(signals: list[Signal]) -> Any:
    """Chunks along the slowest axis of the largest array, as long as a block: these lie together in the file.

    Dask's own are cubes, for each of which most pages of the file would be read.
    """
    largest = max((one.data for one in signals), key=lambda data: data.nbytes, default=None)
    if largest is None or largest.ndim < 2:
        return "auto"
    return {0: max(1, BLOCK_BYTES * largest.shape[0] // max(largest.nbytes, 1))}


def _calibrate_ripple(dictionary: dict[str, Any]) -> None:
    """Name the unit of the one calibration that the Ripple standard has: eV per channel, from zero."""
    header = dictionary["original_metadata"]
    if "depth-scale" in header or not header.get("ev-per-chan", 0) > 0:
        return
    for axis in dictionary["axes"]:
        if axis["name"] == "depth" and not axis["units"]:
            axis["units"] = "eV"
