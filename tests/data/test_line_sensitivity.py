"""Counts per mass: against published k-factors, calculations and a measured mineral."""

import numpy as np
import pytest

from data.chemical_formula import mass_fractions
from data.line_sensitivity import bulk_sensitivity, cross_section, instrument, thin_sensitivity


def k_factor(line, beam_kev):
    detector = instrument(beam_kev)
    return thin_sensitivity("Si_Ka", detector) / thin_sensitivity(line, detector)


@pytest.mark.parametrize(
    ("edge_kev", "beam_kev", "barn"),
    # K shells of Si, Ca, Fe and Cu: distorted-wave calculations of Bote & Salvat (2008)
    [(1.839, 20.0, 6650), (4.038, 20.0, 1950), (7.112, 20.0, 665), (8.979, 20.0, 393)],
)
def test_cross_sections_of_k_shells_agree_with_distorted_wave_calculations(edge_kev, beam_kev, barn):
    found = cross_section("K", edge_kev, np.array([beam_kev]))[0] * 1e24
    assert found == pytest.approx(barn, rel=0.15)


def test_an_electron_below_the_edge_ionises_nothing():
    assert cross_section("K", 7.112, np.array([5.0, 7.112])).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("line", "published"),
    # Cliff & Lorimer (1975), 100 kV, without the loss of Si_Ka in their beryllium window (18 %)
    [("Ca_Ka", 1.07 / 0.82), ("Ti_Ka", 1.12 / 0.82), ("Fe_Ka", 1.27 / 0.82), ("Cu_Ka", 1.58 / 0.82)],
)
def test_k_factors_of_foils_are_near_those_that_cliff_and_lorimer_measured(line, published):
    # our own window takes a little more of Si_Ka than of the harder lines
    window = instrument(100.0).efficiency(np.array([1.74, 6.4]))
    assert k_factor(line, 100.0) == pytest.approx(published * window[0] / window[1], rel=0.25)


@pytest.mark.parametrize("line", ["O_Ka", "C_Ka", "N_Ka", "Na_Ka", "Cl_Ka"])
def test_soft_lines_and_those_that_tables_forget_have_a_k_factor(line):
    assert 0.3 < k_factor(line, 15.0) < 5.0


def test_k_factors_follow_the_beam_energy():
    # near its edge iron is hardly excited, far above it is
    assert k_factor("Fe_Ka", 10.0) > 2 * k_factor("Fe_Ka", 20.0) > 2 * k_factor("Fe_Ka", 200.0)


def test_a_detector_without_a_window_sees_more_oxygen():
    with_window, without = instrument(15.0), instrument(15.0, "none")
    ratio = thin_sensitivity("O_Ka", without) / thin_sensitivity("O_Ka", with_window)
    assert ratio > 1.5 * thin_sensitivity("Fe_Ka", without) / thin_sensitivity("Fe_Ka", with_window)


def test_a_thick_sample_absorbs_its_own_soft_lines():
    detector, quartz = instrument(20.0), mass_fractions("SiO2")
    share = {
        line: bulk_sensitivity(line, quartz, detector) / thin_sensitivity(line, detector)
        for line in ("O_Ka", "Si_Ka")
    }
    assert share["O_Ka"] < 0.6 * share["Si_Ka"]


def test_apatite_shows_calcium_and_phosphorus_as_measured():
    # purest pixels of two maps at 20 kV (P45 and the 30 x 30 rare-earth map): Ca/P 1.61 and 1.69
    detector, apatite = instrument(20.0), mass_fractions("Ca5P3O12F")
    calcium, phosphorus = (
        bulk_sensitivity(f"{element}_Ka", apatite, detector) * apatite[element] for element in ("Ca", "P")
    )
    assert calcium / phosphorus == pytest.approx(1.65, rel=0.12)


def test_a_line_above_the_beam_and_an_unknown_window_are_told():
    with pytest.raises(ValueError, match="needs a beam"):
        thin_sensitivity("Fe_Ka", instrument(5.0))
    with pytest.raises(ValueError, match="polymer or none"):
        instrument(20.0, "glass")
