"""Spectra that are no counts of an X-ray detector, as one map per band: reflectance, light, absorption.

Bands stay as the file gives them; where there are more than can be handled as maps, neighbours are averaged.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import psutil

from data.axes import BandAxis
from data.elemental_maps import ElementalMaps
from data.numbered_names import numbered
from data.readers.assembly import with_id
from data.readers.calibration import pixel_size_um
from data.readers.dense_blocks import Progress, roles
from data.readers.signals import BAND_UNITS, Signal
from data.readers.unreadable import UnreadableFile

MOST_BANDS = 320  # imaging spectrometers have 100 to 300; of longer spectra neighbours are averaged
_MEMORY_SHARE = 0.5


def band_axis(centre: np.ndarray, units: str, quantity: str = "") -> tuple[BandAxis, np.ndarray]:
    """The axis of bands in ascending order, and the number of the band of the file at every place of it.

    Parameters
    ----------
    centre : (n_bands,) as in the file, in ``units``
    units : as the file writes them; "" where bands are only numbered
    quantity : what the axis is of, where the unit alone does not tell ("Energy loss")
    """
    unit, named, factor = BAND_UNITS.get(units.lower(), ("", "Band", 1.0))
    position = np.asarray(centre, np.float64) * factor
    order = np.argsort(position, kind="stable")
    # two detectors may overlap: bands of one position stand side by side
    ascending = position[order]
    for i in range(1, ascending.size):
        if ascending[i] <= ascending[i - 1]:
            ascending[i] = np.nextafter(np.float32(ascending[i - 1]), np.float32(np.inf))
    return BandAxis(tuple(float(one) for one in ascending), unit, quantity or named), order


def band_names(axis: BandAxis, titles: Sequence[str] = ()) -> tuple[str, ...]:
    """What the maps are called: "650 nm"; as the file calls them where there are no positions."""
    if not axis.unit:
        named = [title.strip() for title in titles] or [
            f"Band {number + 1}" for number in range(len(axis.centre))
        ]
        named = [title or f"Band {number + 1}" for number, title in enumerate(named)]
    else:
        digits = 0
        while digits < 4 and len({f"{one:.{digits}f}" for one in axis.centre}) < len(axis.centre):
            digits += 1
        named = [f"{one:.{digits}f} {axis.unit}" for one in axis.centre]
    return numbered(named)


def check_memory(name: str, n_pixels: int, n_bands: int) -> None:
    """Refuse what would not fit into memory as maps.

    Raises
    ------
    UnreadableFile
        The maps would take more than half of the memory that is free.
    """
    n_bytes = 4 * n_pixels * n_bands
    available = psutil.virtual_memory().available
    if n_bytes > _MEMORY_SHARE * available:
        raise UnreadableFile(
            f"{name} has {n_bands} bands of {n_pixels / 1e6:.1f} million pixels, {n_bytes / 2**30:.1f} GB "
            "as maps; "
            f"{available / 2**30:.1f} GB of memory are free. Crop the image, or take fewer bands."
        )


def maps_of_signal(
    signal: Signal, dimension: int, title: str, notes: tuple[str, ...], progress: Progress, quantity: str = ""
) -> ElementalMaps:
    """One map per band of a signal of rosettasciio, whatever its values are.

    Parameters
    ----------
    dimension : of the array that holds the spectrum
    quantity : of the axis, where its unit does not tell
    """
    frames, y_dimension, x_dimension = roles(signal, dimension)
    order = (*frames, *(d for d in (y_dimension, x_dimension) if d is not None), dimension)
    y = None if y_dimension is None else signal.axes[y_dimension]
    x = None if x_dimension is None else signal.axes[x_dimension]
    energy = signal.axes[dimension]
    n_y, n_x, n_channels = y.size if y else 1, x.size if x else 1, energy.size
    group = -(-n_channels // MOST_BANDS)
    check_memory(title, n_y * n_x, -(-n_channels // group))
    data = signal.data.transpose(order).reshape(-1, n_y, n_x, n_channels)
    intensity = np.empty((n_y, n_x, -(-n_channels // group)), np.float32)
    rows = max(1, 2**22 // max(1, n_x * n_channels * data.shape[0]))
    starts = np.arange(0, n_channels, group)
    widths = np.diff([*starts, n_channels])
    for first in range(0, n_y, rows):
        block = data[:, first : first + rows]
        block = block.compute(scheduler="synchronous") if hasattr(block, "dask") else np.asarray(block)
        summed = block.astype(np.float32).sum(axis=0)
        intensity[first : first + rows] = np.add.reduceat(summed, starts, axis=-1) / widths
        progress(min(1.0, (first + rows) / n_y), f"{min(first + rows, n_y)} of {n_y} lines")
    centre = energy.offset + energy.scale * (starts + 0.5 * (widths - 1))
    axis, order_of_bands = band_axis(centre, energy.units, quantity)
    if group > 1:
        notes = (
            *notes,
            f"Of {n_channels} channels, {group} neighbours each were averaged to {starts.size} bands.",
        )
    side_um, size_notes = pixel_size_um(y, x)
    finite = np.isfinite(intensity).all(axis=2)
    return with_id(
        ElementalMaps(
            intensity=np.where(finite[:, :, None], intensity, 0)[:, :, order_of_bands],
            lines=band_names(axis),
            pixel_size_um=side_um,
            title=title,
            valid=None if finite.all() else finite,
            axis=axis,
            quantity="Intensity",
            notes=(*notes, *size_notes),
        )
    )
