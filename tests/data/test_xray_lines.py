"""X-ray lines: names, energies, which line one would map, and how wide a detector makes it."""

from __future__ import annotations

import pytest

from data.element_abundance import commonness, known_elements
from data.xray_lines import (
    best_line,
    candidates,
    check_beam,
    components_of,
    detector_fwhm_kev,
    line,
    lines_of,
)


# energies of Bearden, Rev. Mod. Phys. 39, 78 (1967): intensity-weighted means of the doublets
@pytest.mark.parametrize(
    ("name", "energy_kev"),
    [
        ("C_Ka", 0.277), ("N_Ka", 0.392), ("O_Ka", 0.525), ("F_Ka", 0.677), ("Na_Ka", 1.041),
        ("Si_Ka", 1.740), ("Ca_Ka", 3.691), ("Fe_Ka", 6.399), ("Fe_Kb", 7.058), ("Fe_La", 0.705),
        ("Cu_Ka", 8.041), ("Zr_La", 2.042), ("Ce_La", 4.838), ("Au_Ma", 2.121), ("Pb_Ma", 2.342),
    ],
)  # fmt: skip
def test_lines_lie_where_bearden_measured_them(name, energy_kev):
    assert line(name).energy_kev == pytest.approx(energy_kev, abs=0.006)


def test_a_single_transition_can_be_asked_for():
    assert line("Fe_Kb1").energy_kev == pytest.approx(7.058, abs=0.006)
    assert line("fe_Ka") == line("Fe_Ka")


@pytest.mark.parametrize(
    ("name", "hint"), [("Fe_Kx", "Fe_Ka"), ("Fx_Ka", "Fe"), ("Fe", "Fe_La"), ("H_Ka", "none that")]
)
def test_an_unknown_line_names_the_nearest(name, hint):
    with pytest.raises(ValueError, match=hint) as error:
        line(name)
    assert repr(name) in str(error.value)


def test_an_unknown_element_is_refused():
    with pytest.raises(ValueError, match="no element 'Xx'"):
        lines_of("Xx")


def test_the_main_group_comes_first_and_has_full_weight():
    iron = lines_of("Fe")
    assert iron[0].name == "Fe_Ka"
    assert iron[0].weight == 1.0
    assert 0.1 < line("Fe_Kb").weight < 0.2


def test_light_elements_have_no_imaginary_l_lines():
    for element in ("C", "O", "Na", "Si", "Ca"):
        assert {one.family for one in lines_of(element)} == {"K"}


@pytest.mark.parametrize(
    ("element", "beam_kev", "expected"),
    [
        ("Si", 20, "Si_Ka"), ("Fe", 20, "Fe_Ka"), ("Fe", 15, "Fe_Ka"), ("Fe", 5, "Fe_La"),
        ("Cu", 15, "Cu_Ka"), ("Zr", 20, "Zr_La"), ("Ce", 20, "Ce_La"), ("Pb", 20, "Pb_Ma"),
        ("Au", 15, "Au_Ma"), ("Ti", None, "Ti_Ka"), ("U", 200, "U_La"),
    ],
)  # fmt: skip
def test_the_line_to_map_is_the_one_that_the_beam_excites_well(element, beam_kev, expected):
    assert best_line(element, beam_kev, 0.1, 20.0).name == expected


def test_an_element_without_a_line_on_the_axis_is_said_to_have_none():
    with pytest.raises(ValueError, match="H has no line"):
        best_line("H", 20, 0.1, 20)
    with pytest.raises(ValueError, match=r"Fe has no line .* 10\.00 .* Fe_Ka"):
        best_line("Fe", 20, 10.0, 20.0)


def test_a_line_above_the_beam_energy_names_the_lines_below_it():
    with pytest.raises(ValueError, match=r"Fe_Ka needs a beam above 7\.11 keV.*Fe_La"):
        check_beam("Fe_Ka", 6.0)
    check_beam("Fe_Ka", 15.0)
    check_beam("Fe_Ka", None)


@pytest.mark.parametrize(
    ("energy_kev", "expected"),
    [(6.40, "Fe_Ka"), (1.74, "Si_Ka"), (2.31, "S_Ka"), (0.525, "O_Ka"), (0.277, "C_Ka"), (4.51, "Ti_Ka")],
)
def test_the_first_candidate_for_a_peak_is_the_common_element(energy_kev, expected):
    assert candidates(energy_kev, 0.05, beam_kev=20)[0].name == expected


def test_candidates_are_natural_elements_that_the_beam_excites():
    everything = candidates(5.0, 5.0, beam_kev=10)
    assert not {one.element for one in everything} & {"Tc", "Pm", "Po", "At", "Fr", "Ra"}
    assert all(one.edge_kev < 10 for one in everything)


def test_candidates_can_be_limited_to_elements():
    assert [one.name for one in candidates(2.31, 0.05, elements=("Pb", "Mo"))] == ["Mo_La", "Pb_Ma"]


def test_components_leave_out_what_the_beam_cannot_excite():
    shells = {one.shell for one in components_of("Fe", 5.0)}
    assert "K" not in shells
    assert "L3" in shells


def test_a_detector_of_129_ev_is_narrower_for_soft_lines():
    assert detector_fwhm_kev(5.895) == pytest.approx(0.129, abs=1e-4)
    assert 0.045 < detector_fwhm_kev(0.277) < 0.065
    with pytest.raises(ValueError, match="resolves 90 eV"):
        detector_fwhm_kev(1.0, mn_ka_fwhm_kev=0.090)


def test_commonness_orders_elements_as_the_crust_does():
    assert commonness("O") == 1.0
    assert commonness("Si") > commonness("Ti") > commonness("Zr") > commonness("Tm") > 0
    assert commonness("Pm") == 0.0
    assert "Tc" not in known_elements()
