"""Formulas and oxides."""

import pytest

from data.chemical_formula import USUAL_OXIDES, atoms, mass_fractions, oxide_factor


def test_brackets_hydrates_and_charges_are_read():
    assert dict(atoms("KAl2(AlSi3O10)(OH)2")) == {"K": 1, "Al": 3, "Si": 3, "O": 12, "H": 2}
    assert dict(atoms("CaSO4·2H2O")) == {"Ca": 1, "S": 1, "O": 6, "H": 4}
    assert dict(atoms("Fe{2+}Fe{3+}2O4")) == {"Fe": 3, "O": 4}


def test_quartz_is_46_7_percent_silicon():
    assert mass_fractions("SiO2")["Si"] == pytest.approx(0.4674, abs=2e-4)


def test_oxide_factors_are_those_of_the_books():
    assert oxide_factor("Si", "SiO2") == pytest.approx(2.1392, abs=1e-3)
    assert oxide_factor("Fe", "FeO") == pytest.approx(1.2865, abs=1e-3)
    assert oxide_factor("Fe", "Fe2O3") == pytest.approx(1.4297, abs=1e-3)


def test_every_usual_oxide_is_one_of_its_element():
    for element, oxide in USUAL_OXIDES.items():
        assert oxide_factor(element, oxide) > 1
    assert "F" not in USUAL_OXIDES
    assert "O" not in USUAL_OXIDES


@pytest.mark.parametrize("formula", ["", "Xx2O3", "Si0", "Mg2SiO4)", "2", "(Mg,Fe)O"])
def test_what_is_no_formula_is_told(formula):
    with pytest.raises(ValueError, match=r"formula|Write numbers"):
        atoms(formula)
