"""Characteristic X-ray lines: names, energies, relative intensities, and the width a detector gives them.

What is in the table is in xray_line_table; here are the questions that one asks it.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import xraydb

from data.element_abundance import commonness, known_elements
from data.xray_line_table import LineComponent, XrayLine, components_of, groups, transitions

__all__ = [
    "LineComponent",
    "XrayLine",
    "best_line",
    "candidates",
    "check_beam",
    "components_of",
    "detector_fwhm_kev",
    "line",
    "lines_of",
    "transitions_of",
]

_MAIN_GROUPS = ("Ka", "La", "Ma")
# A K line is worth mapping from 1.5 times its edge on. L lines of heavy elements (Au, W, Pb) have M lines
# to compete with, ten times as intense, so they must be excited a little better.
_LEAST_OVERVOLTAGE = {"K": 1.5, "L": 1.6, "M": 1.2}
_FANO_FACTOR = 0.12
_PAIR_ENERGY_KEV = 3.65e-3  # energy per electron-hole pair in silicon
_MN_KA_KEV = 5.895


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
        nearest = difflib.get_close_matches(element, _symbols(), n=3, cutoff=0.5)
        hint = ", ".join(nearest) if nearest else "Fe_Ka or Si_Ka, for example"
        raise ValueError(
            f"No X-ray line {name!r}: {element!r} is no element. A line is an element and a group, "
            f"as in Fe_Ka; the nearest elements are {hint}."
        )
    found = groups(element).get(group) or transitions(element).get(group)
    if found is None:
        known = [f"{element}_{known}" for known in groups(element)]
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
    return tuple(groups(element).values())


def transitions_of(element: str) -> tuple[XrayLine, ...]:
    """Single transitions of an element ("Fe_Ka1", "Fe_Ka2", "Fe_Kb1" ...) that a detector could see."""
    return tuple(transitions(element).values())


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
