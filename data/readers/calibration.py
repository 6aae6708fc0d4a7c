"""Units of axes as files write them -> keV and um, with a note where they are missing."""

from __future__ import annotations

import numpy as np

from data.axes import AxisKind, EnergyAxis
from data.readers.signals import KEV, Axis

_UM = {
    "m": 1e6, "meter": 1e6, "meters": 1e6, "mm": 1e3, "um": 1.0, "micron": 1.0, "microns": 1.0,
    "micrometer": 1.0, "nm": 1e-3, "nanometer": 1e-3, "pm": 1e-6, "cm": 1e4, "å": 1e-4, "angstrom": 1e-4,
}  # fmt: skip


def energy_axis(axis: Axis, kind: AxisKind = "xray") -> tuple[EnergyAxis, tuple[str, ...]]:
    """The energy axis in keV, and notes on what is missing: then it counts channels, uncalibrated."""
    narrowest = 1e-4 if kind == "xray" else 1e-8
    factor = KEV.get(axis.units.lower())
    if factor is None:
        reason = f"in {axis.units!r}" if axis.units else "without units"
    elif not (np.isfinite(axis.scale) and np.isfinite(axis.offset) and axis.scale > 0):
        reason = f"with {axis.scale:g} {axis.units} per channel"
    elif not narrowest <= axis.scale * factor <= 1.0:
        reason = f"with {axis.scale:g} {axis.units} per channel, which no such detector has"
    else:
        return EnergyAxis(axis.offset * factor, axis.scale * factor, axis.size, kind=kind), ()
    note = (
        f"The file has no usable energy calibration (its spectra are {reason}): the axis counts channels, "
        f"and X-ray lines cannot be placed."
    )
    return EnergyAxis(0.0, 1.0, axis.size, calibrated=False, kind=kind), (note,)


def pixel_size_um(y: Axis | None, x: Axis | None) -> tuple[float | None, tuple[str, ...]]:
    """Side of a pixel in um (along x), or None with a note where the file gives no length."""
    sizes = [_length_um(axis) for axis in (y, x)]
    size = sizes[1] or sizes[0]
    if size is None:
        return None, ("The file has no pixel size: distances are in pixels.",)
    if sizes[0] and sizes[1] and abs(sizes[0] / sizes[1] - 1) > 0.02:
        return size, (
            f"The pixels are not square ({sizes[1]:.4g} um along x, {sizes[0]:.4g} um along y): the maps are "
            f"drawn with square ones of {size:.4g} um.",
        )
    return size, ()


def _length_um(axis: Axis | None) -> float | None:
    if axis is None or not np.isfinite(axis.scale) or axis.scale == 0:
        return None
    factor = _UM.get(axis.units.lower())
    return None if factor is None else abs(axis.scale) * factor
