"""Ionisation edges of electron energy-loss spectra: names, energies, and bands that a person names.

Energies are those of xraydb (Elam, Ravel & Sieber, Radiat. Phys. Chem. 63, 121, 2002), which are of atoms: in
a solid an edge may begin some eV lower (oxygen K at 532 instead of 543 eV). Windows leave room for that.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import lru_cache

import xraydb

from data.axes import EnergyAxis

# The edges that one maps: sharp onsets. L1, M1 to M3 and the N and O edges are weak or have none.
_MAPPED = ("K", "L3", "M5")
_CALLED = {"L2,3": "L3", "L23": "L3", "L": "L3", "M4,5": "M5", "M45": "M5", "M": "M5", "K": "K"}
_LOWEST_EV, _HIGHEST_EV = 50.0, 4000.0
_BAND = re.compile(r"\s*(-?[\d.]+)\s*(?:-|–|to|\.\.\.?)\s*([\d.]+)\s*(?:eV)?\s*", re.IGNORECASE)
_HEAVIEST = 98


@dataclass(frozen=True)
class LossEdge:
    """An edge ("Fe_L3"), or a band of energy losses that a person named ("100-120 eV").

    Attributes
    ----------
    name, element, shell : "Fe_L3", "Fe", "L3"; element and shell are "" for a band
    onset_ev : where it begins
    end_ev : where a band ends; None for an edge, whose window the map decides
    """

    name: str
    element: str
    shell: str
    onset_ev: float
    end_ev: float | None = None


def edge(name: str) -> LossEdge:
    """The edge of a name such as "O_K", "Fe_L3" or "Fe_L", or the band of "100-120 eV".

    Raises
    ------
    ValueError
        There is no such edge; the message names what the element has.
    """
    if match := _BAND.fullmatch(name):
        low, high = float(match.group(1)), float(match.group(2))
        if high <= low:
            raise ValueError(f"The band {name!r} ends before it begins; write it as 100-120 eV.")
        return LossEdge(f"{low:g}-{high:g} eV", "", "", low, high)
    element, _, shell = name.partition("_")
    element = element.capitalize()
    if element not in _symbols():
        nearest = difflib.get_close_matches(element, _symbols(), n=3, cutoff=0.5)
        raise ValueError(
            f"No energy-loss edge {name!r}: {element!r} is no element. An edge is an element and a shell, "
            "as in "
            f"O_K or Fe_L3{'; the nearest elements are ' + ', '.join(nearest) if nearest else ''}. A band is "
            "written as 100-120 eV."
        )
    wanted = _CALLED.get(shell.upper().removeprefix("_"), shell.upper())
    for found in edges_of(element):
        if found.shell == wanted:
            return found
    known = [found.name for found in edges_of(element)]
    raise ValueError(
        f"No energy-loss edge {name!r}. {element} has {', '.join(known) or 'none that is mapped'}. A band is "
        "written as 100-120 eV."
    )


@lru_cache(maxsize=128)
def edges_of(element: str) -> tuple[LossEdge, ...]:
    """The mapped edges of an element from 50 to 4000 eV, the deepest shell first; () where there is none.

    Raises
    ------
    ValueError
        There is no such element.
    """
    if element not in _symbols():
        raise ValueError(f"There is no element {element!r}.")
    table = xraydb.xray_edges(element)
    return tuple(
        LossEdge(f"{element}_{shell}", element, shell, float(table[shell].energy))
        for shell in _MAPPED
        if shell in table and _LOWEST_EV <= table[shell].energy <= _HIGHEST_EV
    )


def edges_on(axis: EnergyAxis) -> tuple[LossEdge, ...]:
    """All mapped edges that begin on an axis, by their onsets."""
    low, high = 1e3 * axis.low_kev, 1e3 * axis.high_kev
    found = [one for element in _symbols() for one in edges_of(element) if low < one.onset_ev < high]
    return tuple(sorted(found, key=lambda one: one.onset_ev))


def is_band(name: str) -> bool:
    """Whether a name is a range of energy losses rather than an edge."""
    return _BAND.fullmatch(name) is not None


def marks(names: tuple[str, ...]) -> tuple[list[float], list[str]]:
    """Onsets in eV and names of edges and bands, for a spectrum."""
    found = [edge(name) for name in names]
    return [one.onset_ev for one in found], [one.name for one in found]


@lru_cache(maxsize=1)
def _symbols() -> tuple[str, ...]:
    return tuple(xraydb.atomic_symbol(number) for number in range(1, _HEAVIEST + 1))
