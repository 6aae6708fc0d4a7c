"""A map in blocks (.lodestone.zarr): opened where it lies, or taken into memory where it is small."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from data import blocked_image
from data.block_store import DamagedBlocks
from data.readers.conversions import current
from data.readers.dense_blocks import Progress
from data.readers.unreadable import UnreadableFile
from data.spectrum_image import SpectrumImage


def read(path: Path, progress: Progress) -> tuple[SpectrumImage, ...]:
    """The map of a folder of blocks.

    Raises
    ------
    UnreadableFile
        It is unfinished, damaged or of another version.
    """
    try:
        image = blocked_image.load(path)
        if image.counts.source.store.n_bytes <= current().limit_bytes:
            image = replace(image, counts=image.counts.at_hand())
    except DamagedBlocks as error:
        raise UnreadableFile(str(error)) from error
    return (image,)
