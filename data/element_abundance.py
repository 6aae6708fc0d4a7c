"""How common the elements are: the prior when a peak could be several of them."""

from __future__ import annotations

import math

# Abundance in the continental crust, mg/kg, order of magnitude (after the table of the CRC Handbook of
# Chemistry and Physics, "Abundance of elements in the Earth's crust and in the sea"). It stands in for
# "how likely is it that a sample holds this element at all", so elements that people bring into a
# microscope are raised above their crustal value below.
_CRUST_MG_PER_KG = {
    "H": 1400, "Li": 20, "Be": 2.8, "B": 10, "C": 200, "N": 19, "O": 461000, "F": 585, "Ne": 0.005,
    "Na": 23600, "Mg": 23300, "Al": 82300, "Si": 282000, "P": 1050, "S": 350, "Cl": 145, "Ar": 3.5,
    "K": 20900, "Ca": 41500, "Sc": 22, "Ti": 5650, "V": 120, "Cr": 102, "Mn": 950, "Fe": 56300, "Co": 25,
    "Ni": 84, "Cu": 60, "Zn": 70, "Ga": 19, "Ge": 1.5, "As": 1.8, "Se": 0.05, "Br": 2.4, "Kr": 1e-4,
    "Rb": 90, "Sr": 370, "Y": 33, "Zr": 165, "Nb": 20, "Mo": 1.2, "Ru": 0.001, "Rh": 0.001, "Pd": 0.015,
    "Ag": 0.075, "Cd": 0.15, "In": 0.25, "Sn": 2.3, "Sb": 0.2, "Te": 0.001, "I": 0.45, "Xe": 3e-5,
    "Cs": 3, "Ba": 425, "La": 39, "Ce": 66.5, "Pr": 9.2, "Nd": 41.5, "Sm": 7.05, "Eu": 2, "Gd": 6.2,
    "Tb": 1.2, "Dy": 5.2, "Ho": 1.3, "Er": 3.5, "Tm": 0.52, "Yb": 3.2, "Lu": 0.8, "Hf": 3, "Ta": 2,
    "W": 1.25, "Re": 7e-4, "Os": 0.0015, "Ir": 0.001, "Pt": 0.005, "Au": 0.004, "Hg": 0.085, "Tl": 0.85,
    "Pb": 14, "Bi": 0.0085, "Th": 9.6, "U": 2.7,
}  # fmt: skip

# substrates, coatings, grids, holders, alloys and atmospheric residue: seen far more often under the
# beam than the crust holds of them
_BROUGHT_MG_PER_KG = {
    "C": 50000, "N": 100, "Cu": 2000, "Au": 300, "Ni": 1000, "Cr": 2000, "Zn": 500, "Ag": 100, "Pd": 50,
    "Pt": 50, "Sn": 200, "Pb": 300, "W": 50, "Mo": 50, "Co": 100, "S": 5000, "Cl": 3000, "Ir": 5,
}  # fmt: skip


def known_elements() -> tuple[str, ...]:
    """Symbols of the elements with a natural abundance, by atomic number; Tc, Pm, Po... are left out."""
    return tuple(_CRUST_MG_PER_KG)


def commonness(element: str) -> float:
    """How likely an element is in a sample before looking at it: 0 (never) to 1 (oxygen), dimensionless.

    The logarithm of the abundance, from 1 microgram/kg (0) to the 46 % of oxygen (1); elements without
    a natural abundance get 0.
    """
    abundance = max(_CRUST_MG_PER_KG.get(element, 0.0), _BROUGHT_MG_PER_KG.get(element, 0.0))
    if abundance <= 1e-3:
        return 0.0
    return math.log(abundance / 1e-3) / math.log(_CRUST_MG_PER_KG["O"] / 1e-3)
