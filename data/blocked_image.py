"""A spectrum image as a folder of blocks (.lodestone.zarr), opened without reading its counts."""

from __future__ import annotations

import dataclasses
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from data.axes import EnergyAxis
from data.block_sources import StoredBlocks
from data.block_store import BlockStore, DamagedBlocks, arrays_of
from data.block_writer import BLOCK_PIXELS, BlockWriter, redescribe
from data.blocked_counts import BlockedCounts
from data.spectrum_image import SpectrumImage

ENDING = ".lodestone.zarr"
_PLAIN = ("pixel_size_um", "beam_kev", "live_time_s", "title", "dataset_id")


def save(image: SpectrumImage, path: Path, block_pixels: int = BLOCK_PIXELS) -> None:
    """Write a map as a folder of blocks; it is there whole or not at all.

    Parameters
    ----------
    path : of the folder, ending in .lodestone.zarr
    block_pixels : of one block, about

    Raises
    ------
    OSError
        It cannot be written.
    """
    with unfinished(path) as partial:
        writer = BlockWriter(partial, image.shape[1], image.counts.shape[1], block_pixels)
        for rows in row_blocks(image):
            writer.add(rows)
        writer.finish(*_facts(image))


def describe(folder: Path, image: SpectrumImage) -> None:
    """Write what is known of a map into the folder that its counts were written to."""
    redescribe(folder, *_facts(image))


def _facts(image: SpectrumImage) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What is known of a map beside its counts, plain values and arrays by name."""
    names = list(image.navigation)
    arrays = {f"navigation/{number}": image.navigation[name] for number, name in enumerate(names)}
    if image.exposure is not None:
        arrays["exposure"] = image.exposure
    facts = {name: getattr(image, name) for name in _PLAIN}
    facts |= {
        "energy": dataclasses.asdict(image.energy),
        "elements": list(image.elements),
        "notes": list(image.notes),
        "navigation": names,
        "exposure": image.exposure is not None,
    }
    return facts, arrays


def load(path: Path) -> SpectrumImage:
    """The map of a folder, its counts left on disk.

    Raises
    ------
    DamagedBlocks
        It is no such folder, or what describes the map is damaged.
    """
    store, facts = BlockStore.open(path)
    try:
        names = list(facts["navigation"])
        images = arrays_of(path, [f"navigation/{number}" for number in range(len(names))])
        pairs = zip(names, images, strict=True)
        navigation = {str(name): np.asarray(image, np.float32) for name, image in pairs}
        exposure = next(arrays_of(path, ["exposure"])) if facts["exposure"] else None
        return SpectrumImage(
            counts=BlockedCounts(StoredBlocks(store)),
            shape=store.map_shape,
            energy=EnergyAxis(**facts["energy"]),
            navigation=navigation,
            elements=tuple(map(str, facts["elements"])),
            notes=tuple(map(str, facts["notes"])),
            exposure=exposure,
            **{name: facts[name] for name in _PLAIN},
        )
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, DamagedBlocks):
            raise
        raise DamagedBlocks(
            f"The description of {path.name} is damaged ({error}). Make or copy it again."
        ) from error


def row_blocks(image: SpectrumImage) -> Iterator[sparse.csr_matrix]:
    """The counts of a map in pieces of whole rows, one after the other."""
    if image.in_blocks:
        for first, stop in pairwise(image.counts.row_edges):
            yield image.counts.rows(first, stop)
    else:
        yield image.counts


@contextmanager
def unfinished(path: Path) -> Iterator[Path]:
    """A folder to write into that gets its name when all is well, and goes when it is not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.part")
    try:
        yield partial
        if path.exists():
            shutil.rmtree(path)
        partial.rename(path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
