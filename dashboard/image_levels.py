"""An image halved again and again: a picture of all of a large map is drawn from few pixels.

What travels to the browser is the same either way; what is read for it is not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dashboard.map_pyramid import MapPyramid
from dashboard.viewport import Extent, Viewport, sample_mean

#: pixels; smaller images are drawn as they are in a few milliseconds
LARGE = 2**22


@dataclass(frozen=True, eq=False)
class ImageLevels:
    """An image (height, width), and means over 2 x 2, 4 x 4 ... of its pixels; sides are rounded up."""

    full: np.ndarray
    halved: tuple[np.ndarray, ...] = ()

    @classmethod
    def of(cls, image: np.ndarray) -> ImageLevels:
        """From an image; a small one has no levels."""
        if image.size <= LARGE:
            return cls(image)
        return cls(image, tuple(level[0] for level in MapPyramid.build(image[:, :, None]).halved))

    @classmethod
    def of_map(cls, pyramid: MapPyramid, number: int) -> ImageLevels:
        """One of the maps of a pyramid."""
        return cls(pyramid.full[:, :, number], tuple(level[number] for level in pyramid.halved))

    def sampled(self, viewport: Viewport, shape: tuple[int, int]) -> tuple[np.ndarray, Extent]:
        """The visible part as by :func:`dashboard.viewport.sample_mean`, from the level that is fine enough.

        Parameters
        ----------
        viewport : what is visible, in map coordinates
        shape : (n_y, n_x) of the map that the coordinates belong to
        """
        per_sample = min(
            (viewport.x1 - viewport.x0) / viewport.width, (viewport.y1 - viewport.y0) / viewport.height
        )
        # one level finer than the screen: the rest is averaged by area
        level = min(len(self.halved), max(0, int(np.floor(np.log2(max(per_sample, 1.0)))) - 1))
        if level == 0 or self.full.shape != shape:
            return sample_mean(self.full, viewport, shape)
        image = self.halved[level - 1]
        # rounded up sides reach beyond the map; so does the field of view that they cover
        return sample_mean(image, viewport, (image.shape[0] << level, image.shape[1] << level))
