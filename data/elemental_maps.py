"""ElementalMaps: one image of intensity per X-ray line or band, from spectra or from images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from data.axes import BandAxis
from data.field_of_view import cropped_navigation


@dataclass(frozen=True, eq=False)
class ElementalMaps:
    """Intensity of every line at every pixel.

    Attributes
    ----------
    intensity : (n_y, n_x, n_lines) float32, counts (net of background where windows were used)
    lines : names of the maps, e.g. ("Fe_Ka", "Si_Ka"); a folder of images may name bare elements ("Fe")
    pixel_size_um, navigation, beam_kev, title, dataset_id, notes : as in SpectrumImage
    valid : (n_y, n_x) bool, or None where every pixel counts; False outside the sample
    axis : where the maps lie on an axis (the bands of an imaging spectrometer), or None; then ``lines``
        are the bands in the order of the axis
    quantity : what the intensities are, at the start of a sentence: "Counts", "Reflectance", "Intensity"
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
    axis: BandAxis | None = None
    quantity: str = "Counts"

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
        if self.axis is not None and len(self.axis.centre) != len(self.lines):
            raise ValueError(
                f"An axis of {len(self.axis.centre)} bands does not fit {len(self.lines)} maps; one each is "
                "needed."
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

    def of_lines(self, lines: Sequence[str]) -> ElementalMaps:
        """Only some of the maps, in the order asked for; bands of an axis keep the order of the axis.

        Raises
        ------
        ValueError
            There is no map of one of the lines.
        """
        for line in lines:
            self.of(line)
        index = [self.lines.index(line) for line in lines]
        if self.axis is not None:
            index.sort()
        if index == list(range(len(self.lines))):
            return self
        return replace(
            self,
            intensity=self.intensity[:, :, index],
            lines=tuple(self.lines[i] for i in index),
            axis=None if self.axis is None else self.axis.taken(index),
        )

    def crop(self, y: slice, x: slice) -> ElementalMaps:
        """Only the pixels of a rectangle; navigation images are cropped to the same field of view."""
        n_y, n_x = self.shape
        rows, columns = np.arange(n_y)[y], np.arange(n_x)[x]
        if rows.size == 0 or columns.size == 0:
            raise ValueError(f"The rectangle y {y}, x {x} leaves no pixel of a map of {n_y} x {n_x}.")
        inside = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        return replace(
            self,
            intensity=self.intensity[inside],
            valid=None if self.valid is None else self.valid[inside],
            navigation=cropped_navigation(self.navigation, self.shape, *inside),
            dataset_id=f"{self.dataset_id}/y{rows[0]}-{rows[-1]}x{columns[0]}-{columns[-1]}",
        )

    def rebin(self, factor: int) -> ElementalMaps:
        """Sum ``factor`` x ``factor`` pixels into one; rows and columns left over at the end are dropped.

        Counts are summed; of anything else (reflectance) the mean of the valid pixels is taken.
        """
        n_y, n_x = self.shape
        if factor < 1 or factor > min(n_y, n_x):
            raise ValueError(
                f"A map of {n_y} x {n_x} pixels cannot be rebinned by {factor}; choose 1 to {min(n_y, n_x)}."
            )
        if factor == 1:
            return self
        m_y, m_x = n_y // factor, n_x // factor
        blocks = self.intensity[: m_y * factor, : m_x * factor].reshape(m_y, factor, m_x, factor, -1)
        valid, total = self.valid, None
        if valid is not None:
            parts = valid[: m_y * factor, : m_x * factor].reshape(m_y, factor, m_x, factor)
            valid = parts.any(axis=(1, 3))
            if self.quantity != "Counts":
                total = blocks.sum(axis=(1, 3), dtype=np.float32, where=parts[..., None])
                total /= np.maximum(parts.sum(axis=(1, 3)), 1)[:, :, None]
        if total is None:
            total = blocks.sum(axis=(1, 3), dtype=np.float32)
            if self.quantity != "Counts":
                total /= factor**2
        return replace(
            self,
            intensity=total,
            valid=valid,
            navigation=cropped_navigation(
                self.navigation, self.shape, slice(0, m_y * factor), slice(0, m_x * factor)
            ),
            pixel_size_um=None if self.pixel_size_um is None else self.pixel_size_um * factor,
            dataset_id=f"{self.dataset_id}/bin{factor}",
        )
