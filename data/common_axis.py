"""One energy axis for the counts of several maps: what they all cover, in channels as wide as the widest.

Counts stay whole numbers. Where a channel of a map lies across the border of two common channels, each of its
counts goes to one of them at random, with the chances of their shares: of Poisson counts both parts are
Poisson again and independent, which an interpolation would not leave them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import sparse

from data.axes import EnergyAxis

_LEAST_CHANNELS = 16
_WHOLE = 0.1  # of a channel: closer to whole channels than that, counts need not be split
_MOST_NAMED = 4


def common_axis(axes: Mapping[str, EnergyAxis]) -> EnergyAxis:
    """The axis that the counts of several maps can be brought to.

    Parameters
    ----------
    axes : name of the map -> its axis

    Raises
    ------
    ValueError
        The axes are of different kinds, some have no calibration, or they share too few channels; the
        message names the maps.
    """
    _check_kinds(axes)
    first = next(iter(axes.values()))
    if not first.calibrated:
        return first
    low, high = (
        max(axis.low_kev for axis in axes.values()),
        min(axis.high_kev for axis in axes.values()),
    )
    widest = max(axes.values(), key=lambda axis: axis.scale_kev)
    # half a channel of tolerance: edges of equal axes differ by rounding
    slack = 0.02 * widest.scale_kev
    shared = widest.window(low + 0.5 * widest.scale_kev - slack, high - 0.5 * widest.scale_kev + slack)
    if shared.stop - shared.start < _LEAST_CHANNELS:
        raise ValueError(
            f"These maps share no range of energies: {_ranges(axes)}. Leave out the ones that differ."
        )
    return widest.cropped(shared)


def onto(counts: sparse.csr_matrix, axis: EnergyAxis, target: EnergyAxis, seed: int = 0) -> sparse.csr_matrix:
    """Counts on another axis; what lies outside of it is dropped.

    Parameters
    ----------
    counts : (n_pixels, n_channels) CSR of unsigned integers
    axis, target : of these counts, and the one to bring them to; its channels are not narrower
    seed : of the random choice, where channels are split

    Returns
    -------
    (n_pixels, target.n_channels) CSR of unsigned integers
    """
    if axis == target:
        return counts
    first, second, share = _targets(axis, target)
    if np.array_equal(first, second) and np.array_equal(np.diff(first), np.ones(first.size - 1)):
        start = -int(first[0])
        if start >= 0 and start + target.n_channels <= axis.n_channels:
            return counts[:, start : start + target.n_channels]
    random = np.random.default_rng(seed)
    kept = counts.data.astype(np.int64)
    split = share[counts.indices] < 1
    kept[split] = random.binomial(kept[split], share[counts.indices[split]])
    there = _placed(counts, first, kept, target.n_channels)
    if split.any():
        there = there + _placed(counts, second, counts.data.astype(np.int64) - kept, target.n_channels)
    there.sort_indices()
    if there.nnz == 0 or there.data.max() <= np.iinfo(np.uint16).max:
        there.data = there.data.astype(np.uint16)
    return there


def _targets(axis: EnergyAxis, target: EnergyAxis) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The one or two common channels of every channel, and the share of the first in it."""
    edges = axis.low_kev + axis.scale_kev * np.arange(axis.n_channels + 1)
    place = (edges - target.low_kev) / target.scale_kev
    # nearly whole channels count as whole, by the offset at the middle of the axis
    if abs(place[-1] - place[0] - axis.n_channels) < 2 * _WHOLE:
        middle = place[axis.n_channels // 2]
        if abs(middle - round(middle)) < _WHOLE:
            place = np.arange(axis.n_channels + 1) + round(middle) - axis.n_channels // 2
    first = np.floor(place[:-1] + 1e-9).astype(np.int64)
    second = np.maximum(first, np.ceil(place[1:] - 1e-9).astype(np.int64) - 1)
    share = np.where(second > first, (second - place[:-1]) / np.diff(place), 1.0)
    return first, second, np.clip(share, 0.0, 1.0)


def _placed(
    counts: sparse.csr_matrix, channel: np.ndarray, values: np.ndarray, n_channels: int
) -> sparse.csr_matrix:
    index = channel[counts.indices]
    outside = (index < 0) | (index >= n_channels)
    index[outside] = 0
    values = np.where(outside, 0, values).astype(np.uint32)
    moved = sparse.csr_matrix(
        (values, index.astype(np.int32), counts.indptr.copy()), shape=(counts.shape[0], n_channels)
    )
    moved.sum_duplicates()
    moved.eliminate_zeros()
    return moved


def _check_kinds(axes: Mapping[str, EnergyAxis]) -> None:
    for title, of_axis in (
        ("of energy losses", lambda axis: axis.kind == "loss"),
        ("without an energy calibration", lambda axis: not axis.calibrated),
    ):
        named = [name for name, axis in axes.items() if of_axis(axis)]
        if named and len(named) < len(axes):
            raise ValueError(
                f"{_listed(named)} {'is' if len(named) == 1 else 'are'} {title}, the other maps are not: "
                "they "
                "have no axis in common. Choose maps of one kind."
            )
    if not next(iter(axes.values())).calibrated and len({axis.n_channels for axis in axes.values()}) > 1:
        counted = ", ".join(f"{name}: {axis.n_channels}" for name, axis in axes.items())
        raise ValueError(
            f"These maps have no energy calibration and differ in the number of channels ({counted}): "
            "nothing "
            "says which channels belong together. Give each an energy scale, or leave some out."
        )


def _ranges(axes: Mapping[str, EnergyAxis]) -> str:
    return "; ".join(
        f"{name} covers {axis.low_kev * axis.per_kev:.4g} to {axis.high_kev * axis.per_kev:.4g} {axis.unit}"
        for name, axis in axes.items()
    )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMED])
    return shown + (f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else "")
