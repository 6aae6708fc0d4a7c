"""SpectrumImage: a spectrum at every pixel, its counts kept sparse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from scipy import sparse

from data import sparse_counts
from data.axes import EnergyAxis
from data.block_passes import Counts, in_blocks
from data.field_of_view import cropped_navigation


@dataclass(frozen=True, eq=False)
class SpectrumImage:
    """Counts of every pixel and channel, with what is known of the measurement.

    Attributes
    ----------
    counts : (n_y * n_x, n_channels) of unsigned integers, CSR or, where they are larger than memory, in
        blocks (``data.blocked_counts``); pixels are row-major
    shape : (n_y, n_x)
    energy : the energy axis, keV
    pixel_size_um : side of a pixel in um, or None where the file has no calibration
    navigation : name -> (height, width) float32 image of the same field of view (BSE, SE...); its
        resolution may differ from that of the spectra
    beam_kev : beam energy, or None
    elements : symbols named by the file's metadata, possibly none
    live_time_s : live time of the whole map, or None
    title : what to call it
    dataset_id : hash of the content; equal content has an equal id
    notes : plain sentences on what was missing or assumed when it was read
    exposure : (n_y, n_x) float32, how long every pixel was counted relative to the others, or None where
        all were alike; 0 where there is no map at all (between several on one sheet). Line intensities are
        divided by it, counts and spectra are not
    """

    counts: Counts
    shape: tuple[int, int]
    energy: EnergyAxis
    pixel_size_um: float | None = None
    navigation: Mapping[str, np.ndarray] = field(default_factory=dict)
    beam_kev: float | None = None
    elements: tuple[str, ...] = ()
    live_time_s: float | None = None
    title: str = ""
    dataset_id: str = ""
    notes: tuple[str, ...] = ()
    exposure: np.ndarray | None = None

    def __post_init__(self) -> None:
        n_y, n_x = self.shape
        expected = (n_y * n_x, self.energy.n_channels)
        if self.counts.shape != expected:
            raise ValueError(
                f"Counts of shape {self.counts.shape} do not fit a map of {n_y} x {n_x} pixels with "
                f"{self.energy.n_channels} channels; {expected} was expected."
            )
        if not np.issubdtype(self.counts.dtype, np.unsignedinteger):
            raise ValueError(f"Counts are unsigned integers; this map holds {self.counts.dtype}.")

    @property
    def n_pixels(self) -> int:
        """Number of pixels, n_y * n_x."""
        return self.shape[0] * self.shape[1]

    def sum_spectrum(self) -> np.ndarray:
        """All pixels added, (n_channels,) int64, counts."""
        return sparse_counts.channel_sums(self.counts)

    def counts_per_pixel(self) -> np.ndarray:
        """Counts of every pixel over all channels, (n_y, n_x) int64."""
        return sparse_counts.row_sums(self.counts).reshape(self.shape)

    def sum_by_label(self, label: np.ndarray, n_labels: int) -> np.ndarray:
        """Sum spectra of labelled pixels, (n_labels, n_channels) int64; negative labels are left out."""
        return sparse_counts.sum_by_label(self.counts, label, n_labels)

    def window_counts(self, low_kev: float, high_kev: float) -> np.ndarray:
        """Counts of every pixel within an energy window, (n_y, n_x) float32.

        Channels that the window covers in part count in part.
        """
        return sparse_counts.project(self.counts, self.energy.overlap(low_kev, high_kev)[:, None]).reshape(
            self.shape
        )

    def per_exposure(self, intensity: np.ndarray) -> np.ndarray:
        """Intensities (n_y, n_x) or (n_y, n_x, n) as if all pixels had been counted for equally long."""
        if self.exposure is None:
            return intensity
        exposure = np.where(self.exposure > 0, self.exposure, 1.0).astype(np.float32)
        return intensity / (exposure if intensity.ndim == 2 else exposure[:, :, None])

    @property
    def in_blocks(self) -> bool:
        """Whether the counts lie on disk, in blocks, because they are larger than memory."""
        return in_blocks(self.counts)

    @property
    def counts_are_events(self) -> bool:
        """Whether a count is one event, so that counting statistics hold: not so for cameras (EELS)."""
        return self.energy.kind == "xray"

    def with_energy(self, offset_kev: float | None = None, scale_kev: float | None = None) -> SpectrumImage:
        """The same counts on a corrected energy axis; None keeps what the file says.

        Parameters
        ----------
        offset_kev : energy of the centre of the first channel
        scale_kev : width of a channel

        Raises
        ------
        ValueError
            The width is not positive, a value is not finite, or the file has no calibration and only one of
            the two is given.
        """
        if offset_kev is None and scale_kev is None:
            return self
        if not self.energy.calibrated and (offset_kev is None or scale_kev is None):
            missing = "the energy of the first channel" if offset_kev is None else "the width of a channel"
            raise ValueError(f"The file gives no energies: {missing}, in keV, is needed too.")
        offset = self.energy.offset_kev if offset_kev is None else offset_kev
        scale = self.energy.scale_kev if scale_kev is None else scale_kev
        if not (np.isfinite(offset) and np.isfinite(scale) and scale > 0):
            raise ValueError(
                f"An energy axis from {offset:g} keV with {scale:g} keV per channel is none: both must be "
                f"numbers, and the width of a channel larger than 0 (0.01 keV is common)."
            )
        return replace(
            self,
            energy=replace(self.energy, offset_kev=offset, scale_kev=scale, calibrated=True),
            # what was said of the missing calibration is no longer true
            notes=self.notes
            if self.energy.calibrated
            else tuple(note for note in self.notes if "energy calibration" not in note),
            dataset_id=f"{self.dataset_id}/axis{offset:.9g}+{scale:.9g}",
        )

    def crop_energy(self, low_kev: float = -np.inf, high_kev: float = np.inf) -> SpectrumImage:
        """Only the channels within [low_kev, high_kev].

        Raises
        ------
        ValueError
            Nothing would be left.
        """
        low, high = max(low_kev, self.energy.low_kev), min(high_kev, self.energy.high_kev)
        channels = self.energy.window(low, high)
        if channels.stop <= channels.start:
            raise ValueError(
                f"No channel lies between {low_kev:g} and {high_kev:g} keV. This map covers "
                f"{self.energy.low_kev:.3f} to {self.energy.high_kev:.3f} keV."
            )
        if channels == slice(0, self.energy.n_channels):
            return self
        return replace(
            self,
            counts=self.counts[:, channels],
            energy=self.energy.cropped(channels),
            dataset_id=f"{self.dataset_id}/keV{low_kev:g}-{high_kev:g}",
        )

    def crop(self, y: slice, x: slice) -> SpectrumImage:
        """Only the pixels of a rectangle; navigation images are cropped to the same field of view."""
        n_y, n_x = self.shape
        rows, columns = np.arange(n_y)[y], np.arange(n_x)[x]
        if rows.size == 0 or columns.size == 0:
            raise ValueError(f"The rectangle y {y}, x {x} leaves no pixel of a map of {n_y} x {n_x}.")
        n_kept = rows.size * columns.size
        box = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
        if self.in_blocks:
            counts = self.counts.crop(*box)
        else:
            counts = self.counts[(rows[:, None] * n_x + columns[None, :]).ravel()]
        return replace(
            self,
            counts=counts,
            shape=(rows.size, columns.size),
            navigation=cropped_navigation(self.navigation, self.shape, *box),
            live_time_s=self._share_of_live_time(n_kept),
            exposure=None if self.exposure is None else self.exposure[y, x],
            dataset_id=f"{self.dataset_id}/y{rows[0]}-{rows[-1]}x{columns[0]}-{columns[-1]}",
        )

    def _share_of_live_time(self, n_kept: int) -> float | None:
        return None if self.live_time_s is None else self.live_time_s * n_kept / self.n_pixels

    def _mean_exposure(self, factor: int, m_y: int, m_x: int) -> np.ndarray | None:
        if self.exposure is None:
            return None
        blocks = self.exposure[: m_y * factor, : m_x * factor].reshape(m_y, factor, m_x, factor)
        return blocks.mean(axis=(1, 3))

    def rebin(self, factor: int) -> SpectrumImage:
        """Sum ``factor`` x ``factor`` pixels into one; rows and columns left over at the end are dropped.

        Raises
        ------
        ValueError
            The factor is below 1 or larger than the map.
        """
        n_y, n_x = self.shape
        if factor < 1 or factor > min(n_y, n_x):
            raise ValueError(
                f"A map of {n_y} x {n_x} pixels cannot be rebinned by {factor}; choose 1 to {min(n_y, n_x)}."
            )
        if factor == 1:
            return self
        m_y, m_x = n_y // factor, n_x // factor
        if self.in_blocks:
            counts = self.counts.rebin(factor, _squares_added)
        else:
            counts = _squares_added(self.counts, self.shape, factor)
        return replace(
            self,
            counts=counts,
            shape=(m_y, m_x),
            navigation=cropped_navigation(
                self.navigation, self.shape, slice(0, m_y * factor), slice(0, m_x * factor)
            ),
            live_time_s=self._share_of_live_time(m_y * m_x * factor**2),
            exposure=self._mean_exposure(factor, m_y, m_x),
            pixel_size_um=None if self.pixel_size_um is None else self.pixel_size_um * factor,
            dataset_id=f"{self.dataset_id}/bin{factor}",
        )


def _squares_added(counts: sparse.csr_matrix, shape: tuple[int, int], factor: int) -> sparse.csr_matrix:
    """Counts of squares of pixels added; rows and columns left over at the end are dropped."""
    n_y, n_x = shape
    m_y, m_x = n_y // factor, n_x // factor
    y, x = np.divmod(np.arange(n_y * n_x), n_x)
    kept = (y < m_y * factor) & (x < m_x * factor)
    group = (y // factor * m_x + x // factor)[kept]
    # unsigned on both sides, so that the product stays in unsigned integers; uint32 cannot overflow
    # where the 16-bit counts of a few pixels could
    gather = sparse.csr_matrix(
        (np.ones(group.size, np.uint32), (group, np.flatnonzero(kept))), shape=(m_y * m_x, n_y * n_x)
    )
    added = gather @ counts
    added.sort_indices()
    if added.nnz == 0 or added.data.max() <= np.iinfo(np.uint16).max:
        added.data = added.data.astype(np.uint16)
    return added
