"""Phases from the likelihood of all counts.

1. Counts are thinned at random into a part to fit and a part to test.
2. Many clusters: a mixture of multinomials with a neighbour prior, with further clusters where counts are
   worst explained (``multinomial_mixture``, ``unexplained_windows``).
3. Which of them are phases: those whose held-out counts no mixture of the others explains
   (``endmember_selection``).
4. Spectra without which held-out counts are predicted as well go (``predictive_pruning``). The number that is
   left is the automatic number of phases.
5. Every pixel is a mixture of their spectra, smooth and sparse; spectra and shares are improved in
   turn on all counts (``poisson_unmixing``). The label is the dominant share.
6. A tree gives the phases at any other number by lookup (``phase_tree``).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from data.block_passes import Counts, in_blocks
from data.block_work import followed, retold
from data.sparse_counts import accumulate
from data.spectrum_image import SpectrumImage
from models import (
    count_bins,
    endmember_selection,
    mosaic,
    multinomial_mixture,
    poisson_unmixing,
    predictive_pruning,
    unexplained_windows,
)
from models.count_bins import BinnedCounts
from models.multinomial_mixture import SpectraMixture
from models.recipe import RefinementChoices
from models.refined_phases import Refinement, assemble

_LOWEST_KEV = 0.1  # the strobe peak lies below, nothing else does
_FITTED_PART = 0.75
_CLUSTERS = 30
_PIXELS_PER_CLUSTER = 20
_STRENGTH = 0.6
_FITTED_PIXELS = 2**17  # of larger maps, spectra are learnt on a mosaic
_FIRST_PASSES, _ROUNDS, _PASSES_PER_ROUND, _NEW_PER_ROUND = 8, 3, 6, 8
_TOLERANCE = 0.01
_LAST_ROUNDS, _LAST_PASSES = 4, 14


@dataclass(frozen=True)
class RefinementReport:
    """How far the refinement is: fraction 0 ... 1, a message, and the answer with the last report."""

    fraction: float
    message: str
    refinement: Refinement | None = None


def refine(image: SpectrumImage, choices: RefinementChoices) -> Iterator[RefinementReport]:
    """Find the phases of a spectrum image; the last report carries the answer.

    Parameters
    ----------
    image : spectrum image; with the low-energy cut made or not
    choices : ``n_phases`` 0 takes the number found; another number is cut from the tree of phases

    Raises
    ------
    ValueError
        The map holds no counts.
    """
    yield RefinementReport(0.0, "Regrouping channels")
    binned = yield from _through(lambda: _binned(image), image.counts, 0.0, 0.05, "Regrouping channels", 2)
    if not binned.total.any():
        raise ValueError("This map holds no counts above 0.1 keV; there are no phases to find.")
    mixture, spectra, share = yield from _find(binned, choices.seed)
    said = "Shares of the spectra in every pixel"
    if share.shape[0] != image.n_pixels:
        start = partial(poisson_unmixing.start_shares, binned, spectra)
        share = yield from _through(start, binned.counts, 0.8, 0.81, said)
    if len(spectra) > 1:
        for done in range(_LAST_PASSES):
            better = partial(poisson_unmixing.shares, binned, spectra, share, 1)
            fraction = 0.81 + 0.13 * done / _LAST_PASSES
            share = yield from _through(better, binned.counts, fraction, fraction, said)
            del better  # it holds the shares before
            yield RefinementReport(fraction, said)
    yield RefinementReport(0.95, "Ordering the phases")
    find = partial(multinomial_mixture.labels, binned, mixture, _STRENGTH)
    cluster = yield from _through(find, binned.counts, 0.95, 0.97, "Ordering the phases")
    n_clusters = len(mixture.weight)
    gather = partial(assemble, image, binned, cluster, n_clusters, spectra, share, choices.n_phases)
    answer = yield from _through(gather, binned.counts, 0.97, 1.0, "Ordering the phases", 3)
    yield RefinementReport(1.0, answer.why, answer)


def _binned(image: SpectrumImage) -> BinnedCounts:
    lowest = _LOWEST_KEV if image.energy.calibrated and image.energy.high_kev > 2 * _LOWEST_KEV else None
    bin_of_channel = count_bins.bin_channels(image.sum_spectrum(), image.energy, lowest)
    return count_bins.bin_counts(image.counts, image.shape, bin_of_channel)


def _through(
    work: Callable[[], Any], counts: Counts, fraction: float, after: float, message: str, passes: int = 1
) -> Generator[RefinementReport, None, Any]:
    """What some work finds; where it goes through counts in blocks, it reports between them."""

    def report(share: float) -> RefinementReport:
        return RefinementReport(fraction + (after - fraction) * share, message)

    return (yield from retold(followed(work, passes, in_blocks(counts)), report))


def _find(binned: BinnedCounts, seed: int):
    """Clusters of the map, the spectra that its pixels are mixtures of, and the shares in those used."""
    sample = mosaic.lay(binned.shape, _FITTED_PIXELS, seed)
    if sample is None:
        small = binned.at_hand()
    else:
        some = partial(sample.of, binned)
        small = yield from _through(some, binned.counts, 0.05, 0.05, "Choosing pixels to learn from")
    fitted, tested = count_bins.thin(small, _FITTED_PART, seed)
    n_clusters = int(np.clip(np.count_nonzero(fitted.total) // _PIXELS_PER_CLUSTER, 1, _CLUSTERS))
    yield RefinementReport(0.05, "First clusters")
    mixture = multinomial_mixture.begin(multinomial_mixture.start(fitted, n_clusters, seed))
    mixture = yield from _improve(fitted, mixture, _FIRST_PASSES, 0.08)
    if sample:
        # a rare phase may lie outside the sample: what the clusters explain worst joins it
        said = "Looking for what the clusters do not explain"
        find = partial(multinomial_mixture.labels, binned, mixture, _STRENGTH)
        label = yield from _through(find, binned.counts, 0.18, 0.2, said)
        yield RefinementReport(0.2, said)
        look = partial(unexplained_windows.surprise, binned, label, mixture.spectra)
        score = yield from _through(look, binned.counts, 0.2, 0.21, said)
        sample = mosaic.lay(binned.shape, _FITTED_PIXELS, seed, score)
        del label, score, look
        small = yield from _through(partial(sample.of, binned), binned.counts, 0.21, 0.22, said)
        fitted, tested = count_bins.thin(small, _FITTED_PART, seed)
        mixture = yield from _improve(fitted, multinomial_mixture.anew(mixture), 1, 0.22)
    mean = multinomial_mixture.mean_spectrum(fitted)
    for done in range(_ROUNDS):
        score = unexplained_windows.surprise(fitted, mixture.label(), mixture.spectra)
        worst = unexplained_windows.spectra_of_worst(fitted, score, _NEW_PER_ROUND, mean)
        if not len(worst):
            break
        mixture = multinomial_mixture.extend(mixture, worst)
        mixture = yield from _improve(fitted, mixture, _PASSES_PER_ROUND, 0.25 + 0.1 * done)
    yield RefinementReport(0.55, "Which clusters are phases")
    held_out = accumulate(tested.counts, mixture.share)
    counts = fitted.total.astype(np.float64) @ mixture.share
    spectra = endmember_selection.select(mixture.spectra, counts, held_out, _TOLERANCE).spectra
    for left in predictive_pruning.prune(fitted, tested, spectra):
        yield RefinementReport(0.6, f"Testing {len(left)} spectra on counts held out")
        spectra = left
    del fitted, tested
    share = poisson_unmixing.start_shares(small, spectra)
    for done in range(_LAST_ROUNDS if len(spectra) > 1 else 0):
        yield RefinementReport(0.72 + 0.08 * done / _LAST_ROUNDS, f"Improving {len(spectra)} spectra")
        spectra, share = poisson_unmixing.improve(small, spectra, share, mean)
    return mixture, spectra, share


def _improve(binned: BinnedCounts, mixture: SpectraMixture, passes: int, fraction: float):
    for done in range(passes):
        message = f"Clusters on all counts: {len(mixture.weight)}"
        yield RefinementReport(fraction + 0.1 * done / passes, message)
        mixture = multinomial_mixture.step(binned, mixture, _STRENGTH)
    return mixture
