"""Selections by what was measured: a range of values of an image, a connected region, a mask from a file."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy import ndimage

from dashboard.origins import Context, origin_kind

_TOUCHING = np.ones((3, 3), bool)  # pixels that share a corner are of one region


@origin_kind("range")
@dataclass(frozen=True)
class ImageRange:
    """Pixels at which an image of the map has a value from ``low`` to ``high``; None leaves that end open."""

    kind: ClassVar[str] = "range"
    follows: ClassVar[str] = "images"
    image: str
    low: float | None = None
    high: float | None = None

    @property
    def text(self) -> str:
        """What to call it."""
        if self.low is None:
            return f"{self.image} up to {self.high:.4g}" if self.high is not None else f"all of {self.image}"
        return f"{self.image} from {self.low:.4g}" + ("" if self.high is None else f" to {self.high:.4g}")

    def mask(self, context: Context) -> np.ndarray:
        """The pixels within the range; pixels without a value are outside."""
        if self.image not in context.images:
            known = ", ".join(list(context.images)[:12]) or "none"
            raise ValueError(f"There is no image {self.image!r} to select by. There is: {known}.")
        values = context.images[self.image]
        inside = np.isfinite(values)
        if self.low is not None:
            inside &= values >= self.low
        if self.high is not None:
            inside &= values <= self.high
        return inside.ravel()

    def to_mapping(self) -> dict[str, Any]:
        """Plain values."""
        return {"image": self.image, "low": self.low, "high": self.high}

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> ImageRange:
        """From plain values."""
        ends = (None if mapping.get(end) is None else float(mapping[end]) for end in ("low", "high"))
        return cls(str(mapping["image"]), *ends)


@origin_kind("region")
@dataclass(frozen=True)
class ConnectedRegion:
    """The connected region of one phase around a pixel; pixels that touch at a corner are connected."""

    kind: ClassVar[str] = "region"
    follows: ClassVar[str] = "phases"
    y: int
    x: int

    @property
    def text(self) -> str:
        """What to call it."""
        return f"region around x {self.x}, y {self.y}"

    def mask(self, context: Context) -> np.ndarray:
        """The pixels of the region."""
        if context.label is None:
            raise ValueError("There are no phases yet: a region is a connected part of one phase.")
        n_y, n_x = context.shape
        if not (0 <= self.y < n_y and 0 <= self.x < n_x):
            raise ValueError(
                f"The pixel x {self.x}, y {self.y} lies outside this map of {n_x} x {n_y} pixels."
            )
        own = context.label[self.y, self.x]
        if own < 0:
            raise ValueError(
                f"The pixel x {self.x}, y {self.y} is of no phase: there is no region around it."
            )
        region, _ = ndimage.label(context.label == own, structure=_TOUCHING)
        return (region == region[self.y, self.x]).ravel()

    def to_mapping(self) -> dict[str, Any]:
        """Plain values."""
        return {"y": self.y, "x": self.x}

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> ConnectedRegion:
        """From plain values."""
        return cls(int(mapping["y"]), int(mapping["x"]))


@origin_kind("pixels")
@dataclass(frozen=True)
class GivenPixels:
    """Pixels as they are: from a mask in a file, or of a selection that was taken to another map.

    Attributes
    ----------
    shape : (n_y, n_x)
    packed : the mask, row-major, eight pixels to a byte, compressed
    title : what to call it
    """

    kind: ClassVar[str] = "pixels"
    follows: ClassVar[str] = "map"
    shape: tuple[int, int]
    packed: bytes
    title: str

    @classmethod
    def of(cls, mask: np.ndarray, title: str) -> GivenPixels:
        """From a mask (n_y, n_x); what is not zero is selected."""
        selected = np.asarray(mask) != 0
        return cls(selected.shape, zlib.compress(np.packbits(selected).tobytes(), 9), title)

    @property
    def text(self) -> str:
        """What to call it."""
        return self.title

    def mask(self, context: Context) -> np.ndarray:
        """The pixels, on a map of the same shape."""
        if context.shape != self.shape:
            raise ValueError(
                f"{self.title} is a mask of {self.shape[1]} x {self.shape[0]} pixels (width x height); this "
                f"map has {context.shape[1]} x {context.shape[0]}. Open a map of the same size, or rebin or "
                "crop to it."
            )
        n_pixels = context.n_pixels
        bits = np.frombuffer(zlib.decompress(self.packed), np.uint8)
        return np.unpackbits(bits, count=n_pixels).astype(bool)

    def to_mapping(self) -> dict[str, Any]:
        """Plain values."""
        packed = base64.b64encode(self.packed).decode("ascii")
        return {"shape": list(self.shape), "packed": packed, "title": self.title}

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> GivenPixels:
        """From plain values."""
        n_y, n_x = (int(length) for length in mapping["shape"])
        packed = base64.b64decode(mapping["packed"], validate=True)
        n_bytes = -(-n_y * n_x // 8)
        try:
            # no more than the shape allows: a few bytes could unpack to gigabytes
            unpacked = zlib.decompressobj().decompress(packed, n_bytes + 1)
        except (zlib.error, binascii.Error) as error:
            raise ValueError(f"the packed mask is damaged: {error}") from error
        if n_y < 1 or n_x < 1 or len(unpacked) != n_bytes:
            raise ValueError(f"the packed mask does not hold {n_x} x {n_y} pixels")
        return cls((n_y, n_x), packed, str(mapping["title"])[:120])
