"""Are the spectra of clusters pure, are only some, or are factors of them better? The data decide."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.optimize import nnls

from data.block_passes import Counts, are_counts
from models import nmf, poisson_shares

EXPLAINED = 0.12  # a spectrum is a mixture if the others explain all but this part of its weighted norm
_TEST_PIXELS = 4000


def choose_endmembers(
    spectra: np.ndarray, measured: Counts | np.ndarray, seed: int
) -> tuple[np.ndarray, str]:
    """End-members that the data ask for, and why.

    Spectra that the others explain are mixtures. Where there are none, the spectra are the end-members.
    Where there are some, the others compete with as many factors of all spectra: each is fitted to one half
    of the counts of some thousand pixels, and the one that predicts the other half better wins.

    Parameters
    ----------
    spectra : (n_clusters, n_channels), rows sum to 1
    measured : (n_pixels, n_channels) CSR counts, or (n_y, n_x, n_lines) intensities
    """
    extreme = extreme_spectra(spectra)
    if len(spectra) == 1:
        return spectra, "There is one cluster spectrum."
    if len(extreme) == len(spectra):
        return spectra, f"Each of the {len(spectra)} cluster spectra has something that the others lack."
    purest = spectra[extreme]
    factors = nmf.factorise(spectra, len(extreme), seed).spectra
    random = np.random.default_rng(seed)
    fitted, held_out = _test_pixels(measured, random)
    predicted = [
        poisson_shares.log_likelihood(held_out, candidate, poisson_shares.shares(fitted, candidate)).sum()
        for candidate in (purest, factors)
    ]
    n_mixed = len(spectra) - len(extreme)
    what = f"{n_mixed} of {len(spectra)} cluster spectra {'is a mixture' if n_mixed == 1 else 'are mixtures'}"
    if predicted[1] > predicted[0]:
        return factors, f"{what} of the others; {len(extreme)} factors predict the pixels best."
    return purest, f"{what} of the others; the {len(extreme)} purest predict the pixels best."


def extreme_spectra(spectra: np.ndarray, explained: float = EXPLAINED) -> np.ndarray:
    """Spectra that are no mixtures of the others: their indices, in order.

    The spectrum that the others explain best, by non-negative least squares with channels weighted for
    counting noise, is left out until none is explained up to the given part of its norm.
    """
    weighted = spectra / nmf.noise_scale(spectra)
    kept = np.arange(len(spectra))
    while kept.size > 1:
        misfit = np.array(
            [nnls(np.delete(weighted[kept], i, axis=0).T, weighted[kept[i]])[1] for i in range(kept.size)]
        ) / np.linalg.norm(weighted[kept], axis=1)
        if misfit.min() > explained:
            break
        kept = np.delete(kept, misfit.argmin())
    return kept


def _test_pixels(
    measured: Counts | np.ndarray, random: np.random.Generator
) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Some thousand pixels to fit and the same to predict; counts are split, intensities cannot be."""
    counted = are_counts(measured)
    n_pixels = measured.shape[0] if counted else measured[..., 0].size
    pixel = np.sort(random.choice(n_pixels, min(n_pixels, _TEST_PIXELS), replace=False))
    if counted:
        return _halves(measured[pixel], random)
    intensity = measured.reshape(-1, measured.shape[-1])[pixel]
    some = sparse.csr_matrix(np.maximum(np.nan_to_num(intensity), 0))
    return some, some


def _halves(
    counts: sparse.csr_matrix, random: np.random.Generator
) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Every count goes to one of two maps at random: both are Poisson, and independent of each other."""
    first, second = counts.copy(), counts.copy()
    first.data = random.binomial(counts.data.astype(np.int64), 0.5).astype(counts.data.dtype)
    second.data = counts.data - first.data
    return first, second
