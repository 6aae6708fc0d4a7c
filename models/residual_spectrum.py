"""What a region holds that the end-members do not explain: its residual spectrum, and the lines in it.

So a phase that was missed is found: its pixels are explained worst, and its lines stand in what is left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from skimage import measure
from skimage.feature import peak_local_max
from skimage.segmentation import watershed

from data import sparse_counts, xray_lines
from data.axes import EnergyAxis
from data.elemental_maps import ElementalMaps
from data.spectrum_image import SpectrumImage
from models.endmembers import Unmixing
from models.residuals import taken_channels

_LEAST_SIGMA = 4.0
_LEAST_COUNTS = 5.0
_WINDOW_FWHM = 1.2
_LEAST_EXPECTED = 0.01
_LOWEST_KEV = 0.15  # below lie the zero peak and the threshold of the pulse processor
_MOST_LINES, _CANDIDATES = 10, 3
_PEAKS_APART, _MOST_PEAKS = 5, 20  # pixels between the peaks of the residual; peaks of one connected region


@dataclass(frozen=True, eq=False)
class Region:
    """Connected pixels whose residual is above a threshold.

    Attributes
    ----------
    pixels : (n,) index of every pixel
    centre : (y, x) of the region, pixels
    largest : largest residual in it
    """

    pixels: np.ndarray
    centre: tuple[float, float]
    largest: float


@dataclass(frozen=True)
class Excess:
    """A peak of a residual spectrum: more counts than expected.

    Attributes
    ----------
    energy_kev : where
    counts : how many more than expected, in a window of 1.2 widths of the detector
    sigma : their significance, in standard deviations of counting noise
    lines : names of the lines that stand there, most plausible first
    """

    energy_kev: float
    counts: float
    sigma: float
    lines: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class ResidualSpectrum:
    """Counts of some pixels, what the end-members expect there, and where there is more.

    Attributes
    ----------
    seen, expected : (n_channels,) counts; outside the channels that took part both are 0
    sigma : (n_channels,) difference in a window around every channel in standard deviations of counting
        noise; of element maps, whose noise is not known, relative to what is expected
    excess : peaks above expectation, the most significant first
    n_pixels : how many pixels were summed
    """

    seen: np.ndarray
    expected: np.ndarray
    sigma: np.ndarray
    excess: tuple[Excess, ...]
    n_pixels: int


def worst_regions(surprise: np.ndarray, threshold: float, most: int = 12) -> list[Region]:
    """Regions above a threshold around the peaks of the residual, the one with the most above it first.

    Regions that touch are parted where the residual between their peaks is lowest (watershed): two grains of
    different kinds would hide each other's lines.

    Parameters
    ----------
    surprise : (n_y, n_x), NaN where nothing was measured
    threshold : in its unit
    """
    height = np.nan_to_num(surprise, nan=-np.inf).astype(np.float64)
    above = height > threshold
    if not above.any():
        return []
    connected = measure.label(above, connectivity=2)
    height[~above] = threshold
    peaks = peak_local_max(
        height,
        min_distance=_PEAKS_APART,
        labels=connected,
        num_peaks_per_label=_MOST_PEAKS,
        exclude_border=False,
    )
    marker = np.zeros(surprise.shape, np.int32)
    marker[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    flat = watershed(-height, marker, mask=above, connectivity=2).ravel()
    order = np.argsort(-np.bincount(flat, height.ravel() - threshold, len(peaks) + 1)[1:], kind="stable")
    regions = []
    for one in order[:most] + 1:
        pixels = np.flatnonzero(flat == one)
        y, x = np.unravel_index(pixels, surprise.shape)
        centre = (float(y.mean()), float(x.mean()))
        regions.append(Region(pixels, centre, float(height.ravel()[pixels].max())))
    return regions


def residual_spectrum(image: SpectrumImage, unmixing: Unmixing, pixels: np.ndarray) -> ResidualSpectrum:
    """Sum spectrum of some pixels beside what the end-members expect of them.

    Parameters
    ----------
    image : the map that was unmixed
    unmixing : its end-members and abundances
    pixels : (n,) index of every pixel, or (n_pixels,) bool

    Raises
    ------
    ValueError
        No pixel is given.
    """
    mask = _mask(pixels, image.n_pixels)
    channels = taken_channels(unmixing.endmembers)
    seen = np.zeros(image.energy.n_channels)
    seen[channels] = sparse_counts.sum_where(image.counts, mask)[channels]
    if image.in_blocks:
        total = sparse_counts.row_sums(image.counts[:, channels])[mask].astype(np.float64)
    else:
        part = image.counts[np.flatnonzero(mask)]
        total = np.asarray(part[:, channels].sum(axis=1), np.float64).ravel()
    share = unmixing.abundances.reshape(image.n_pixels, -1)[mask]
    expected = (total @ share) @ unmixing.endmembers
    _, sigma = _windows(seen, expected, image.energy, _width(image.energy))
    excess = ()
    if image.energy.has_xray_lines:
        excess = find_excess(seen, expected, image.energy, image.beam_kev)
    return ResidualSpectrum(seen, expected, sigma, excess, int(mask.sum()))


def residual_of_maps(maps: ElementalMaps, unmixing: Unmixing, pixels: np.ndarray) -> ResidualSpectrum:
    """Summed intensities of some pixels of element maps beside what the end-members expect of them.

    Parameters
    ----------
    pixels : (n,) index of every pixel, or (n_pixels,) bool

    Raises
    ------
    ValueError
        No pixel is given.
    """
    mask = _mask(pixels, maps.n_pixels)
    part = np.maximum(np.nan_to_num(maps.intensity.reshape(maps.n_pixels, -1)[mask]), 0).astype(np.float64)
    share = unmixing.abundances.reshape(maps.n_pixels, -1)[mask]
    expected = (part.sum(axis=1) @ share) @ unmixing.endmembers
    seen = part.sum(axis=0)
    relative = np.divide(seen - expected, expected, out=np.zeros_like(seen), where=expected > 0)
    return ResidualSpectrum(seen, expected, relative, (), int(mask.sum()))


def _mask(pixels: np.ndarray, n_pixels: int) -> np.ndarray:
    mask = np.zeros(n_pixels, bool)
    mask[pixels] = True
    if not mask.any():
        raise ValueError("No pixel is above the threshold. Lower it to see what is explained worst.")
    return mask


def _width(energy: EnergyAxis) -> np.ndarray:
    """How wide a line is at every channel, keV; where nothing is known of lines, five channels."""
    if energy.has_xray_lines:
        return xray_lines.detector_fwhm_kev(energy.energy_kev)
    return np.full(energy.n_channels, 5 * energy.scale_kev)


def find_excess(
    seen: np.ndarray, expected: np.ndarray, energy: EnergyAxis, beam_kev: float | None
) -> tuple[Excess, ...]:
    """Peaks of what was seen above what was expected, the most significant first.

    Counts are summed over windows as wide as the detector makes a line. The significance is the signed root
    of the Poisson deviance (likelihood ratio: Wilks 1938), which holds for a handful of counts too.

    Parameters
    ----------
    seen, expected : (n_channels,) counts
    """
    centre = energy.energy_kev
    width = _width(energy)
    more, sigma = _windows(seen, expected, energy, width)
    usable = (centre > _LOWEST_KEV) & (sigma > _LEAST_SIGMA) & (more > _LEAST_COUNTS)
    peaks: list[int] = []
    for channel in np.argsort(-np.where(usable, sigma, -np.inf), kind="stable"):
        if not usable[channel] or len(peaks) == _MOST_LINES:
            break
        # the flanks of a peak that was taken are no peaks of their own
        if all(abs(centre[channel] - centre[other]) > _WINDOW_FWHM * width[channel] for other in peaks):
            peaks.append(int(channel))
    answer = []
    for channel in peaks:
        place = float(centre[channel])
        lines = xray_lines.candidates(place, 0.5 * float(width[channel]), beam_kev)[:_CANDIDATES]
        names = tuple(line.name for line in lines)
        answer.append(Excess(place, float(more[channel]), float(sigma[channel]), names))
    return tuple(answer)


def _windows(
    seen: np.ndarray, expected: np.ndarray, energy: EnergyAxis, width: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Excess counts in a window around every channel, and their significance."""
    edges = np.arange(energy.n_channels + 1, dtype=np.float64)
    half = 0.5 * _WINDOW_FWHM * width / energy.scale_kev
    middle = edges[:-1] + 0.5
    low, high = np.clip(middle - half, 0, edges[-1]), np.clip(middle + half, 0, edges[-1])

    def within(spectrum: np.ndarray) -> np.ndarray:
        cumulated = np.concatenate([[0.0], np.cumsum(spectrum)])
        return np.interp(high, edges, cumulated) - np.interp(low, edges, cumulated)

    counted = within(np.asarray(seen, np.float64))
    mean = np.maximum(within(np.asarray(expected, np.float64)), _LEAST_EXPECTED)
    with np.errstate(divide="ignore", invalid="ignore"):
        deviance = 2 * (np.where(counted > 0, counted * np.log(counted / mean), 0) - (counted - mean))
    return counted - mean, np.sign(counted - mean) * np.sqrt(np.maximum(deviance, 0))
