"""Chemical formulas: atoms per formula unit, mass fractions and oxides.

Formulas are read by xraydb's parser; hydrates ("CaSO4·2H2O") and charges ("Fe{3+}2O3") are added here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

import xraydb

#: a look-up in the data base costs a quarter of a millisecond, and a table of minerals needs thousands
atomic_number = lru_cache(maxsize=128)(xraydb.atomic_number)
atomic_mass = lru_cache(maxsize=128)(xraydb.atomic_mass)

_OXIDES = """
H2O Li2O BeO B2O3 CO2 Na2O MgO Al2O3 SiO2 P2O5 SO3 K2O CaO Sc2O3 TiO2 V2O3 Cr2O3 MnO FeO CoO NiO CuO ZnO
Ga2O3 GeO2 As2O5 SeO2 Rb2O SrO Y2O3 ZrO2 Nb2O5 MoO3 RuO2 Rh2O3 PdO Ag2O CdO In2O3 SnO2 Sb2O3 TeO2 Cs2O BaO
La2O3 Ce2O3 Pr2O3 Nd2O3 Sm2O3 Eu2O3 Gd2O3 Tb2O3 Dy2O3 Ho2O3 Er2O3 Tm2O3 Yb2O3 Lu2O3 HfO2 Ta2O5 WO3 ReO2 PtO2
HgO Tl2O PbO Bi2O3 ThO2 UO2
"""
#: the oxide as which an analysis is usually written, iron and manganese as their divalent oxides; elements
#: that take the place of oxygen (halogens) have none
USUAL_OXIDES: Mapping[str, str] = MappingProxyType(
    {formula.partition("O")[0].rstrip("23"): formula for formula in _OXIDES.split()}
)
_CHARGE = re.compile(r"\{[^}]*\}|\^[0-9]*[+-]")
_HYDRATE = re.compile(r"^(\d+(?:\.\d+)?)(.+)$")


@lru_cache(maxsize=4096)
def atoms(formula: str) -> Mapping[str, float]:
    """Atoms of every element per formula unit, in the order of the formula.

    Examples: "SiO2", "KAl2(AlSi3O10)(OH)2", "CaSO4·2H2O", "Na0.65Ca0.35Al1.35Si2.65O8".

    Raises
    ------
    ValueError
        It is no formula of natural elements.
    """
    text = _CHARGE.sub("", formula.replace(" ", "").replace("*", "·"))
    if not text:
        raise ValueError("An empty text is no chemical formula; write one such as Mg2SiO4.")
    if "," in text:
        raise ValueError(
            f"{formula!r} leaves the share of the elements on a site open. Write numbers, as in "
            "Mg1.8Fe0.2SiO4."
        )
    found: dict[str, float] = {}
    for place, part in enumerate(text.split("·")):
        hydrate = _HYDRATE.match(part) if place else None
        factor, core = (float(hydrate[1]), hydrate[2]) if hydrate else (1.0, part)
        try:
            parsed = xraydb.chemparse(core)
        except (ValueError, KeyError, IndexError) as error:
            raise ValueError(
                f"{formula!r} is no chemical formula. Write element symbols with numbers, such as Mg2SiO4 or "
                "Ca5(PO4)3F."
            ) from error
        for element, number in parsed.items():
            found[element] = found.get(element, 0.0) + factor * float(number)
    if not found or any(number <= 0 for number in found.values()):
        raise ValueError(f"{formula!r} is no chemical formula: every element needs a number above zero.")
    return MappingProxyType(found)


@lru_cache(maxsize=4096)
def mass_fractions(formula: str) -> Mapping[str, float]:
    """Mass fraction of every element of a formula, sum 1; errors as for :func:`atoms`."""
    mass = {element: number * atomic_mass(element) for element, number in atoms(formula).items()}
    total = sum(mass.values())
    return MappingProxyType({element: one / total for element, one in mass.items()})


def formula_mass(formula: str) -> float:
    """Mass of a formula unit, g/mol."""
    return sum(number * atomic_mass(element) for element, number in atoms(formula).items())


@lru_cache(maxsize=512)
def oxide_factor(element: str, oxide: str) -> float:
    """Mass of an oxide per mass of its element, e.g. 1.287 for FeO.

    Raises
    ------
    ValueError
        The formula holds other elements than this one and oxygen, or not this one.
    """
    parsed = atoms(oxide)
    if element not in parsed or set(parsed) - {element, "O"}:
        raise ValueError(
            f"{oxide!r} is no oxide of {element}; write {element} with oxygen, such as "
            f"{USUAL_OXIDES.get(element, element)}."
        )
    return formula_mass(oxide) / (parsed[element] * atomic_mass(element))
