"""Layers of maps whose colours mean the same whatever the map holds."""

from __future__ import annotations

import numpy as np

from dashboard.contrast import to_uint8
from dashboard.phases.map_plot import Layer
from dashboard.viewport import Viewport, sample_mean


def between(image: np.ndarray, low: float, high: float) -> Layer:
    """Draws an image (n_y, n_x) with colours from one value to another; NaN is left out."""

    def draw(viewport: Viewport) -> tuple[np.ndarray, tuple[float, float, float, float]]:
        visible, extent = sample_mean(image, viewport)
        return to_uint8(visible, low, high), extent

    return draw
