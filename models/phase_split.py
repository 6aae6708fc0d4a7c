"""Splitting one phase: its own pixels are clustered anew.

With counts: a mixture of multinomials on the counts of the phase's pixels with a neighbour prior, the same
model that the refinement starts from. Two minerals that were taken for one phase come apart with an adjusted
Rand index of 0.96 on the average of all pairs of the synthetic sections (128 x 128 pixels, 200 counts per
pixel), where k-means on the latent coordinates gives 0.82, a Gaussian mixture there 0.77 and the merge tree
of the refinement 0.26: the latent space and the tree were made to tell other phases apart, not these.

Element maps have no counts: their pixels are clustered by k-means in the latent space.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from threading import Lock
from weakref import WeakKeyDictionary

import numpy as np
from scipy import sparse
from sklearn.cluster import KMeans

from data.spectrum_image import SpectrumImage
from models import count_bins, mosaic, multinomial_mixture
from models.count_bins import BinnedCounts
from models.phases_result import PhasesResult

_STRENGTH, _PASSES, _SEED = 0.6, 12, 4
_LOWEST_KEV = 0.1
_LEARNT_PIXELS = 2**15  # of a larger phase, the spectra are learnt on a part
_MOST_KEPT = 24

_kept: WeakKeyDictionary[PhasesResult, OrderedDict[bytes, np.ndarray]] = WeakKeyDictionary()
_keeping = Lock()


def split(result: PhasesResult, mask: np.ndarray, parts: int) -> np.ndarray:
    """The part of every pixel of a phase.

    Parameters
    ----------
    result : of the run that found the phases
    mask : (n_y, n_x) bool, the pixels of the phase
    parts : how many

    Returns
    -------
    (n_selected,) int16 in the order of the pixels, 0 for the largest part, 1 for the next ...

    Raises
    ------
    ValueError
        The phase has fewer pixels than parts, or its pixels cannot be told apart.
    """
    n_selected = int(np.count_nonzero(mask))
    if n_selected < parts:
        pixels = "1 pixel" if n_selected == 1 else f"{n_selected} pixels"
        raise ValueError(f"it has {pixels}, fewer than {parts} parts")
    key = hashlib.blake2b(np.packbits(mask).tobytes() + bytes([parts]), digest_size=16).digest()
    with _keeping:
        kept = _kept.setdefault(result, OrderedDict())
        if key in kept:
            kept.move_to_end(key)
            return kept[key]
    part = _by_counts(result, mask, parts) if result.has_spectra else _in_latent_space(result, mask, parts)
    order = np.argsort(-np.bincount(part, minlength=parts), kind="stable")
    answer = np.argsort(order, kind="stable")[part].astype(np.int16)
    n_found = len(np.unique(answer))
    if n_found < parts:
        raise ValueError(f"its pixels are too much alike for {parts} parts; {n_found} can be told apart")
    with _keeping:
        kept[key] = answer
        while len(kept) > _MOST_KEPT:
            kept.popitem(last=False)
    return answer


def _by_counts(result: PhasesResult, mask: np.ndarray, parts: int) -> np.ndarray:
    binned, inside = _cut_out(result.prepared, mask)
    if np.count_nonzero(binned.total) < parts:
        raise ValueError("next to none of its pixels hold counts above 0.1 keV")
    sample, sampled = binned, inside
    if binned.total.size > _LEARNT_PIXELS and (
        laid := mosaic.lay(binned.shape, _LEARNT_PIXELS, _SEED, binned.total)
    ):
        sample = laid.of(binned)
        sampled = sample.total > 0
    mixture = multinomial_mixture.begin(multinomial_mixture.start(sample, parts, _SEED, sampled))
    for _ in range(_PASSES):
        mixture = multinomial_mixture.step(sample, mixture, _STRENGTH)
    if sample is binned:
        label = mixture.label()
    else:
        label = multinomial_mixture.labels(binned, mixture, _STRENGTH)
    return label[inside].astype(np.intp)


def _cut_out(image: SpectrumImage, mask: np.ndarray) -> tuple[BinnedCounts, np.ndarray]:
    """Binned counts of the box around the phase, empty elsewhere; and which of its pixels are the phase's."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = np.ix_(np.arange(rows[0], rows[-1] + 1), np.arange(columns[0], columns[-1] + 1))
    inside = mask[box].ravel()
    pixel = np.arange(mask.size).reshape(mask.shape)[box].ravel()
    own = image.counts[pixel[inside]]
    size = np.zeros(inside.size, own.indptr.dtype)
    size[inside] = np.diff(own.indptr)
    indptr = np.concatenate([[0], np.cumsum(size)]).astype(own.indptr.dtype)
    counts = sparse.csr_matrix((own.data, own.indices, indptr), shape=(inside.size, own.shape[1]), copy=False)
    lowest = _LOWEST_KEV if image.energy.calibrated and image.energy.high_kev > 2 * _LOWEST_KEV else None
    spectrum = np.bincount(own.indices, weights=own.data, minlength=own.shape[1])
    bins = count_bins.bin_channels(spectrum, image.energy, lowest)
    shape = (box[0].size, box[1].size)
    return count_bins.bin_counts(counts, shape, bins), inside


def _in_latent_space(result: PhasesResult, mask: np.ndarray, parts: int) -> np.ndarray:
    points = result.latent.coordinates[mask.ravel()]
    finite = np.isfinite(points).all(axis=1)
    if len(np.unique(points[finite][: 10 * parts], axis=0)) < parts > len(np.unique(points[finite], axis=0)):
        raise ValueError("its pixels have one place in the latent space")
    fitted = KMeans(parts, n_init=4, random_state=_SEED).fit(points[finite][:200_000])
    part = np.zeros(len(points), np.intp)
    part[finite] = fitted.predict(points[finite])
    return part
