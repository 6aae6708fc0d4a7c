"""Images that accompany a map: which belong to its field of view, and what to call them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from data.readers.calibration import pixel_size_um
from data.readers.signals import Signal

_LARGEST_IMAGE = 2**26  # pixels; larger ones are mosaics, not images of the map
_OTHER_FIELD = " (other field of view)"


def is_image(signal: Signal) -> bool:
    """Whether a signal without a spectral dimension can be shown as an image."""
    kind = signal.data.dtype.kind
    shape = [size for size in signal.data.shape if size > 1]
    colours = signal.data.dtype.names is not None
    return (colours or kind in "buifc") and len(shape) in (2, 3) and min(shape[-2:]) > 1


def images_for(
    signals: Iterable[Signal], shape: tuple[int, int], side_um: float | None
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """The navigation images among the signals of a file, as :func:`arranged`."""
    named, n_large = [], 0
    for signal in signals:
        if np.prod(signal.data.shape[-2:]) > _LARGEST_IMAGE:
            n_large += 1
        else:
            size_um = pixel_size_um(*signal.axes[-2:])[0] if len(signal.axes) >= 2 else None
            named.append((signal.title or "Image", grey(signal.data), size_um))
    images, notes = arranged(named, shape, side_um)
    if n_large:
        notes += (f"{n_large} images of more than {_LARGEST_IMAGE / 1e6:.0f} million pixels were left out.",)
    return images, notes


def arranged(
    named: Iterable[tuple[str, np.ndarray, float | None]], shape: tuple[int, int], side_um: float | None
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Navigation images of a map: name -> (height, width) float32, and notes.

    Images of the same field come first. One that shows another field (an overview) stays, for people
    to look at, and its name says so. Blank images are left out.

    Parameters
    ----------
    named : name, (height, width) image and pixel size in um (or None) of every image
    shape : (n_y, n_x) of the map
    side_um : pixel size of the map, or None
    """
    same: dict[str, np.ndarray] = {}
    other: dict[str, np.ndarray] = {}
    n_blank = 0
    for name, image, size_um in named:
        if image.min() == image.max():
            n_blank += 1
            continue
        fits = same_field(image.shape, size_um, shape, side_um)
        into = same if fits else other
        into[unused(name, {**same, **other}, "" if fits else _OTHER_FIELD)] = image
    notes = []
    if n_blank:
        notes.append(f"{n_blank} blank image{'s were' if n_blank > 1 else ' was'} left out.")
    if other:
        names = ", ".join(name.removesuffix(_OTHER_FIELD) for name in other)
        notes.append(f"Another field of view than the map's, not to be laid over it: {names}.")
    return {**same, **other}, tuple(notes)


def grey(data: object) -> np.ndarray:
    """An image as (height, width) float32: colours to brightness, a stack of frames to its mean."""
    if hasattr(data, "compute"):
        if data.ndim == 3 and data.shape[-1] > 4:
            data = data.mean(axis=0)  # frame by frame, before they are all in memory
        data = data.compute(scheduler="synchronous")
    image = np.squeeze(np.asarray(data))
    if image.dtype.names:
        image = np.mean([image[name] for name in image.dtype.names if name in "RGB"], axis=0)
    if image.dtype.kind == "c":
        image = np.abs(image)
    if image.ndim == 3:
        image = image.mean(axis=-1 if image.shape[-1] in (3, 4) else 0)
    return np.nan_to_num(image.astype(np.float32), posinf=0.0, neginf=0.0)


def same_field(
    image_shape: tuple[int, int], image_um: float | None, shape: tuple[int, int], side_um: float | None
) -> bool:
    """Whether an image covers the field of a map, judged by its pixels, its size in um or its shape."""
    if tuple(image_shape) == tuple(shape):
        return True
    if image_um and side_um:
        return all(
            abs(pixels * image_um / (n * side_um) - 1) < 0.05
            for pixels, n in zip(image_shape, shape, strict=True)
        )
    return abs(image_shape[0] * shape[1] / (image_shape[1] * shape[0]) - 1) < 0.02


def unused(name: str, taken: Mapping[str, object], suffix: str = "") -> str:
    """The name, with a number behind it where it is taken."""
    candidate, number = f"{name}{suffix}", 2
    while candidate in taken:
        candidate, number = f"{name} {number}{suffix}", number + 1
    return candidate
