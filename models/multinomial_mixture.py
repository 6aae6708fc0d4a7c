"""Clusters of pixels whose counts are drawn from one spectrum each: a mixture of multinomials.

The likelihood is that of all the counts, however few a pixel holds; neighbours help by a Potts prior.
Many more clusters are made than there are phases: mixed pixels get clusters of their own, and what is a phase
is decided afterwards (``endmember_selection``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage, sparse
from sklearn.cluster import KMeans

from data.block_passes import per_pixel
from data.sparse_counts import accumulate, channel_sums, project
from models import potts
from models.count_bins import BinnedCounts

_PRIOR_COUNTS = 30.0  # of the mean spectrum in every cluster: no bin is impossible anywhere
_LEAST_PIXELS = 2.0
_NEW_WEIGHT = 1e-3
_WINDOW_COUNTS = 300.0  # counts that a smoothed pixel should see to be placed among the first clusters
_N_FEATURES = 14
_BLOCK_PIXELS = 16_384
_BAND_ROWS, _SWEEPS = 64, 4
_MOST_START_PIXELS = 40_000


@dataclass(frozen=True, eq=False)
class SpectraMixture:
    """Spectra of the clusters and how the pixels belong to them.

    Attributes
    ----------
    spectra : (n_clusters, n_bins) float64, rows sum to 1, positive
    weight : (n_clusters,) share of the pixels, sum 1
    share : (n_pixels, n_clusters) float32, responsibilities; None before the first assignment
    """

    spectra: np.ndarray
    weight: np.ndarray
    share: np.ndarray | None

    def label(self) -> np.ndarray:
        """The most probable cluster of every pixel, (n_pixels,) int32."""
        return self.share.argmax(axis=1).astype(np.int32)


def mean_spectrum(binned: BinnedCounts) -> np.ndarray:
    """Spectrum of the whole map, (n_bins,), sum 1, positive in every bin."""
    total = channel_sums(binned.counts) + 0.5
    return total / total.sum()


def start(binned: BinnedCounts, n_clusters: int, seed: int, inside: np.ndarray | None = None) -> np.ndarray:
    """Spectra of clusters to start from: k-means of smoothed pixels in the subspace of real variation.

    The second moments of Poisson counts are those of the rates plus the mean on the diagonal. Taking that
    away leaves the variation of the sample without that of the counting.

    Parameters
    ----------
    binned : counts in bins
    n_clusters : number of spectra; never more than pixels inside
    seed : of k-means
    inside : (n_pixels,) bool, the pixels that take part; the others hold no counts. None: all

    Returns
    -------
    (n_clusters, n_bins) float64, rows sum to 1
    """
    mean = mean_spectrum(binned)
    moments = _second_moments(binned)
    scale = 1 / np.sqrt(mean)
    moments *= scale[:, None] * scale[None, :]
    _, vectors = np.linalg.eigh(moments)
    axes = vectors[:, ::-1][:, :_N_FEATURES] * scale[:, None]
    n_y, n_x = binned.shape
    sigma = np.clip(np.sqrt(_WINDOW_COUNTS / (4 * np.pi * max(binned.total.mean(), 1e-3))), 0.8, 4.0)
    scores = project(binned.counts, axes).reshape(n_y, n_x, -1)
    for feature in range(scores.shape[2]):
        scores[:, :, feature] = ndimage.gaussian_filter(scores[:, :, feature], sigma)
    total = ndimage.gaussian_filter(binned.total.reshape(n_y, n_x), sigma)
    features = (scores / np.maximum(total, 1e-3)[:, :, None]).reshape(n_y * n_x, -1)
    part = np.arange(len(features)) if inside is None else np.flatnonzero(inside)
    sample = part[np.random.default_rng(seed).permutation(part.size)[:_MOST_START_PIXELS]]
    fitted = KMeans(n_clusters, n_init=1, max_iter=20, random_state=seed).fit(features[sample])
    label = fitted.predict(features)
    share = (label[:, None] == np.arange(n_clusters)).astype(np.float32)
    return _normalised(accumulate(binned.counts, share) + _PRIOR_COUNTS * mean)


def _second_moments(binned: BinnedCounts) -> np.ndarray:
    """Sum over the pixels of n n^T - diag(n), (n_bins, n_bins): the second moments of the rates."""
    moments = np.zeros((binned.n_bins, binned.n_bins))
    for begin in range(0, binned.counts.shape[0], _BLOCK_PIXELS):
        counts = binned.counts[begin : begin + _BLOCK_PIXELS].astype(np.float32)
        moments += (counts.T @ counts).toarray()
        moments[np.diag_indices(binned.n_bins)] -= np.asarray(counts.sum(axis=0)).ravel()
    return moments


def begin(spectra: np.ndarray) -> SpectraMixture:
    """A mixture of given spectra, alike in weight, that no pixel has been assigned to yet."""
    n_clusters = spectra.shape[0]
    return SpectraMixture(spectra, np.full(n_clusters, 1 / n_clusters), None)


def anew(mixture: SpectraMixture) -> SpectraMixture:
    """The mixture without its assignments: to go on with other pixels."""
    return replace(mixture, share=None)


def extend(mixture: SpectraMixture, spectra: np.ndarray) -> SpectraMixture:
    """The mixture with further spectra, which start rare; pixels are assigned anew in the next step."""
    weight = np.concatenate([mixture.weight, np.full(len(spectra), _NEW_WEIGHT)])
    return SpectraMixture(np.vstack([mixture.spectra, spectra]), weight / weight.sum(), None)


def step(binned: BinnedCounts, mixture: SpectraMixture, strength: float) -> SpectraMixture:
    """One pass of expectation-maximisation; clusters that have lost their pixels are dropped.

    Parameters
    ----------
    binned : counts in bins
    mixture : to improve
    strength : of the Potts prior, see :func:`potts.mean_field`
    """
    score = project(binned.counts, np.log(mixture.spectra).T)
    score += np.log(mixture.weight).astype(np.float32)
    share = potts.mean_field(score, binned.shape, strength, mixture.share, sweeps=2)
    held = share.sum(axis=0, dtype=np.float64)
    alive = held >= min(_LEAST_PIXELS, held.max())
    if not alive.all():
        share, held = np.ascontiguousarray(share[:, alive]), held[alive]
        share /= np.maximum(share.sum(axis=1, keepdims=True), 1e-9)
    spectra = accumulate(binned.counts, share) + _PRIOR_COUNTS * mean_spectrum(binned)
    return SpectraMixture(_normalised(spectra), held / held.sum(), share)


def labels(binned: BinnedCounts, mixture: SpectraMixture, strength: float) -> np.ndarray:
    """The most probable cluster of every pixel of any map of this sample, (n_pixels,) int32.

    The map is worked through in bands: the responsibilities of a large map would need gigabytes.
    """
    settings = (mixture.spectra, mixture.weight, strength, binned.shape[1])
    return per_pixel(binned.counts, _labels, shared=settings, halo=_SWEEPS)


def _labels(
    counts: sparse.csr_matrix, spectra: np.ndarray, weight: np.ndarray, strength: float, n_x: int
) -> np.ndarray:
    n_y = counts.shape[0] // n_x
    log_weight = np.log(weight).astype(np.float32)
    label = np.empty((n_y, n_x), np.int32)
    for top in range(0, n_y, _BAND_ROWS):
        # rows beyond the band as far as the sweeps carry
        first, stop = max(top - _SWEEPS, 0), min(top + _BAND_ROWS + _SWEEPS, n_y)
        score = project(counts[first * n_x : stop * n_x], np.log(spectra).T) + log_weight
        share = potts.mean_field(score, (stop - first, n_x), strength, sweeps=_SWEEPS)
        band = share.argmax(axis=1).reshape(-1, n_x)[top - first :][:_BAND_ROWS]
        label[top : top + len(band)] = band
    return label.ravel()


def _normalised(spectra: np.ndarray) -> np.ndarray:
    return spectra / spectra.sum(axis=1, keepdims=True)
