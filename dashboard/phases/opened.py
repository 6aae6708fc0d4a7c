"""A dataset as the page shows it before any phase is sought: line maps, counts, sum spectrum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dashboard.image_levels import LARGE, ImageLevels
from dashboard.map_pyramid import MapPyramid
from data import loss_edges, xray_lines
from data.element_abundance import known_elements
from data.elemental_maps import ElementalMaps
from data.length_units import length
from data.spectrum_image import SpectrumImage
from models.recipe import LineMapChoices


@dataclass(frozen=True, eq=False)
class OpenedMap:
    """What there is to look at in a prepared map.

    Attributes
    ----------
    maps : line maps (n_y, n_x, n_lines), with the navigation images
    image : the spectra behind them, or None for a folder of element images
    intensity : (n_y, n_x) float32, counts of every pixel, or the mean of the element maps
    sum_spectrum : (n_channels,) counts of all pixels, or (n_lines,) summed intensities
    facts : (name, value) pairs for the head of the page
    notes : sentences on what was missing or assumed
    choices : what it was made with, where that is known
    pyramid : the line maps halved again and again, of a large map; else None
    intensity_levels : ``intensity`` halved again and again; None as above
    """

    maps: ElementalMaps
    image: SpectrumImage | None
    intensity: np.ndarray
    sum_spectrum: np.ndarray
    facts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    choices: LineMapChoices | None = None
    pyramid: MapPyramid | None = None
    intensity_levels: ImageLevels | None = None

    @classmethod
    def of(
        cls,
        prepared: SpectrumImage | ElementalMaps,
        maps: ElementalMaps,
        choices: LineMapChoices | None = None,
    ) -> OpenedMap:
        """From a map after rebinning and energy cut, and its line maps."""
        notes = tuple(dict.fromkeys((*prepared.notes, *maps.notes)))
        large = maps.n_pixels > LARGE and maps.lines
        pyramid = MapPyramid.build(maps.intensity) if large else None
        if isinstance(prepared, SpectrumImage):
            counts = prepared.counts_per_pixel()
            intensity = prepared.per_exposure(counts.astype(np.float32))
            return cls(
                maps=maps,
                image=prepared,
                intensity=intensity,
                sum_spectrum=prepared.sum_spectrum(),
                facts=_facts(prepared, float(counts.mean())),
                notes=notes,
                choices=choices,
                pyramid=pyramid,
                intensity_levels=ImageLevels.of(intensity),
            )
        intensity = maps.intensity.mean(axis=2)
        return cls(
            maps=maps,
            image=None,
            intensity=intensity,
            sum_spectrum=maps.intensity.sum(axis=(0, 1), dtype=np.float64),
            facts=_facts(prepared, None),
            notes=notes,
            choices=choices,
            pyramid=pyramid,
            intensity_levels=ImageLevels.of(intensity),
        )

    @property
    def all_counts(self) -> ImageLevels:
        """``intensity``, ready to be drawn small."""
        return self.intensity_levels or ImageLevels(self.intensity)

    def levels_of(self, line: str) -> ImageLevels:
        """The map of a line, ready to be drawn small."""
        if self.pyramid is None:
            return ImageLevels(self.maps.of(line))
        return ImageLevels.of_map(self.pyramid, self.maps.lines.index(line))

    @property
    def axis(self) -> np.ndarray:
        """Where the values of a spectrum lie, (n_channels,) or (n_lines,), in ``axis_unit``.

        Energies in keV, energy losses in eV, wavelengths in nm; channel numbers without calibration; the
        numbers of element maps, which have no axis.
        """
        if self.image is not None:
            return self.image.energy.shown
        return self.maps.axis.shown if self.has_curve else np.arange(len(self.maps.lines))

    @property
    def axis_label(self) -> str:
        """What to write at the axis of a spectrum, e.g. "Energy (keV)", "Wavelength (nm)"."""
        if self.image is not None:
            return self.image.energy.label
        return self.maps.axis.label if self.has_curve else "Element map"

    @property
    def axis_unit(self) -> str:
        """Unit of ``axis``: keV, eV, nm ...; empty for channels and element maps."""
        if self.image is not None:
            return self.image.energy.unit
        return "" if self.maps.axis is None else self.maps.axis.unit

    @property
    def has_curve(self) -> bool:
        """Whether spectra are curves over an axis; False for maps that have names and no places on one."""
        return self.image is not None or (self.maps.axis is not None and bool(self.maps.axis.unit))

    @property
    def composite(self) -> tuple[str, str, str]:
        """Maps to show as red, green and blue at first: as the eye sees where there are bands of light."""
        lines, axis = self.maps.lines, self.maps.axis
        if not lines:
            return "", "", ""
        if axis is not None and axis.unit == "nm" and len(lines) > 2:
            return tuple(lines[axis.nearest(wavelength)] for wavelength in (650.0, 550.0, 460.0))
        return tuple((lines * 3)[:3])

    @property
    def has_xray_lines(self) -> bool:
        """Whether the maps are of X-ray lines with a place on the axis; False for losses and wavelengths."""
        return self.image is not None and self.image.energy.has_xray_lines

    @property
    def quantity(self) -> str:
        """What the intensities are, at the start of a sentence: "Counts", "Reflectance", "Intensity"."""
        return "Counts" if self.image is not None else self.maps.quantity

    @property
    def line_marks(self) -> tuple[list[float], list[str]]:
        """Places on ``axis`` and names of the mapped lines; none where they have no place of their own."""
        if self.image is None or not self.image.energy.calibrated:
            return [], []
        if self.image.energy.kind == "loss":
            return loss_edges.marks(self.maps.lines)
        return [xray_lines.line(name).energy_kev for name in self.maps.lines], list(self.maps.lines)

    @property
    def possible_lines(self) -> tuple[str, ...]:
        """Names of lines that this map could show: below the beam energy and on the energy axis."""
        if self.image is None or not self.image.energy.calibrated:
            return self.maps.lines
        if self.image.energy.kind == "loss":
            return tuple(edge.name for edge in loss_edges.edges_on(self.image.energy))
        energy, beam = self.image.energy, self.image.beam_kev or np.inf
        return tuple(
            line.name
            for element in dict.fromkeys((*self.image.elements, *known_elements()))
            for line in xray_lines.lines_of(element)
            if line.name.endswith("a")
            and line.edge_kev < beam
            and max(energy.low_kev, 0.1) < line.energy_kev < energy.high_kev
        )


def _facts(
    dataset: SpectrumImage | ElementalMaps, counts_per_pixel: float | None
) -> tuple[tuple[str, str], ...]:
    n_y, n_x = dataset.shape
    facts = [("Pixels", f"{n_x} × {n_y}")]
    if dataset.pixel_size_um is not None:
        facts.append(("Pixel size", length(dataset.pixel_size_um)))
        facts.append(
            ("Field", f"{length(n_x * dataset.pixel_size_um)} × {length(n_y * dataset.pixel_size_um)}")
        )
    else:
        facts.append(("Pixel size", "not calibrated"))
    if isinstance(dataset, SpectrumImage):
        energy = dataset.energy
        width = f" × {1e3 * energy.scale_kev:.3g} eV" if energy.calibrated else ", not calibrated"
        if energy.kind == "loss" and energy.calibrated:
            facts.append(("Energy losses", f"{1e3 * energy.low_kev:.5g} to {1e3 * energy.high_kev:.5g} eV"))
        facts.append(("Channels", f"{energy.n_channels}{width}"))
        facts.append(
            (
                "Counts per pixel",
                f"{counts_per_pixel:,.0f}" if counts_per_pixel >= 100 else f"{counts_per_pixel:.2g}",
            )
        )
    elif dataset.axis is not None:
        axis = dataset.axis
        span = f", {axis.centre[0]:.5g} to {axis.centre[-1]:.5g} {axis.unit}" if axis.unit else ""
        facts.append(("Bands", f"{len(axis.centre)}{span}"))
        facts.append(("Values", dataset.quantity.lower()))
    else:
        facts.append(("Maps", ", ".join(dataset.lines)))
    if dataset.beam_kev is not None:
        facts.append(("Beam", f"{dataset.beam_kev:g} kV"))
    return tuple(facts)
