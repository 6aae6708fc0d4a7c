"""The library of minerals."""

import pytest

from data.chemical_formula import atoms
from data.minerals import SERIES, library, own_mineral
from data.synthetic_minerals import MATERIALS

VALENCE = {"H": 1, "Li": 1, "Na": 1, "K": 1, "Mg": 2, "Ca": 2, "Sr": 2, "Ba": 2, "Zn": 2, "Al": 3, "Si": 4,
           "Ti": 4, "Zr": 4, "P": 5, "C": 4, "B": 3, "O": -2, "F": -1, "Cl": -1}  # fmt: skip


def test_every_formula_can_be_read_and_every_name_is_there_once():
    names = [one.name for one in library()]
    assert len(names) > 250
    assert len(set(names)) == len(names)
    for one in library():
        assert atoms(one.formula)
        assert one.commonness in (1, 2, 3)


def test_formulas_without_elements_of_several_valences_are_neutral():
    checked = 0
    for one in library():
        parsed = atoms(one.formula)
        if "O" in parsed and set(parsed) <= set(VALENCE):
            charge = sum(VALENCE[element] * number for element, number in parsed.items())
            # of the smectites and palygorskite, published formulas leave a fraction of a charge open
            assert abs(charge) <= 0.5, one
            checked += 1
    assert checked > 60


def test_solid_solutions_are_made_of_minerals_of_the_library():
    names = {one.name for one in library()}
    for series in SERIES:
        assert set(series.members) <= names
        assert len(series.abbreviations) == len(series.members)


def test_the_minerals_of_the_demo_are_there():
    known = {name for one in library() for name in (one.name, one.also)} | {one.name for one in SERIES}
    missing = {"Labradorite", "K-feldspar", "Augite", "Volcanic glass", "Carbon tape"}
    text = " ".join(known).lower()
    assert all(name.lower() in text for name in MATERIALS if name not in missing)


def test_an_own_mineral_needs_a_name_and_a_formula():
    assert own_mineral("Hibonite = CaAl12O19").formula == "CaAl12O19"
    for text in ("CaAl12O19", "= CaO", "Hibonite = CaXx"):
        with pytest.raises(ValueError, match=r"mineral|formula"):
            own_mineral(text)
