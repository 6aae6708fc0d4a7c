"""The energy axis of a spectrum: channel number <-> keV."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class EnergyAxis:
    """Linear energy axis; channel ``c`` is centred on ``offset_kev + c * scale_kev``.

    ``calibrated`` is False where the file gave no energy calibration: then the "energies" are
    channel numbers, and lines cannot be placed.
    """

    offset_kev: float
    scale_kev: float
    n_channels: int
    calibrated: bool = True

    def __post_init__(self) -> None:
        if self.n_channels < 1:
            raise ValueError(f"An energy axis needs at least one channel; it was given {self.n_channels}.")
        if not (np.isfinite(self.offset_kev) and np.isfinite(self.scale_kev) and self.scale_kev > 0):
            raise ValueError(
                f"An energy axis needs a finite offset and a positive width per channel; it was given "
                f"{self.offset_kev} keV and {self.scale_kev} keV. Correct the calibration of the file."
            )

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
        return EnergyAxis(
            self.offset_kev + start * self.scale_kev, self.scale_kev, stop - start, self.calibrated
        )
