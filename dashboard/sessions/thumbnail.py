"""A small picture of what is on show, for lists of sessions."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from dashboard import theme
from dashboard.contrast import contrast_limits, to_uint8
from dashboard.phases.state import PhasesState
from dashboard.viewport import Viewport, sample_mean, sample_nearest

#: longest sides of the picture, screen pixels
WIDTH, HEIGHT = 240, 180
_CLIP = 0.995


@dataclass(frozen=True, eq=False)
class Picture:
    """What a thumbnail is made of, as a state shows it at one moment.

    Attributes
    ----------
    background : (any, any) float image of the field of view
    shape : (n_y, n_x) of the map
    label : (n_y, n_x) phase of every pixel, or None
    colours : #rrggbb of every label, None for those that are hidden
    opacity : of the phases, 0 to 1
    """

    background: np.ndarray
    shape: tuple[int, int]
    label: np.ndarray | None
    colours: tuple[str | None, ...]
    opacity: float

    @classmethod
    def of(cls, state: PhasesState) -> Picture | None:
        """What a state shows, or None where nothing is open; cheap."""
        prepared, shown = state.prepared, state.shown
        if prepared is None:
            return None
        background: Any = prepared.maps.navigation.get(state.background_shown, prepared.intensity)
        if shown is None:
            return cls(background, prepared.maps.shape, None, (), 0.0)
        colours = tuple(
            None if phase in state.hidden else colour
            for phase, colour in zip(shown.ids, state.colours_by_label(), strict=True)
        )
        return cls(background, prepared.maps.shape, shown.phase_map.label, colours, state.phase_opacity)


def png(picture: Picture | None) -> bytes:
    """The picture as PNG, at most 240 x 180 pixels; empty where there is none."""
    if picture is None:
        return b""
    n_y, n_x = picture.shape
    scale = min(WIDTH / n_x, HEIGHT / n_y)
    width, height = max(1, round(n_x * scale)), max(1, round(n_y * scale))
    view = Viewport.whole(picture.shape, width, height)
    seen, _ = sample_mean(picture.background, view, picture.shape)
    low, high = contrast_limits(seen, _CLIP)
    grey = _enlarged(to_uint8(seen, low, high), height, width)
    if picture.label is None or not picture.colours:
        palette = theme.MAP_PALETTES["Inferno"]
        rgb = np.array([_rgb(palette[min(i * len(palette) // 256, len(palette) - 1)]) for i in range(256)])[
            grey
        ]
    else:
        label, _ = sample_nearest(picture.label, view)
        label = _enlarged(label, height, width)
        # the last row stands for pixels of no phase, which have the label -1
        colour = np.array([_rgb(c or "#000000") for c in (*picture.colours, None)], np.float32)
        weight = np.array([picture.opacity * (c is not None) for c in (*picture.colours, None)], np.float32)
        share = weight[label][..., None]
        rgb = (1 - share) * grey[..., None] + share * colour[label]
    file = io.BytesIO()
    Image.fromarray(rgb.astype(np.uint8), "RGB").save(file, "PNG", optimize=True)
    return file.getvalue()


def _enlarged(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """A map with fewer pixels than the picture fills it with whole squares."""
    rows = np.arange(height) * image.shape[0] // height
    columns = np.arange(width) * image.shape[1] // width
    return image[np.ix_(rows, columns)]


def _rgb(colour: str) -> tuple[int, int, int]:
    return tuple(bytes.fromhex(colour.lstrip("#")[:6]))
