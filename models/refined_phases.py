"""Phases found on the counts, at the number found and at any other: labels and spectra by lookup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit, prange
from scipy import ndimage

from data.sparse_counts import sum_by_label
from data.spectrum_image import SpectrumImage
from models import phase_tree, poisson_unmixing
from models.count_bins import BinnedCounts
from models.phase_map import PhaseMap
from models.phase_tree import PhaseTree

_MOST_PHASES = 40
_LEAST_PHASE_PIXELS = 3
_BLOCK = 1 << 18  # pixels at a time
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

    def probability_of(self, labels: Sequence[int], k: int = 0) -> np.ndarray:
        """Share of the counts of every pixel that the phases of these labels explain, (n_y, n_x) float32.

        Above the number of phases found, a label stands for the phase that was split.
        """
        label_of_cell = self.tree.cut(k or self.chosen)
        phases = np.unique(self.tree.phase_of_cell[np.isin(label_of_cell, list(labels))])
        chosen = np.flatnonzero(np.isin(self.phase_of_endmember, phases))
        total = np.zeros(self.cell.shape, np.float32)
        for endmember in chosen:
            total += self.abundances[:, :, endmember]
        return np.where(self.cell >= 0, np.minimum(total, np.float32(1)), np.float32(0))

    def spectra(self, k: int = 0) -> np.ndarray:
        """Summed counts of every phase in the map of k phases, (k, n_channels) int64."""
        k = k or self.chosen
        total = np.zeros((k, self.cell_spectra.shape[1]), np.int64)
        np.add.at(total, self.tree.cut(k), self.cell_spectra)
        return total


def assemble(
    image: SpectrumImage,
    binned: BinnedCounts,
    cluster: np.ndarray,
    n_clusters: int,
    spectra: np.ndarray,
    share: np.ndarray,
    n_asked: int,
) -> Refinement:
    """Labels, the tree of phases, and everything at full resolution.

    Parameters
    ----------
    image : the spectrum image
    binned : its counts in bins
    cluster : (n_pixels,) cluster of every pixel: how phases are split
    n_clusters : number of clusters
    spectra : (n_endmembers, n_bins) pure spectra
    share : (n_pixels, n_endmembers) float32, their shares
    n_asked : number of phases asked for; 0: the number found

    Raises
    ------
    ValueError
        More phases were asked for than can be told apart.
    """
    n_y, n_x = image.shape
    dominant = _dominant(share, np.arange(len(spectra)))
    measured = ndimage.maximum_filter(binned.total.reshape(n_y, n_x), size=2 * _EMPTY_REACH + 1).ravel() > 0
    if image.exposure is not None:
        measured &= image.exposure.ravel() > 0
    pixels = np.bincount(dominant[measured], minlength=len(spectra))
    # an end-member that dominates next to nowhere is part of the mixing, not a phase
    least = min(_LEAST_PHASE_PIXELS, pixels.max())
    order = np.argsort(-pixels, kind="stable")
    order = order[pixels[order] >= least]
    phase_of_endmember = np.full(len(spectra), -1)
    phase_of_endmember[order] = np.arange(len(order))
    phase = _dominant(share, order)
    cell, phase_of_cell = _cells(phase, cluster, measured, n_clusters)
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


def _dominant(share: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Which of some columns is the largest of every row, (n_pixels,) int32."""
    largest = np.empty(len(share), np.int32)
    for start in range(0, len(share), _BLOCK):
        largest[start : start + _BLOCK] = share[start : start + _BLOCK, columns].argmax(axis=1)
    return largest


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
    number = np.full(pixels.shape, -1, np.int32)
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
