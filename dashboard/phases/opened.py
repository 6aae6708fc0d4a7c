"""A dataset as the page shows it before any phase is sought: line maps, counts, sum spectrum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data import xray_lines
from data.element_abundance import known_elements
from data.elemental_maps import ElementalMaps
from data.spectrum_image import SpectrumImage


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
    """

    maps: ElementalMaps
    image: SpectrumImage | None
    intensity: np.ndarray
    sum_spectrum: np.ndarray
    facts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, prepared: SpectrumImage | ElementalMaps, maps: ElementalMaps) -> OpenedMap:
        """From a map after rebinning and energy cut, and its line maps."""
        notes = tuple(dict.fromkeys((*prepared.notes, *maps.notes)))
        if isinstance(prepared, SpectrumImage):
            counts = prepared.counts_per_pixel()
            return cls(
                maps=maps,
                image=prepared,
                intensity=counts.astype(np.float32),
                sum_spectrum=prepared.sum_spectrum(),
                facts=_facts(prepared, float(counts.mean())),
                notes=notes,
            )
        return cls(
            maps=maps,
            image=None,
            intensity=maps.intensity.mean(axis=2),
            sum_spectrum=maps.intensity.sum(axis=(0, 1), dtype=np.float64),
            facts=_facts(prepared, None),
            notes=notes,
        )

    @property
    def axis(self) -> np.ndarray:
        """Energies in keV (channel numbers without calibration), or the numbers of the element maps."""
        return np.arange(len(self.maps.lines)) if self.image is None else self.image.energy.energy_kev

    @property
    def line_marks(self) -> tuple[list[float], list[str]]:
        """Energies and names of the mapped lines, for the spectrum; none where energies mean nothing."""
        if self.image is None or not self.image.energy.calibrated:
            return [], []
        return [xray_lines.line(name).energy_kev for name in self.maps.lines], list(self.maps.lines)

    @property
    def possible_lines(self) -> tuple[str, ...]:
        """Names of lines that this map could show: below the beam energy and on the energy axis."""
        if self.image is None or not self.image.energy.calibrated:
            return self.maps.lines
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
        facts.append(("Channels", f"{energy.n_channels}{width}"))
        facts.append(
            (
                "Counts per pixel",
                f"{counts_per_pixel:,.0f}" if counts_per_pixel >= 100 else f"{counts_per_pixel:.2g}",
            )
        )
    else:
        facts.append(("Maps", ", ".join(dataset.lines)))
    if dataset.beam_kev is not None:
        facts.append(("Beam", f"{dataset.beam_kev:g} kV"))
    return tuple(facts)


def length(um: float) -> str:
    """A length in um with the unit that a microscopist would say: nm, um or mm."""
    for factor, unit in ((1e-3, "mm"), (1.0, "µm"), (1e3, "nm")):
        if um * factor >= 1 or unit == "nm":
            return f"{um * factor:.4g} {unit}"
    raise AssertionError("the last unit takes every length")
