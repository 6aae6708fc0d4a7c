"""An array of spectra, dense in the file, made sparse a piece at a time.

Lazy arrays are computed one block of pixels after the other, along the chunks in which the file stores
them, so that the dense map never exists. Counts are checked on the way: the methods downstream are
built on Poisson statistics, and processed intensities would be analysed as something they are not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import psutil

from data.block_passes import Counts
from data.readers.signals import Axis, Signal, is_frame_axis
from data.readers.sparse_rows import SparseRows, check_size
from data.readers.unreadable import UnreadableFile

Progress = Callable[[float, str], None]

BLOCK_BYTES = 16 * 2**20
# float32 sums of whole counts are off by less; real fractions are not
_WHOLE = 1e-3


@dataclass(frozen=True, eq=False)
class Spectra:
    """The counts of a map and its three axes (y and x are None where the array has no such dimension)."""

    counts: Counts
    shape: tuple[int, int]
    y: Axis | None
    x: Axis | None
    energy: Axis
    notes: tuple[str, ...]


def sparse_spectra(signal: Signal, energy_dimension: int, progress: Progress) -> Spectra:
    """The counts of a signal, whose array may be lazy.

    Frames (repetitions of the scan) are summed; a line of spectra becomes a map of one row, a single
    spectrum a map of one pixel.

    Raises
    ------
    UnreadableFile
        The values are no counts, or too many for the memory at hand.
    """
    frames, y_dimension, x_dimension = roles(signal, energy_dimension)
    order = (*frames, *(d for d in (y_dimension, x_dimension) if d is not None), energy_dimension)
    data = signal.data.transpose(order) if order != tuple(range(len(order))) else signal.data
    y = None if y_dimension is None else signal.axes[y_dimension]
    x = None if x_dimension is None else signal.axes[x_dimension]
    energy = signal.axes[energy_dimension]
    n_y, n_x = y.size if y else 1, x.size if x else 1
    check_size(n_y, n_x, energy.size)
    n_frames = int(np.prod([signal.axes[d].size for d in frames], dtype=np.int64))
    data = data.reshape(n_frames, n_y, n_x, energy.size)
    rows = SparseRows(n_y * n_x, energy.size, in_slices=True, n_x=n_x)
    for block, pixel, first_channel in _blocks(data, progress):
        # blocks come in bands of rows: those above the first of this one are done
        rows.complete(int(pixel[0]) // n_x)
        total = as_counts(block).sum(axis=0, dtype=np.uint64) if n_frames > 1 else as_counts(block[0])
        rows.add_dense(pixel, _narrow(total.reshape(pixel.size, -1)), first_channel)
    notes = (f"{n_frames} frames were summed.",) if n_frames > 1 else ()
    return Spectra(rows.matrix(), (n_y, n_x), y, x, energy, notes)


def as_counts(values: np.ndarray) -> np.ndarray:
    """Values as unsigned integers, unchanged in number.

    Raises
    ------
    UnreadableFile
        A value is negative, a fraction or no number: such maps were processed (background subtracted,
        normalised, denoised), and rounding would only hide it.
    """
    if values.dtype.kind == "b":
        return values.astype(np.uint8)
    if values.dtype.kind in "if" and values.size:
        if not np.isfinite(values.min() + values.max()):
            raise UnreadableFile(_processed("values that are no numbers (NaN or infinity)"))
        if values.min() < 0:
            raise UnreadableFile(_processed(f"negative values such as {values.min():g}"))
    if values.dtype.kind == "f":
        whole = np.rint(values)
        # relative to the value: large whole numbers in float32 may be off by their last digit
        fraction = np.abs(values - whole) > _WHOLE * np.maximum(1.0, 1e-4 * np.abs(whole))
        if fraction.any():
            raise UnreadableFile(_processed(f"fractions such as {values[fraction][0]:g}"))
        return whole.astype(np.uint32 if whole.max() <= np.iinfo(np.uint32).max else np.uint64)
    return values.astype(np.dtype(f"u{values.dtype.itemsize}"), copy=False)


def _processed(found: str) -> str:
    return (
        f"The spectra are not counts: they hold {found}. They were processed (background subtracted, "
        f"normalised, denoised or interpolated); open the file of the raw counts instead."
    )


def _narrow(spectra: np.ndarray) -> np.ndarray:
    """Unsigned integers of at most 32 bits where the values allow, for one compiled kernel fewer."""
    if spectra.dtype.itemsize == 8 and spectra.max(initial=0) <= np.iinfo(np.uint32).max:
        return spectra.astype(np.uint32)
    return spectra


def roles(signal: Signal, energy_dimension: int) -> tuple[tuple[int, ...], int | None, int | None]:
    """Dimensions of an array of spectra that count frames, and those of y and x (None if there is none).

    Raises
    ------
    UnreadableFile
        The spectra lie on a grid of more than two dimensions.
    """
    others = [d for d in range(signal.data.ndim) if d != energy_dimension]
    frames = [d for d in others if is_frame_axis(signal.axes[d])] if len(others) > 2 else []
    places = [d for d in others if d not in frames]
    while len(places) > 2 and any(signal.axes[d].size == 1 for d in places):
        frames.append(places.pop(next(i for i, d in enumerate(places) if signal.axes[d].size == 1)))
    if len(places) > 2:
        sizes = " x ".join(str(signal.axes[d].size) for d in places)
        raise UnreadableFile(
            f"The spectra lie on a grid of {sizes} places, more than the two dimensions of a map. Export one "
            f"map (one slice) as a file of its own."
        )
    if len(places) == 2:
        return tuple(frames), places[0], places[1]
    if not places:
        return tuple(frames), None, None
    along_y = signal.axes[places[0]].name.lower() in ("y", "height")
    return tuple(frames), *((places[0], None) if along_y else (None, places[0]))


def _blocks(data: Any, progress: Progress) -> Iterator[tuple[np.ndarray, np.ndarray, int]]:
    """Pieces (n_frames, n_y, n_x, n) of an array, the row-major pixels that they cover, their first channel.

    Pieces keep to the chunks of the file, so that no chunk is read twice; only where the chunks are
    images (all pixels, few channels) are spectra taken in slices of energy.
    """
    n_frames, n_y, n_x, n_channels = data.shape
    lazy = hasattr(data, "dask")
    chunks = data.chunks if lazy else (None,) * 4
    value_bytes = n_frames * data.dtype.itemsize
    narrow = value_bytes * n_channels
    for first_row, last_row in _edges(n_y, chunks[1], narrow * n_x):
        n_rows = last_row - first_row
        for first, last in _edges(n_x, chunks[2], narrow * n_rows):
            n_pixels = n_rows * (last - first)
            pixel = (np.arange(first_row, last_row)[:, None] * n_x + np.arange(first, last)).ravel()
            slices = [(0, n_channels)]
            if n_pixels * narrow > 2 * BLOCK_BYTES and lazy:
                slices = _edges(n_channels, chunks[3], n_pixels * value_bytes)
            for low, high in slices:
                _check_memory(n_pixels * value_bytes * (high - low))
                block = data[:, first_row:last_row, first:last, low:high]
                if lazy:
                    block = block.compute(scheduler="synchronous")
                yield np.asarray(block), pixel, low
                share = (first_row + n_rows * high / n_channels) if last == n_x else first_row
                progress(share / n_y, f"{int(share)} of {n_y} lines")


def _edges(size: int, chunks: tuple[int, ...] | None, bytes_each: int) -> list[tuple[int, int]]:
    """Ranges of about BLOCK_BYTES, never across a stored chunk more than once."""
    wanted = max(1, BLOCK_BYTES // max(bytes_each, 1))
    steps = chunks if chunks else (wanted,) * (size // wanted) + ((size % wanted,) if size % wanted else ())
    edges, first, last = [], 0, 0
    for step in steps:
        if last > first and last + step - first > wanted:
            edges.append((first, last))
            first = last
        last += step
    return [*edges, (first, last)]


def _check_memory(n_bytes: int) -> None:
    available = psutil.virtual_memory().available
    if n_bytes > 0.7 * available:
        raise UnreadableFile(
            f"This file stores its map in one piece of {n_bytes / 2**30:.1f} GB, and {available / 2**30:.1f} "
            f"GB of memory are free. Crop or rebin it in the program that wrote it, or use a larger machine."
        )
