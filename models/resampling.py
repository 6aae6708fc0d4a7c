"""Other maps that the same sample could have given: some of the tiles, and a part of the counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import sparse

from data.spectrum_image import SpectrumImage

_SIDE = 16  # pixels; smaller tiles than those of ``mosaic``, so that few of them still hold every phase
_LEAST_OF_PHASE = 60  # pixels of every phase that a draw should hold, where the map has so many


def draw_pixels(
    label: np.ndarray, n_phases: int, most_pixels: int, random: np.random.Generator
) -> tuple[np.ndarray, tuple[int, int]]:
    """Pixels of a map in tiles drawn at random, and the shape they are laid out in; all of a small map.

    Tiles are drawn until the pixels are enough. Those that hold a phase of which too little was drawn by
    chance come first, at random among themselves: a phase that was not looked at cannot be found.

    Parameters
    ----------
    label : (n_y, n_x) phases, below 0: none
    n_phases : number of phases
    most_pixels : size of the draw
    random : of the draw

    Returns
    -------
    (height * width,) index of every drawn pixel, and (height, width)
    """
    n_y, n_x = label.shape
    if label.size <= most_pixels:
        return np.arange(label.size), (n_y, n_x)
    height, width = min(_SIDE, n_y), min(_SIDE, n_x)
    rows, columns = _starts(n_y, height), _starts(n_x, width)
    top, left = np.repeat(rows, columns.size), np.tile(columns, rows.size)
    n_tiles = max(1, min(most_pixels // (height * width), top.size))
    held = np.zeros((top.size, n_phases + 1), np.int64)
    for tile, (y, x) in enumerate(zip(top, left, strict=True)):
        phase = label[y : y + height, x : x + width].ravel().astype(np.intp) + 1
        held[tile] = np.bincount(phase, minlength=n_phases + 1)
    held = held[:, 1:]
    drawn: list[int] = []
    free = np.ones(top.size, bool)
    for phase in np.argsort(held.sum(axis=0), kind="stable"):
        wanted = min(_LEAST_OF_PHASE, int(held[:, phase].sum()))
        while held[drawn, phase].sum() < wanted and len(drawn) < n_tiles // 2:
            chance = held[:, phase] * free
            if not chance.any():
                break
            tile = int(random.choice(top.size, p=chance / chance.sum()))
            drawn.append(tile)
            free[tile] = False
    rest = random.permutation(np.flatnonzero(free))[: n_tiles - len(drawn)]
    tiles = random.permutation(np.concatenate([np.array(drawn, np.intp), rest]))
    y = top[tiles, None, None] + np.arange(height)[None, :, None]
    x = left[tiles, None, None] + np.arange(width)[None, None, :]
    return (y * n_x + x).ravel(), (tiles.size * height, width)


def thin_counts(counts: sparse.csr_matrix, fraction: float, random: np.random.Generator) -> sparse.csr_matrix:
    """Every count is kept with a probability: what a shorter measurement would have given.

    A Poisson number thinned at random is a Poisson number. A bootstrap, which draws counts with replacement,
    must not stand in its place: the copies of a count would stand on both sides of every test on counts held
    out, and dozens of phases would seem to predict them.
    """
    drawn = random.binomial(counts.data, fraction).astype(counts.dtype)
    # copies: what is left of the places of the counts is rearranged where none is kept
    found = sparse.csr_matrix((drawn, counts.indices.copy(), counts.indptr.copy()), counts.shape)
    found.eliminate_zeros()
    return found


def resampled(
    image: SpectrumImage, label: np.ndarray, n_phases: int, most_pixels: int, fraction: float, seed: int
) -> tuple[SpectrumImage, np.ndarray]:
    """A map of some pixels of a map with a part of their counts, and the index of every pixel in the map."""
    random = np.random.default_rng(seed)
    pixels, shape = draw_pixels(label, n_phases, most_pixels, random)
    counts = image.counts if pixels.size == image.n_pixels else image.counts[pixels]
    counts = thin_counts(counts, fraction, random)
    exposure = None if image.exposure is None else image.exposure.ravel()[pixels].reshape(shape)
    drawn = replace(
        image, counts=counts, shape=shape, exposure=exposure, navigation={}, dataset_id="", notes=()
    )
    return drawn, pixels


def _starts(length: int, side: int) -> np.ndarray:
    """Tiles at the far edge overlap their neighbours, so that every pixel can be drawn."""
    return np.linspace(0, length - side, -(-length // side)).astype(int)
