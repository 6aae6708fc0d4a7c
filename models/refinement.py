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

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numba import njit, prange
from scipy import ndimage

from data.sparse_counts import accumulate, sum_by_label
from data.spectrum_image import SpectrumImage
from models import (
    count_bins,
    endmember_selection,
    mosaic,
    multinomial_mixture,
    phase_tree,
    poisson_unmixing,
    predictive_pruning,
    unexplained_windows,
)
from models.count_bins import BinnedCounts
from models.multinomial_mixture import SpectraMixture
from models.phase_map import PhaseMap
from models.phase_tree import PhaseTree
from models.recipe import RefinementChoices

_LOWEST_KEV = 0.1  # the strobe peak lies below, nothing else does
_FITTED_PART = 0.75
_CLUSTERS = 30
_PIXELS_PER_CLUSTER = 20
_STRENGTH = 0.6
_FITTED_PIXELS = 2**17  # of larger maps, spectra are learnt on a mosaic
_FIRST_PASSES, _ROUNDS, _PASSES_PER_ROUND, _NEW_PER_ROUND = 8, 3, 6, 8
_TOLERANCE = 0.01
_LAST_ROUNDS, _LAST_PASSES = 4, 14
_MOST_PHASES = 40
_LEAST_PHASE_PIXELS = 3
_EMPTY_REACH = 2  # pixels: an empty pixel with no count within this distance is left unassigned


@dataclass(frozen=True, eq=False)
class Refinement:
    """Phases found on the counts, at the automatic number and at others.

    Attributes
    ----------
    n_phases : the number found; see ``why``
    chosen : the number that ``phases()`` gives: the one asked for in the recipe, else ``n_phases``
    why : how the number was found, one or two sentences
    tree : phases at any number
    cell : (n_y, n_x) int16, leaf of the tree; -1 where there are no counts
    cell_spectra : (n_cells, n_channels) int64, summed counts
    endmembers : (n_endmembers, n_channels) float64, pure spectra, rows sum to 1
    abundances : (n_y, n_x, n_endmembers) float32, share of every pure spectrum in the counts of a pixel
    phase_of_endmember : (n_endmembers,) phase as found; -1 for one that dominates nowhere
    """

    n_phases: int
    chosen: int
    why: str
    tree: PhaseTree
    cell: np.ndarray
    cell_spectra: np.ndarray
    endmembers: np.ndarray
    abundances: np.ndarray
    phase_of_endmember: np.ndarray

    @property
    def most_phases(self) -> int:
        """The largest number of phases that can be asked for."""
        return self.tree.most

    def phases(self, k: int = 0) -> PhaseMap:
        """The map of k phases; 0 gives the number chosen.

        The probability of a label is the share of the pixel's counts that its phase explains; above the
        number of phases found, that of the phase which was split.

        Raises
        ------
        ValueError
            There is no map of that number of phases.
        """
        k = k or self.chosen
        label_of_cell = self.tree.cut(k)
        label_of_phase = np.full(self.tree.n_phases, -1, np.int16)
        label_of_phase[self.tree.phase_of_cell] = label_of_cell
        # above the number found every phase stands for itself; below, merged phases add their shares
        group = label_of_phase if k <= self.tree.n_phases else np.arange(self.tree.n_phases, dtype=np.int16)
        group_of_endmember = np.where(self.phase_of_endmember >= 0, group[self.phase_of_endmember], -1)
        group_of_cell = group[self.tree.phase_of_cell]
        label, probability = _look_up(
            self.cell, self.abundances, label_of_cell, group_of_cell, group_of_endmember.astype(np.int16)
        )
        return PhaseMap(
            label, probability, k, "likelihood of all counts, Poisson unmixing with smooth neighbours"
        )

    def spectra(self, k: int = 0) -> np.ndarray:
        """Summed counts of every phase in the map of k phases, (k, n_channels) int64."""
        k = k or self.chosen
        total = np.zeros((k, self.cell_spectra.shape[1]), np.int64)
        np.add.at(total, self.tree.cut(k), self.cell_spectra)
        return total


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
    lowest = _LOWEST_KEV if image.energy.calibrated and image.energy.high_kev > 2 * _LOWEST_KEV else None
    bin_of_channel = count_bins.bin_channels(image.sum_spectrum(), image.energy, lowest)
    binned = count_bins.bin_counts(image.counts, image.shape, bin_of_channel)
    if not binned.total.any():
        raise ValueError("This map holds no counts above 0.1 keV; there are no phases to find.")
    mixture, spectra, share = yield from _find(binned, choices.seed)
    if share.shape[0] != image.n_pixels:
        share = poisson_unmixing.start_shares(binned, spectra)
    if len(spectra) > 1:
        for done in range(_LAST_PASSES):
            share = poisson_unmixing.shares(binned, spectra, share, 1)
            yield RefinementReport(0.8 + 0.14 * done / _LAST_PASSES, "Shares of the spectra in every pixel")
    yield RefinementReport(0.95, "Ordering the phases")
    answer = _assemble(image, binned, mixture, spectra, share, choices.n_phases)
    yield RefinementReport(1.0, answer.why, answer)


