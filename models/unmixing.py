"""Unmixing: end-members behind the cluster spectra, and their abundance in every pixel.

Cluster spectra are factorised by non-negative matrix factorisation, channels weighted for counting noise
(Keenan & Kotula, Surf. Interface Anal. 36, 203, 2004). Factorising makes spectra worse where the clusters
are pure already, so whether it is done is decided by the data.
"""

from __future__ import annotations

import warnings
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import nnls
from sklearn.decomposition import NMF
from sklearn.exceptions import ConvergenceWarning

from models import poisson_shares
from models.recipe import UnmixingChoices

EXPLAINED = 0.12  # a spectrum is a mixture if the others explain all but this part of its weighted norm
_TEST_PIXELS = 4000
_BLOCK = 16_384


@dataclass(frozen=True, eq=False)
class Unmixing:
    """End-members of a map.

    Attributes
    ----------
    endmembers : (n_endmembers, n_channels) float64, pure spectra; rows sum to 1. For element maps
        (n_endmembers, n_lines)
    weights : (n_clusters, n_endmembers) float64, share of every end-member in the counts of every cluster;
        rows sum to 1
    abundances : (n_y, n_x, n_endmembers) float32, share of every end-member in the counts of every pixel; 0
        where nothing was counted
    residual : (n_y, n_x) float32, what the end-members leave unexplained: of counts, the Poisson deviance
        beyond chance in standard deviations; of element maps, the norm of the misfit relative to that of
        the intensities
    why : how the end-members were chosen, one sentence
    """

    endmembers: np.ndarray
    weights: np.ndarray
    abundances: np.ndarray
    residual: np.ndarray
    why: str


def unmix(
    spectra: np.ndarray,
    measured: sparse.csr_matrix | np.ndarray,
    map_shape: tuple[int, int],
    choices: UnmixingChoices,
) -> Generator[float, None, Unmixing]:
    """Find end-members behind cluster spectra and their abundance in every pixel.

    Parameters
    ----------
    spectra : (n_clusters, n_channels) summed counts, or (n_clusters, n_lines) summed intensities
    measured : what the sums are of: (n_pixels, n_channels) CSR counts, or (n_y, n_x, n_lines) intensities
    map_shape : (n_y, n_x)
    choices : number of components, 0 to let the data choose; seed

    Yields
    ------
    float
        Share of the work that is done.

    Returns
    -------
    Unmixing

    Raises
    ------
    ValueError
        More components are asked for than there are clusters with counts, or no cluster has any.
    """
    pure = _normalised(spectra)
    if not len(pure):
        raise ValueError("No cluster holds any counts, so there is nothing to unmix.")
    if choices.n_components > min(pure.shape):
        raise ValueError(
            f"{choices.n_components} components were asked for, but {len(pure)} clusters of "
            f"{pure.shape[1]} channels cannot hold more than {min(pure.shape)}."
        )
    yield 0.0
    if choices.n_components:
        endmembers = factorise(pure, choices.n_components, choices.seed)
        why = f"{choices.n_components} components were asked for."
    else:
        endmembers, why = choose_endmembers(pure, measured, choices.seed)
    return (yield from share_out(endmembers, spectra, measured, map_shape, why))


def share_out(
    endmembers: np.ndarray,
    spectra: np.ndarray,
    measured: sparse.csr_matrix | np.ndarray,
    map_shape: tuple[int, int],
    why: str,
    abundances: np.ndarray | None = None,
) -> Generator[float, None, Unmixing]:
    """Weights, abundances and residual of given end-members; otherwise as :func:`unmix`.

    Parameters
    ----------
    endmembers : (n_endmembers, n_channels), not negative, none of them empty
    why : how they were found, one sentence
    abundances : (n_y, n_x, n_endmembers) where these are known too, e.g. smooth ones; else every pixel is
        fitted on its own
    """
    endmembers = _normalised(endmembers)
    bin_of_channel = poisson_shares.equal_bins(np.maximum(spectra, 0).sum(axis=0))
    weights = poisson_shares.shares(sparse.csr_matrix(np.maximum(spectra, 0)), endmembers)
    n_pixels = map_shape[0] * map_shape[1]
    known = abundances is not None
    abundances = np.array(abundances, np.float32) if known else np.empty((*map_shape, len(endmembers)), "f4")
    share = abundances.reshape(n_pixels, -1)
    residual = np.zeros(n_pixels, np.float32)
    for start in range(0, n_pixels, _BLOCK):
        block = slice(start, min(start + _BLOCK, n_pixels))
        counts = _rows(measured, block)
        if not known:
            share[block] = poisson_shares.shares(counts, endmembers)
        if sparse.issparse(measured):
            residual[block] = poisson_shares.surprise(counts, endmembers, share[block], bin_of_channel)
        else:
            residual[block] = _relative_misfit(counts, endmembers, share[block])
        yield block.stop / n_pixels
    return Unmixing(endmembers, weights, abundances.reshape(*map_shape, -1), residual.reshape(map_shape), why)


