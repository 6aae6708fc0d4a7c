"""From what a reader found to the datasets that it offers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from data.axes import AxisKind, EnergyAxis
from data.block_passes import Counts, in_blocks
from data.elemental_maps import ElementalMaps
from data.readers import metadata as facts
from data.readers.calibration import energy_axis, pixel_size_um
from data.readers.dense_blocks import Spectra
from data.readers.navigation import images_for
from data.readers.signals import Signal
from data.readers.unreadable import UnreadableFile
from data.spectrum_image import SpectrumImage


@dataclass(frozen=True, eq=False)
class Found:
    """One set of spectra in a file, with what the file says about it: ``kind`` xray or loss.

    ``images`` are the other signals of the file that were taken with it; ``title`` tells it from the
    others of its file.
    """

    spectra: Spectra
    metadata: Mapping[str, Any]
    images: Sequence[Signal] = ()
    title: str = ""
    notes: tuple[str, ...] = ()
    kind: AxisKind = "xray"


def datasets(path: Path, found: Sequence[Found], notes: Iterable[str] = ()) -> tuple[SpectrumImage, ...]:
    """The spectrum images that a file offers, the best first: X-rays, maps before lines, then by counts.

    Sets without a single count are left out with a note.

    Raises
    ------
    UnreadableFile
        No set has any counts.
    """
    notes = tuple(notes)
    filled = [one for one in found if one.spectra.counts.nnz > 0]
    if not filled:
        raise UnreadableFile(
            f"{path.name} holds no counts: its spectra are empty. The scan was interrupted before the first "
            f"frame was complete, or never started."
        )
    for one in found:
        if one.spectra.counts.nnz == 0:
            notes += (f"{one.title or 'One set of spectra'} holds no counts and was left out.",)
    images = [_spectrum_image(path, one, notes, several=len(filled) > 1) for one in filled]
    return tuple(sorted(images, key=_rank))


def _rank(image: SpectrumImage) -> tuple[bool, int, int]:
    return image.energy.kind != "xray", -_kind(image.shape), -int(image.counts.sum())


def _kind(shape: tuple[int, int]) -> int:
    """2 for maps, 1 for lines, 0 for a single spectrum."""
    return sum(size > 1 for size in shape)


def _spectrum_image(path: Path, found: Found, notes: tuple[str, ...], several: bool) -> SpectrumImage:
    spectra = found.spectra
    energy, energy_notes = energy_axis(spectra.energy, found.kind)
    side_um, size_notes = pixel_size_um(spectra.y, spectra.x)
    navigation, image_notes = images_for(found.images, spectra.shape, side_um)
    if spectra.shape == (1, 1):
        size_notes = ("The map has one pixel: its spectrum can be seen, but there are no phases to find.",)
    return SpectrumImage(
        counts=spectra.counts,
        shape=spectra.shape,
        energy=energy,
        pixel_size_um=side_um,
        navigation=navigation,
        beam_kev=facts.beam_kev(found.metadata),
        elements=facts.elements(found.metadata),
        live_time_s=facts.live_time_s(found.metadata),
        title=f"{path.stem}: {found.title}" if several and found.title else path.stem,
        dataset_id=spectra_id(spectra, energy),
        notes=(*found.notes, *spectra.notes, *energy_notes, *size_notes, *image_notes, *notes),
    )


def spectra_id(spectra: Spectra, energy: EnergyAxis) -> str:
    """Hash of counts and energy axis: equal content has an equal id, whatever file it came from."""
    digest = hashlib.sha256(
        repr((spectra.shape, energy.offset_kev, energy.scale_kev, energy.n_channels)).encode()
    )
    for name, kind in (("indptr", "<i8"), ("indices", "<i4"), ("data", "<u4")):
        for array in _pieces(spectra.counts, name):
            _update(digest, array, kind)
    return digest.hexdigest()[:16]


def _pieces(counts: Counts, name: str) -> Iterator[np.ndarray]:
    """One of the arrays of a CSR matrix, piece by piece where it lies in blocks."""
    if not in_blocks(counts):
        yield getattr(counts, name)
        return
    store, held = counts.source.store, 0
    if name == "indptr":
        yield np.zeros(1, np.int64)
    for number in range(store.n_blocks):
        if name == "indptr":
            upto = held + np.cumsum(store.part(number, "n_nonzero"), dtype=np.int64)
            held = int(upto[-1])
            yield upto
        else:
            yield store.part(number, name)


def with_id(maps: ElementalMaps) -> ElementalMaps:
    """The maps with the hash of their lines, intensities and mask as id."""
    digest = hashlib.sha256(repr((maps.shape, maps.lines)).encode())
    _update(digest, maps.intensity.ravel(), "<f4")
    if maps.valid is not None:
        _update(digest, maps.valid.ravel(), "u1")
    return replace(maps, dataset_id=digest.hexdigest()[:16])


def _update(digest: Any, array: np.ndarray, kind: str) -> None:
    """Hash an array as one type, in pieces: a converted copy of all events would double the memory."""
    for start in range(0, array.size, 2**20):
        digest.update(np.ascontiguousarray(array[start : start + 2**20], kind).data)
