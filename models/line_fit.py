"""Intensities of overlapping lines by a linear fit: templates of line families on a free background.

Every pixel is a sum of templates (all lines of one shell of an element, in their relative intensities) and
of a background that may bend. With the variances of the mean spectrum, weighted least squares is one linear
map from counts to amplitudes: a matrix found once, and applied to the sparse counts like any window. No
amplitude is forced to be positive: where an element is absent its map scatters around zero, without bias.

The elements of the fit are those asked for and those that the sum spectrum shows besides, so that the peaks
of the others are not claimed. Positions and widths come from the spectrum's own peaks, hence a file that is
some 10 eV off is fitted all the same. Method: F. H. Schamber, in X-Ray Fluorescence Analysis of
Environmental Samples (1977) 241; P. J. Statham, Anal. Chem. 49, 2149 (1977).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from threading import Lock

import numpy as np
from scipy.ndimage import gaussian_filter1d

from data import line_maps
from data.axes import EnergyAxis
from data.spectrum_image import SpectrumImage
from data.xray_lines import line
from models.line_suggestion import beam_limit_kev
from models.matching_pursuit import calibrated, pursue, settled
from models.spectrum_templates import Family, Response, clipped_background, families_on, pile_up

_LOWEST_KEV = 0.12  # below lie the zero peak and the threshold of the pulse processor
_LEAST_COUNTS = 200  # fewer show neither where their peaks lie nor what else is there
_MOST_FAMILIES = 40
# The background is that of the sum spectrum times a curve through free values at these energies: what
# changes from phase to phase is smooth, and knots farther apart than any cluster of lines take none of it
_KNOTS_KEV = (0.12, 0.35, 1.1, 2.6, 5.0, 10.0, 20.0, 40.0)
_INSEPARABLE = 0.97
_KEPT = 8


@dataclass(frozen=True, eq=False)
class LineFit:
    """The linear fit of a map.

    Attributes
    ----------
    weights : (n_channels, n_lines) float64; ``spectra @ weights`` are the counts of the lines above
        background, all of each line and not only what falls into a window
    columns : (n_columns, n_channels) float64, templates and background, zero outside the fitted energies
    amplitudes : (n_channels, n_columns) float64; ``spectra @ amplitudes`` are the amplitudes of the columns
    inseparable : pairs of lines whose maps this spectrum cannot tell apart
    """

    weights: np.ndarray
    columns: np.ndarray
    amplitudes: np.ndarray
    inseparable: tuple[tuple[str, str], ...]

    def model(self, spectrum: np.ndarray) -> np.ndarray:
        """What the fit makes of a spectrum, (n_channels,) float64; NaN where nothing was fitted."""
        fitted = (np.asarray(spectrum, np.float64) @ self.amplitudes) @ self.columns
        return np.where(self.columns.any(axis=0), fitted, np.nan)


def fit_lines(image: SpectrumImage, lines: tuple[str, ...]) -> LineFit:
    """The linear fit of lines to the spectra of a map; found once per map and lines, then remembered.

    Raises
    ------
    ValueError
        As for :func:`data.line_maps.line_weights`, or the main line of a family lies off the axis.
    """
    # says what is wrong with a line before anything else is asked of it
    line_maps.line_windows(image, lines)
    key = (image.dataset_id, image.energy, image.shape, image.beam_kev, lines)
    found = _remembered(key) if image.dataset_id else None
    if found is None:
        found = _fit(image.sum_spectrum().astype(np.float64), image, lines)
        if image.dataset_id:
            _remember(key, found)
    return found


def line_weights(image: SpectrumImage, lines: tuple[str, ...], background: str) -> np.ndarray:
    """Weights whose product with spectra of this image is the intensity of its lines, by any method.

    Returns
    -------
    (n_channels, n_lines) float64; errors as for :func:`data.line_maps.line_weights`
    """
    if background == "fit" and image.energy.kind == "xray":
        return fit_lines(image, lines).weights
    return line_maps.line_weights(image, lines, background)


def _fit(total: np.ndarray, image: SpectrumImage, lines: tuple[str, ...]) -> LineFit:
    axis = image.energy
    beam_kev = beam_limit_kev(total, axis) if image.beam_kev is None else image.beam_kev
    asked = [line(name) for name in lines]
    lowest = min(_LOWEST_KEV if axis.low_kev < _LOWEST_KEV else axis.low_kev, axis.high_kev)
    highest = max(min(beam_kev, axis.high_kev), max(one.energy_kev for one in asked) + 0.3)
    channels = axis.window(lowest, min(highest, axis.high_kev))
    region, counts = axis.cropped(channels), total[channels]
    on_axis = families_on(region, beam_kev)
    elements = {one.element for one in asked}
    families = [one for one in on_axis if one.element in elements]
    response = Response(region)
    if counts.sum() >= _LEAST_COUNTS:
        response = calibrated(on_axis, counts, region, families)
        families, _ = pursue(on_axis, counts, response, _MOST_FAMILIES, families)
        response = settled(families, counts, response, region)
    place = {(one.element, member.name): i for i, one in enumerate(families) for member in one.lines}
    wanted = [_family_of(name, families, place) for name in lines]

    smooth = clipped_background(counts, response)
    background = _bending(np.maximum(smooth, 1e-3 * counts.mean()), region)
    templates = np.stack([one.template(response) for one in families])
    sum_peaks = pile_up(counts - smooth, region)
    columns = np.concatenate([templates, background, sum_peaks[None][: int(sum_peaks.any())]])
    # half a count per channel: where the sum is empty, a pixel that is not must still be believed
    variance = np.maximum(gaussian_filter1d(counts, 2.0), 0.5) + 0.002 * counts.mean()
    size = np.sqrt(columns**2 @ (1.0 / variance))
    scaled = columns / size[:, None]
    covariance = np.linalg.pinv(scaled / variance @ scaled.T, rcond=1e-10, hermitian=True)
    answer = (covariance @ scaled / variance).T / size  # (n_channels of the region, n_columns)

    amplitudes = np.zeros((axis.n_channels, len(columns)))
    amplitudes[channels] = answer
    full = np.zeros((len(columns), axis.n_channels))
    full[:, channels] = columns
    # lines of one family keep their ratio: they share an amplitude
    ratio = [one.photon_yield / families[i].main.photon_yield for one, i in zip(asked, wanted, strict=True)]
    return LineFit(
        weights=amplitudes[:, wanted] * np.array(ratio),
        columns=full,
        amplitudes=amplitudes,
        inseparable=_inseparable(lines, wanted, covariance),
    )


def _family_of(name: str, families: list[Family], place: dict[tuple[str, str], int]) -> int:
    """Index of the family that a line, or a group of lines, belongs to."""
    one = line(name)
    group = name.partition("_")[2]
    for (element, member), index in place.items():
        if element == one.element and member.partition("_")[2].startswith(group):
            return index
    raise ValueError(
        f"{name} cannot be fitted: the main line of its family lies outside the energies of this map. "
        f"Leave it out, or measure it by a window."
    )


def _bending(smooth: np.ndarray, region: EnergyAxis) -> np.ndarray:
    """The background times hats between knots, (n_hats, n_channels): their sum is the background."""
    position = np.log(np.maximum(region.energy_kev, 0.01))
    inner = [knot for knot in _KNOTS_KEV if 1.2 * region.low_kev < knot < 0.8 * region.high_kev]
    knots = np.log([max(region.energy_kev[0], 0.01), *inner, region.energy_kev[-1]])
    hats = [np.interp(position, knots, np.eye(knots.size)[i]) for i in range(knots.size)]
    return np.stack(hats) * smooth


def _inseparable(
    lines: tuple[str, ...], wanted: list[int], covariance: np.ndarray
) -> tuple[tuple[str, str], ...]:
    """Pairs of lines of one family, or whose amplitudes are all but one unknown."""
    spread = np.sqrt(np.maximum(np.diag(covariance), 1e-30))
    correlation = covariance / spread / spread[:, None]
    return tuple(
        (first, lines[j])
        for i, first in enumerate(lines)
        for j in range(i + 1, len(lines))
        if wanted[i] == wanted[j] or abs(correlation[wanted[i], wanted[j]]) > _INSEPARABLE
    )


_fits: OrderedDict[Hashable, LineFit] = OrderedDict()
_lock = Lock()


def _remembered(key: Hashable) -> LineFit | None:
    with _lock:
        if key in _fits:
            _fits.move_to_end(key)
        return _fits.get(key)


def _remember(key: Hashable, found: LineFit) -> None:
    with _lock:
        _fits[key] = found
        while len(_fits) > _KEPT:
            _fits.popitem(last=False)
