"""What rosettasciio's description of a signal means: axes, units, metadata, spectra or image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from data.readers.metadata import completed, find

KEV = {"kev": 1.0, "ev": 1e-3}  # units of energy -> keV
#: units of light and of energies, as files write them -> the unit and the quantity to show, and the factor
BAND_UNITS = {
    **dict.fromkeys(("nm", "nanometer", "nanometers"), ("nm", "Wavelength", 1.0)),
    **dict.fromkeys(("um", "micron", "microns", "micrometer", "micrometers"), ("nm", "Wavelength", 1e3)),
    **dict.fromkeys(("å", "angstrom", "angstroms"), ("nm", "Wavelength", 0.1)),
    **dict.fromkeys(("1/cm", "cm-1", "cm^-1", "wavenumber"), ("cm⁻¹", "Wavenumber", 1.0)),
    "ev": ("eV", "Energy", 1.0),
    "kev": ("eV", "Energy", 1e3),
    "mev": ("eV", "Energy", 1e-3),
    "ghz": ("GHz", "Frequency", 1.0),
}
_ENERGY_NAMES = ("energy", "x-ray energy", "xray energy", "depth", "channel", "channels")
_FRAME_NAMES = ("frame", "frames", "time", "stack", "sweep", "scan")
# narrower ranges are absorption edges or energy losses, not an X-ray detector's spectrum
_NARROWEST_EDS_KEV = 3.0
_FEWEST_EDS_CHANNELS = 64
_FEWEST_BANDS = 2

SpectraKind = Literal["xray", "loss", "bands"]


@dataclass(frozen=True, eq=False)
class Axis:
    """One axis of an array: ``offset + scale * index`` in ``units``; units "" where the file gives none."""

    name: str
    size: int
    offset: float
    scale: float
    units: str
    navigate: bool


@dataclass(frozen=True, eq=False)
class Signal:
    """One signal of a file: an array (numpy or dask) with one Axis per dimension, in array order."""

    data: Any
    axes: tuple[Axis, ...]
    metadata: Mapping[str, Any]
    title: str

    @property
    def signal_type(self) -> str:
        """What the file says that it is, e.g. "EDS_SEM", "EELS"; "" where it says nothing."""
        return str(find(self.metadata, "Signal.signal_type") or "")


def signal_of(dictionary: Mapping[str, Any]) -> Signal:
    """A signal from one dictionary of rosettasciio.

    The vendor's own metadata are looked up where the dictionary names them (its "mapping").
    """
    data = dictionary["data"]
    axes = [_axis(axis) for axis in dictionary.get("axes", ())]
    positions = [axis.get("index_in_array") for axis in dictionary.get("axes", ())]
    if None not in positions:
        positions = [int(position) % max(data.ndim, 1) for position in positions]
        if sorted(positions) == list(range(len(axes))):
            axes = [axes[positions.index(i)] for i in range(len(axes))]
    if [axis.size for axis in axes] != list(data.shape):
        # wrong or missing axes (some files name them in another order): the array itself is right
        axes = [_matching(axes, i, size, data.ndim) for i, size in enumerate(data.shape)]
    metadata = completed(dictionary)
    return Signal(data, tuple(axes), metadata, str(find(metadata, "General.title") or "").strip())


def energy_dimension(signal: Signal) -> int | None:
    """Which dimension of the array is a spectrum's, or None for images."""
    if signal.data.ndim == 0 or signal.data.dtype.names or signal.data.dtype.kind not in "uif":
        return None
    by_units = [i for i, axis in enumerate(signal.axes) if axis.units.lower() in KEV]
    by_name = [i for i, axis in enumerate(signal.axes) if axis.name.lower() in _ENERGY_NAMES]
    spectral = [i for i, axis in enumerate(signal.axes) if not axis.navigate]
    for candidates in (by_units, by_name, spectral):
        if len(candidates) == 1 and signal.axes[candidates[0]].size > 1:
            return candidates[0]
    return None


def spectra_kind(signal: Signal, dimension: int) -> SpectraKind | None:
    """What spectra are: of an X-ray detector, of energy losses, or bands of anything else; None: unusable.

    Spectra that say nothing are those of an X-ray detector where their axis could be one's: wide enough,
    with enough channels. Bands need a unit, or there would be no telling what they are.
    """
    kind, axis = signal.signal_type.upper(), signal.axes[dimension]
    in_kev = axis.units.lower() in KEV
    if kind.startswith(("EDS", "EDX", "XRF")):
        return "xray"
    if kind == "EELS" or "loss" in axis.name.lower():
        return "loss" if in_kev else None
    bands = "bands" if axis.units.lower() in BAND_UNITS and axis.size >= _FEWEST_BANDS else None
    if kind not in ("", "SIGNAL1D", "BASESIGNAL", "SIGNAL") or "wavelength" in axis.name.lower():
        return bands
    if axis.size < _FEWEST_EDS_CHANNELS:
        return bands
    if in_kev:
        span_kev = abs(axis.scale) * axis.size * KEV[axis.units.lower()]
        return "xray" if span_kev >= _NARROWEST_EDS_KEV else bands
    if axis.units and axis.units.lower() not in ("channel", "channels", "ch", "pix", "px", "points"):
        return bands
    return "xray"


def why_unusable(signal: Signal, dimension: int) -> str:
    """What is wrong with spectra that are of no kind that opens, as the end of a sentence."""
    kind, axis = signal.signal_type, signal.axes[dimension]
    if axis.units and axis.units.lower() not in BAND_UNITS:
        return f"holds spectra in {axis.units}"
    if kind and not axis.units:
        return f"holds {kind} spectra on an axis without units"
    return f"holds only {axis.size} channels without units"


def is_frame_axis(axis: Axis) -> bool:
    """Whether an axis counts repetitions of the scan (frames, times) rather than places."""
    return axis.name.lower() in _FRAME_NAMES or axis.units.lower() in ("s", "ms", "min")


def _axis(axis: Mapping[str, Any]) -> Axis:
    offset, scale = axis.get("offset"), axis.get("scale")
    if axis.get("axis") is not None:  # HyperSpy's non-uniform axes give every value
        values = np.asarray(axis["axis"], float)
        steps = np.diff(values)
        uniform = steps.size > 0 and np.allclose(steps, steps.mean(), rtol=1e-3)
        offset, scale = (values[0], steps.mean()) if uniform else (0.0, np.nan)
        return Axis(_text(axis.get("name")), values.size, offset, scale, _text(axis.get("units")),
                    bool(axis.get("navigate", True)))  # fmt: skip
    return Axis(
        name=_text(axis.get("name")),
        size=int(axis.get("size", 1)),
        offset=float(offset if offset is not None else 0.0),
        scale=float(scale if scale is not None else 1.0),
        units=_text(axis.get("units")),
        navigate=bool(axis.get("navigate", True)),
    )


def _matching(axes: list[Axis], position: int, size: int, n_dimensions: int) -> Axis:
    fitting = [axis for axis in axes if axis.size == size]
    if len(fitting) == 1:
        return fitting[0]
    return Axis("", size, 0.0, 1.0, "", navigate=position < n_dimensions - 1)


def _text(value: Any) -> str:
    if value is None:
        return ""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    text = text.strip().replace("µ", "u").replace("μ", "u")
    return "" if text.lower() in ("none", "<undefined>", "nan", "t.undefined") else text
