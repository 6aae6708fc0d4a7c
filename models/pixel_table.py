"""The pixels of a selection as a table: where they are, their phase and their line intensities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from data.elemental_maps import ElementalMaps


def pixel_table(
    maps: ElementalMaps,
    mask: np.ndarray,
    label: np.ndarray | None = None,
    phase_names: Sequence[str] = (),
) -> dict[str, Any]:
    """Columns of a CSV: one row per selected pixel, in the order of the map.

    Parameters
    ----------
    maps : line maps
    mask : (n_y, n_x) bool
    label : (n_y, n_x) integers, rows of ``phase_names``; below 0: no phase. None: phases are left out
    phase_names : of the labels

    Returns
    -------
    x, y (indices), x_um and y_um of the pixel's centre where its size is known, phase, one column per line
    """
    y, x = np.nonzero(mask)
    columns: dict[str, Any] = {"x": x, "y": y}
    if maps.pixel_size_um is not None:
        columns |= {"x_um": (x + 0.5) * maps.pixel_size_um, "y_um": (y + 0.5) * maps.pixel_size_um}
    if label is not None:
        names = np.array([*phase_names, ""], dtype=object)
        columns["phase"] = names[np.where(label[y, x] < 0, len(phase_names), label[y, x])]
    for place, line in enumerate(maps.lines):
        columns[line] = maps.intensity[y, x, place]
    return columns
