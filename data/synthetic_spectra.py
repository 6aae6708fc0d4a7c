"""EDS spectra of materials computed from their formula: the physics of the synthetic maps.

Electrons slow down and ionise inner shells (Pouchou & Pichoir's cross-section over Joy & Luo's stopping
power, with Love & Scott's backscatter loss); Kramers' law, in the form that Small et al. fitted to measured
spectra, gives the bremsstrahlung. Both are absorbed on their way out (Bishop's rectangular depth
distribution with Love & Scott's mean depth). Fluorescence excited by other X-rays is left out: it changes
a line by a few per cent.

Sources: J.-L. Pouchou & F. Pichoir in Electron Probe Quantitation (1991) 31; D. C. Joy & S. Luo, Scanning
11, 176 (1989); G. Love & V. D. Scott, J. Phys. D 11, 1369 (1978); J. A. Small et al., J. Appl. Phys. 61,
459 (1987). Line data from xraydb.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import xraydb

from data.axes import EnergyAxis
from data.chemical_formula import atomic_mass, atomic_number, mass_fractions
from data.electron_scattering import backscatter, backscatter_factor, escaping_share, stopping_power
from data.silicon_detector import LOWEST_TABLE_KEV, Instrument, attenuation
from data.xray_lines import LineComponent, components_of

# Ionisation cross-section, cm2 keV2 per electron of the shell: Bethe's 6.51e-20, times a factor that makes
# the peak-to-background ratio of a dacite agree with a measured one
_IONISATION = 6.51e-20 * 0.5
_ELECTRONS = {"K": 2, "L1": 2, "L2": 2, "L3": 4, "M1": 2, "M2": 2, "M3": 4, "M4": 4, "M5": 6}
_SUBSHELLS = (("L1", "L2", "L3"), ("M1", "M2", "M3", "M4", "M5"))
# bremsstrahlung photons per electron and keV: Kramers' Z (E0 - E) / E to a power slightly above one
_BREMSSTRAHLUNG = 1.0e-6
_AVOGADRO = 6.022e23
_GRID_KEV = 0.005  # of the bremsstrahlung before it is blurred: finer than any absorption edge looks


@dataclass(frozen=True)
class Material:
    """A mineral or a substrate: its name, formula (atoms per formula unit) and density in g/cm3."""

    name: str
    formula: str
    density_g_cm3: float

    @property
    def mass_fraction(self) -> dict[str, float]:
        """Mass fraction of every element, sum 1."""
        return dict(mass_fractions(self.formula))

    def backscatter(self, beam_kev: float) -> float:
        """Fraction of the beam's electrons that it throws back: its brightness in a BSE image."""
        return backscatter(mass_fractions(self.formula), beam_kev)


def emission(material: Material, instrument: Instrument, axis: EnergyAxis) -> np.ndarray:
    """Spectrum that a flat, thick, carbon-coated sample gives, without the zero peak.

    Returns
    -------
    (n_channels,) float64, counts per channel, in one arbitrary unit for all materials of an instrument
    """
    return _emission(material.formula, instrument, axis).copy()


@lru_cache(maxsize=128)
def _emission(formula: str, instrument: Instrument, axis: EnergyAxis) -> np.ndarray:
    fractions = mass_fractions(formula)
    transitions, photons = _lines(fractions, instrument)
    energy = np.array([one.energy_kev for one in transitions])
    edge = np.array([one.edge_kev for one in transitions])
    photons = photons * _escaping(fractions, energy, edge, instrument) * _through_coating(energy, instrument)
    spectrum = instrument.record(energy, photons, axis)
    spectrum += instrument.record(*_coating_lines(instrument), axis)

    brake_energy = np.arange(LOWEST_TABLE_KEV, instrument.beam_kev, _GRID_KEV) + 0.5 * _GRID_KEV
    kramers = _mean_atomic_number(fractions) * np.maximum(instrument.beam_kev / brake_energy - 1.0, 0.0)
    brake = _BREMSSTRAHLUNG * kramers ** (1.05 + 0.00599 * instrument.beam_kev) * _GRID_KEV
    brake *= _escaping(fractions, brake_energy, brake_energy, instrument)
    return spectrum + instrument.record(
        brake_energy, brake * _through_coating(brake_energy, instrument), axis
    )


