"""From a dataset to the line maps that everything else starts from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from data import line_maps as windows
from data import xray_lines
from data.elemental_maps import ElementalMaps
from data.spectrum_image import SpectrumImage
from models.line_suggestion import suggest_lines
from models.recipe import LineMapChoices


def prepare(dataset: SpectrumImage | ElementalMaps, choices: LineMapChoices) -> SpectrumImage | ElementalMaps:
    """The dataset rebinned, without the channels below the low-energy cut.

    Without an energy calibration there are no keV to cut at: all channels stay.

    Raises
    ------
    ValueError
        The map cannot be rebinned so far, nothing is left above the cut, or one pixel alone remains.
    """
    prepared = dataset.rebin(choices.rebin)
    if prepared.n_pixels < 2:
        raise ValueError(
            f"A map of {_pixels(prepared)} has no phases to tell apart: at least 2 pixels are needed. "
            + ("Rebin less." if choices.rebin > 1 else "Open a map with more pixels.")
        )
    if isinstance(prepared, SpectrumImage) and prepared.energy.calibrated:
        prepared = prepared.crop_energy(choices.low_energy_kev)
    return prepared


def make_line_maps(prepared: SpectrumImage | ElementalMaps, choices: LineMapChoices) -> ElementalMaps:
    """Line maps of the chosen lines.

    Lines are those of the recipe; else one for each element of the metadata; else suggested from the sum
    spectrum. Element maps have theirs already: the recipe may choose among them. Pixels without counts are
    marked as not valid.

    Returns
    -------
    Maps with ``valid`` where pixels take part in nothing, and with ``notes`` on how the lines were chosen

    Raises
    ------
    ValueError
        A line or an excluded element is unknown, cannot be excited or is off the axis; no line is left, or
        no pixel holds a count.
    """
    if isinstance(prepared, SpectrumImage):
        lines, notes = _lines_of_spectra(prepared, choices)
        maps = windows.line_maps(prepared, lines, choices.background)
        measured = prepared.counts_per_pixel() > 0
    else:
        maps, notes = _chosen_maps(prepared, choices)
        # files of tables mark what lies outside the sample by NaN, images by zero in every map
        measured = np.isfinite(maps.intensity).all(axis=2)
        measured &= (maps.intensity != 0).any(axis=2)
        if prepared.valid is not None:
            measured &= prepared.valid
    if not measured.any():
        raise ValueError(
            f"This map of {_pixels(prepared)} holds no counts, so there is nothing to find in it."
        )
    if not maps.intensity.any():
        raise ValueError(
            f"No pixel has counts at the lines {', '.join(maps.lines)}: the counts lie elsewhere. "
            "Look at the sum spectrum and choose other lines."
        )
    n_empty = int(measured.size - measured.sum())
    if n_empty:
        left_out = "1 pixel without counts is" if n_empty == 1 else f"{n_empty:,} pixels without counts are"
        notes = (*notes, f"{left_out} left out of the latent space.")
    return replace(maps, valid=measured if n_empty else None, notes=(*prepared.notes, *notes))


def require_distinct_pixels(maps: ElementalMaps, n_phases: int) -> None:
    """Say so where more phases are asked for than there are different pixels.

    Raises
    ------
    ValueError
        Fewer than ``n_phases`` valid pixels differ in their line intensities.
    """
    pixels = maps.intensity.reshape(maps.n_pixels, -1)
    if maps.valid is not None:
        pixels = pixels[maps.valid.ravel()]
    # nearly every map shows enough different pixels in its first few; only dull ones are searched through
    n_distinct = 0
    for stop in (20 * n_phases, pixels.shape[0]):
        n_distinct = len(np.unique(pixels[:stop], axis=0))
        if n_distinct >= n_phases:
            return
    raise ValueError(
        f"{n_phases} phases were asked for, but this map has {n_distinct} distinct "
        f"{'pixel' if n_distinct == 1 else 'pixels'}. Ask for at most {n_distinct}."
    )


def _lines_of_spectra(
    image: SpectrumImage, choices: LineMapChoices
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    for element in choices.exclude:
        xray_lines.lines_of(element)
    if choices.lines:
        lines = tuple(name for name in choices.lines if _element(name) not in choices.exclude)
        notes: tuple[str, ...] = ()
    else:
        lines = windows.default_lines(image, choices.exclude)
        notes = (f"Lines of the elements that the file names: {', '.join(lines)}.",) if lines else ()
    if not lines and not choices.lines:
        lines = tuple(found.line for found in suggest_lines(image, exclude=choices.exclude))
        notes = (f"Lines suggested from the sum spectrum: {', '.join(lines)}.",)
    if not lines:
        raise ValueError(
            f"No X-ray line is left to make maps of (excluded: {', '.join(choices.exclude) or 'none'}). "
            "Name lines in line_maps.lines, such as Fe_Ka."
        )
    return lines, notes


def _chosen_maps(maps: ElementalMaps, choices: LineMapChoices) -> tuple[ElementalMaps, tuple[str, ...]]:
    """The maps that the recipe names, by line or by element; all where it names none."""
    wanted = choices.lines or maps.lines
    for name in wanted:
        if not _maps_of(maps, name):
            raise ValueError(f"There is no map of {name!r}; there are maps of {', '.join(maps.lines)}.")
    named = dict.fromkeys(line for name in wanted for line in _maps_of(maps, name))
    lines = tuple(line for line in named if _element(line) not in choices.exclude)
    if not lines:
        raise ValueError(
            f"No map is left of {', '.join(maps.lines)}: {', '.join(choices.exclude)} are excluded. "
            "Exclude fewer."
        )
    if lines == maps.lines:
        return maps, ()
    index = [maps.lines.index(line) for line in lines]
    return replace(maps, intensity=maps.intensity[:, :, index], lines=lines), ()


def _maps_of(maps: ElementalMaps, name: str) -> list[str]:
    """Maps with exactly this name, else maps of this element or of this line's element."""
    if name in maps.lines:
        return [name]
    bare = [line for line in maps.lines if "_" not in line and line == _element(name)]
    return bare or [line for line in maps.lines if "_" not in name and _element(line) == name]


def _element(line: str) -> str:
    """Element of a line name: "Fe" of "Fe_Ka" and of "Fe"."""
    return line.split("_")[0]


def _pixels(dataset: SpectrumImage | ElementalMaps) -> str:
    n_y, n_x = dataset.shape
    return "one pixel" if n_y * n_x == 1 else f"{n_y} x {n_x} pixels"
