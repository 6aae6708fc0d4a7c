"""From a dataset to the line maps that everything else starts from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from data import line_maps as windows
from data import sparse_counts, xray_lines
from data.elemental_maps import ElementalMaps
from data.field_of_view import checked_box
from data.spectrum_image import SpectrumImage
from models import denoising, line_fit
from models.edge_suggestion import equal_bands, suggest_edges
from models.line_suggestion import suggest_lines
from models.recipe import LineMapChoices


def prepare(dataset: SpectrumImage | ElementalMaps, choices: LineMapChoices) -> SpectrumImage | ElementalMaps:
    """The dataset on its corrected energy axis, cropped, rebinned, without the channels below the cut.

    Without an energy calibration there are no keV to cut at: all channels stay.

    Raises
    ------
    ValueError
        The axis is none, the crop is empty or reaches beyond the map, the map cannot be rebinned so far,
        nothing is left above the cut, or one pixel alone remains.
    """
    prepared = dataset
    if isinstance(prepared, SpectrumImage):
        prepared = prepared.with_energy(choices.energy_offset_kev, choices.energy_scale_kev)
    if choices.crop:
        prepared = prepared.crop(*checked_box(choices.crop, prepared.shape))
    prepared = prepared.rebin(choices.rebin)
    if prepared.n_pixels < 2:
        raise ValueError(
            f"A map of {_pixels(prepared)} has no phases to tell apart: at least 2 pixels are needed. "
            + (
                "Rebin less or crop less."
                if choices.rebin > 1 or choices.crop
                else "Open a map with more pixels."
            )
        )
    if isinstance(prepared, SpectrumImage) and prepared.energy.calibrated:
        losses = prepared.energy.kind == "loss"
        prepared = prepared.crop_energy(1e-3 * choices.low_loss_ev if losses else choices.low_energy_kev)
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
        lines, notes = lines_of_spectra(prepared, choices)
        maps, method = _measured_maps(prepared, lines, choices)
        notes = (*notes, *method)
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
    maps = replace(maps, valid=measured if n_empty else None, notes=(*prepared.notes, *notes))
    if choices.pca_components == 0:
        return maps
    components = components_of_maps(prepared, maps, choices.background)
    return replace(
        maps,
        intensity=denoising.denoised(maps.intensity, components, choices.pca_components),
        notes=(*maps.notes, f"Of the line maps, {choices.pca_components} principal components are kept."),
    )


def components_of_maps(
    prepared: SpectrumImage | ElementalMaps, maps: ElementalMaps, background: str
) -> denoising.Components:
    """Principal components of line maps that are not denoised, scaled by what counting makes uncertain."""
    if not isinstance(prepared, SpectrumImage):
        return denoising.components_of(maps.intensity, maps.valid)
    weights = line_fit.line_weights(prepared, maps.lines, background)
    mean = prepared.sum_spectrum() / prepared.n_pixels
    return denoising.components_of(maps.intensity, maps.valid, mean @ weights**2, prepared.counts_per_pixel())


def _measured_maps(
    image: SpectrumImage, lines: tuple[str, ...], choices: LineMapChoices
) -> tuple[ElementalMaps, tuple[str, ...]]:
    """Line maps by the method of the recipe, and what there is to say of it."""
    if choices.background != "fit" or image.energy.kind == "loss":
        return windows.line_maps(image, lines, choices.background), ()
    fit = line_fit.fit_lines(image, lines)
    intensity = sparse_counts.project(image.counts, fit.weights).reshape(*image.shape, len(lines))
    pairs = ", ".join(f"{first} and {second}" for first, second in fit.inseparable)
    note = f"The fit can hardly tell apart {pairs}: their maps depend on each other."
    return windows.maps_of(image, lines, intensity), (note,) if pairs else ()


def require_distinct_pixels(maps: ElementalMaps, n_phases: int) -> None:
    """Say so where more phases are asked for than there are different pixels.

    Raises
    ------
    ValueError
        Fewer than ``n_phases`` valid pixels differ in their line intensities.
    """
    pixels = maps.intensity.reshape(maps.n_pixels, -1)
    inside = np.arange(maps.n_pixels) if maps.valid is None else np.flatnonzero(maps.valid)
    # nearly every map shows enough different pixels in its first few; only dull ones are searched through
    n_distinct = 0
    for stop in (20 * n_phases, inside.size):
        n_distinct = len(np.unique(pixels[inside[:stop]], axis=0))
        if n_distinct >= n_phases:
            return
    raise ValueError(
        f"{n_phases} phases were asked for, but this map has {n_distinct} distinct "
        f"{'pixel' if n_distinct == 1 else 'pixels'}. Ask for at most {n_distinct}."
    )


def lines_of_spectra(
    image: SpectrumImage, choices: LineMapChoices
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The lines that a map is given, and how they were chosen; errors as for :func:`make_line_maps`."""
    for element in choices.exclude:
        xray_lines.lines_of(element)
    if image.energy.kind == "loss" and not choices.lines:
        return _edges_of_losses(image, choices)
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


def _edges_of_losses(
    image: SpectrumImage, choices: LineMapChoices
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The edges that the sum spectrum shows or, where it shows none, bands of equal width."""
    found = suggest_edges(image, choices.exclude)
    if found:
        listed = "; ".join(f"{one.edge} ({one.reason})" for one in found)
        return tuple(one.edge for one in found), (f"Edges suggested from the sum spectrum: {listed}.",)
    bands = equal_bands(image)
    note = f"No edge rises above the background: the axis is cut into {len(bands)} bands of equal width."
    return bands, (note,)


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
    return maps.of_lines(lines), ()


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
