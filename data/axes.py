"""The third axis of a map: energies of X-rays, losses of electrons, wavelengths of light."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

#: what the energies of an axis are of: X-rays on their way into a detector, or what electrons lost
AxisKind = Literal["xray", "loss"]


@dataclass(frozen=True)
class EnergyAxis:
    """Linear energy axis; channel ``c`` is centred on ``offset_kev + c * scale_kev``.

    ``calibrated`` is False where the file gave no energy calibration: then the "energies" are
    channel numbers, and lines cannot be placed. ``kind`` is "xray" for the spectra of an X-ray detector
    (electron or X-ray excited) and "loss" for electron energy losses (EELS). Energies are kept in keV
    whatever the kind; people read them as ``shown``, in ``unit``.
    """

    offset_kev: float
    scale_kev: float
    n_channels: int
    calibrated: bool = True
    kind: AxisKind = "xray"

    def __post_init__(self) -> None:
        if self.n_channels < 1:
            raise ValueError(f"An energy axis needs at least one channel; it was given {self.n_channels}.")
        if not (np.isfinite(self.offset_kev) and np.isfinite(self.scale_kev) and self.scale_kev > 0):
            raise ValueError(
                f"An energy axis needs a finite offset and a positive width per channel; it was given "
                f"{self.offset_kev} keV and {self.scale_kev} keV. Correct the calibration of the file."
            )

    @property
    def has_xray_lines(self) -> bool:
        """Whether X-ray lines have a place on this axis: it is calibrated, and of an X-ray detector."""
        return self.calibrated and self.kind == "xray"

    @property
    def unit(self) -> str:
        """The unit that people read these energies in: keV, eV of losses, none of mere channels."""
        if not self.calibrated:
            return ""
        return "keV" if self.kind == "xray" else "eV"

    @property
    def label(self) -> str:
        """What to write at the axis of a figure or a table."""
        if not self.calibrated:
            return "Channel"
        return "Energy (keV)" if self.kind == "xray" else "Energy loss (eV)"

    @property
    def per_kev(self) -> float:
        """How many of ``unit`` are one keV; 1 on an uncalibrated axis."""
        return 1e3 if self.unit == "eV" else 1.0

    @property
    def shown(self) -> np.ndarray:
        """Centres of all channels in ``unit``, (n_channels,) float64."""
        return self.energy_kev * self.per_kev

    @property
    def energy_kev(self) -> np.ndarray:
        """Centres of all channels, (n_channels,) float64, keV."""
        return self.offset_kev + self.scale_kev * np.arange(self.n_channels)

    @property
    def low_kev(self) -> float:
        """Lower edge of the first channel, keV."""
        return self.offset_kev - 0.5 * self.scale_kev

    @property
    def high_kev(self) -> float:
        """Upper edge of the last channel, keV."""
        return self.low_kev + self.n_channels * self.scale_kev

    def channel(self, energy_kev: float) -> int:
        """Nearest channel to an energy; may lie outside 0..n_channels-1 for energies off the axis."""
        return round((energy_kev - self.offset_kev) / self.scale_kev)

    def window(self, low_kev: float, high_kev: float) -> slice:
        """Channels whose centres lie within [low_kev, high_kev], clipped to the axis."""
        # the small tolerance keeps a centre that equals a bound inside despite rounding
        first = int(np.ceil((low_kev - self.offset_kev) / self.scale_kev - 1e-9))
        last = int(np.floor((high_kev - self.offset_kev) / self.scale_kev + 1e-9))
        first, stop = max(first, 0), min(last + 1, self.n_channels)
        return slice(first, max(first, stop))

    def overlap(self, low_kev: float, high_kev: float) -> np.ndarray:
        """Fraction of every channel that an energy window covers, (n_channels,) float32, 0..1.

        Windows a few channels wide keep their exact width this way: rounding them to whole channels
        would make the net of two windows of nominally equal width wrong by up to a channel.
        """
        low_edge = self.low_kev + self.scale_kev * np.arange(self.n_channels)
        covered = np.minimum(low_edge + self.scale_kev, high_kev) - np.maximum(low_edge, low_kev)
        return (np.clip(covered, 0.0, self.scale_kev) / self.scale_kev).astype(np.float32)

    def cropped(self, channels: slice) -> EnergyAxis:
        """The axis of a contiguous range of channels."""
        start, stop, step = channels.indices(self.n_channels)
        if step != 1 or stop <= start:
            raise ValueError(f"Channels {start}..{stop} leave nothing of an axis of {self.n_channels}.")
        return replace(self, offset_kev=self.offset_kev + start * self.scale_kev, n_channels=stop - start)


@dataclass(frozen=True)
class BandAxis:
    """The axis of an imaging spectrometer or a camera with filters: bands in no fixed steps.

    Attributes
    ----------
    centre : position of every band, ascending, in ``unit``
    unit : "nm", "eV", "cm-1"; "" where the file says no wavelength and bands are numbered from 1
    quantity : what varies along it: "Wavelength", "Energy", "Wavenumber" or "Band"
    """

    centre: tuple[float, ...]
    unit: str = "nm"
    quantity: str = "Wavelength"

    def __post_init__(self) -> None:
        if not np.isfinite(self.centre).all() or (np.diff(self.centre) <= 0).any():
            raise ValueError(
                f"The bands of an axis stand in ascending order; found {self.centre[:4]} ... "
                "Correct the wavelengths in the header of the file."
            )

    @property
    def label(self) -> str:
        """What to write at the axis of a figure or a table."""
        return f"{self.quantity} ({self.unit})" if self.unit else self.quantity

    @property
    def shown(self) -> np.ndarray:
        """Centres of all bands in ``unit``, (n_bands,) float64."""
        return np.array(self.centre, np.float64)

    def nearest(self, value: float) -> int:
        """Number of the band that lies nearest to a position, in ``unit``."""
        return int(np.abs(self.shown - value).argmin())

    def taken(self, bands: list[int]) -> BandAxis:
        """The axis of some of the bands, in ascending order."""
        return replace(self, centre=tuple(self.centre[band] for band in bands))
