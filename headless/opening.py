"""Opening what a command names: a file, a folder of images, or the built-in demo."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from headless.progress import Show

if TYPE_CHECKING:
    from data.elemental_maps import ElementalMaps
    from data.spectrum_image import SpectrumImage

DEMO = "demo"


def located(path: str) -> str:
    """A path that another process finds, too: absolute where there is something."""
    return os.path.abspath(path) if path != DEMO and os.path.exists(path) else path


def open_map(
    path: str,
    wanted: str | None,
    show: Show = lambda _fraction, _message: None,
    say: Callable[[str], None] = print,
    memory_bytes: int | None = None,
) -> SpectrumImage | ElementalMaps:
    """One map of a file.

    Parameters
    ----------
    path : file or folder, or "demo"
    wanted : which map, where a file holds several: a number from 1 or a title; None takes the first
    show : told how far it is
    say : told which maps there are, where the first of several is taken
    memory_bytes : what there is for the map; that of the machine if None. Larger ones stay on disk

    Raises
    ------
    ValueError, OSError
        The file cannot be opened, or has no such map; the message is for the person who named it.
    """
    if path == DEMO:
        from data import synthetic

        show(0.0, "Computing the demo")
        return synthetic.demo()[0]
    from data.catalogue import default_cache_folder, room_in
    from data.readers import open_dataset

    show(0.0, f"Opening {path}")
    room = room_in(default_cache_folder(), memory_bytes)
    datasets = open_dataset(path, lambda _, message: show(0.0, f"Opening, {message}"), room).datasets
    listed = ", ".join(f"{number} = {dataset.title}" for number, dataset in enumerate(datasets, 1))
    if wanted is None:
        if len(datasets) > 1:
            say(f"{len(datasets)} maps: {listed}. The first is taken; --dataset takes another.")
        return datasets[0]
    if wanted.isdecimal() and 1 <= int(wanted) <= len(datasets):
        return datasets[int(wanted) - 1]
    named = [dataset for dataset in datasets if dataset.title.casefold() == wanted.casefold()]
    if len(named) != 1:
        raise ValueError(f"{path} has no map {wanted!r}; it has {listed}.")
    return named[0]
