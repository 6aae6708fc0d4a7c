"""Lists of lines are edited by text and by element; what is wrong is named."""

from __future__ import annotations

import pytest

from data.axes import EnergyAxis
from models.line_list import parse_elements, parse_lines, possible_lines, with_element, with_line

AXIS = EnergyAxis(-0.1, 0.01, 2048)


def test_case_separators_and_bare_elements_are_understood():
    assert parse_lines("Fe_Ka, si_ka; PB_MA  ti", AXIS, 20.0) == ("Fe_Ka", "Si_Ka", "Pb_Ma", "Ti_Ka")
    assert parse_lines("  ", AXIS, 20.0) == ()
    assert parse_lines("Fe, Fe_Ka", AXIS, 20.0) == ("Fe_Ka",)


def test_a_bare_element_is_the_line_that_the_beam_excites():
    assert parse_lines("Pb", AXIS, 10.0) == ("Pb_Ma",)


def test_every_error_of_a_list_is_named():
    with pytest.raises(ValueError) as refused:
        parse_lines("Fe_Kx, Zz, Ag_Ka, Si_Ka", AXIS, 20.0)
    text = str(refused.value)
    assert "Fe_Kx" in text
    assert "Zz" in text
    assert "Ag_Ka needs a beam above" in text
    assert "Si_Ka" not in text.replace("Si_Ka, for example", "")


def test_a_line_beyond_the_axis_is_refused():
    with pytest.raises(ValueError, match="this map covers"):
        parse_lines("Cu_Ka", EnergyAxis(0.0, 0.01, 500), None)


def test_an_element_comes_with_its_best_line_and_goes_with_all():
    lines = with_element(("Si_Ka",), "Fe", AXIS, 20.0)
    assert lines == ("Si_Ka", "Fe_Ka")
    lines = with_line(lines, "Fe_La")
    assert with_element(lines, "Fe", AXIS, 20.0) == ("Si_Ka",)


def test_the_last_line_stays():
    with pytest.raises(ValueError, match="one line at least"):
        with_element(("Si_Ka",), "Si", AXIS, 20.0)
    with pytest.raises(ValueError, match="one line at least"):
        with_line(("Si_Ka",), "Si_Ka")


def test_elements_that_no_beam_excites_here_have_no_line():
    assert possible_lines("H", AXIS, 20.0) == ()
    assert [one.name for one in possible_lines("Fe", AXIS, 5.0)] == ["Fe_La", "Fe_Lb", "Fe_Ll", "Fe_Ln"]
    with pytest.raises(ValueError, match="Leave the element out"):
        with_element((), "U", EnergyAxis(0.0, 0.01, 20), 20.0)


def test_elements_left_out_must_be_elements():
    assert parse_elements("c, Au") == ("C", "Au")
    with pytest.raises(ValueError, match="no element 'Xx'"):
        parse_elements("C, Xx")
