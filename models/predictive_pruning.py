"""Which pure spectra are worth having: those that help to predict counts that were held out.

A spectrum may be real and still too much to ask of a map: where two are so alike that the counts of a pixel
cannot tell them apart, shares of both are noise, and counts held out are predicted better with one of them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from models import multinomial_mixture, poisson_unmixing
from models.count_bins import BinnedCounts

_PRESENT = 0.05  # share from which a spectrum is present in a pixel
_ROUNDS, _PASSES = 3, 3
_SURE = 9.0  # standard errors of the gain in log likelihood: not tested again when others are gone
_REFITTED = 3  # at most, of the spectra that the quick test calls useless


def prune(fitted: BinnedCounts, tested: BinnedCounts, spectra: np.ndarray) -> Iterator[np.ndarray]:
    """Drop spectra one by one while counts held out are predicted no worse without the least useful.

    Parameters
    ----------
    fitted, tested : independent counts of the same pixels
    spectra : (n_spectra, n_bins) to start from, rows sum to 1

    Yields
    ------
    After each step, the spectra that are left as fitted, (n_left, n_bins)
    """
    mean = multinomial_mixture.mean_spectrum(fitted)
    start = spectra
    spectra, share = poisson_unmixing.fit(fitted, start, mean)
    gain = np.full(len(spectra), -np.inf)
    yield spectra
    while len(spectra) > 1:
        explained = poisson_unmixing.explained_counts(fitted, spectra, share)
        for k in np.flatnonzero(gain < _SURE):
            gain[k] = _quick_gain(fitted, tested, spectra, share, explained, k, mean)
            yield spectra
        useless = [k for k in np.argsort(gain)[:_REFITTED] if gain[k] < 0]
        if not useless:
            return
        everywhere = np.arange(len(share))
        now = poisson_unmixing.log_likelihood(tested, spectra, share, everywhere).sum()
        # of two spectra that can stand for each other, either seems useless: refit to see which is
        best = (-np.inf, -1, None)
        for k in useless:
            trial = poisson_unmixing.fit(fitted, np.delete(start, k, axis=0), mean)
            then = poisson_unmixing.log_likelihood(tested, *trial, everywhere).sum()
            if then > best[0]:
                best = (then, k, trial)
            yield spectra
        then, least, trial = best
        if then < now:
            return
        spectra, share = trial
        start, gain = np.delete(start, least, axis=0), np.delete(gain, least)
        yield spectra


def _quick_gain(fitted, tested, spectra, share, explained, k, mean) -> float:
    """Gain in held-out log likelihood by spectrum k in standard errors; only its pixels are refitted."""
    others = np.delete(np.arange(len(spectra)), k)
    pixels = np.flatnonzero(share[:, k] > _PRESENT)
    before = poisson_unmixing.log_likelihood(tested, spectra, share, pixels)
    elsewhere = np.maximum(
        (explained - poisson_unmixing.explained_counts(fitted, spectra, share, pixels))[others], 0
    )
    without, rest = spectra[others], share[:, others]
    # what the spectrum leaves is open to all others, wherever it was
    rest[pixels] += 0.02 + share[pixels, k][:, None] / len(others)
    rest /= rest.sum(axis=1, keepdims=True)
    for _ in range(_ROUNDS):
        rest = poisson_unmixing.shares(fitted, without, rest, _PASSES, pixels=pixels)
        here = poisson_unmixing.explained_counts(fitted, without, rest, pixels)
        without = poisson_unmixing.spectra_from(elsewhere + here, mean)
    difference = before - poisson_unmixing.log_likelihood(tested, without, rest, pixels)
    error = np.sqrt((difference**2).sum())
    return float(difference.sum() / error) if error > 0 else -np.inf
