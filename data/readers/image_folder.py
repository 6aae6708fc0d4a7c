"""A folder with one image per element -> ElementalMaps.

Images that are no element become navigation images, a mask says which pixels count. Maps must be of one
size: one that is not is an error, because no one but the user knows which is right. A mask of another
size is left out with a note, and never cropped: the maps are whole without it.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from data.elemental_maps import ElementalMaps
from data.readers.assembly import with_id
from data.readers.dense_blocks import Progress
from data.readers.image_files import ImageFile, read_image
from data.readers.image_names import IMAGE_SUFFIXES, image_title, is_mask, lines_of_names
from data.readers.navigation import arranged
from data.readers.unreadable import UnreadableFile

_FEWEST_MAPS = 2


def image_names(folder: Path) -> list[str]:
    """Names of the image files in a folder, sorted."""
    return sorted(
        one.name
        for one in folder.iterdir()
        if one.suffix.lower() in IMAGE_SUFFIXES and not one.name.startswith(".") and one.is_file()
    )


def looks_like_maps(names: list[str]) -> bool:
    """Whether the images of a folder are element maps, by their names alone."""
    return len(lines_of_names(names)) >= _FEWEST_MAPS


def read(folder: Path, progress: Progress) -> tuple[ElementalMaps, ...]:
    """The element maps of a folder.

    Raises
    ------
    UnreadableFile
        The folder has no images named after elements, two of the same line, or maps of several sizes.
    """
    names = image_names(folder)
    lines = lines_of_names(names)
    if not lines:
        raise UnreadableFile(_nothing(folder, names))
    files: dict[str, ImageFile] = {}
    others: list[tuple[str, np.ndarray, float | None]] = []
    masks: dict[str, np.ndarray] = {}
    notes: list[str] = []
    for number, name in enumerate(names):
        progress(number / len(names), name)
        try:
            image = read_image(folder / name)
        except UnreadableFile as error:
            if name in lines:
                raise
            if Path(name).suffix.lower() not in (".csv", ".tsv", ".txt"):  # else a table or a readme
                notes.append(f"{error} It was left out.")
            continue
        if name in lines:
            files[name] = image
            notes += image.notes
        elif is_mask(name):
            masks[name] = image.values
        else:
            others.append((image_title(name), np.nan_to_num(image.values), image.side_um))
    files = _one_per_line(folder, files, lines, notes)
    shape = _common_shape(folder, files)
    side_um = _common_side(files, notes)
    intensity = np.stack([image.values for image in files.values()], axis=-1)
    valid, mask_notes = _valid(masks, shape)
    measured = np.isfinite(intensity).all(axis=-1)
    if not measured.all():
        notes.append(f"{int((~measured).sum())} pixels without a number in some map are left out.")
        valid = measured if valid is None else valid & measured
        intensity = np.nan_to_num(intensity, posinf=0.0, neginf=0.0)
    navigation, image_notes = arranged(others, shape, side_um)
    maps = ElementalMaps(
        intensity=np.ascontiguousarray(intensity, np.float32),
        lines=tuple(lines[name] for name in files),
        pixel_size_um=side_um,
        navigation=navigation,
        title=folder.name,
        notes=(*mask_notes, *notes, *image_notes),
        valid=valid,
    )
    return (with_id(maps),)


def _nothing(folder: Path, names: list[str]) -> str:
    if not names:
        return (
            f"The folder {folder.name} holds no images. Open a file in it, or a folder with one image per "
            f"element (TIFF, PNG or CSV)."
        )
    return (
        f"None of the {len(names)} images in the folder {folder.name} is named after an element (first: "
        f"{names[0]}). Name them like Fe_Ka.tif, sample_Si.png or Ca.csv."
    )


def _one_per_line(
    folder: Path, files: dict[str, ImageFile], lines: dict[str, str], notes: list[str]
) -> dict[str, ImageFile]:
    """One image for every line; copies of the same one (another format) are dropped."""
    kept: dict[str, str] = {}
    for name in files:
        first = kept.setdefault(lines[name], name)
        if first == name:
            continue
        if not np.array_equal(files[first].values, files[name].values, equal_nan=True):
            raise UnreadableFile(
                f"Two images of the folder {folder.name} are named after {lines[name]}: {first} and {name}. "
                f"Keep one, or name them after different lines (Fe_Ka, Fe_La)."
            )
        notes.append(f"{name} is the same image as {first} and was left out.")
    return {name: files[name] for name in kept.values()}


def _common_shape(folder: Path, files: dict[str, ImageFile]) -> tuple[int, int]:
    shapes = Counter(image.values.shape for image in files.values())
    (shape, n_same), *rest = shapes.most_common()
    if rest:
        odd = next(name for name, image in files.items() if image.values.shape != shape)
        found = files[odd].values.shape
        raise UnreadableFile(
            f"{odd} is {found[0]} x {found[1]} pixels (rows x columns), but {n_same} of the {len(files)} "
            f"maps in the folder {folder.name} are {shape[0]} x {shape[1]}. Export all maps at one size, or "
            f"move it elsewhere."
        )
    return shape


def _common_side(files: dict[str, ImageFile], notes: list[str]) -> float | None:
    sides = [image.side_um for image in files.values() if image.side_um]
    if not sides:
        notes.append("The images have no pixel size: distances are in pixels.")
        return None
    if max(sides) / min(sides) > 1.01:
        notes.append("The images disagree on the pixel size: distances are in pixels.")
        return None
    return sides[0]


def _valid(masks: dict[str, np.ndarray], shape: tuple[int, int]) -> tuple[np.ndarray | None, list[str]]:
    """(n_y, n_x) bool where the mask is not zero, or None and why there is no mask."""
    if not masks:
        return None, []
    if len(masks) > 1:
        return None, [f"Several masks ({', '.join(masks)}) were left out; keep one in the folder to use it."]
    ((name, values),) = masks.items()
    if values.shape != shape:
        return None, [
            f"The mask {name} was left out: it is {values.shape[0]} x {values.shape[1]} pixels (rows x "
            f"columns), the maps are {shape[0]} x {shape[1]}, and nothing says which rows or columns belong "
            f"together. Export it at the size of the maps to use it."
        ]
    valid = np.nan_to_num(values) != 0
    if not valid.any():
        return None, [f"The mask {name} was left out: it is zero everywhere."]
    return (None, []) if valid.all() else (valid, [])
