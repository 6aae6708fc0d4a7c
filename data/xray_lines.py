"""Characteristic X-ray lines: names, energies, relative intensities, and the width a detector gives them.

Energies, branching ratios, fluorescence yields and absorption edges are those of Elam, Ravel & Sieber,
Radiation Physics and Chemistry 63, 121 (2002), as tabulated by xraydb.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
import xraydb

from data.element_abundance import commonness, known_elements

Family = Literal["K", "L", "M"]

# Siegbahn groups in order of use: the first of a family is the one to map
_GROUPS = ("Ka", "Kb", "La", "Lb", "Lg", "Ll", "Ln", "Ma", "Mb", "Mg", "Mz")
_MAIN_GROUPS = ("Ka", "La", "Ma")
# Below about 0.1 keV lie detector noise and outer-shell transitions for which the tables are guesses;
# Li (0.054) is the lightest element of which anyone maps a K line.
_LOWEST_KEV = 0.05
# L and M families of light elements with fewer photons per vacancy (L of Si, Ca) are never usable lines
_LEAST_YIELD = 4e-4
_STATES = {"K": 2, "L1": 2, "L2": 2, "L3": 4, "M1": 2, "M2": 2, "M3": 4, "M4": 4, "M5": 6}
# A K line is worth mapping from 1.5 times its edge on. L lines of heavy elements (Au, W, Pb) have M lines
# to compete with, ten times as intense, so they must be excited a little better.
_LEAST_OVERVOLTAGE = {"K": 1.5, "L": 1.6, "M": 1.2}
_FANO_FACTOR = 0.12
_PAIR_ENERGY_KEV = 3.65e-3  # energy per electron-hole pair in silicon
_MN_KA_KEV = 5.895


class LineComponent(NamedTuple):
    """One transition: energy (keV), photons per vacancy of its shell, shell ("K", "L3"...), edge (keV)."""

    energy_kev: float
    intensity: float
    shell: str
    edge_kev: float


@dataclass(frozen=True)
class XrayLine:
    """A line as a person names it: a Siegbahn group ("Fe_Ka") or one transition ("Fe_Kb1").

    Attributes
    ----------
    name, element, family : "Fe_Ka", "Fe", "K"
    energy_kev : mean energy of the group, weighted by intensity
    weight : intensity relative to the strongest group of the same family, 0..1
    edge_kev : lowest absorption edge that emits it; a beam below it gives none
    photon_yield : photons of the group per vacancy of its family
    """

    name: str
    element: str
    family: Family
    energy_kev: float
    weight: float
    edge_kev: float
    photon_yield: float


def line(name: str) -> XrayLine:
    """The line of a name such as "Fe_Ka", "Pb_Ma" or, for one transition, "Fe_Kb1".

    Raises
    ------
    ValueError
        There is no such line; the message names the nearest ones.
    """
    element, _, group = name.partition("_")
    element = element.capitalize()
    if element not in _symbols():
        # two letters of which the first is right are nearer than anything an edit distance finds
        nearest = difflib.get_close_matches(element, _symbols(), n=3, cutoff=0.5)
        hint = ", ".join(nearest) if nearest else "Fe_Ka or Si_Ka, for example"
        raise ValueError(
            f"No X-ray line {name!r}: {element!r} is no element. A line is an element and a group, "
            f"as in Fe_Ka; the nearest elements are {hint}."
        )
    found = _groups(element).get(group) or _transitions(element).get(group)
    if found is None:
        known = [f"{element}_{known}" for known in _groups(element)]
        if not known:
            raise ValueError(f"No X-ray line {name!r}: {element} emits none that a detector can see.")
        nearest = difflib.get_close_matches(f"{element}_{group}", known, n=3, cutoff=0.6) or known[:4]
        raise ValueError(
            f"No X-ray line {name!r}. Did you mean {' or '.join(nearest)}? {element} has {', '.join(known)}."
        )
    return found


def lines_of(element: str) -> tuple[XrayLine, ...]:
    """The line groups of an element in order of use: Ka, Kb, La, Lb ...; () for H and He.

    Raises
    ------
    ValueError
        There is no such element.
    """
    if element not in _symbols():
        nearest = difflib.get_close_matches(element, _symbols(), n=3, cutoff=0.5)
        raise ValueError(f"There is no element {element!r}; did you mean {' or '.join(nearest or ['Fe'])}?")
    return tuple(_groups(element).values())


def transitions_of(element: str) -> tuple[XrayLine, ...]:
    """Single transitions of an element ("Fe_Ka1", "Fe_Ka2", "Fe_Kb1" ...) that a detector could see."""
    return tuple(_transitions(element).values())


@lru_cache(maxsize=128)
def components_of(element: str, beam_kev: float = math.inf) -> tuple[LineComponent, ...]:
    """Every transition of an element that a beam excites, for synthesis and overlap tests."""
    edges = xraydb.xray_edges(element)
    return tuple(
        LineComponent(
            transition.energy / 1e3,
            transition.intensity * edges[shell].fyield,
            shell,
            edges[shell].energy / 1e3,
        )
        for transition, shell in (
            # "M4,5" is one entry of the tables; its yield stands under M4
            (found, found.initial_level.split(",")[0])
            for found in xraydb.xray_lines(element).values()
        )
        if shell in _STATES and shell in edges and edges[shell].energy / 1e3 < beam_kev
    )


def candidates(
    energy_kev: float,
    tolerance_kev: float,
    beam_kev: float | None = None,
    elements: Iterable[str] | None = None,
) -> list[XrayLine]:
    """Lines within a tolerance of an energy, the most plausible first.

    Plausible means: near, a strong line of its family, well excited by the beam, of a common element.
    Elements without a natural abundance (Tc, Pm, Po...) are offered only where ``elements`` names them.
    """
    beam = math.inf if beam_kev is None else beam_kev
    scored = []
    for element in known_elements() if elements is None else elements:
        for found in lines_of(element):
            distance = abs(found.energy_kev - energy_kev)
            if distance > tolerance_kev or found.edge_kev >= beam:
                continue
            nearness = math.exp(-0.5 * (2.0 * distance / tolerance_kev) ** 2)
            excitation = 1.0 - found.edge_kev / beam
            prior = 1.0 if elements is not None else 1e-3 + commonness(element) ** 3
            scored.append((nearness * found.weight * excitation * prior, found))
    return [found for _, found in sorted(scored, key=lambda pair: (-pair[0], pair[1].name))]


def best_line(element: str, beam_kev: float | None, low_kev: float, high_kev: float) -> XrayLine:
    """The line that one would map: K where the beam excites it well, else L, else M, within the axis.

    Parameters
    ----------
    beam_kev : beam energy, or None where it is unknown (then only the axis decides)
    low_kev, high_kev : range of the energy axis

    Raises
    ------
    ValueError
        The element has no line there that the beam excites.
    """
    beam = math.inf if beam_kev is None else beam_kev
    on_axis = [
        found
        for found in lines_of(element)
        if found.name.partition("_")[2] in _MAIN_GROUPS and low_kev < found.energy_kev < high_kev
    ]
    for found in on_axis:
        if beam >= _LEAST_OVERVOLTAGE[found.family] * found.edge_kev:
            return found
    # nothing is excited well: take what is excited best
    excited = [found for found in on_axis if beam > found.edge_kev]
    if excited:
        return min(excited, key=lambda found: found.edge_kev)
    raise ValueError(
        f"{element} has no line between {low_kev:.2f} and {high_kev:.2f} keV"
        + ("" if beam_kev is None else f" that a beam of {beam_kev:g} keV excites")
        + f"; its lines are {_listed(lines_of(element)) or 'none'}. Leave the element out."
    )


def check_beam(name: str | XrayLine, beam_kev: float | None) -> None:
    """Raise ValueError where the absorption edge of a line is not below the beam energy (None: unknown)."""
    asked = line(name) if isinstance(name, str) else name
    if beam_kev is None or asked.edge_kev < beam_kev:
        return
    below = [found for found in lines_of(asked.element) if found.edge_kev < beam_kev]
    raise ValueError(
        f"{asked.name} needs a beam above {asked.edge_kev:.2f} keV; this map has {beam_kev:g} keV. "
        f"Lines of {asked.element} below it: {_listed(below) or 'none, leave the element out'}."
    )


def detector_fwhm_kev(energy_kev: float | np.ndarray, mn_ka_fwhm_kev: float = 0.129) -> float | np.ndarray:
    """Full width at half maximum that a silicon detector gives a line, keV.

    Electronic noise and the Fano statistics of charge carriers: FWHM^2 = noise^2 + 8 ln2 F e E, the noise
    fixed by the width at Mn Ka (Goldstein et al., Scanning Electron Microscopy and X-Ray Microanalysis).

    Raises
    ------
    ValueError
        The width at Mn Ka is below what carrier statistics alone give (about 0.12 keV).
    """
    per_kev = 8.0 * math.log(2.0) * _FANO_FACTOR * _PAIR_ENERGY_KEV
    noise_squared = mn_ka_fwhm_kev**2 - per_kev * _MN_KA_KEV
    if noise_squared <= 0:
        raise ValueError(
            f"No silicon detector resolves {1e3 * mn_ka_fwhm_kev:.0f} eV at Mn Ka; give at least "
            f"{1e3 * math.sqrt(per_kev * _MN_KA_KEV) + 1:.0f} eV."
        )
    width = np.sqrt(noise_squared + per_kev * np.maximum(energy_kev, 0.0))
    return float(width) if np.ndim(width) == 0 else width


def _listed(lines: Iterable[XrayLine]) -> str:
    return ", ".join(f"{found.name} ({found.energy_kev:.2f} keV)" for found in lines)


@lru_cache(maxsize=1)
def _symbols() -> tuple[str, ...]:
    return tuple(xraydb.atomic_symbol(z) for z in range(1, 99))


@lru_cache(maxsize=128)
def _transitions(element: str) -> dict[str, XrayLine]:
    """Single transitions by Siegbahn name ("Kb1"), without families too weak or lines too soft to be seen."""
    edges = xraydb.xray_edges(element)
    found = {}
    for siegbahn, transition in xraydb.xray_lines(element).items():
        shell = transition.initial_level.split(",")[0]
        if shell not in edges or shell not in _STATES or transition.energy / 1e3 < _LOWEST_KEV:
            continue
        # electrons ionise the shells of a family roughly by their number of electrons
        share = _STATES[shell] / sum(n for state, n in _STATES.items() if state[0] == shell[0])
        photons = share * edges[shell].fyield * transition.intensity
        found[siegbahn] = XrayLine(
            f"{element}_{siegbahn}",
            element,
            shell[0],
            transition.energy / 1e3,
            photons,
            edges[shell].energy / 1e3,
            photons,
        )
    emitted: dict[str, float] = {"K": 1.0}
    for one in found.values():
        if one.family != "K":
            emitted[one.family] = emitted.get(one.family, 0.0) + one.photon_yield
    return _with_weights({name: one for name, one in found.items() if emitted[one.family] >= _LEAST_YIELD})


@lru_cache(maxsize=128)
def _groups(element: str) -> dict[str, XrayLine]:
    """Siegbahn groups by name ("Ka"), in order of use."""
    found = {}
    for group in _GROUPS:
        members = [one for name, one in _transitions(element).items() if name.startswith(group)]
        photons = sum(one.photon_yield for one in members)
        if photons == 0:
            continue
        found[group] = XrayLine(
            f"{element}_{group}",
            element,
            group[0],
            sum(one.energy_kev * one.photon_yield for one in members) / photons,
            photons,
            min(one.edge_kev for one in members),
            photons,
        )
    return _with_weights(found)


def _with_weights(lines: dict[str, XrayLine]) -> dict[str, XrayLine]:
    strongest: dict[str, float] = {}
    for one in lines.values():
        strongest[one.family] = max(strongest.get(one.family, 0.0), one.photon_yield)
    return {
        name: XrayLine(
            one.name,
            one.element,
            one.family,
            one.energy_kev,
            one.photon_yield / strongest[one.family],
            one.edge_kev,
            one.photon_yield,
        )
        for name, one in lines.items()
    }
