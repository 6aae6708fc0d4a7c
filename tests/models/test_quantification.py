"""Compositions: Cliff and Lorimer, oxides, errors, and what is masked."""

from dataclasses import replace

import numpy as np
import pytest

from data.chemical_formula import mass_fractions
from data.line_sensitivity import bulk_sensitivity, instrument
from models.composition_choices import QuantificationChoices
from models.k_factors import k_factors
from models.net_intensities import NetIntensities
from models.quantification import quantify

THIN = QuantificationChoices(sample="thin", k_factors=("Mg_Ka=1", "Si_Ka=1", "Fe_Ka=2", "O_Ka=4"))
LINES = ("O_Ka", "Mg_Ka", "Si_Ka", "Fe_Ka")


def net(counts, sigma=None, lines=LINES, counted=True):
    counts = np.atleast_2d(np.asarray(counts, float))
    sigma = np.sqrt(np.abs(counts)) if sigma is None else np.atleast_2d(np.asarray(sigma, float))
    return NetIntensities(lines, tuple(one.partition("_")[0] for one in lines), counts, sigma, counted)


def quantified(counts, choices=THIN, beam_kev=200.0, **more):
    intensities = net(counts, **more)
    return quantify(intensities, k_factors(intensities.lines, choices, beam_kev), choices)


def test_shares_are_k_times_counts_over_their_sum():
    found = quantified([1000, 2000, 3000, 500])
    mass = np.array([4 * 1000, 2000, 3000, 2 * 500])
    np.testing.assert_allclose(found.weight.share[0], mass / mass.sum())
    atoms = mass / [15.999, 24.305, 28.085, 55.845]
    np.testing.assert_allclose(found.atomic.share[0], atoms / atoms.sum(), rtol=1e-4)


def test_counting_errors_are_those_of_repeated_measurements():
    rng = np.random.default_rng(1)
    truth = np.array([1000.0, 2000.0, 3000.0, 500.0])
    drawn = rng.poisson(truth, (20_000, 4))
    repeated = quantified(drawn, sigma=np.ones((20_000, 4)))
    single = quantified(truth)
    for kind in ("weight", "atomic", "oxide"):
        np.testing.assert_allclose(
            getattr(single, kind).sigma[0], getattr(repeated, kind).share.std(axis=0), rtol=0.04
        )


def test_oxygen_by_stoichiometry_makes_forsterite_of_its_cations():
    choices = replace(THIN, oxygen="stoichiometry", k_factors=("Mg_Ka=1", "Si_Ka=1"))
    forsterite = mass_fractions("Mg2SiO4")
    found = quantified(
        [99_999, 1e5 * forsterite["Mg"], 1e5 * forsterite["Si"], 0], choices, lines=LINES
    )  # the measured oxygen counts for nothing
    weights = dict(zip(found.weight.names, found.weight.share[0], strict=True))
    assert weights["O"] == pytest.approx(forsterite["O"], abs=1e-6)
    oxides = dict(zip(found.oxide.names, found.oxide.share[0], strict=True))
    assert oxides["MgO"] == pytest.approx(0.5729, abs=1e-3)
    assert oxides["SiO2"] == pytest.approx(0.4271, abs=1e-3)


def test_oxides_can_be_chosen_and_elements_kept_bare():
    choices = QuantificationChoices(sample="thin", oxides=("Fe2O3", "S"))
    found = quantified([5000, 3000], choices, lines=("Fe_Ka", "S_Ka"))
    assert found.oxide.names == ("Fe2O3", "S")


def test_iron_as_trivalent_has_more_oxygen():
    lines = ("Si_Ka", "Fe_Ka")
    shares = [
        quantified(
            [3000, 3000],
            QuantificationChoices(sample="thin", oxygen="stoichiometry", oxides=oxides),
            lines=lines,
        ).weight.share[0, -1]
        for oxides in ((), ("Fe2O3",))
    ]
    assert shares[1] > shares[0]


