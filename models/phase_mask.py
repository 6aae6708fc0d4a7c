"""Binary maps: the pixels that are surely of a phase, cleaned of small specks and holes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from skimage.measure import label as label_regions
from skimage.morphology import remove_small_holes, remove_small_objects

from models.recipe import MaskChoices

_CORNERS, _EDGES = 2, 1  # neighbours in the terms of scikit-image


@dataclass(frozen=True, eq=False)
class PhaseMask:
    """A binary map of one phase.

    Attributes
    ----------
    mask : (n_y, n_x) bool
    n_specks, speck_pixels : connected specks that were cleaned away, and their pixels
    n_holes, hole_pixels : holes that were filled, and their pixels
    """

    mask: np.ndarray
    n_specks: int
    speck_pixels: int
    n_holes: int
    hole_pixels: int

    @property
    def n_pixels(self) -> int:
        """Number of pixels in the mask."""
        return int(np.count_nonzero(self.mask))


def phase_mask(probability: np.ndarray, choices: MaskChoices) -> PhaseMask:
    """Pixels of at least the threshold of probability, cleaned.

    Specks are removed first, then holes are filled. Pixels that touch at a corner belong to one speck; a hole
    ends where its pixels touch at a corner alone.

    Parameters
    ----------
    probability : (n_y, n_x) of one phase; pixels of probability 0 are never in the mask
    choices : threshold and smallest sizes, in pixels

    Raises
    ------
    ValueError
        No pixel is left; the message says why.
    """
    above = (probability >= choices.threshold) & (probability > 0)
    if not above.any():
        most = float(probability.max(initial=0))
        raise ValueError(
            f"No pixel belongs to this phase with a probability of {choices.threshold:.0%} or more: the most "
            f"probable has {most:.0%}. Lower the threshold."
        )
    mask, n_specks, n_holes = above, 0, 0
    if choices.least_speck > 1:
        mask = remove_small_objects(above, max_size=choices.least_speck - 1, connectivity=_CORNERS)
        n_specks = _n_regions(above & ~mask, _CORNERS)
    if not mask.any():
        raise ValueError(
            f"All {n_specks:,} regions of this phase above {choices.threshold:.0%} are smaller than "
            f"{choices.least_speck:,} pixels. Lower the least size of a speck, or the threshold."
        )
    cleaned = mask
    if choices.least_hole > 1:
        mask = remove_small_holes(cleaned, max_size=choices.least_hole - 1, connectivity=_EDGES)
        n_holes = _n_regions(mask & ~cleaned, _EDGES)
    return PhaseMask(
        mask=mask,
        n_specks=n_specks,
        speck_pixels=int(np.count_nonzero(above & ~cleaned)),
        n_holes=n_holes,
        hole_pixels=int(np.count_nonzero(mask & ~cleaned)),
    )


def _n_regions(mask: np.ndarray, connectivity: int) -> int:
    return int(label_regions(mask, return_num=True, connectivity=connectivity)[1]) if mask.any() else 0
