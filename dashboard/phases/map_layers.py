"""Images of the field of view as what a map draws: intensities, colour composites and phases."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dashboard import theme
from dashboard.contrast import compose_rgb, contrast_limits, to_uint8
from dashboard.image_levels import ImageLevels
from dashboard.phases.map_plot import Layer
from dashboard.phases.opened import OpenedMap
from dashboard.phases.state import ALL_COUNTS, NAVIGATION
from dashboard.viewport import Viewport, sample_nearest

#: of the pixels of a map, the share that its colours cover; a few hot pixels would take most of them else
CLIP = 0.995


def intensity_layer(image: ImageLevels, shape: tuple[int, int]) -> Layer:
    """Draws a float image of the field of view as palette indices 1..255, area-averaged when zoomed out."""
    low, high = contrast_limits(image.full, CLIP)

    def draw(viewport: Viewport) -> tuple[np.ndarray, tuple[float, float, float, float]]:
        visible, extent = image.sampled(viewport, shape)
        return to_uint8(visible, low, high), extent

    return draw


def composite_layer(images: Sequence[ImageLevels], shape: tuple[int, int]) -> Layer:
    """Draws three float images as red, green and blue."""
    limits = [contrast_limits(image.full, CLIP) for image in images]

    def draw(viewport: Viewport) -> tuple[np.ndarray, tuple[float, float, float, float]]:
        channels = []
        for image, (low, high) in zip(images, limits, strict=True):
            visible, extent = image.sampled(viewport, shape)
            channels.append(to_uint8(visible, low, high))
        return compose_rgb(*channels), extent

    return draw


def index_layer(index: np.ndarray) -> Layer:
    """Draws an image of palette indices, none mixed with its neighbours."""

    def draw(viewport: Viewport) -> tuple[np.ndarray, tuple[float, float, float, float]]:
        return sample_nearest(index, viewport)

    return draw


def shown_image(prepared: OpenedMap, name: str) -> ImageLevels:
    """The float image of a choice of the map menu, of the resolution that it has."""
    if name.startswith(NAVIGATION):
        return ImageLevels(prepared.maps.navigation[name.removeprefix(NAVIGATION)])
    return prepared.all_counts if name == ALL_COUNTS else prepared.levels_of(name)


def phase_index(label: np.ndarray, n_phases: int, selected: np.ndarray | None) -> np.ndarray:
    """Palette indices of a phase map, (n_y, n_x) uint8: 0 unassigned, 1 + label, n_phases + 1 unselected."""
    index = (label + 1).astype(np.uint8)
    if selected is not None:
        index[~selected.reshape(label.shape) & (label >= 0)] = n_phases + 1
    return index


def phase_palette(
    colours: Sequence[str], ids: Sequence[int], hidden: frozenset[int], opacity: float
) -> list[str]:
    """Colours of :func:`phase_index`: transparent, the phases (hidden ones transparent too), unselected."""
    alpha = f"{round(255 * opacity):02x}"
    shown = [
        "#00000000" if phase in hidden else colour + alpha for phase, colour in zip(ids, colours, strict=True)
    ]
    return ["#00000000", *shown, theme.UNSELECTED + f"{round(110 * opacity):02x}"]
