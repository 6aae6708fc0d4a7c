"""ElementalMaps: one image of intensity per X-ray line, from spectra or from a folder of images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np


@dataclass(frozen=True, eq=False)
class ElementalMaps:
    """Intensity of every line at every pixel.

    Attributes
    ----------
    intensity : (n_y, n_x, n_lines) float32, counts (net of background where windows were used)
    lines : names of the maps, e.g. ("Fe_Ka", "Si_Ka"); a folder of images may name bare elements ("Fe")
    pixel_size_um, navigation, beam_kev, title, dataset_id, notes : as in SpectrumImage
    valid : (n_y, n_x) bool, or None where every pixel counts; False outside the sample
    """

    intensity: np.ndarray
    lines: tuple[str, ...]
    pixel_size_um: float | None = None
    navigation: Mapping[str, np.ndarray] = field(default_factory=dict)
    beam_kev: float | None = None
    title: str = ""
    dataset_id: str = ""
    notes: tuple[str, ...] = ()
    valid: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.intensity.ndim != 3 or self.intensity.shape[2] != len(self.lines):
            raise ValueError(
                f"Element maps of shape {self.intensity.shape} do not fit {len(self.lines)} lines; "
                f"(n_y, n_x, {len(self.lines)}) was expected."
            )
        if len(set(self.lines)) != len(self.lines):
            repeated = sorted({line for line in self.lines if self.lines.count(line) > 1})
            raise ValueError(f"Lines appear more than once: {', '.join(repeated)}. Keep one of each.")
        if self.valid is not None and self.valid.shape != self.shape:
            raise ValueError(
                f"The mask is {self.valid.shape[0]} x {self.valid.shape[1]} pixels, the maps are "
                f"{self.shape[0]} x {self.shape[1]}. Export the mask at the size of the maps."
            )

    @property
    def shape(self) -> tuple[int, int]:
        """(n_y, n_x)."""
        return self.intensity.shape[:2]

    @property
    def n_pixels(self) -> int:
        """Number of pixels, n_y * n_x."""
        return self.shape[0] * self.shape[1]

    def of(self, line: str) -> np.ndarray:
        """The map of one line, (n_y, n_x) float32.

        Raises
        ------
        ValueError
            There is no map of that line.
        """
        if line not in self.lines:
            raise ValueError(f"There is no map of {line!r}; there are maps of {', '.join(self.lines)}.")
        return self.intensity[:, :, self.lines.index(line)]

    def rebin(self, factor: int) -> ElementalMaps:
        """Sum ``factor`` x ``factor`` pixels into one; rows and columns left over at the end are dropped."""
        n_y, n_x = self.shape
        if factor < 1 or factor > min(n_y, n_x):
            raise ValueError(
                f"A map of {n_y} x {n_x} pixels cannot be rebinned by {factor}; choose 1 to {min(n_y, n_x)}."
            )
        if factor == 1:
            return self
        m_y, m_x = n_y // factor, n_x // factor
        blocks = self.intensity[: m_y * factor, : m_x * factor].reshape(m_y, factor, m_x, factor, -1)
        valid = self.valid
        if valid is not None:
            valid = valid[: m_y * factor, : m_x * factor].reshape(m_y, factor, m_x, factor).any(axis=(1, 3))
        return replace(
            self,
            intensity=blocks.sum(axis=(1, 3), dtype=np.float32),
            valid=valid,
            pixel_size_um=None if self.pixel_size_um is None else self.pixel_size_um * factor,
            dataset_id=f"{self.dataset_id}/bin{factor}",
        )
