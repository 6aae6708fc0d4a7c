"""Normalisation of element maps before the autoencoder: steps that can be chained in any order.

The default chain, neighbour mean, z-score per line, softmax per pixel, is that of Tung et al. 2023
(doi 10.1029/2022GC010530).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from models.recipe import NormalisationStep

_BAND_ROWS = 64
STEPS = ("neighbour_mean", "zscore", "softmax")


def neighbour_mean(values: np.ndarray, size: int = 3, valid: np.ndarray | None = None) -> np.ndarray:
    """Mean over the pixels of a size x size window that exist and are valid.

    At borders the mean is over fewer pixels, so that borders are not biased.

    Parameters
    ----------
    values : (n_y, n_x, n_lines) array
    size : side of the window, pixels, odd
    valid : (n_y, n_x) bool, or None where every pixel counts

    Returns
    -------
    (n_y, n_x, n_lines) float32; 0 where not valid

    Raises
    ------
    ValueError
        The size is even or below 1.
    """
    if size < 1 or size % 2 == 0:
        raise ValueError(f"A window around a pixel has an odd side; {size} was asked for.")
    present = np.ones(values.shape[:2]) if valid is None else valid.astype(np.float64)
    share = _window_mean(present, size)  # of the window that is there
    result = np.empty(values.shape, np.float32)
    for line in range(values.shape[2]):
        image = values[:, :, line] if valid is None else np.where(valid, values[:, :, line], 0)
        with np.errstate(invalid="ignore", divide="ignore"):  # a window may hold no valid pixel at all
            result[:, :, line] = _window_mean(image.astype(np.float64), size) / share
    return result if valid is None else _masked(result, valid)


class Scaling(NamedTuple):
    """Mean and standard deviation of every line, (n_lines,) float64; deviation 0 for one without contrast."""

    mean: np.ndarray
    deviation: np.ndarray


def scaling_of(values: np.ndarray, valid: np.ndarray | None = None) -> Scaling:
    """The scaling that gives every line mean 0 and variance 1 over the valid pixels.

    Parameters
    ----------
    values : (n_y, n_x, n_lines) array
    valid : (n_y, n_x) bool, or None where every pixel counts
    """
    means, deviations = [], []
    for line in range(values.shape[2]):
        image = values[:, :, line].astype(np.float64)
        measured = image if valid is None else image[valid]
        mean, deviation = measured.mean(), measured.std()
        # rounding leaves a constant line a deviation of some ulp: that is no contrast
        without_contrast = deviation <= 1e-6 * max(abs(mean), np.abs(measured).max(), 1e-30)
        means.append(mean)
        deviations.append(0.0 if without_contrast else deviation)
    return Scaling(np.array(means), np.array(deviations))


def zscore(values: np.ndarray, valid: np.ndarray | None = None, scaling: Scaling | None = None) -> np.ndarray:
    """Every line with mean 0 and variance 1 over the valid pixels; a line without contrast becomes 0.

    Parameters
    ----------
    values : (n_y, n_x, n_lines) array
    valid : (n_y, n_x) bool, or None where every pixel counts
    scaling : that of another map, to be applied to this one; by default that of these pixels

    Returns
    -------
    (n_y, n_x, n_lines) float32; 0 where not valid
    """
    scaling = scaling_of(values, valid) if scaling is None else scaling
    result = np.empty(values.shape, np.float32)
    for line, (mean, deviation) in enumerate(zip(*scaling, strict=True)):
        image = values[:, :, line].astype(np.float64)
        result[:, :, line] = 0 if deviation == 0 else (image - mean) / deviation
    return result if valid is None else _masked(result, valid)


def softmax(values: np.ndarray, valid: np.ndarray | None = None) -> np.ndarray:
    """exp(values) of every pixel as shares that sum to 1 over the lines.

    Parameters
    ----------
    values : (n_y, n_x, n_lines) array
    valid : (n_y, n_x) bool, or None where every pixel counts

    Returns
    -------
    (n_y, n_x, n_lines) float32; 0 where not valid
    """
    result = np.array(values, np.float32)
    if valid is not None:
        _masked(result, valid)
    # in bands: the largest arrays of a run are not made a second time for what lies between
    for top in range(0, len(result), _BAND_ROWS):
        band = result[top : top + _BAND_ROWS]
        band -= band.max(axis=2, keepdims=True)
        np.exp(band, out=band)
        band /= band.sum(axis=2, keepdims=True)
    return result if valid is None else _masked(result, valid)


def steps(
    intensity: np.ndarray,
    chain: Sequence[NormalisationStep],
    valid: np.ndarray | None = None,
    scalings: Sequence[Scaling] | None = None,
) -> Iterator[tuple[NormalisationStep, np.ndarray]]:
    """The chain step by step, for histograms in between: yields the name and the values after each.

    ``scalings`` are those of another map, one for each z-score of the chain; see :func:`scalings_of`.

    Raises
    ------
    ValueError
        A step is unknown, the mask has another shape or leaves no pixel, or valid pixels are not finite.
    """
    _check(intensity, chain, valid)
    values = np.asarray(intensity, np.float32)
    del intensity  # maps may be large, and what was is not needed while the next step is made
    given = iter(scalings or ())
    for step in chain:
        if step == "neighbour_mean":
            values = neighbour_mean(values, valid=valid)
        elif step == "zscore":
            values = zscore(values, valid, next(given, None))
        else:
            values = softmax(values, valid)
        yield step, values


def scalings_of(
    intensity: np.ndarray, chain: Sequence[NormalisationStep], valid: np.ndarray | None = None
) -> tuple[Scaling, ...]:
    """The scaling of every z-score of a chain, in their order: what another map needs to be treated alike."""
    found, values = [], np.asarray(intensity, np.float32)
    for step, after_step in steps(intensity, chain, valid):
        if step == "zscore":
            found.append(scaling_of(values, valid))
        values = after_step
    return tuple(found)


def normalise(
    intensity: np.ndarray,
    chain: Sequence[NormalisationStep],
    valid: np.ndarray | None = None,
    scalings: Sequence[Scaling] | None = None,
) -> np.ndarray:
    """The element maps after all steps of the chain.

    Parameters
    ----------
    intensity : (n_y, n_x, n_lines) array
    chain : steps in their order, possibly none
    valid : (n_y, n_x) bool, or None where every pixel counts
    scalings : as for :func:`steps`

    Returns
    -------
    (n_y, n_x, n_lines) float32; 0 where not valid

    Raises
    ------
    ValueError
        As for :func:`steps`.
    """
    _check(intensity, chain, valid)
    values = np.asarray(intensity, np.float32)
    if chain:
        # every step gives an array of its own
        for _, after_step in steps(values, chain, valid, scalings):
            values = after_step
        return values
    values = np.array(values)
    return values if valid is None else _masked(values, valid)


def is_simplex(chain: Sequence[NormalisationStep]) -> bool:
    """Whether every pixel is non-negative and sums to 1 after the chain; neighbour means keep that."""
    lasting = [step for step in chain if step != "neighbour_mean"]
    return bool(lasting) and lasting[-1] == "softmax"


def _check(intensity: np.ndarray, chain: Sequence[NormalisationStep], valid: np.ndarray | None) -> None:
    for step in chain:
        if step not in STEPS:
            raise ValueError(f"There is no normalisation {step!r}. The steps are {', '.join(STEPS)}.")
    if valid is not None and valid.shape != intensity.shape[:2]:
        raise ValueError(f"The mask is {valid.shape}, the maps are {intensity.shape[:2]}; they must agree.")
    if valid is not None and not valid.any():
        raise ValueError("The mask leaves no pixel of the maps. Check that it marks the sample as valid.")
    for top in range(0, len(intensity), _BAND_ROWS):
        band = slice(top, top + _BAND_ROWS)
        if np.isfinite(intensity[band] if valid is None else intensity[band][valid[band]]).all():
            continue
        raise ValueError("Some valid pixels of the element maps are not numbers. Mask these pixels.")


def _window_mean(image: np.ndarray, size: int) -> np.ndarray:
    """Mean over the window, with zeros outside the image."""
    return ndimage.uniform_filter(image, size, mode="constant")


def _masked(values: np.ndarray, valid: np.ndarray) -> np.ndarray:
    values[~valid] = 0
    return values
