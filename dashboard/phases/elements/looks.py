"""How element maps look: palette, contrast and gamma, for all maps or for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from dashboard.map_pyramid import MapPyramid

Scale = Literal["each", "common"]


@dataclass(frozen=True)
class MapLook:
    """The look of one map.

    Attributes
    ----------
    palette : name in ``theme.MAP_PALETTES``
    low_percent, high_percent : pixels below and above which the colours end
    gamma : power of the contrast; below 1 brightens the dark parts
    """

    palette: str = "Inferno"
    low_percent: float = 0.25
    high_percent: float = 99.75
    gamma: float = 1.0


@dataclass(frozen=True)
class GalleryLook:
    """The looks of all maps: one for all, and those of maps that were given their own.

    Attributes
    ----------
    common : of every map without its own
    own : line -> look
    scale : "each" map over its own intensities, or all over one "common" range
    """

    common: MapLook = MapLook()
    own: Mapping[str, MapLook] = field(default_factory=dict)
    scale: Scale = "each"

    def of(self, line: str) -> MapLook:
        """The look of one map."""
        return self.own.get(line, self.common)

    def changed(self, line: str | None, **choices: Any) -> GalleryLook:
        """With another look of one map, or of all that have none of their own (``line`` None)."""
        if line is None:
            return replace(self, common=replace(self.common, **choices))
        return replace(self, own={**self.own, line: replace(self.of(line), **choices)})

    def same_for_all(self) -> GalleryLook:
        """Without the looks of single maps."""
        return replace(self, own={})

    def limits(self, pyramid: MapPyramid, lines: Sequence[str]) -> np.ndarray:
        """Intensities of the first and the last colour of every map, (n_lines, 2)."""
        limits = np.array(
            [
                pyramid.limits(number, self.of(line).low_percent, self.of(line).high_percent)
                for number, line in enumerate(lines)
            ]
        ).reshape(-1, 2)
        if self.scale == "common" and len(limits):
            limits[:] = limits[:, 0].min(), limits[:, 1].max()
        return limits

    def gammas(self, lines: Sequence[str]) -> np.ndarray:
        """Gamma of every map, (n_lines,)."""
        return np.array([self.of(line).gamma for line in lines])


def tile_side(n_maps: int, size: str) -> int:
    """Side of a tile of the gallery in screen pixels; larger where there are few maps."""
    by_number = 210 if n_maps <= 5 else 172 if n_maps <= 12 else 140
    return {"Small": 120, "Large": 280}.get(size, by_number)