def factorise(spectra: np.ndarray, n_components: int, seed: int) -> np.ndarray:
    """Non-negative factors of spectra, weighted for counting noise.

    Parameters
    ----------
    spectra : (n_clusters, n_channels), rows sum to 1, so that small clusters have their say

    Returns
    -------
    (n_components, n_channels) float64, rows sum to 1
    """
    scale = _noise_scale(spectra)
    model = NMF(n_components, init="nndsvda", max_iter=2000, tol=1e-6, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # 2000 steps are as settled as is needed
        model.fit(spectra / scale)
    return _normalised(model.components_ * scale)


def choose_endmembers(
    spectra: np.ndarray, measured: sparse.csr_matrix | np.ndarray, seed: int
) -> tuple[np.ndarray, str]:
    """End-members that the data ask for, and why.

    Spectra that the others explain are mixtures. Where there are none, the spectra are the end-members.
    Where there are some, the others compete with as many factors of all spectra: each is fitted to one half
    of the counts of some thousand pixels, and the one that predicts the other half better wins.
    """
    extreme = extreme_spectra(spectra)
    if len(spectra) == 1:
        return spectra, "There is one cluster spectrum."
    if len(extreme) == len(spectra):
        return spectra, f"Each of the {len(spectra)} cluster spectra has something that the others lack."
    purest = spectra[extreme]
    factors = factorise(spectra, len(extreme), seed)
    random = np.random.default_rng(seed)
    n_pixels = measured.shape[0] if sparse.issparse(measured) else measured[..., 0].size
    pixel = np.sort(random.choice(n_pixels, min(n_pixels, _TEST_PIXELS), replace=False))
    counts = _rows(measured, pixel)
    fitted, held_out = _halves(counts, random) if sparse.issparse(measured) else (counts, counts)
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
    weighted = spectra / _noise_scale(spectra)
    kept = np.arange(len(spectra))
    while kept.size > 1:
        misfit = np.array(
            [nnls(np.delete(weighted[kept], i, axis=0).T, weighted[kept[i]])[1] for i in range(kept.size)]
        ) / np.linalg.norm(weighted[kept], axis=1)
        if misfit.min() > explained:
            break
        kept = np.delete(kept, misfit.argmin())
    return kept


def _normalised(spectra: np.ndarray) -> np.ndarray:
    """Spectra without negative parts, rows with anything in them, scaled to a sum of 1."""
    positive = np.maximum(np.asarray(spectra, np.float64), 0)
    positive = positive[positive.sum(axis=1) > 0]
    return positive / positive.sum(axis=1, keepdims=True)


def _noise_scale(spectra: np.ndarray) -> np.ndarray:
    """Standard deviation of counting noise in every channel of the mean spectrum, (n_channels,), up to scale.

    Channels with next to no counts get that of a thousandth of the mean: noise in them decides nothing.
    """
    mean = spectra.mean(axis=0)
    return np.sqrt(np.maximum(mean, 1e-3 * mean.mean()))


def _rows(measured: sparse.csr_matrix | np.ndarray, pixel: slice | np.ndarray) -> sparse.csr_matrix:
    if sparse.issparse(measured):
        return measured[pixel]
    intensity = measured.reshape(-1, measured.shape[-1])[pixel]
    return sparse.csr_matrix(np.maximum(np.nan_to_num(intensity), 0))


def _halves(
    counts: sparse.csr_matrix, random: np.random.Generator
) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Every count goes to one of two maps at random: both are Poisson, and independent of each other."""
    first, second = counts.copy(), counts.copy()
    first.data = random.binomial(counts.data.astype(np.int64), 0.5).astype(counts.data.dtype)
    second.data = counts.data - first.data
    return first, second


def _relative_misfit(counts: sparse.csr_matrix, spectra: np.ndarray, share: np.ndarray) -> np.ndarray:
    intensity = counts.toarray()
    total = intensity.sum(axis=1, keepdims=True)
    size = np.linalg.norm(intensity, axis=1)
    misfit = np.linalg.norm(intensity - total * (share @ spectra), axis=1)
    return np.divide(misfit, size, out=np.zeros_like(misfit), where=size > 0)
