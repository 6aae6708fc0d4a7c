"""One pass over counts, whatever they are: a CSR matrix at once, counts in blocks block by block.

A pass calls a plain function with the counts of some pixels, the part of every array that belongs to these
pixels, and what all pixels share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import sparse

from data.block_work import in_order

#: a CSR matrix, or ``data.blocked_counts.BlockedCounts``, which this module does not know but by its rows
Counts = Any


def in_blocks(counts: Counts) -> bool:
    """Whether counts lie on disk, in blocks."""
    return hasattr(counts, "row_edges")


def are_counts(measured: Any) -> bool:
    """Whether this is a matrix of counts, in memory or in blocks, and not an array of intensities."""
    return sparse.issparse(measured) or in_blocks(measured)


def per_pixel(
    counts: Counts,
    function: Callable[..., np.ndarray],
    arrays: Sequence[np.ndarray] = (),
    shared: Sequence[Any] = (),
    halo: int = 0,
) -> np.ndarray:
    """What a function finds for every pixel, (n_pixels, ...).

    Parameters
    ----------
    counts : (n_pixels, n_channels)
    function : ``function(counts, *arrays, *shared)`` for whole rows of the map gives an array of these pixels
    arrays : (n_pixels, ...) each
    shared : further arguments
    halo : rows of the map above and below that it needs to be right
    """
    if not in_blocks(counts):
        return function(counts, *arrays, *shared)
    n_x, found = counts.map_shape[1], None
    parts = _parts(counts, function, arrays, shared, halo)
    for (first, stop), part in zip(pairwise(counts.row_edges), parts, strict=True):
        if found is None:
            found = np.empty((counts.shape[0], *part.shape[1:]), part.dtype)
        found[first * n_x : stop * n_x] = part
    return found


def added(
    counts: Counts,
    function: Callable[..., Any],
    arrays: Sequence[np.ndarray] = (),
    shared: Sequence[Any] = (),
    wanted: Callable[[int, int], bool] | None = None,
) -> Any:
    """The sum of what a function finds for the pixels of every block, added in their order.

    ``wanted`` (first pixel, pixel past the last) says which blocks are worth reading; arguments else as
    :func:`per_pixel`.
    """
    if not in_blocks(counts):
        return function(counts, *arrays, *shared)
    total = None
    for part in _parts(counts, function, arrays, shared, 0, wanted):
        if isinstance(total, np.ndarray):
            total += part
        else:
            total = part if total is None else total + part
    return total


def _parts(
    counts: Counts,
    function: Callable[..., Any],
    arrays: Sequence[np.ndarray],
    shared: Sequence[Any],
    halo: int,
    wanted: Callable[[int, int], bool] | None = None,
) -> Iterator[Any]:
    n_y, n_x = counts.map_shape
    ranges = list(pairwise(counts.row_edges))
    if wanted is not None:
        # a sum over no block would be of no shape
        ranges = [one for one in ranges if wanted(one[0] * n_x, one[1] * n_x)] or ranges[:1]

    def calls() -> Iterator[tuple]:
        for first, stop in ranges:
            top, bottom = max(first - halo, 0), min(stop + halo, n_y)
            inside = slice((first - top) * n_x, (stop - top) * n_x)
            of_pixels = tuple(array[top * n_x : bottom * n_x] for array in arrays)
            yield counts, (top, bottom), inside if halo else None, function, of_pixels, tuple(shared)

    return in_order(_on_rows, calls(), len(ranges))


def _on_rows(
    counts: Counts,
    rows: tuple[int, int],
    inside: slice | None,
    function: Callable[..., Any],
    arrays: tuple[np.ndarray, ...],
    shared: tuple[Any, ...],
) -> Any:
    """One call of a pass; runs on a worker."""
    answer = function(counts.rows(*rows), *arrays, *shared)
    return answer if inside is None else answer[inside]
