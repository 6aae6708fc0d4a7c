"""Phases that several maps share, and each of these maps as a result of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from data import sparse_counts
from data.elemental_maps import ElementalMaps
from data.spectrum_image import SpectrumImage
from models.live_phases import LivePhases
from models.phase_map import PhaseMap
from models.phases_result import PhasesResult
from models.recipe import PhasesRecipe
from models.several_maps import Pooled


@dataclass(frozen=True, eq=False)
class SharedPhases:
    """What a run on several maps found.

    Attributes
    ----------
    maps : the maps on their sheet
    result : of the sheet as one map
    recipe : what was asked for, with the lines that the maps share: it gives the same on the same files
    """

    maps: Pooled
    result: PhasesResult
    recipe: PhasesRecipe

    @property
    def names(self) -> tuple[str, ...]:
        """Of the maps."""
        return self.maps.names

    def image_of(self, number: int, sheet_image: np.ndarray) -> np.ndarray:
        """The part of an image of the sheet that shows one map, (n_y, n_x, ...), a view."""
        return sheet_image[self.maps.sheet.places[number].part]

    def dataset_id(self, number: int) -> str:
        """Of one map with the shared phases: another than that of its file, whose phases are its own."""
        return f"{self.maps.facts[number].dataset_id}/in-{self.result.dataset_id}"

    def part(self, number: int) -> PhasesResult:
        """One map with the shared phases, as a run on it alone would give it.

        Latent space, clusters, end-members and the tree of refined phases are those of all maps; labels,
        spectra and abundances are of this one. Another number of phases is the shared map of that number.
        """
        whole, sheet = self.result, self.maps.sheet
        box = sheet.places[number].part
        pixels = sheet.pixels(number)
        prepared = self._prepared(number, box, pixels)
        maps = _cut_maps(whole.maps, prepared, box)
        valid = None if maps.valid is None else maps.valid.ravel()
        latent = replace(
            whole.latent,
            coordinates=whole.latent.coordinates[pixels],
            reconstruction_error=whole.latent.reconstruction_error[pixels],
            map_shape=prepared.shape,
            valid=valid,
        )
        measured = prepared.counts if isinstance(prepared, SpectrumImage) else maps.intensity
        grid = whole.grid.part(pixels, prepared.shape, measured)
        phases = _cut_phases(whole.phases, box)
        refinement = whole.refinement
        if refinement is not None:
            cell = np.ascontiguousarray(refinement.cell[box])
            refinement = replace(
                refinement,
                cell=cell,
                cell_spectra=sparse_counts.sum_by_label(
                    prepared.counts, cell.ravel(), len(refinement.cell_spectra)
                ),
                abundances=np.ascontiguousarray(refinement.abundances[box]),
            )
        unmixing = whole.unmixing
        if unmixing is not None:
            unmixing = replace(
                unmixing,
                abundances=np.ascontiguousarray(unmixing.abundances[box]),
                residual=np.ascontiguousarray(unmixing.residual[box]),
            )
        assigned = phases.with_threshold(whole.recipe.probability_threshold)
        part = PhasesResult(
            recipe=whole.recipe,
            dataset_id=prepared.dataset_id,
            prepared=prepared,
            maps=maps,
            trained=whole.trained,
            latent=latent,
            grid=grid,
            mixture=whole.mixture,
            latent_phases=_cut_phases(whole.latent_phases, box),
            refinement=refinement,
            phases=phases,
            phase_spectra=_spectra(prepared, maps, assigned.label, phases.n_phases),
            unmixing=unmixing,
            why=whole.why,
        )
        if whole.edited is None:
            return part
        edited = phases_of_part(self, number, part, whole.edited)
        return replace(part, edited=edited, phase_spectra=edited.spectra)

    def _prepared(
        self, number: int, box: tuple[slice, slice], pixels: np.ndarray
    ) -> SpectrumImage | ElementalMaps:
        whole, facts = self.result.prepared, self.maps.facts[number]
        others = len(self.names) - 1
        note = f"The phases are shared with {others} other map{'' if others == 1 else 's'}."
        known = dict(
            pixel_size_um=facts.pixel_size_um,
            navigation=facts.navigation,
            beam_kev=facts.beam_kev,
            title=self.names[number],
            dataset_id=self.dataset_id(number),
            notes=(*facts.notes, note),
        )
        if isinstance(whole, SpectrumImage):
            shape = self.maps.sheet.places[number].shape
            known |= dict(elements=facts.elements, live_time_s=facts.live_time_s)
            known["exposure"] = None if whole.exposure is None else whole.exposure[box]
            return replace(whole, counts=whole.counts[pixels], shape=shape, **known)
        intensity = np.ascontiguousarray(whole.intensity[box])
        valid = None if whole.valid is None else whole.valid[box]
        return replace(whole, intensity=intensity, valid=valid, **known)


@dataclass(frozen=True, eq=False)
class ModalTable:
    """How much of every map every phase covers.

    Attributes
    ----------
    names : of the maps
    pixels : (n_maps, n_phases) int64, pixels of every phase
    n_valid : (n_maps,) int64, pixels that take part, unassigned ones included
    pixel_area_um2 : (n_maps,) float64; NaN where the pixel size is not known
    """

    names: tuple[str, ...]
    pixels: np.ndarray
    n_valid: np.ndarray
    pixel_area_um2: np.ndarray

    @property
    def percent(self) -> np.ndarray:
        """Share of the area of every map, (n_maps, n_phases) float64, %."""
        return 100.0 * self.pixels / np.maximum(self.n_valid, 1)[:, None]

    @property
    def unassigned_percent(self) -> np.ndarray:
        """Share of every map that belongs to no phase, (n_maps,) float64, %."""
        return 100.0 * (self.n_valid - self.pixels.sum(axis=1)) / np.maximum(self.n_valid, 1)

    @property
    def overall_percent(self) -> np.ndarray:
        """Share of all maps together, (n_phases,) float64, %: of area where all pixel sizes are known."""
        area = self.pixel_area_um2 if np.isfinite(self.pixel_area_um2).all() else np.ones(len(self.names))
        return 100.0 * area @ self.pixels / max(float(area @ self.n_valid), 1e-300)


def phases_of_part(shared: SharedPhases, number: int, part: PhasesResult, shown: LivePhases) -> LivePhases:
    """The phases of one map as they are on show for all: with the same numbers, so with the same colours.

    Parameters
    ----------
    number, part : the map, and what :meth:`SharedPhases.part` gives for it
    shown : phases of the sheet
    """
    phase_map = _cut_phases(shown.phase_map, shared.maps.sheet.places[number].part)
    pixels = phase_map.pixels()
    spectra = _spectra(part.prepared, part.maps, phase_map.label, shown.n_phases)
    n_valid = int(np.count_nonzero(_takes_part(part.maps.valid, phase_map.label)))
    return replace(shown, phase_map=phase_map, pixels=pixels, spectra=spectra, n_valid=n_valid)


def modal_table(shared: SharedPhases, shown: LivePhases) -> ModalTable:
    """The table of modal shares.

    Parameters
    ----------
    shared : maps and result
    shown : phases of the sheet, of any number, with the threshold applied
    """
    label = shown.phase_map.label
    takes_part = _takes_part(shared.result.maps.valid, label)
    if shown.excluded and shown.ground is not None:
        # what a person left out is part of no total
        left_out = {phase for phase, _ in shown.excluded}
        of_ground = np.array([*(phase in left_out for phase in shown.ground.ids), False])
        takes_part = takes_part & ~(of_ground[shown.ground.label] & (label < 0))
    pixels, n_valid, area = [], [], []
    for number, facts in enumerate(shared.maps.facts):
        of_map = shared.image_of(number, label).ravel().astype(np.intp)
        pixels.append(np.bincount(of_map + 1, minlength=shown.n_phases + 1)[1:])
        n_valid.append(int(shared.image_of(number, takes_part).sum()))
        area.append(np.nan if facts.pixel_size_um is None else facts.pixel_size_um**2)
    return ModalTable(shared.names, np.array(pixels), np.array(n_valid), np.array(area))


def _takes_part(valid: np.ndarray | None, label: np.ndarray) -> np.ndarray:
    """Pixels that are measured: those without counts between measured ones may bear a phase, and count."""
    return np.ones(label.shape, bool) if valid is None else valid | (label >= 0)


def _cut_maps(
    whole: ElementalMaps, prepared: SpectrumImage | ElementalMaps, box: tuple[slice, slice]
) -> ElementalMaps:
    valid = None if whole.valid is None else np.ascontiguousarray(whole.valid[box])
    return replace(
        whole,
        intensity=np.ascontiguousarray(whole.intensity[box]),
        valid=None if valid is None or valid.all() else valid,
        pixel_size_um=prepared.pixel_size_um,
        navigation=prepared.navigation,
        beam_kev=prepared.beam_kev,
        title=prepared.title,
        dataset_id=prepared.dataset_id,
        notes=prepared.notes,
    )


def _cut_phases(phases: PhaseMap | None, box: tuple[slice, slice]) -> PhaseMap | None:
    if phases is None:
        return None
    return replace(
        phases,
        label=np.ascontiguousarray(phases.label[box]),
        probability=np.ascontiguousarray(phases.probability[box]),
    )


def _spectra(
    prepared: SpectrumImage | ElementalMaps, maps: ElementalMaps, label: np.ndarray, n_phases: int
) -> np.ndarray:
    """Summed spectra of the phases of one map, as the stages of a run make them."""
    if isinstance(prepared, SpectrumImage):
        return prepared.sum_by_label(label, n_phases)
    place = label.ravel().astype(np.intp) + 1
    of_lines = [
        np.bincount(place, weights=maps.intensity[:, :, line].ravel(), minlength=n_phases + 1)[1:]
        for line in range(len(maps.lines))
    ]
    return np.stack(of_lines, axis=1)
