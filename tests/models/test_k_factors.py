"""k-factors: defaults, a person's own, files, standards."""

from dataclasses import replace

import pytest

from models import k_factors
from models.composition_choices import QuantificationChoices
from models.recipe import PhasesRecipe, from_yaml, to_yaml, with_settings
from models.recipe_limits import check_limits

LINES = ("O_Ka", "Na_Ka", "Si_Ka", "Cl_Ka", "Fe_Ka")
CHOICES = QuantificationChoices()


def test_defaults_are_relative_to_the_reference_and_follow_the_beam():
    at_15, at_200 = (k_factors.k_factors(LINES, CHOICES, kev) for kev in (15.0, 200.0))
    assert at_15.values["Si_Ka"] == at_200.values["Si_Ka"] == pytest.approx(1.0)
    assert at_15.values["Fe_Ka"] > 1.5 * at_200.values["Fe_Ka"]
    assert set(at_15.values) == set(LINES)
    assert at_15.bulk
    assert not at_200.bulk


def test_the_assumptions_are_said():
    assumed = k_factors.k_factors(LINES, CHOICES, None)
    assert "20 kV (assumed" in assumed.assumptions
    assert "Casnati" in assumed.assumptions
    assert "thick" in assumed.caveat
    thin = k_factors.k_factors(LINES, replace(CHOICES, sample="thin"), 20.0)
    assert "ZAF" in thin.caveat
    assert "indicative" in thin.caveat


def test_own_values_take_the_place_of_computed_ones():
    found = k_factors.k_factors(LINES, replace(CHOICES, k_factors=("Fe_Ka=1.7",)), 20.0)
    assert found.values["Fe_Ka"] == 1.7
    assert found.computed["Fe_Ka"] != 1.7
    assert found.given == {"Fe_Ka"}


def test_a_line_above_the_beam_is_missing_and_says_why_until_it_is_given():
    found = k_factors.k_factors(("Si_Ka", "Fe_Ka"), CHOICES, 5.0)
    assert set(found.values) == {"Si_Ka"}
    assert "needs a beam" in found.missing["Fe_Ka"]
    given = k_factors.k_factors(("Si_Ka", "Fe_Ka"), replace(CHOICES, k_factors=("Fe_Ka=2",)), 5.0)
    assert given.values["Fe_Ka"] == 2
    assert not given.missing


@pytest.mark.parametrize("value", ["0", "-1", "", "abc", "nan", "inf"])
def test_a_k_factor_that_is_no_positive_number_is_refused(value):
    with pytest.raises(ValueError, match="must be a number above zero"):
        k_factors.checked("Fe_Ka", value)


def test_a_recipe_with_a_bad_k_factor_fails_before_the_run_and_a_good_one_survives_yaml():
    recipe = with_settings(PhasesRecipe(), {"quantification.k_factors": "[Fe_Ka=1.2, O_Ka=2]"})
    check_limits(recipe)
    assert from_yaml(to_yaml(recipe)) == recipe
    for bad, message in (("[Fe_Ka=0]", "above zero"), ("[Fe_Kx=1]", "Fe_Ka"), ("[Fe_Ka]", "no '='")):
        with pytest.raises(ValueError, match=message):
            check_limits(with_settings(PhasesRecipe(), {"quantification.k_factors": bad}))


def test_a_table_comes_back_from_its_file():
    factors = k_factors.k_factors(LINES, replace(CHOICES, k_factors=("Fe_Ka=1.7", "O_Ka=2")), 20.0)
    content = k_factors.to_csv(factors)
    # what was computed is computed again for the beam at hand
    assert k_factors.from_csv(content) == {"Fe_Ka": 1.7, "O_Ka": 2.0}


def test_tables_of_other_programs_are_read():
    assert k_factors.from_csv("Fe_Ka;1,7\nO_Ka;2\n".encode("utf-8-sig")) == {"Fe_Ka": 1.7, "O_Ka": 2.0}
    assert k_factors.from_csv(b"element line,k factor\nFe_Ka,1.7\n") == {"Fe_Ka": 1.7}


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "no table"), (b"Fe_Ka", "no table"), (b"line,k_factor\nFe_Ka,0\n", "above zero"),
     (b"line,k_factor\nFe_Kx,1\n", "Fe_Ka"), (b"line,k_factor\nFe_Ka\n", "no k-factor"),
     (b"\xff\xfe1", "text")],
)  # fmt: skip
def test_files_that_are_no_tables_are_told(content, message):
    with pytest.raises(ValueError, match=message):
        k_factors.from_csv(content)


def test_another_reference_changes_no_ratio():
    own = {"Fe_Ka": 1.5, "O_Ka": 2.0}
    assert k_factors.rescaled(own, 0.5) == {"Fe_Ka": 3.0, "O_Ka": 4.0}


def test_a_standard_makes_its_own_composition():
    factors = k_factors.k_factors(("Mg_Ka", "Si_Ka", "Fe_Ka"), replace(CHOICES, sample="thin"), 200.0)
    counts = {"Mg_Ka": 4000.0, "Si_Ka": 3000.0, "Fe_Ka": 800.0}
    found = k_factors.from_standard(counts, "Mg1.8Fe0.2SiO4", factors)
    assert found["Si_Ka"] == pytest.approx(1.0)
    mass = {line: found[line] * counts[line] for line in counts}
    assert mass["Mg_Ka"] / mass["Si_Ka"] == pytest.approx(1.8 * 24.305 / 28.086, rel=1e-3)
    with pytest.raises(ValueError, match="two counted elements"):
        k_factors.from_standard({"Si_Ka": 4000.0}, "SiO2", factors)
