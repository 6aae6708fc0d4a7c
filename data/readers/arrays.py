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

from data.elemental_maps import ElementalMaps
from data.readers.assembly import Found, datasets
from data.readers.band_maps import maps_of_signal
from data.readers.dense_blocks import BLOCK_BYTES, Progress, sparse_spectra
from data.readers.lazy_files import opened_lazily
from data.readers.navigation import is_image
from data.readers.precautions import check_companions, check_hdf5, check_length, check_zarr
from data.readers.signals import (
    Signal,
    SpectraKind,
    energy_dimension,
    signal_of,
    spectra_kind,
    why_unusable,
)
from data.readers.unreadable import UnreadableFile
from data.spectrum_image import SpectrumImage

_PLUGIN = {
    ".hspy": "hspy", ".zspy": "zspy", ".emd": "emd", ".rpl": "ripple", ".spd": "edax",
    ".emi": "tia", ".ser": "tia", ".dm3": "digitalmicrograph", ".dm4": "digitalmicrograph",
    ".nxs": "nexus", ".nexus": "nexus",
}  # fmt: skip

_MEMORY_MAPPED = (".rpl", ".spd", ".dm3", ".dm4")


def read(path: Path, progress: Progress) -> tuple[SpectrumImage | ElementalMaps, ...]:
    """The spectra of a file, those of X-rays first; its other signals become navigation images.

    Energy losses open as counts. What is neither (light, absorption, processed energy losses) opens as one
    map per band.

    Raises
    ------
    UnreadableFile
        No spectra of a kind that opens, missing companions, or X-ray spectra whose values are no counts.
    """
    check_companions(path)
    with _signals(path) as signals:
        found, bands, notes = _sorted_out(path, signals, progress)
        return (*(datasets(path, found, notes) if found else ()), *bands)


def _sorted_out(
    path: Path, signals: list[Signal], progress: Progress
) -> tuple[list[Found], list[ElementalMaps], tuple[str, ...]]:
    """The counts among the signals of a file, the spectra of bands, and notes on what was left out."""
    kinds: dict[int, SpectraKind] = {}
    spectra: list[tuple[Signal, int]] = []
    images: list[Signal] = []
    refused: list[str] = []
    for signal in signals:
        dimension = energy_dimension(signal)
        if dimension is None:
            images += [signal] if is_image(signal) else []
        elif (kind := spectra_kind(signal, dimension)) is None:
            refused.append(f"{signal.title or 'a signal'} {why_unusable(signal, dimension)}")
        else:
            kinds[id(signal)] = kind
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
    notes += [f"Left out: {reason}." for reason in refused]
    found: list[Found] = []
    bands: list[ElementalMaps] = []
    chosen = maps or spectra
    for number, (signal, dimension) in enumerate(chosen):

        def report(fraction: float, message: str, done: int = number) -> None:
            progress((done + fraction) / len(chosen), message)

        kind = kinds[id(signal)]
        extra: tuple[str, ...] = ()
        if kind == "xray" and not signal.signal_type:
            extra = ("The file does not say that its spectra are EDS; they are taken as such.",)
        if kind != "bands":
            try:
                counts = sparse_spectra(signal, dimension, report)
            except UnreadableFile as error:
                if kind == "xray":
                    raise
                extra = (f"{error} They are shown as bands.",)
            else:
                found.append(Found(counts, signal.metadata, images, signal.title, extra, kind))
                continue
        title = f"{path.stem}: {signal.title}" if len(chosen) > 1 and signal.title else path.stem
        quantity = "Energy loss" if kind == "loss" else ""
        bands.append(maps_of_signal(signal, dimension, title, (*extra, *notes), report, quantity))
    return found, bands, tuple(notes)


def _nothing(path: Path, images: list[Signal], refused: list[str]) -> str:
    if refused:
        what = f"its spectra are of no kind that opens ({'; '.join(refused[:3])})"
    elif images:
        what = f"it holds only {len(images)} image{'s' if len(images) > 1 else ''}"
    else:
        what = "it holds neither spectra nor images"
    return f"{path.name} has no spectra to map: {what}. Open the file in which the map was saved."


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
