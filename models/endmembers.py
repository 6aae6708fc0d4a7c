"""End-members of a map: their share in every cluster and pixel, and what they leave unexplained."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, fields

import numpy as np
from scipy import sparse

from data.block_passes import Counts, are_counts
from models import nmf, poisson_shares

_BLOCK = 16_384


@dataclass(frozen=True, eq=False)
class Endmembers:
    """End-members, and how they make up the spectra of the clusters.

    Attributes
    ----------
    endmembers : (n_endmembers, n_channels) float64, pure spectra; rows sum to 1; channels that took no part
        are 0. For element maps (n_endmembers, n_lines)
    weights : (n_clusters, n_endmembers) float64, share of every end-member in the counts of every cluster;
        rows sum to 1, or are 0 for a cluster without counts
    misfit : (n_clusters,) float64, what the weighted end-members leave of a cluster spectrum: the norm of
        the difference relative to that of the spectrum; NaN for a cluster without counts
    chance_misfit : (n_clusters,) float64, what counting noise alone would leave; NaN for intensities, whose
        noise is not known
    total_misfit : the misfit of all cluster spectra together, each scaled to the same area
    included : clusters whose spectra the end-members were found from
    factor_error : relative error of the factorisation as scikit-learn counts it, in the scale and weighting
        that were asked for; NaN where nothing was factorised
    why : how the end-members were chosen, one sentence
    """

    endmembers: np.ndarray
    weights: np.ndarray
    misfit: np.ndarray
    chance_misfit: np.ndarray
    total_misfit: float
    included: tuple[int, ...]
    factor_error: float
    why: str


@dataclass(frozen=True, eq=False)
class Unmixing(Endmembers):
    """End-members of a map.

    Attributes
    ----------
    abundances : (n_y, n_x, n_endmembers) float32, share of every end-member in the counts of every pixel; 0
        where nothing was counted
    residual : (n_y, n_x) float32, what the end-members leave unexplained: of counts, the Poisson deviance
        beyond chance in standard deviations; of element maps, the norm of the misfit relative to that of
        the intensities
    """

    abundances: np.ndarray
    residual: np.ndarray


@dataclass(frozen=True, eq=False)
class UnmixingReport:
    """How far the work is, 0 ... 1; the first one carries what is known before the pixels are looked at."""

    fraction: float
    found: Endmembers | None = None
    message: str = "Sharing out the counts of every pixel"


def share_out(
    endmembers: np.ndarray,
    spectra: np.ndarray,
    measured: Counts | np.ndarray,
    map_shape: tuple[int, int],
    why: str,
    abundances: np.ndarray | None = None,
    included: tuple[int, ...] | None = None,
    channels: slice = slice(None),
    factor_error: float = np.nan,
) -> Generator[UnmixingReport, None, Unmixing]:
    """Weights, abundances and residual of given end-members; a generator of reports.

    Parameters
    ----------
    endmembers : (n_endmembers, n_channels), not negative, none of them empty
    why : how they were found, one sentence
    abundances : (n_y, n_x, n_endmembers) where these are known too, e.g. smooth ones; else every pixel is
        fitted on its own
    included : clusters that the end-members come from; None: all with counts
    channels : those that take part
    spectra, measured, map_shape : as in ``unmixing.unmix``
    """
    found = explained(
        endmembers, spectra, why, included, channels, factor_error, counted=are_counts(measured)
    )
    yield UnmixingReport(0.0, found)
    pure = found.endmembers[:, channels]
    bin_of_channel = poisson_shares.equal_bins(np.maximum(spectra[:, channels], 0).sum(axis=0))
    n_pixels = map_shape[0] * map_shape[1]
    known = abundances is not None
    # known ones are only read: they may be the largest array of the run
    abundances = np.asarray(abundances, np.float32) if known else np.empty((*map_shape, len(pure)), "f4")
    share = abundances.reshape(n_pixels, -1)
    residual = np.zeros(n_pixels, np.float32)
    for start in range(0, n_pixels, _BLOCK):
        block = slice(start, min(start + _BLOCK, n_pixels))
        counts = _rows(measured, block)
        counts = counts if channels == slice(None) else counts[:, channels]
        if not known:
            share[block] = poisson_shares.shares(counts, pure)
        if are_counts(measured):
            residual[block] = poisson_shares.surprise(counts, pure, share[block], bin_of_channel)
        else:
            residual[block] = _relative_misfit(counts, pure, share[block])
        yield UnmixingReport(block.stop / n_pixels)
    of_clusters = {field.name: getattr(found, field.name) for field in fields(found)}
    return Unmixing(
        **of_clusters,
        abundances=abundances.reshape(*map_shape, -1),
        residual=residual.reshape(map_shape),
    )


def explained(
    endmembers: np.ndarray,
    spectra: np.ndarray,
    why: str,
    included: tuple[int, ...] | None = None,
    channels: slice = slice(None),
    factor_error: float = np.nan,
    counted: bool = True,
) -> Endmembers:
    """How end-members make up cluster spectra: the most likely shares, and what they leave.

    Parameters
    ----------
    endmembers : (n_endmembers, n_channels), not negative, none of them empty
    spectra : (n_clusters, n_channels) summed counts or intensities
    why, included, channels, factor_error : as :func:`share_out`
    counted : whether the spectra are counts, whose noise is known
    """
    endmembers = nmf.scaled(endmembers, np.ones(len(endmembers)), "area")
    counts = np.maximum(np.asarray(spectra, np.float64), 0)[:, channels]
    weights = poisson_shares.shares(sparse.csr_matrix(counts), endmembers[:, channels])
    area = nmf.scaled(counts, np.ones(len(counts)), "area")
    left = area - weights @ endmembers[:, channels]
    size = np.linalg.norm(area, axis=1)
    there = size > 0
    misfit, by_chance = np.full(len(area), np.nan), np.full(len(area), np.nan)
    misfit[there] = np.linalg.norm(left[there], axis=1) / size[there]
    if counted:
        by_chance[there] = np.sqrt(counts[there].sum(axis=1)) / np.linalg.norm(counts[there], axis=1)
    total = np.linalg.norm(left[there]) / max(np.linalg.norm(area[there]), 1e-300)
    included = tuple(int(one) for one in np.flatnonzero(there)) if included is None else included
    return Endmembers(
        endmembers, weights.astype(np.float64), misfit, by_chance, float(total), included, factor_error, why
    )


def _rows(measured: Counts | np.ndarray, pixel: slice | np.ndarray) -> sparse.csr_matrix:
    """Counts or intensities of some pixels, sparse, without negative parts."""
    if are_counts(measured):
        return measured[pixel]
    intensity = measured.reshape(-1, measured.shape[-1])[pixel]
    return sparse.csr_matrix(np.maximum(np.nan_to_num(intensity), 0))


def _relative_misfit(counts: sparse.csr_matrix, spectra: np.ndarray, share: np.ndarray) -> np.ndarray:
    intensity = counts.toarray()
    total = intensity.sum(axis=1, keepdims=True)
    size = np.linalg.norm(intensity, axis=1)
    misfit = np.linalg.norm(intensity - total * (share @ spectra), axis=1)
    return np.divide(misfit, size, out=np.zeros_like(misfit), where=size > 0)
