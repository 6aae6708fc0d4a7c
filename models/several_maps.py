"""Several maps as one: one latent space, one set of phases, one recipe; and every map by itself again.

The maps are brought to one energy axis (``data.common_axis``) and to one list of lines, laid on one sheet
(``data.sheet``) and analysed there as a single map. Training, latent grid, mixture and refinement see all
pixels of all maps; so a phase is the same phase on every map, and shares can be compared.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from data import loss_edges, sparse_counts, xray_lines
from data.axes import EnergyAxis
from data.common_axis import common_axis, onto
from data.elemental_maps import ElementalMaps
from data.line_maps import line_windows
from data.sheet import Sheet, at_map_resolution
from data.spectrum_image import SpectrumImage
from models.phases_preparation import lines_of_spectra, prepare
from models.recipe import LineMapChoices, PhasesRecipe

Dataset = SpectrumImage | ElementalMaps

_SAME_DOSE = 1.5  # typical counts per pixel closer than by this factor may be the sample's
_ALIKE = 0.01  # relative: pixel sizes and band positions closer than that are called the same


@dataclass(frozen=True, eq=False)
class Member:
    """One map that takes part: its name, the map rebinned and cut, and its own lines."""

    name: str
    prepared: Dataset
    lines: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Pooled:
    """Several maps on one sheet.

    Attributes
    ----------
    names : of the maps
    dataset : the sheet as a map; what lies between the maps holds nothing
    sheet : where the maps lie
    facts : every map as it was prepared, without counts or intensities: pixel size, beam, title ...
    choices : what is left to choose for the line maps: the common lines; cropping, rebinning and energy
        correction are done
    notes : plain sentences on how the maps were made common
    """

    names: tuple[str, ...]
    dataset: Dataset
    sheet: Sheet
    facts: tuple[Dataset, ...]
    choices: LineMapChoices
    notes: tuple[str, ...]

    def recipe(self, recipe: PhasesRecipe) -> PhasesRecipe:
        """A recipe for single maps as one for the sheet."""
        return replace(recipe, line_maps=self.choices)


def member(name: str, dataset: Dataset, choices: LineMapChoices) -> Member:
    """A map rebinned and cut, with the lines that it would be given by itself.

    Raises
    ------
    ValueError
        The map cannot be prepared with these choices; the message begins with its name.
    """
    try:
        prepared = prepare(dataset, choices)
        if isinstance(prepared, ElementalMaps):
            return Member(name, prepared, prepared.lines)
        if prepared.in_blocks:
            n_y, n_x = prepared.shape
            raise ValueError(
                f"This map of {n_y} x {n_x} pixels is larger than memory, and maps that share their phases "
                f"are laid side by side in memory. Rebin it or crop it under Lines and preparation first."
            )
        if choices.lines:
            return Member(name, prepared, choices.lines)
        return Member(name, prepared, lines_of_spectra(prepared, choices)[0])
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def pool(members: Sequence[Member], choices: LineMapChoices) -> Pooled:
    """Lay maps on one sheet.

    Parameters
    ----------
    members : the maps, at least one
    choices : of the line maps, as they were used for the members

    Raises
    ------
    ValueError
        The maps are of different kinds, or have no energies or lines in common; the message names them.
    """
    if not members:
        raise ValueError("No map could be used. Choose at least one that opens.")
    spectra = [one for one in members if isinstance(one.prepared, SpectrumImage)]
    if spectra and len(spectra) < len(members):
        maps = [one.name for one in members if isinstance(one.prepared, ElementalMaps)]
        raise ValueError(
            f"{', '.join(maps)} {'is a set' if len(maps) == 1 else 'are sets'} of maps without spectra, "
            f"{', '.join(one.name for one in spectra)} {'has' if len(spectra) == 1 else 'have'} spectra: "
            "they "
            "cannot share phases. Choose maps of one kind."
        )
    sheet = Sheet.lay([one.prepared.shape for one in members])
    notes = [f"{len(members)} maps together: {', '.join(one.name for one in members)}."]
    make = _pooled_spectra if spectra else _pooled_maps
    dataset, lines, said = make(members, sheet, choices)
    notes += [*said, *_differences(members)]
    identity = "|".join([one.prepared.dataset_id for one in members] + [repr(sheet), repr(lines)])
    dataset = replace(
        dataset,
        title=f"{len(members)} maps together",
        dataset_id="together-" + hashlib.sha256(identity.encode()).hexdigest()[:16],
        notes=tuple(notes),
    )
    return Pooled(
        names=tuple(one.name for one in members),
        dataset=dataset,
        sheet=sheet,
        facts=tuple(_without_values(one.prepared) for one in members),
        choices=replace(
            choices, lines=lines, exclude=(), rebin=1, crop=(), energy_offset_kev=None, energy_scale_kev=None
        ),
        notes=tuple(notes),
    )


def _pooled_spectra(
    members: Sequence[Member], sheet: Sheet, choices: LineMapChoices
) -> tuple[SpectrumImage, tuple[str, ...], list[str]]:
    images = [one.prepared for one in members]
    axis = common_axis({one.name: one.prepared.energy for one in members})
    notes = []
    if any(image.energy != axis for image in images):
        notes.append(
            f"Energies common to all: {axis.low_kev * axis.per_kev:.4g} to "
            f"{axis.high_kev * axis.per_kev:.4g} "
            f"{axis.unit}, {1e3 * axis.scale_kev:.4g} eV per channel."
        )
    counts = [onto(image.counts, image.energy, axis, number) for number, image in enumerate(images)]
    exposure, said = _exposure(counts, sheet)
    notes += said
    beams = {image.beam_kev for image in images} - {None}
    elements = dict.fromkeys(element for image in images for element in image.elements)
    pooled = SpectrumImage(
        counts=sheet.paste_counts(counts),
        shape=sheet.shape,
        energy=axis,
        pixel_size_um=_shared_pixel_size(images),
        navigation=_navigation(images, sheet),
        # a line that the lowest beam does not excite cannot be compared
        beam_kev=min(beams) if beams else None,
        elements=tuple(elements),
        exposure=exposure,
    )
    lines, dropped = _usable(dict.fromkeys(line for one in members for line in one.lines), pooled)
    if choices.lines:
        notes.append(f"Lines of the recipe: {', '.join(lines)}.")
    else:
        notes.append(f"Lines that any of the maps shows (their union): {', '.join(lines)}.")
    if dropped:
        notes.append(f"Left out, as not every map can show them: {', '.join(dropped)}.")
    if not lines:
        raise ValueError(
            f"No line can be measured on every map: {', '.join(dropped)} lie outside of what they have in "
            "common "
            f"({axis.low_kev * axis.per_kev:.4g} to {axis.high_kev * axis.per_kev:.4g} {axis.unit}). "
            "Choose lines "
            "within it, or fewer maps."
        )
    return pooled, lines, notes


def _exposure(counts: Sequence[sparse.csr_matrix], sheet: Sheet) -> tuple[np.ndarray, list[str]]:
    """How long the pixels of every map were counted, by the counts themselves; 0 between the maps.

    Files seldom say the beam current, so the live time alone would not tell. Counts per pixel differ by
    composition as well, by less than a factor of some two.
    """
    typical = []
    for rows in counts:
        per_pixel = sparse_counts.row_sums(rows)
        counted = per_pixel[per_pixel > 0]
        typical.append(float(np.median(counted)) if counted.size else 0.0)
    alike = min(typical) <= 0 or max(typical) <= _SAME_DOSE * min(typical)
    relative = np.ones(len(typical)) if alike else np.array(typical) / np.mean(typical)
    # between the maps there is nothing: no exposure
    exposure = sheet.paste(
        [np.full(place.shape, dose, np.float32) for place, dose in zip(sheet.places, relative, strict=True)]
    )
    if alike:
        return exposure, []
    return exposure, [
        f"The maps were counted for unequally long ({min(typical):.3g} to {max(typical):.3g} counts in a "
        "typical "
        "pixel): line intensities are scaled to equal counts before the latent space is made."
    ]


def _usable(lines: dict[str, None], pooled: SpectrumImage) -> tuple[tuple[str, ...], list[str]]:
    """Lines that have a place on the common axis and below the lowest beam, and those that have none."""
    kept, dropped = [], []
    for line in lines:
        try:
            if pooled.energy.has_xray_lines:
                line_windows(pooled, (line,))
                kept.append(xray_lines.line(line).name)
            elif _on_axis(line, pooled.energy):
                kept.append(line)
            else:
                dropped.append(line)
        except ValueError:
            dropped.append(line)
    return tuple(dict.fromkeys(kept)), dropped


def _on_axis(edge: str, axis: EnergyAxis) -> bool:
    return axis.low_kev < loss_edges.edge(edge).onset_ev / 1e3 < axis.high_kev


def _pooled_maps(
    members: Sequence[Member], sheet: Sheet, choices: LineMapChoices
) -> tuple[ElementalMaps, tuple[str, ...], list[str]]:
    first = members[0].prepared
    shared = tuple(line for line in first.lines if all(line in one.lines for one in members))
    if not shared:
        listed = "; ".join(f"{one.name} has {', '.join(one.lines[:8])}" for one in members)
        raise ValueError(
            f"These maps have no element in common: {listed}. Name the images of all folders alike, or "
            "choose "
            "folders with the same elements."
        )
    notes = [f"Maps that all of them have (their intersection): {', '.join(shared)}."]
    if missing := dict.fromkeys(line for one in members for line in one.lines if line not in shared):
        notes.append(f"Left out, as some have no map of it: {', '.join(missing)}.")
    quantities = {one.prepared.quantity for one in members}
    if len(quantities) > 1:
        raise ValueError(
            f"These maps hold different quantities ({', '.join(sorted(quantities))}): "
            f"{'; '.join(f'{one.name}: {one.prepared.quantity.lower()}' for one in members)}. Choose maps "
            "of one."
        )
    notes.append("The intensities are compared as the files give them: they must be of one scale.")
    # an excluded element is left out by its name, as for a single folder
    parts = [one.prepared.of_lines(shared) for one in members]
    valid = sheet.paste(
        [np.ones(part.shape, bool) if part.valid is None else part.valid for part in parts], fill=False
    )
    pooled = ElementalMaps(
        intensity=sheet.paste([part.intensity for part in parts]),
        lines=parts[0].lines,
        pixel_size_um=_shared_pixel_size(parts),
        navigation=_navigation(parts, sheet),
        valid=valid,
        axis=parts[0].axis,
        quantity=parts[0].quantity,
    )
    wanted = choices.lines or parts[0].lines
    lines = tuple(line for line in wanted if line.split("_")[0] not in choices.exclude)
    return pooled, lines, notes


def _differences(members: Sequence[Member]) -> list[str]:
    """What else differs between the maps and may show as a difference of phases."""
    notes = []
    beams = {one.prepared.beam_kev for one in members} - {None}
    if len(beams) > 1:
        listed = ", ".join(f"{beam:g}" for beam in sorted(beams))
        notes.append(
            f"The beam energies differ ({listed} kV): one mineral then has several spectra, and may be "
            "found as "
            "several phases."
        )
    sizes = {one.prepared.pixel_size_um for one in members} - {None}
    if sizes and max(sizes) > (1 + _ALIKE) * min(sizes):
        notes.append(
            f"The pixel sizes differ ({min(sizes):.3g} to {max(sizes):.3g} um): modal shares are of area, "
            "and "
            "grains smaller than a pixel are mixed in some maps only."
        )
    return notes


def _shared_pixel_size(parts: Sequence[Dataset]) -> float | None:
    sizes = [part.pixel_size_um for part in parts]
    if None in sizes or max(sizes) > (1 + _ALIKE) * min(sizes):
        return None
    return sizes[0]


def _navigation(parts: Sequence[Dataset], sheet: Sheet) -> dict[str, np.ndarray]:
    """The images that all maps have, at the resolution of the maps."""
    names = [name for name in parts[0].navigation if all(name in part.navigation for part in parts)]
    return {
        name: sheet.paste([at_map_resolution(part.navigation[name], part.shape) for part in parts])
        for name in names
    }


def _without_values(prepared: Dataset) -> Dataset:
    """A map of one empty pixel that keeps everything else which is known of it."""
    if isinstance(prepared, SpectrumImage):
        return replace(prepared, counts=prepared.counts[:0].copy(), shape=(0, prepared.shape[1]))
    return replace(
        prepared,
        intensity=prepared.intensity[:0],
        valid=None if prepared.valid is None else prepared.valid[:0],
    )
