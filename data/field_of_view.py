"""Rectangles of the field of view: which pixels they hold, and what becomes of the navigation images."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


def checked_box(box: tuple[int, ...], shape: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns of a box (y0, y1, x0, x1), whose ends y1 and x1 are the first that stay outside.

    Parameters
    ----------
    box : edges in pixels from the top left corner
    shape : (n_y, n_x) of the map

    Raises
    ------
    ValueError
        The box has not four edges, is empty, or reaches beyond the map.
    """
    n_y, n_x = shape
    whole = f"This map has {n_y} rows and {n_x} columns; all of it is 0, {n_y}, 0, {n_x}."
    if len(box) != 4:
        raise ValueError(f"A crop needs four edges, y0, y1, x0 and x1; {len(box)} were given. {whole}")
    y0, y1, x0, x1 = box
    if y1 <= y0 or x1 <= x0:
        raise ValueError(
            f"The crop y {y0} to {y1}, x {x0} to {x1} holds no pixel: every end must be larger than its "
            f"start. {whole}"
        )
    if min(y0, x0) < 0 or y1 > n_y or x1 > n_x:
        raise ValueError(f"The crop y {y0} to {y1}, x {x0} to {x1} reaches beyond the map. {whole}")
    return slice(y0, y1), slice(x0, x1)


def cropped_navigation(
    navigation: Mapping[str, np.ndarray], shape: tuple[int, int], rows: slice, columns: slice
) -> dict[str, np.ndarray]:
    """The part of every navigation image that shows some rows and columns of a map of a shape (n_y, n_x).

    Images may be finer or coarser than the map; a pixel that the rectangle touches stays whole.
    """
    (y0, y1, _), (x0, x1, _) = rows.indices(shape[0]), columns.indices(shape[1])
    if (y0, y1, x0, x1) == (0, shape[0], 0, shape[1]):
        return dict(navigation)
    return {
        name: image[
            _part(y0, y1, shape[0], image.shape[0]),
            _part(x0, x1, shape[1], image.shape[1]),
        ]
        for name, image in navigation.items()
    }


def _part(start: int, stop: int, n_map: int, n_image: int) -> slice:
    return slice(start * n_image // n_map, -(-stop * n_image // n_map))