def _mean_atomic_number(fractions: Mapping[str, float]) -> float:
    return sum(share * atomic_number(element) for element, share in fractions.items())


def _lines(fractions: Mapping[str, float], instrument: Instrument) -> tuple[list[LineComponent], np.ndarray]:
    """Every transition that the beam excites, and the photons of each per electron, before absorption."""
    found, photons = [], []
    for element, share in fractions.items():
        transitions = components_of(element, instrument.beam_kev)
        vacancies = {
            shell: _ionisations(fractions, element, shell, edge_kev, instrument.beam_kev)
            for shell, edge_kev in {(one.shell, one.edge_kev) for one in transitions}
        }
        for family in _SUBSHELLS:
            for i, upper in enumerate(family):
                for lower in family[i + 1 :]:
                    # Coster-Kronig: vacancies of the upper subshells move down before they emit
                    if upper in vacancies and lower in vacancies:
                        moved = xraydb.ck_probability(element, upper, lower, total=False)
                        vacancies[lower] += vacancies[upper] * moved
        atoms_per_gram = share * _AVOGADRO / atomic_mass(element)
        for one in transitions:
            if one.energy_kev >= LOWEST_TABLE_KEV:
                found.append(one)
                photons.append(atoms_per_gram * vacancies[one.shell] * one.intensity)
    return found, np.array(photons)


def _cross_section(element: str, shell: str, edge_kev: float, energy_kev: np.ndarray) -> np.ndarray:
    """Ionisation cross-section of a shell (Pouchou & Pichoir), cm2."""
    z = atomic_number(element)
    exponent = {"K": 0.86 + 0.12 * math.exp(-((z / 5.0) ** 2)), "L": 0.82, "M": 0.78}[shell[0]]
    overvoltage = energy_kev / edge_kev
    return _IONISATION * _ELECTRONS[shell] * np.log(overvoltage) / (overvoltage**exponent * edge_kev**2)


def _ionisations(
    fractions: Mapping[str, float], element: str, shell: str, edge_kev: float, beam_kev: float
) -> float:
    """Vacancies in a shell per electron and per (atom/g): cross-section over stopping power, integrated."""
    # the integrand changes fastest near the edge: even steps in log E
    energy = np.geomspace(edge_kev, beam_kev, 200)
    stopping = stopping_power(fractions, energy)
    integral = np.trapezoid(_cross_section(element, shell, edge_kev, energy) / stopping, energy)
    return float(integral) * backscatter_factor(fractions, beam_kev, edge_kev)


def _escaping(
    fractions: Mapping[str, float], energy_kev: np.ndarray, edge_kev: np.ndarray, instrument: Instrument
) -> np.ndarray:
    """Share of the generated photons that leaves the sample towards the detector, 0..1."""
    return escaping_share(fractions, energy_kev, edge_kev, instrument.beam_kev, instrument.take_off_deg)


def _through_coating(energy_kev: np.ndarray, instrument: Instrument) -> np.ndarray:
    thickness_g_cm2 = 2.0 * instrument.coating_nm * 1e-7
    path = thickness_g_cm2 / math.sin(math.radians(instrument.take_off_deg))
    return np.exp(-attenuation({"C": 1.0}, energy_kev) * path)


def _coating_lines(instrument: Instrument) -> tuple[np.ndarray, np.ndarray]:
    """The carbon lines of the coating: so thin that electrons pass it at full energy."""
    transitions = components_of("C", instrument.beam_kev)
    atoms_per_cm2 = _AVOGADRO / atomic_mass("C") * 2.0 * instrument.coating_nm * 1e-7
    beam = np.array([instrument.beam_kev])
    photons = [
        atoms_per_cm2 * _cross_section("C", one.shell, one.edge_kev, beam)[0] * one.intensity
        for one in transitions
    ]
    return np.array([one.energy_kev for one in transitions]), np.array(photons)
