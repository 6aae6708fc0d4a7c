"""Neighbouring pixels tend to be of one phase: the Potts prior, by its mean-field approximation."""

from __future__ import annotations

import numpy as np
from numba import njit, prange

# side neighbours count fully, diagonal ones by their distance
_SIDE, _DIAGONAL = 1.0, 0.7
SWEEPS = 3  # a pixel depends on others as far as the sweeps carry


def mean_field(
    log_likelihood: np.ndarray,
    shape: tuple[int, int],
    strength: float,
    share: np.ndarray | None = None,
    sweeps: int = SWEEPS,
) -> np.ndarray:
    """Responsibilities under ``log p(pixel | phase) + strength * sum of the neighbours' responsibilities``.

    Parameters
    ----------
    log_likelihood : (n_pixels, n_phases) array, log weights of the phases included
    shape : (n_y, n_x)
    strength : gain in log probability for every side neighbour of the same phase; 0 is no prior
    share : (n_pixels, n_phases) responsibilities to start from; None starts from the likelihood alone
    sweeps : passes over the map

    Returns
    -------
    (n_pixels, n_phases) float32, rows sum to 1
    """
    log_likelihood = np.ascontiguousarray(log_likelihood, dtype=np.float32)
    if share is None:
        share = np.empty_like(log_likelihood)
        _softmax_rows(log_likelihood, share)
    if strength <= 0:
        return share
    other = np.empty_like(share)
    for _ in range(sweeps):
        _sweep(log_likelihood, share, other, shape[0], shape[1], np.float32(strength))
        share, other = other, share
    return share


def neighbour_share(share: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Weighted mean of the eight neighbours' shares without the pixel's own, (n_pixels, n_phases) float32."""
    share = np.ascontiguousarray(share, dtype=np.float32)
    result = np.empty_like(share)
    _neighbours(share, result, shape[0], shape[1])
    return result


@njit(parallel=True, cache=True, nogil=True)
def _softmax_rows(values, result):
    for pixel in prange(values.shape[0]):
        _softmax(values[pixel], result[pixel])


@njit(cache=True, nogil=True, inline="always")
def _softmax(values, result):
    largest = values[0]
    for k in range(1, values.size):
        if values[k] > largest:
            largest = values[k]
    total = np.float32(0)
    for k in range(values.size):
        difference = values[k] - largest
        # exp of less than -20 is nothing in float32 responsibilities, and costly
        part = np.exp(difference) if difference > np.float32(-20) else np.float32(0)
        result[k] = part
        total += part
    for k in range(values.size):
        result[k] /= total


@njit(parallel=True, cache=True, nogil=True)
def _sweep(log_likelihood, share, result, n_y, n_x, strength):
    n_phases = share.shape[1]
    for y in prange(n_y):
        score = np.empty(n_phases, np.float32)
        for x in range(n_x):
            pixel = y * n_x + x
            for k in range(n_phases):
                score[k] = log_likelihood[pixel, k]
            for dy in range(-1, 2):
                for dx in range(-1, 2):
                    if (dy == 0 and dx == 0) or not (0 <= y + dy < n_y and 0 <= x + dx < n_x):
                        continue
                    weight = strength * np.float32(_SIDE if dy == 0 or dx == 0 else _DIAGONAL)
                    neighbour = share[pixel + dy * n_x + dx]
                    for k in range(n_phases):
                        score[k] += weight * neighbour[k]
            _softmax(score, result[pixel])


@njit(parallel=True, cache=True, nogil=True)
def _neighbours(share, result, n_y, n_x):
    n_phases = share.shape[1]
    for y in prange(n_y):
        for x in range(n_x):
            pixel = y * n_x + x
            row = result[pixel]
            for k in range(n_phases):
                row[k] = 0
            whole = np.float32(0)
            for dy in range(-1, 2):
                for dx in range(-1, 2):
                    if (dy == 0 and dx == 0) or not (0 <= y + dy < n_y and 0 <= x + dx < n_x):
                        continue
                    weight = np.float32(_SIDE if dy == 0 or dx == 0 else _DIAGONAL)
                    whole += weight
                    neighbour = share[pixel + dy * n_x + dx]
                    for k in range(n_phases):
                        row[k] += weight * neighbour[k]
            if whole > 0:
                for k in range(n_phases):
                    row[k] /= whole