def _find(binned: BinnedCounts, seed: int):
    """Clusters of the map, the spectra that its pixels are mixtures of, and the shares in those used."""
    sample = mosaic.lay(binned.shape, _FITTED_PIXELS, seed)
    fitted, tested = count_bins.thin(sample.of(binned) if sample else binned, _FITTED_PART, seed)
    n_clusters = int(np.clip(np.count_nonzero(fitted.total) // _PIXELS_PER_CLUSTER, 1, _CLUSTERS))
    yield RefinementReport(0.05, "First clusters")
    mixture = multinomial_mixture.begin(multinomial_mixture.start(fitted, n_clusters, seed))
    mixture = yield from _improve(fitted, mixture, _FIRST_PASSES, 0.08)
    if sample:
        # a rare phase may lie outside the sample: what the clusters explain worst joins it
        label = multinomial_mixture.labels(binned, mixture, _STRENGTH)
        yield RefinementReport(0.2, "Looking for what the clusters do not explain")
        score = unexplained_windows.surprise(binned, label, mixture.spectra)
        sample = mosaic.lay(binned.shape, _FITTED_PIXELS, seed, score)
        fitted, tested = count_bins.thin(sample.of(binned), _FITTED_PART, seed)
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
    whole = sample.of(binned) if sample else binned
    share = poisson_unmixing.start_shares(whole, spectra)
    for done in range(_LAST_ROUNDS if len(spectra) > 1 else 0):
        yield RefinementReport(0.72 + 0.08 * done / _LAST_ROUNDS, f"Improving {len(spectra)} spectra")
        spectra, share = poisson_unmixing.improve(whole, spectra, share, mean)
    return mixture, spectra, share


def _improve(binned: BinnedCounts, mixture: SpectraMixture, passes: int, fraction: float):
    for done in range(passes):
        message = f"Clusters on all counts: {len(mixture.weight)}"
        yield RefinementReport(fraction + 0.1 * done / passes, message)
        mixture = multinomial_mixture.step(binned, mixture, _STRENGTH)
    return mixture


def _assemble(image, binned, mixture, spectra, share, n_asked) -> Refinement:
    """Labels, the tree of phases, and everything at full resolution."""
    n_y, n_x = image.shape
    dominant = share.argmax(axis=1)
    measured = ndimage.maximum_filter(binned.total.reshape(n_y, n_x), size=2 * _EMPTY_REACH + 1).ravel() > 0
    pixels = np.bincount(dominant[measured], minlength=len(spectra))
    # an end-member that dominates next to nowhere is part of the mixing, not a phase
    least = min(_LEAST_PHASE_PIXELS, pixels.max())
    order = np.argsort(-pixels, kind="stable")
    order = order[pixels[order] >= least]
    phase_of_endmember = np.full(len(spectra), -1)
    phase_of_endmember[order] = np.arange(len(order))
    phase = share[:, order].argmax(axis=1)
    cluster = multinomial_mixture.labels(binned, mixture, _STRENGTH)
    cell, phase_of_cell = _cells(phase, cluster, measured, len(mixture.weight))
    n_cells = len(phase_of_cell)
    binned_cells = sum_by_label(binned.counts, cell, n_cells).astype(np.float64)
    tree = phase_tree.grow(
        binned_cells,
        np.bincount(cell[cell >= 0], minlength=n_cells),
        phase_of_cell,
        max(_MOST_PHASES, n_asked),
    )
    chosen = n_asked or tree.n_phases
    tree.cut(chosen)
    return Refinement(
        n_phases=tree.n_phases,
        chosen=chosen,
        why=_why(tree.n_phases),
        tree=tree,
        cell=cell.reshape(n_y, n_x).astype(np.int16),
        cell_spectra=sum_by_label(image.counts, cell, n_cells),
        endmembers=poisson_unmixing.spectra_by_channel(image.counts, binned.bin_of_channel, spectra, share),
        abundances=share.reshape(n_y, n_x, -1),
        phase_of_endmember=phase_of_endmember,
    )


def _cells(phase, cluster, measured, n_clusters):
    """Cell of every pixel (phase and cluster; -1 where not measured) and the phase of every cell."""
    pair = phase * n_clusters + cluster
    pixels = np.bincount(pair[measured], minlength=(int(phase.max()) + 1) * n_clusters).reshape(
        -1, n_clusters
    )
    # pairs of a few pixels join the largest of their phase: they are noise at the borders of clusters
    least = max(4, 2e-4 * measured.sum())
    largest = pixels.argmax(axis=1)
    own = pixels >= least
    own[np.arange(len(pixels)), largest] = True
    number = np.full(pixels.shape, -1)
    number[own] = np.arange(own.sum())
    number = np.where(own, number, number[np.arange(len(pixels)), largest][:, None])
    return np.where(measured, number[phase, cluster], -1), np.nonzero(own)[0]


def _why(n_phases: int) -> str:
    if n_phases == 1:
        return "One phase: no group of pixels has a spectrum that counts held out tell from the mean."
    return (
        f"{n_phases} phases: each has a spectrum that no mixture of the others explains, and counts held out "
        "are predicted better with it than without."
    )


@njit(parallel=True, cache=True, nogil=True)
def _look_up(cell, abundances, label_of_cell, group_of_cell, group_of_endmember):
    n_y, n_x, n_endmembers = abundances.shape
    label = np.full((n_y, n_x), -1, np.int16)
    probability = np.zeros((n_y, n_x), np.float32)
    for y in prange(n_y):
        for x in range(n_x):
            own = cell[y, x]
            if own < 0:
                continue
            label[y, x] = label_of_cell[own]
            total = np.float32(0)
            for endmember in range(n_endmembers):
                if group_of_endmember[endmember] == group_of_cell[own]:
                    total += abundances[y, x, endmember]
            probability[y, x] = min(total, np.float32(1))
    return label, probability
