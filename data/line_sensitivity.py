"""How many counts a line gives per mass of its element: in a thin foil and in a thick, flat sample.

Ionisation cross-sections are those of E. Casnati, A. Tartari & C. Baraldi, J. Phys. B 15, 155 (1982). Fitted
to K shells (10 %, overvoltages to 20), they are also the best simple choice for L and M (M. P. Seah & I. S.
Gilmore, Surf. Interface Anal. 26, 815, 1998); for the K shells of Na to Cu between 10 and 25 keV they lie
within 14 % of the distorted-wave calculations of D. Bote et al. (2009). Yields of K shells are those of W.
Bambynek (1984, as quoted by J. H. Hubbell et al., J. Phys. Chem. Ref. Data 23, 339, 1994), the share of
K-alpha in light elements that of T. P. Schreiber & A. M. Wims, X-Ray Spectrom. 11, 42 (1982): the tables of
lines go on to small atomic numbers with a constant share, which is off by 10 %. All other yields,
Coster-Kronig and relative intensities are those of the line tables (Elam et al. 2002); the detector is that
of silicon_detector.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import xraydb

from data.chemical_formula import atomic_mass, atomic_number
from data.electron_scattering import backscatter_factor, mean_depth_g_cm2, stopping_power
from data.silicon_detector import Instrument, attenuation
from data.xray_lines import check_beam, line

_BOHR_CM, _RYDBERG_KEV, _REST_KEV = 5.29177e-9, 13.6057e-3, 510.999
_AVOGADRO = 6.022e23
_STEPS = 64  # of the energies at which electrons ionise
_ELECTRONS = {"K": 2, "L1": 2, "L2": 2, "L3": 4, "M1": 2, "M2": 2, "M3": 4, "M4": 4, "M5": 6}
_SUBSHELLS = {"K": ("K",), "L": ("L1", "L2", "L3"), "M": ("M1", "M2", "M3", "M4", "M5")}
#: polymer window on a silicon grid, or none: what detectors of microscopes have
WINDOWS = ("polymer", "none")


def instrument(beam_kev: float, window: str = "polymer", take_off_deg: float = 35.0) -> Instrument:
    """A silicon drift detector behind a window, or without one.

    Raises
    ------
    ValueError
        There is no such window.
    """
    if window not in WINDOWS:
        raise ValueError(f"The detector window is {window!r}; it must be {' or '.join(WINDOWS)}.")
    if window == "none":
        return Instrument(
            beam_kev=beam_kev,
            take_off_deg=take_off_deg,
            window_polymer_nm=0.0,
            window_aluminium_nm=0.0,
            window_open_area=1.0,
        )
    return Instrument(beam_kev=beam_kev, take_off_deg=take_off_deg)


def cross_section(shell: str, edge_kev: float, energy_kev: np.ndarray) -> np.ndarray:
    """Ionisation cross-section of a subshell by electrons (Casnati 1982), cm2; 0 below the edge.

    Parameters
    ----------
    shell : "K", "L1" ... "M5"
    edge_kev : its binding energy
    energy_kev : energies of the electrons, up to relativistic ones
    """
    u = np.maximum(np.asarray(energy_kev, np.float64) / edge_kev, 1.0)
    phi = 10.57 * np.exp(-1.736 / u + 0.317 / u**2)
    psi = (edge_kev / _RYDBERG_KEV) ** (-0.0318 + 0.3160 / u - 0.1135 / u**2)
    i, t = edge_kev / _REST_KEV, u * edge_kev / _REST_KEV
    # Gryzinski's relativistic factor
    relativistic = (2 + i) / (2 + t) * ((1 + t) / (1 + i)) ** 2
    relativistic *= ((i + t) * (2 + t) * (1 + i) ** 2 / (t * (2 + t) * (1 + i) ** 2 + i * (2 + i))) ** 1.5
    area = _ELECTRONS[shell] * (_BOHR_CM * _RYDBERG_KEV / edge_kev) ** 2
    return area * relativistic * psi * phi * np.log(u) / u


def thin_sensitivity(name: str, detector: Instrument) -> float:
    """Counts of a line per mass of its element in a foil that stops neither electrons nor X-rays.

    The unit is arbitrary but the same for all lines of a beam and a detector.

    Raises
    ------
    ValueError
        There is no such line, or the beam does not excite it.
    """
    return _thin(name, detector)


@lru_cache(maxsize=4096)
def _thin(name: str, detector: Instrument) -> float:
    beam = np.array([detector.beam_kev])
    return _counts(name, detector, lambda shell, edge: float(cross_section(shell, edge, beam)[0]), None)


def bulk_sensitivity(name: str, fractions: Mapping[str, float], detector: Instrument) -> float:
    """Counts of a line per mass fraction of its element in a thick, flat, polished sample.

    Electrons slow down and ionise until they fall below the edge, some are scattered back, X-rays are
    absorbed on their way out. Fluorescence by other X-rays and coatings are left out. The unit is arbitrary
    but the same for all lines and materials of a beam and a detector.

    Parameters
    ----------
    fractions : element -> mass fraction of the sample, sum 1

    Raises
    ------
    ValueError
        There is no such line, or the beam does not excite it.
    """
    # a composition that is being iterated settles to the rounded one soon: its answers are kept
    rounded = tuple(
        sorted((element, round(share, 4)) for element, share in fractions.items() if share > 5e-5)
    )
    return _bulk(name, rounded, detector)


@lru_cache(maxsize=65_536)
def _bulk(name: str, rounded: tuple[tuple[str, float], ...], detector: Instrument) -> float:
    fractions = dict(rounded)

    def ionised(shell: str, edge_kev: float) -> float:
        stopping = sum(
            share * _stopping(element, edge_kev, detector.beam_kev) for element, share in fractions.items()
        )
        ionising = _ionising(shell, edge_kev, detector.beam_kev)
        return float((ionising / stopping).sum()) * backscatter_factor(fractions, detector.beam_kev, edge_kev)

    return _counts(name, detector, ionised, fractions)


def _counts(name, detector: Instrument, ionised, fractions: Mapping[str, float] | None) -> float:
    """Counted photons of a line group: vacancies of its subshells, shared out over its transitions."""
    found = line(name)
    check_beam(found, detector.beam_kev)
    edges = {
        shell: edge.energy / 1e3
        for shell, edge in _edges(found.element).items()
        if shell in _SUBSHELLS[found.family] and edge.energy / 1e3 < detector.beam_kev
    }
    vacancies = {shell: ionised(shell, edge_kev) for shell, edge_kev in edges.items()}
    order = _SUBSHELLS[found.family]
    for i, upper in enumerate(order):
        for lower in order[i + 1 :]:
            # Coster-Kronig: vacancies of the upper subshells move down before they emit
            if upper in vacancies and lower in vacancies:
                vacancies[lower] += vacancies[upper] * _coster_kronig(found.element, upper, lower)
    shells, _, photons = _emitted(name)
    excited = [i for i, shell in enumerate(shells) if shell in vacancies]
    counts = photons[excited] * [vacancies[shells[i]] for i in excited] * _efficiency(name, detector)[excited]
    if fractions is not None:
        edge = np.array([edges[shells[i]] for i in excited])
        path = 2.0 * mean_depth_g_cm2(fractions, detector.beam_kev, edge)
        absorbed = sum(share * _attenuation(element, name)[excited] for element, share in fractions.items())
        chi = absorbed * path / math.sin(math.radians(detector.take_off_deg))
        counts = counts * -np.expm1(-chi) / np.maximum(chi, 1e-12)
    total = float(counts.sum())
    if not total > 0 or not math.isfinite(total):
        raise ValueError(f"No counts of {name} can be expected at {detector.beam_kev:g} keV; leave it out.")
    return total * _AVOGADRO / atomic_mass(found.element)


# what depends on an element alone is computed once: a composition is iterated, and a library has hundreds


@lru_cache(maxsize=65_536)
def _stopping(element: str, edge_kev: float, beam_kev: float) -> np.ndarray:
    """Stopping power of an element between an edge and the beam energy, keV cm2/g."""
    return stopping_power({element: 1.0}, np.geomspace(edge_kev, beam_kev, _STEPS))


@lru_cache(maxsize=4096)
def _ionising(shell: str, edge_kev: float, beam_kev: float) -> np.ndarray:
    """Cross-section times the width of the energy steps (trapezoids), cm2 keV."""
    # the integrand changes fastest near the edge: even steps in log E
    energy = np.geomspace(edge_kev, beam_kev, _STEPS)
    width = np.gradient(energy)
    width[[0, -1]] = 0.5 * np.diff(energy)[[0, -1]]
    return cross_section(shell, edge_kev, energy) * width


@lru_cache(maxsize=65_536)
def _attenuation(element: str, name: str) -> np.ndarray:
    """Mass attenuation coefficient of an element for the transitions of a line, cm2/g."""
    return attenuation({element: 1.0}, _emitted(name)[1])


@lru_cache(maxsize=128)
def _edges(element: str) -> Mapping[str, xraydb.xray.XrayEdge]:
    return xraydb.xray_edges(element)


@lru_cache(maxsize=1024)
def _coster_kronig(element: str, upper: str, lower: str) -> float:
    return float(xraydb.ck_probability(element, upper, lower, total=False) or 0.0)


@lru_cache(maxsize=1024)
def _emitted(name: str) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """Subshells, energies in keV, and photons per vacancy of the transitions of a line group."""
    element, _, group = name.partition("_")
    found = [
        (one.initial_level.split(",")[0], one.energy / 1e3, one.intensity)
        for siegbahn, one in xraydb.xray_lines(element).items()
        if siegbahn.startswith(group)
    ]
    found = [(shell, *rest) for shell, *rest in found if shell in _edges(element) and shell in _ELECTRONS]
    photons = np.array([_yield(element, shell) * intensity for shell, _, intensity in found])
    z = atomic_number(element)
    if group[0] == "K" and 11 <= z <= 19:
        alpha = 1.052 - 4.39e-4 * z**2
        photons *= (alpha if group.startswith("Ka") else 1.0 - alpha) * _yield(element, "K") / photons.sum()
    return tuple(one[0] for one in found), np.array([one[1] for one in found]), photons


def _yield(element: str, shell: str) -> float:
    """Photons per vacancy of a shell."""
    z = atomic_number(element)
    if shell != "K":
        return _edges(element)[shell].fyield
    root = 0.0370 + 0.03112 * z + 5.44e-5 * z**2 - 1.25e-6 * z**3
    return root**4 / (1.0 + root**4)


@lru_cache(maxsize=4096)
def _efficiency(name: str, detector: Instrument) -> np.ndarray:
    return detector.efficiency(_emitted(name)[1])
