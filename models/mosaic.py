"""A sample of a large map that keeps its neighbourhoods: square tiles, laid side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.sparse_counts import row_sums
from models.count_bins import BinnedCounts

_SIDE = 32  # pixels; the seams between tiles are false neighbourhoods, one in 32


@dataclass(frozen=True, eq=False)
class Mosaic:
    """Which pixels of a map are taken, and the shape they are laid out in.

    Attributes
    ----------
    pixels : (height * width,) index in the map of every pixel of the mosaic
    shape : (height, width)
    """

    pixels: np.ndarray
    shape: tuple[int, int]

    def of(self, binned: BinnedCounts) -> BinnedCounts:
        """The counts of the mosaic."""
        counts = binned.counts[self.pixels]
        return BinnedCounts(counts, binned.bin_of_channel, row_sums(counts).astype(np.float32), self.shape)


def lay(
    shape: tuple[int, int], most_pixels: int, seed: int, score: np.ndarray | None = None
) -> Mosaic | None:
    """Tiles of a map; None where the whole map is small enough.

    Parameters
    ----------
    shape : (n_y, n_x) of the map
    most_pixels : size of the mosaic
    seed : of the random choice
    score : (n_y, n_x) array; where it is given, half of the tiles are those with the highest values
    """
    n_y, n_x = shape
    if n_y * n_x <= most_pixels:
        return None
    height, width = min(_SIDE, n_y), min(_SIDE, n_x)
    # tiles at the far edges overlap their neighbours, so that every pixel can be taken
    top, left = np.meshgrid(_starts(n_y, height), _starts(n_x, width), indexing="ij")
    top, left = top.ravel(), left.ravel()
    n_tiles = max(1, min(most_pixels // (height * width), top.size))
    order = np.random.default_rng(seed).permutation(top.size)
    if score is not None:
        highest = np.array(
            [score[y : y + height, x : x + width].max() for y, x in zip(top, left, strict=True)]
        )
        worst = np.argsort(-highest, kind="stable")[: n_tiles // 2]
        order = np.concatenate([worst, order[~np.isin(order, worst)]])
    chosen = np.sort(order[:n_tiles])
    y = top[chosen, None, None] + np.arange(height)[None, :, None]
    x = left[chosen, None, None] + np.arange(width)[None, None, :]
    return Mosaic((y * n_x + x).ravel(), (n_tiles * height, width))


def _starts(length: int, side: int) -> np.ndarray:
    return np.linspace(0, length - side, -(-length // side)).astype(int)
