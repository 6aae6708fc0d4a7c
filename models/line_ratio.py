"""Ratio of two line maps, with the pixels left out whose counts are too few to say anything."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from data.elemental_maps import ElementalMaps

#: counts of the denominator below which a ratio is not shown: its error is a third there
LEAST_COUNTS = 9.0
#: of maps in other units than counts, the share of a bright pixel that stands for that
_LEAST_SHARE = 0.05


@dataclass(frozen=True, eq=False)
class LineRatio:
    """The ratio of two lines at every pixel.

    Attributes
    ----------
    ratio : (n_y, n_x) float32, NaN where the denominator has too few counts or the pixel takes no part
    numerator, denominator : names of the lines
    least : of the denominator, summed over the pixels that were averaged
    n_averaged : pixels that were summed for each ratio
    n_shown, n_valid : pixels with a ratio, and pixels that take part in the map
    of_sums : sum of the numerator by sum of the denominator over the shown pixels; NaN where none is
    """

    ratio: np.ndarray
    numerator: str
    denominator: str
    least: float
    n_averaged: int
    n_shown: int
    n_valid: int
    of_sums: float

    @property
    def left_out_percent(self) -> float:
        """Share of the pixels of the map without a ratio."""
        return 100 * (1 - self.n_shown / max(1, self.n_valid))


def default_least(maps: ElementalMaps, line: str, counts: bool) -> float:
    """The least denominator of a pixel: 9 counts, or 5 % of a bright pixel where maps are not in counts."""
    if counts:
        return LEAST_COUNTS
    bright = float(np.nanquantile(maps.of(line)[:: max(1, maps.shape[0] // 100)], 0.995))
    return _LEAST_SHARE * bright if bright > 0 else 1.0


def line_ratio(
    maps: ElementalMaps, numerator: str, denominator: str, least: float, window: int = 1
) -> LineRatio:
    """Numerator by denominator, of sums over ``window`` x ``window`` pixels around every pixel.

    Counts are summed before they are divided: the mean of ratios of few counts is not the ratio.

    Parameters
    ----------
    maps : with both lines
    numerator, denominator : names of lines
    least : the sum of the denominator in the window, below which a pixel is left out; above 0
    window : odd number of pixels

    Raises
    ------
    ValueError
        A line is not there, the two are one, ``least`` is not positive or ``window`` not odd.
    """
    if numerator == denominator:
        raise ValueError(f"{numerator} by itself is 1 everywhere. Choose two different lines.")
    if not least > 0:
        raise ValueError(f"The least intensity is above 0; {least:g} would divide by nothing.")
    if window < 1 or window % 2 == 0:
        raise ValueError(f"Pixels are averaged over 1, 3, 5 ... pixels; {window} was asked for.")
    above = np.asarray(maps.of(numerator), np.float32)
    below = np.asarray(maps.of(denominator), np.float32)
    if window > 1:
        n = float(window**2)
        above, below = (ndimage.uniform_filter(image, window, mode="nearest") * n for image in (above, below))
    known = np.isfinite(above) & (below >= least)
    if maps.valid is not None:
        known &= maps.valid
    ratio = np.full(maps.shape, np.nan, np.float32)
    np.divide(above, below, out=ratio, where=known)
    total = float(below[known].sum(dtype=np.float64))
    return LineRatio(
        ratio=ratio,
        numerator=numerator,
        denominator=denominator,
        least=least,
        n_averaged=window**2,
        n_shown=int(np.count_nonzero(known)),
        n_valid=maps.n_pixels if maps.valid is None else int(np.count_nonzero(maps.valid)),
        of_sums=float(above[known].sum(dtype=np.float64)) / total if total > 0 else float("nan"),
    )
