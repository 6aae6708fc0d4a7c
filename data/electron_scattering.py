"""Electrons in a solid: how far they go, how many come back, how they slow down; X-rays on their way out.

Sources: D. C. Joy & S. Luo, Scanning 11, 176 (1989) for the stopping power; G. Love & V. D. Scott, J. Phys.
D 11, 1369 (1978) for backscattering and the mean depth; H. E. Bishop's rectangular depth distribution for
the absorption.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from data.chemical_formula import atomic_mass, atomic_number
from data.silicon_detector import attenuation


def backscatter(fractions: Mapping[str, float], beam_kev: float) -> float:
    """Backscattered fraction of the electrons of a flat sample (Love & Scott 1978), 0..1.

    ``fractions`` here and below: element -> mass fraction, sum 1.
    """
    total = 0.0
    for element, share in fractions.items():
        z = atomic_number(element)
        log_z = math.log(z)
        height = 0.1904 - 0.2235 * log_z + 0.1292 * log_z**2 - 0.01491 * log_z**3
        total += share * max(height, 0.0) * beam_kev ** (0.1382 - 0.9211 / math.sqrt(z))
    return total


def backscatter_factor(fractions: Mapping[str, float], beam_kev: float, edge_kev: float) -> float:
    """Share of the ionisations that is left after electrons were scattered back out (Love & Scott)."""
    # the polynomials were fitted to overvoltages up to about 25; beyond, the loss hardly changes
    x = min(math.log(beam_kev / edge_kev), math.log(25.0))
    first = 0.33148 * x + 0.05596 * x**2 - 0.06339 * x**3 + 0.00947 * x**4
    second = (2.87898 * x - 1.51307 * x**2 + 0.81313 * x**3 - 0.08241 * x**4) * math.exp(-x)
    eta = backscatter(fractions, beam_kev)
    return 1.0 - eta * max(first + eta * second, 0.0) ** 1.67


def mean_depth_g_cm2(fractions: Mapping[str, float], beam_kev: float, edge_kev: np.ndarray) -> np.ndarray:
    """Mean depth at which X-rays with an absorption edge are generated (Love & Scott 1978), g/cm2."""
    weight = {
        element: share * atomic_number(element) / atomic_mass(element) for element, share in fractions.items()
    }
    electrons = sum(weight.values())
    ionisation_kev = math.exp(
        sum(one * math.log(0.0135 * atomic_number(element)) for element, one in weight.items()) / electrons
    )
    reach = (0.787e-5 * math.sqrt(ionisation_kev) * beam_kev**1.5 + 0.735e-6 * beam_kev**2) / electrons
    eta = backscatter(fractions, beam_kev)
    log_u = np.log(np.maximum(beam_kev / np.asarray(edge_kev, float), 1.0 + 1e-9))
    above = 0.49269 - 1.0987 * eta + 0.78557 * eta**2
    below = 0.70256 - 1.09865 * eta + 1.0046 * eta**2
    return reach * above * log_u / (below + log_u)


def stopping_power(fractions: Mapping[str, float], energy_kev: np.ndarray) -> np.ndarray:
    """Energy that electrons lose per mass depth (Joy & Luo 1989), keV cm2/g."""
    stopping = np.zeros_like(energy_kev)
    for element, share in fractions.items():
        z = atomic_number(element)
        mean_kev = 1e-3 * (9.76 * z + 58.5 * z**-0.19 if z >= 13 else 11.5 * z)
        braking = np.log(1.166 * (energy_kev + 0.85 * mean_kev) / mean_kev)
        stopping += 78500.0 * share * z / (atomic_mass(element) * energy_kev) * braking
    return stopping


def escaping_share(
    fractions: Mapping[str, float],
    energy_kev: np.ndarray,
    edge_kev: np.ndarray,
    beam_kev: float,
    take_off_deg: float,
) -> np.ndarray:
    """Share of the generated photons that leaves a flat sample towards the detector, 0..1 (Bishop)."""
    path = 2.0 * mean_depth_g_cm2(fractions, beam_kev, edge_kev)
    chi = attenuation(fractions, energy_kev) / math.sin(math.radians(take_off_deg))
    return -np.expm1(-chi * path) / np.maximum(chi * path, 1e-12)