def test_a_phase_of_too_few_counts_is_masked_instead_of_being_100_percent_of_an_element():
    found = quantified([[1000, 2000, 3000, 500], [0, 0, 0, 30], [0, 0, 0, 0]])
    assert found.masked[0] == ""
    assert "too few counts" in found.masked[1]
    assert "no pixel" in found.masked[2]
    assert np.isnan(found.weight.share[1:]).all()
    assert np.isfinite(found.weight.share[0]).all()


def test_label_0_has_a_composition_like_any_other():
    found = quantified([[1000, 2000, 3000, 500], [1000, 2000, 3000, 500]])
    np.testing.assert_array_equal(found.weight.share[0], found.weight.share[1])


def test_what_is_not_detected_has_a_limit():
    found = quantified([1000, 2000, 3000, 2], sigma=[30, 45, 55, 10])
    assert found.weight.detected[0].tolist() == [True, True, True, False]
    assert found.weight.limit[0, 3] == pytest.approx(3 * 2 * 10 / (4000 + 2000 + 3000 + 4))


def test_negative_net_counts_are_no_negative_mass():
    found = quantified([1000, 2000, 3000, -40])
    assert found.weight.share[0, 3] == 0
    assert found.weight.share[0].sum() == pytest.approx(1.0)


def test_one_line_makes_no_composition():
    with pytest.raises(ValueError, match="two elements at least; there is only Fe_Ka"):
        quantified([500], QuantificationChoices(sample="thin"), lines=("Fe_Ka",))
    # with oxygen by stoichiometry it does
    choices = QuantificationChoices(sample="thin", oxygen="stoichiometry")
    assert quantified([5000], choices, lines=("Fe_Ka",)).weight.names == ("Fe", "O")


def test_a_line_without_k_factor_is_left_out_with_a_note():
    found = quantified([900, 2000, 3000], QuantificationChoices(), 5.0, lines=("O_Ka", "Si_Ka", "Fe_Ka"))
    assert found.weight.names == ("O", "Si")
    assert any("Fe_Ka is left out" in note for note in found.notes)


def test_carbon_is_left_out_unless_asked_for_and_a_phase_of_it_is_masked():
    lines = ("C_Ka", "O_Ka", "Si_Ka")
    counts = [[300, 1000, 3000], [9000, 1000, 30]]
    found = quantified(counts, QuantificationChoices(sample="thin"), lines=lines)
    assert found.weight.names == ("O", "Si")
    assert found.masked[0] == ""
    assert "mostly C" in found.masked[1]
    kept = quantified(counts, QuantificationChoices(sample="thin", leave_out=()), lines=lines)
    assert kept.weight.names == ("C", "O", "Si")
    assert kept.masked == ("", "")


@pytest.mark.parametrize("formula", ["Mg1.64Fe0.36SiO4", "NaAlSi3O8", "FeTiO3", "Ca5P3O12F"])
def test_the_matrix_of_a_thick_sample_is_found_by_iteration(formula):
    truth = mass_fractions(formula)
    elements = [element for element in truth if element != "H"]
    lines = tuple(f"{element}_Ka" for element in elements)
    detector = instrument(20.0)
    counts = [1e9 * truth[e] * bulk_sensitivity(f"{e}_Ka", truth, detector) for e in elements]
    counts = np.array(counts) / np.sum(counts) * 1e6
    found = quantified(counts, QuantificationChoices(), 20.0, lines=lines)
    for element, share in zip(found.weight.names, found.weight.share[0], strict=True):
        assert share == pytest.approx(truth[element], rel=0.01)
    thin = quantified(counts, QuantificationChoices(sample="thin"), 20.0, lines=lines)
    oxygen = thin.weight.names.index("O")
    assert thin.weight.share[0, oxygen] < 0.8 * truth["O"]


def test_element_maps_give_compositions_without_errors():
    choices = QuantificationChoices(sample="thin")
    found = quantified([50, 40], choices, lines=("Fe_Ka", "Si_Ka"), counted=False, sigma=[0, 0])
    assert found.masked == ("",)
    assert (found.weight.sigma == 0).all()
    assert any("no counts" in note for note in found.notes)
