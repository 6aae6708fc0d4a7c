"""Line intensity maps: counts in a window around every X-ray line, net of the background beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import erf

from data import sparse_counts
from data.axes import EnergyAxis
from data.elemental_maps import ElementalMaps
from data.loss_edges import edge
from data.loss_maps import loss_weights
from data.spectrum_image import SpectrumImage
from data.xray_lines import XrayLine, best_line, check_beam, detector_fwhm_kev, line, lines_of

# Full width of a window in units of the line's FWHM. For a Gaussian line on a flat background,
# signal / sqrt(background) is highest at 2.8 standard deviations = 1.19 FWHM, where 84 % of the line is in.
_WINDOW_FWHM = 1.2
# Background windows are sought within so many FWHM: farther away bremsstrahlung is no longer straight
_SEARCH_FWHM = 6.0
_BACKGROUND_FWHM = (1.2, 0.6)  # widths of a background window: the second where there is little room
# The cost of a pair of background windows is the share of a neighbour as strong as the line itself that
# would be taken for background; distance, narrow windows (noise) and having one side only (slope) cost as
# much as such shares do.
_COST_PER_FWHM = 0.004
_COST_NARROW = 0.01
_COST_ONE_SIDED = 0.02
_OWN_ELEMENT = 0.3  # lines of the same element cost less: they only scale the line's own intensity
_NOISE_KEV = 0.12  # below, the zero peak and the threshold of the pulse processor


@dataclass(frozen=True)
class LineWindow:
    """Where a line is measured: its window and the background windows beside it, (low, high) in keV.

    ``background`` holds the window on either side, one of them where the other has no room, or none.
    """

    line: XrayLine
    low_kev: float
    high_kev: float
    background: tuple[tuple[float, float], ...] = ()

    def weights(self, axis: EnergyAxis) -> np.ndarray:
        """Weights of the channels whose sum with the counts is the net intensity, (n_channels,) float64."""
        gross = axis.overlap(self.low_kev, self.high_kev).astype(np.float64)
        net = gross.copy()
        centre = 0.5 * (self.low_kev + self.high_kev)
        centres = np.array([0.5 * (low + high) for low, high in self.background])
        for i, (low, high) in enumerate(self.background):
            # linear interpolation between the two sides; one side alone is taken as it is
            part = 1.0 if centres.size == 1 else (centres[1 - i] - centre) / (centres[1 - i] - centres[i])
            beside = axis.overlap(low, high).astype(np.float64)
            net -= part * beside * gross.sum() / beside.sum()
        return net


def line_maps(
    image: SpectrumImage,
    lines: tuple[str, ...],
    background: Literal["none", "windows"] = "windows",
) -> ElementalMaps:
    """Intensity of every line at every pixel, in one pass over the counts.

    Parameters
    ----------
    lines : names such as "Fe_Ka"
    background : "windows" subtracts what the background windows beside a line interpolate to; the net
        intensity of a pixel without the element scatters around zero, so it may be negative

    Raises
    ------
    ValueError
        No line is asked for, one is unknown, off the axis or above the beam energy, or the axis has no
        calibration.
    """
    weights = line_weights(image, lines, background)
    intensity = sparse_counts.project(image.counts, weights)
    return maps_of(image, lines, intensity.reshape(*image.shape, len(lines)))


def maps_of(image: SpectrumImage, lines: tuple[str, ...], intensity: np.ndarray) -> ElementalMaps:
    """Intensities (n_y, n_x, n_lines) of the lines of an image as its line maps, by whatever method found."""
    intensity = image.per_exposure(intensity)
    named = edge if image.energy.kind == "loss" else line
    return ElementalMaps(
        intensity=intensity,
        lines=tuple(named(name).name for name in lines),
        pixel_size_um=image.pixel_size_um,
        navigation=image.navigation,
        beam_kev=image.beam_kev,
        title=image.title,
        dataset_id=image.dataset_id,
        notes=image.notes,
    )


def line_weights(
    image: SpectrumImage,
    lines: tuple[str, ...],
    background: Literal["none", "windows"] = "windows",
) -> np.ndarray:
    """Weights whose product with spectra of this image is the intensity of its lines.

    Returns
    -------
    (n_channels, n_lines) float64; arguments and errors as for :func:`line_maps`
    """
    if image.energy.kind == "loss":
        return loss_weights(image, lines, background)
    if background not in ("none", "windows"):
        raise ValueError(f"The background is {background!r}; it must be none or windows.")
    windows = line_windows(image, lines)
    if background == "none":
        windows = tuple(LineWindow(one.line, one.low_kev, one.high_kev) for one in windows)
    return np.stack([one.weights(image.energy) for one in windows], axis=1)


def line_windows(image: SpectrumImage, lines: tuple[str, ...]) -> tuple[LineWindow, ...]:
    """The window of every line and the background windows beside it, clear of all lines of the sample.

    The sample's elements are those of the lines and those that the metadata name. Errors as for
    :func:`line_maps`.
    """
    axis = image.energy
    if not lines:
        raise ValueError("No X-ray line was chosen; choose one at least.")
    if not axis.calibrated:
        raise ValueError(
            "The energy axis of this map has no calibration, so lines have no place on it. "
            "Give the energy of the first channel and the width of a channel first."
        )
    asked = [line(name) for name in lines]
    for one in asked:
        check_beam(one, image.beam_kev)
        half = 0.5 * _WINDOW_FWHM * detector_fwhm_kev(one.energy_kev)
        if one.energy_kev - half < axis.low_kev or one.energy_kev + half > axis.high_kev:
            raise ValueError(
                f"{one.name} lies at {one.energy_kev:.2f} keV; this map covers {axis.low_kev:.2f} to "
                f"{axis.high_kev:.2f} keV. Choose another line of {one.element} or leave it out."
            )
    beam_kev = np.inf if image.beam_kev is None else image.beam_kev
    elements = {one.element for one in asked} | set(image.elements)
    present = [other for element in elements for other in lines_of(element) if other.edge_kev < beam_kev]
    return tuple(_window(one, present, axis) for one in asked)


def default_lines(image: SpectrumImage, exclude: tuple[str, ...] = ()) -> tuple[str, ...]:
    """One line for each element that the metadata name; () where they name none.

    Parameters
    ----------
    exclude : elements left out on purpose (coating, substrate)
    """
    if not image.energy.has_xray_lines:
        return ()
    found = []
    for element in image.elements:
        if element in exclude:
            continue
        try:
            best = best_line(
                element, image.beam_kev, max(image.energy.low_kev, _NOISE_KEV), image.energy.high_kev
            )
        except ValueError:
            continue  # metadata may name hydrogen, or an element that this beam does not excite
        found.append(best.name)
    return tuple(found)


def _window(one: XrayLine, present: list[XrayLine], axis: EnergyAxis) -> LineWindow:
    """The window of a line with the cheapest choice of background windows."""
    fwhm = detector_fwhm_kev(one.energy_kev)
    low, high = one.energy_kev - 0.5 * _WINDOW_FWHM * fwhm, one.energy_kev + 0.5 * _WINDOW_FWHM * fwhm
    left = _background(one, present, max(axis.low_kev, _NOISE_KEV, low - _SEARCH_FWHM * fwhm), low)
    right = _background(one, present, high, min(axis.high_kev, high + _SEARCH_FWHM * fwhm))
    choices = [(cost + _COST_ONE_SIDED, (side,)) for cost, side in filter(None, (left, right))]
    if left and right:
        (left_cost, left_side), (right_cost, right_side) = left, right
        to_left = one.energy_kev - 0.5 * sum(left_side)
        to_right = 0.5 * sum(right_side) - one.energy_kev
        # interpolation gives the nearer side the larger part
        cost = (left_cost * to_right + right_cost * to_left) / (to_left + to_right)
        choices.append((cost, (left_side, right_side)))
    # with no room on either side, at an end of the axis, the gross counts are the best there is
    return LineWindow(one, low, high, min(choices)[1] if choices else ())


def _background(
    one: XrayLine, present: list[XrayLine], bottom: float, top: float
) -> tuple[float, tuple[float, float]] | None:
    """The cheapest background window within [bottom, top] and its cost; None where there is no room."""
    fwhm = detector_fwhm_kev(one.energy_kev)
    near = [other for other in present if bottom - 0.5 < other.energy_kev < top + 0.5]
    energy = np.array([other.energy_kev for other in near])
    strength = np.array(
        [other.weight * (_OWN_ELEMENT if other.element == one.element else 1.0) for other in near]
    )
    spread = np.sqrt(2.0) * detector_fwhm_kev(energy) / 2.3548
    cheapest = None
    for width, penalty in zip(_BACKGROUND_FWHM, (0.0, _COST_NARROW), strict=True):
        start = np.arange(bottom, top - width * fwhm + 1e-9, 0.1 * fwhm)
        if start.size == 0:
            continue
        stop = start + width * fwhm
        # (n_starts, n_near): share of every line that falls into the window
        inside = 0.5 * (erf((stop[:, None] - energy) / spread) - erf((start[:, None] - energy) / spread))
        away = np.maximum(start - one.energy_kev, one.energy_kev - stop) / fwhm
        cost = inside @ strength * _WINDOW_FWHM / width + penalty + _COST_PER_FWHM * away
        best = int(cost.argmin())
        offer = (float(cost[best]), (float(start[best]), float(stop[best])))
        cheapest = offer if cheapest is None else min(cheapest, offer)
    return cheapest
