"""The table of characteristic X-ray lines: transitions and Siegbahn groups of every element.

Energies, branching ratios, fluorescence yields and absorption edges are those of Elam, Ravel & Sieber,
Radiation Physics and Chemistry 63, 121 (2002), as tabulated by xraydb.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import xraydb

Family = Literal["K", "L", "M"]

# Siegbahn groups in order of use: the first of a family is the one to map
_GROUPS = ("Ka", "Kb", "La", "Lb", "Lg", "Ll", "Ln", "Ma", "Mb", "Mg", "Mz")
# Below about 0.1 keV lie detector noise and outer-shell transitions for which the tables are guesses;
# Li (0.054) is the lightest element of which anyone maps a K line.
_LOWEST_KEV = 0.05
# L and M families of light elements with fewer photons per vacancy (L of Si, Ca) are never usable lines
_LEAST_YIELD = 5e-4
_STATES = {"K": 2, "L1": 2, "L2": 2, "L3": 4, "M1": 2, "M2": 2, "M3": 4, "M4": 4, "M5": 6}


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


@lru_cache(maxsize=128)
def transitions(element: str) -> dict[str, XrayLine]:
    """Single transitions by Siegbahn name ("Kb1"), without families too weak or lines too soft to be seen."""
    edges = xraydb.xray_edges(element)
    vacancies = _vacancies(element, edges)
    found = {}
    for siegbahn, transition in xraydb.xray_lines(element).items():
        shell = transition.initial_level.split(",")[0]
        if shell not in edges or shell not in _STATES or transition.energy / 1e3 < _LOWEST_KEV:
            continue
        photons = vacancies[shell] * edges[shell].fyield * transition.intensity
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


def _vacancies(element: str, edges: Mapping[str, Any]) -> dict[str, float]:
    """Vacancies of every shell per vacancy of its family, when the shells come to emit.

    Electrons ionise the shells of a family roughly by their number of electrons; then vacancies move to
    outer shells of the family (Coster & Kronig) before photons are emitted.
    """
    found = {
        shell: n / sum(others for other, others in _STATES.items() if other[0] == shell[0])
        for shell, n in _STATES.items()
        if shell in edges
    }
    for upper, lower, moved in _coster_kronig().get(element, ()):
        if upper in found and lower in found:
            found[lower] += found[upper] * moved
    return found


@lru_cache(maxsize=1)
def _coster_kronig() -> dict[str, tuple[tuple[str, str, float], ...]]:
    """Per element, the probabilities that a vacancy moves from one shell to another, inner shells first.

    All in one query: xraydb's own function for one pair, asked for every pair of every element, takes
    seconds.
    """
    database = xraydb.get_xraydb()
    found: dict[str, list[tuple[str, str, float]]] = {}
    for row in database.query(database.tables["Coster_Kronig"]):
        move = (row.initial_level, row.final_level, row.transition_probability)
        found.setdefault(row.element, []).append(move)
    return {element: tuple(sorted(moves)) for element, moves in found.items()}


@lru_cache(maxsize=128)
def groups(element: str) -> dict[str, XrayLine]:
    """Siegbahn groups by name ("Ka"), in order of use."""
    found = {}
    for group in _GROUPS:
        members = [one for name, one in transitions(element).items() if name.startswith(group)]
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
