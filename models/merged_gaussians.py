"""Phases as groups of Gaussians: one phase is rarely one Gaussian in latent space.

A single Gaussian per phase splits the cores of phases from their halos. Here Gaussians that overlap are
merged until all groups stand apart (Hennig, Methods for merging Gaussian mixture components, Adv. Data
Anal. Classif. 4, 3, 2010, by directly estimated misclassification probabilities), then groups whose
spectra are alike; from there on the two groups with the closest spectra, by Ward's criterion. The order is
a tree, so a group that is left alone from one number of phases to the next stays what it was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import numpy as np
from scipy import sparse

from models.gaussians import Gaussians
from models.latent_grid import LatentGrid

MAX_CONFUSION = 0.05  # groups stand apart if fewer pixels of each would be taken for the other
ALIKE = (
    0.007  # squared Hellinger distance of mean spectra: between minerals 0.013 and more, within below 0.01
)
LEAST_TOLD = 0.5  # of the differences between the spectra of all Gaussians, what the groups must hold
_MOST_BINS = 128

_grown: WeakKeyDictionary[Gaussians, MergeTree] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class MergeTree:
    """In which order Gaussians are merged.

    Attributes
    ----------
    merges : (n_gaussians - 1, 2) int64; at every step the second group joins the first, and groups are
        named by their first Gaussian
    n_apart : number of groups left when all stand apart; more where those, chained together by mixed
        pixels, would hold less than half of the differences between spectra
    probability : (n_gaussians, n_cells) float32, of every Gaussian in every cell
    """

    merges: np.ndarray
    n_apart: int
    probability: np.ndarray

    def groups(self, n_groups: int) -> np.ndarray:
        """Group of every Gaussian, (n_gaussians,) int64, 0 ... n_groups - 1."""
        first = np.arange(len(self.merges) + 1)
        for kept, joined in self.merges[: len(first) - n_groups]:
            first[first == joined] = kept
        return np.unique(first, return_inverse=True)[1]

    def probabilities(self, group: np.ndarray, n_groups: int) -> np.ndarray:
        """Probability of every group in every cell, (n_groups, n_cells) float32."""
        order = np.argsort(group, kind="stable")
        starts = np.searchsorted(group[order], np.arange(n_groups))
        return np.add.reduceat(self.probability[order], starts, axis=0)


def merge_tree(gaussians: Gaussians, grid: LatentGrid) -> MergeTree:
    """The tree of the Gaussians fitted on a grid; remembered as long as they live."""
    if gaussians not in _grown:
        _grown[gaussians] = _grow(gaussians, grid)
    return _grown[gaussians]


def _grow(gaussians: Gaussians, grid: LatentGrid) -> MergeTree:
    probability, _ = gaussians.at(grid.centre, grid.scatter)
    of_gaussians = probability.astype(np.float32)
    n = gaussians.n_gaussians
    alive = np.ones(n, bool)
    pixels = probability @ grid.weight
    profile = _Profiles(probability, grid)
    confusion = np.full((n, n), -np.inf)
    for i in range(n):
        confusion[i] = confusion[:, i] = _confusion_with(i, probability, grid.weight)
    overlapping, n_apart, merges = True, 0, []
    for n_left in range(n, 1, -1):
        overlapping = overlapping and confusion.max() >= MAX_CONFUSION
        if overlapping:
            i, j = sorted(np.unravel_index(confusion.argmax(), confusion.shape))
        else:
            distance = profile.distances(alive)
            if not n_apart and distance.min() >= ALIKE:
                n_apart = n_left
            joint = pixels[:, None] * pixels / np.maximum(pixels[:, None] + pixels, 1e-300)
            cost = np.where(np.isfinite(distance), distance * joint, np.inf) if n_apart else distance
            i, j = sorted(np.unravel_index(cost.argmin(), cost.shape))
        merges.append((i, j))
        pixels[i] += pixels[j]
        probability[i] += probability[j]
        profile.merge(i, j)
        alive[j] = False
        confusion[j] = confusion[:, j] = -np.inf
        if overlapping:
            with_others = _confusion_with(i, probability, grid.weight)
            confusion[i] = confusion[:, i] = np.where(alive, with_others, -np.inf)
    tree = MergeTree(np.array(merges, np.int64).reshape(-1, 2), n_apart or 1, of_gaussians)
    return replace(tree, n_apart=_least_telling(tree, _Profiles(of_gaussians, grid)))


def _least_telling(tree: MergeTree, profile: _Profiles) -> int:
    """The number of groups that stand apart, or as many more as it takes to hold ``LEAST_TOLD``.

    Where two main minerals are interlocked so finely that mixed pixels join them, they overlap although
    their spectra differ more than those of any rare phase.
    """
    n = len(tree.merges) + 1
    of_all = profile.told_apart(np.arange(n), n)
    for n_groups in range(tree.n_apart, n):
        if profile.told_apart(tree.groups(n_groups), n_groups) >= LEAST_TOLD * of_all:
            return n_groups
    return n


def _confusion_with(i: int, probability: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """How much group i and every other are taken for each other, (n,); -inf for group i itself.

    The larger of two shares: of the pixels of one group, those that would be assigned to the other if only
    these two existed.
    """
    to_other = probability > probability[i]
    total = np.maximum(probability @ weight, 1e-300)
    of_this = to_other @ (probability[i] * weight) / total[i]
    of_other = np.where(to_other, 0, probability) @ weight / total
    larger = np.maximum(of_this, of_other)
    larger[i] = -np.inf
    return larger


class _Profiles:
    """What is compared when groups stand apart: mean spectra or, without any, places in latent space."""

    def __init__(self, probability: np.ndarray, grid: LatentGrid) -> None:
        self._features = grid.features is not None
        self._spectra = grid.spectra is not None and not self._features
        self._noise = sparse.issparse(grid.spectra)
        self._pixels = probability @ grid.weight
        if self._features:
            self._sum = probability @ grid.features
            return
        if not self._spectra:
            self._sum = probability * grid.weight @ grid.centre
            return
        total = np.maximum(grid.sum_by_label(probability.argmax(axis=0), len(probability)), 0)
        width = -(-total.shape[1] // _MOST_BINS)  # wide bins: distances of noisy spectra are less biased
        self._sum = np.add.reduceat(total.astype(np.float64), np.arange(0, total.shape[1], width), axis=1)

    def merge(self, i: int, j: int) -> None:
        self._sum[i] += self._sum[j]
        self._pixels[i] += self._pixels[j]

    def told_apart(self, group: np.ndarray, n_groups: int) -> float:
        """Mean squared distance of a pixel's group from the mean of all; of spectra Hellinger's."""
        total = np.zeros((n_groups, self._sum.shape[1]))
        np.add.at(total, group, self._sum)
        pixels = np.bincount(group, self._pixels, n_groups)
        if self._spectra:
            place = np.sqrt(total / np.maximum(total.sum(axis=1, keepdims=True), 1e-300))
        else:
            place = total / np.maximum(pixels, 1e-300)[:, None]
        share = pixels / pixels.sum()
        return float(share @ np.square(place - share @ place).sum(axis=1))

    def distances(self, alive: np.ndarray) -> np.ndarray:
        """Squared distance of every two groups, (n, n); inf on the diagonal and for groups that are gone.

        Of spectra Hellinger's, which weights channels for counting noise, less what noise alone adds. Places
        in latent space are never alike.
        """
        if self._spectra:
            counts = np.maximum(self._sum.sum(axis=1), 1e-300)
            root = np.sqrt(self._sum / counts[:, None])
            by_noise = (
                np.count_nonzero(self._sum, axis=1) / (8 * counts) if self._noise else np.zeros(len(root))
            )
            distance = 1 - root @ root.T - np.minimum(by_noise[:, None] + by_noise, 1)
        else:
            place = self._sum / np.maximum(self._pixels, 1e-300)[:, None]
            if self._features:  # alike: no further apart than single pixels scatter
                distance = ALIKE * np.square(place[:, None] - place).mean(axis=2)
            else:
                distance = np.maximum(np.square(place[:, None] - place).sum(axis=2), ALIKE)
        distance[~alive] = distance[:, ~alive] = np.inf
        np.fill_diagonal(distance, np.inf)
        return distance
