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
        return dict(_mass_fraction(self.formula))

    def backscatter(self, beam_kev: float) -> float:
        """Fraction of the beam's electrons that it throws back: its brightness in a BSE image."""
        return _backscatter(_mass_fraction(self.formula), beam_kev)


def emission(material: Material, instrument: Instrument, axis: EnergyAxis) -> np.ndarray:
    """Spectrum that a flat, thick, carbon-coated sample gives, without the zero peak.

    Returns
    -------
    (n_channels,) float64, counts per channel, in one arbitrary unit for all materials of an instrument
    """
    return _emission(material.formula, instrument, axis).copy()


@lru_cache(maxsize=128)
def _emission(formula: str, instrument: Instrument, axis: EnergyAxis) -> np.ndarray:
    fractions = _mass_fraction(formula)
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


def mean_depth_g_cm2(fractions: Mapping[str, float], beam_kev: float, edge_kev: np.ndarray) -> np.ndarray:
    """Mean depth at which X-rays with an absorption edge are generated (Love & Scott 1978), g/cm2."""
    weight = {
        element: share * _atomic_number(element) / _atomic_mass(element)
        for element, share in fractions.items()
    }
    electrons = sum(weight.values())
    ionisation_kev = math.exp(
        sum(one * math.log(0.0135 * _atomic_number(element)) for element, one in weight.items()) / electrons
    )
    reach = (0.787e-5 * math.sqrt(ionisation_kev) * beam_kev**1.5 + 0.735e-6 * beam_kev**2) / electrons
    eta = _backscatter(fractions, beam_kev)
    log_u = np.log(np.maximum(beam_kev / np.asarray(edge_kev, float), 1.0 + 1e-9))
    above = 0.49269 - 1.0987 * eta + 0.78557 * eta**2
    below = 0.70256 - 1.09865 * eta + 1.0046 * eta**2
    return reach * above * log_u / (below + log_u)


# a look-up in the data base costs a quarter of a millisecond, and a spectrum needs hundreds
_atomic_number = lru_cache(maxsize=128)(xraydb.atomic_number)
_atomic_mass = lru_cache(maxsize=128)(xraydb.atomic_mass)


@lru_cache(maxsize=256)
def _mass_fraction(formula: str) -> Mapping[str, float]:
    mass = {element: n * _atomic_mass(element) for element, n in xraydb.chemparse(formula).items()}
    total = sum(mass.values())
    return {element: one / total for element, one in mass.items()}


def _mean_atomic_number(fractions: Mapping[str, float]) -> float:
    return sum(share * _atomic_number(element) for element, share in fractions.items())


def _backscatter(fractions: Mapping[str, float], beam_kev: float) -> float:
    """Backscattered fraction of the electrons of a flat sample (Love & Scott 1978), 0..1."""
    total = 0.0
    for element, share in fractions.items():
        z = _atomic_number(element)
        log_z = math.log(z)
        height = 0.1904 - 0.2235 * log_z + 0.1292 * log_z**2 - 0.01491 * log_z**3
        total += share * max(height, 0.0) * beam_kev ** (0.1382 - 0.9211 / math.sqrt(z))
    return total


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
        atoms_per_gram = share * _AVOGADRO / _atomic_mass(element)
        for one in transitions:
            if one.energy_kev >= LOWEST_TABLE_KEV:
                found.append(one)
                photons.append(atoms_per_gram * vacancies[one.shell] * one.intensity)
    return found, np.array(photons)


def _cross_section(element: str, shell: str, edge_kev: float, energy_kev: np.ndarray) -> np.ndarray:
    """Ionisation cross-section of a shell (Pouchou & Pichoir), cm2."""
    z = _atomic_number(element)
    exponent = {"K": 0.86 + 0.12 * math.exp(-((z / 5.0) ** 2)), "L": 0.82, "M": 0.78}[shell[0]]
    overvoltage = energy_kev / edge_kev
    return _IONISATION * _ELECTRONS[shell] * np.log(overvoltage) / (overvoltage**exponent * edge_kev**2)


def _ionisations(
    fractions: Mapping[str, float], element: str, shell: str, edge_kev: float, beam_kev: float
) -> float:
    """Vacancies in a shell per electron and per (atom/g): cross-section over stopping power, integrated."""
    # the integrand changes fastest near the edge: even steps in log E
    energy = np.geomspace(edge_kev, beam_kev, 200)
    stopping = np.zeros_like(energy)  # keV cm2/g
    for other, share in fractions.items():
        z = _atomic_number(other)
        mean_kev = 1e-3 * (9.76 * z + 58.5 * z**-0.19 if z >= 13 else 11.5 * z)
        braking = np.log(1.166 * (energy + 0.85 * mean_kev) / mean_kev)
        stopping += 78500.0 * share * z / (_atomic_mass(other) * energy) * braking
    integral = np.trapezoid(_cross_section(element, shell, edge_kev, energy) / stopping, energy)
    return float(integral) * _backscatter_factor(fractions, beam_kev, edge_kev)


def _backscatter_factor(fractions: Mapping[str, float], beam_kev: float, edge_kev: float) -> float:
    """Share of the ionisations that is left after electrons were scattered back out (Love & Scott)."""
    # the polynomials were fitted to overvoltages up to about 25; beyond, the loss hardly changes
    x = min(math.log(beam_kev / edge_kev), math.log(25.0))
    first = 0.33148 * x + 0.05596 * x**2 - 0.06339 * x**3 + 0.00947 * x**4
    second = (2.87898 * x - 1.51307 * x**2 + 0.81313 * x**3 - 0.08241 * x**4) * math.exp(-x)
    eta = _backscatter(fractions, beam_kev)
    return 1.0 - eta * max(first + eta * second, 0.0) ** 1.67


def _escaping(
    fractions: Mapping[str, float], energy_kev: np.ndarray, edge_kev: np.ndarray, instrument: Instrument
) -> np.ndarray:
    """Share of the generated photons that leaves the sample towards the detector, 0..1 (Bishop)."""
    path = 2.0 * mean_depth_g_cm2(fractions, instrument.beam_kev, edge_kev)
    chi = attenuation(fractions, energy_kev) / math.sin(math.radians(instrument.take_off_deg))
    return -np.expm1(-chi * path) / np.maximum(chi * path, 1e-12)


def _through_coating(energy_kev: np.ndarray, instrument: Instrument) -> np.ndarray:
    thickness_g_cm2 = 2.0 * instrument.coating_nm * 1e-7
    path = thickness_g_cm2 / math.sin(math.radians(instrument.take_off_deg))
    return np.exp(-attenuation({"C": 1.0}, energy_kev) * path)


def _coating_lines(instrument: Instrument) -> tuple[np.ndarray, np.ndarray]:
    """The carbon lines of the coating: so thin that electrons pass it at full energy."""
    transitions = components_of("C", instrument.beam_kev)
    atoms_per_cm2 = _AVOGADRO / _atomic_mass("C") * 2.0 * instrument.coating_nm * 1e-7
    beam = np.array([instrument.beam_kev])
    photons = [
        atoms_per_cm2 * _cross_section("C", one.shell, one.edge_kev, beam)[0] * one.intensity
        for one in transitions
    ]
    return np.array([one.energy_kev for one in transitions]), np.array(photons)
