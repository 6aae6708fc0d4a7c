"""The tab of compositions: table, k-factors, minerals and triangle follow the phases and the recipe."""

from types import SimpleNamespace

import numpy as np
import pytest
from page_loop import PageLoop
from phases_bench import latent_result, opened_map

from dashboard.origins import Context
from dashboard.phases.composition.tab import CompositionTab
from dashboard.phases.composition.texts import percent_text
from dashboard.phases.state import PhasesState
from dashboard.phases.tab import Tools
from dashboard.phases.tab_strip import TabFrame
from models.exports_figure import FigureStyle
from models.live_phases import live_phases
from models.quantification import Shares


@pytest.fixture
def page():
    image, opened, stripe = opened_map()
    state, loop, told = PhasesState(), PageLoop(), []
    tab = CompositionTab(Tools(state, None, loop, lambda text, kind: told.append(text)))
    frame = TabFrame(tab)
    state.open(image, opened)
    result = latent_result(opened, stripe)
    state.recipe, state.result = result.recipe, result
    state.shown = live_phases(result, result.recipe)
    found = SimpleNamespace(state=state, tab=tab, told=told, stripe=stripe)
    found.settle = lambda: loop.settle(
        lambda: tab._composing.busy or tab._matching.busy or tab.ternary._work.busy
    )
    frame.show(True)
    found.settle()
    return found


def row_of(page, phase):
    return next(row for row in page.tab.table.rows if row["id"] == phase)


def phase_of(page, stripe):
    return page.state.shown.ids[page.state.shown.phase_map.label[0, 12 * stripe]]


def test_every_phase_has_a_row_with_its_element_label_0_too(page):
    for stripe, element in enumerate(("Si", "Ca", "Fe")):
        row = row_of(page, phase_of(page, stripe))
        assert float(row[element].split(" ")[0]) > 90
    assert "thick" in page.tab.notes.object


def test_each_stripe_could_be_its_element(page):
    names = [row_of(page, phase_of(page, stripe))["could_be"] for stripe in range(3)]
    assert names[0].startswith(("Silicon", "Quartz", "Moissanite"))
    assert names[1].startswith(("Lime", "Calcite", "Portlandite", "Fluorite"))
    assert names[2].startswith(
        ("Iron", "Wustite", "Hematite", "Magnetite", "Siderite", "Goethite", "Cohenite")
    )


def test_one_click_names_the_phase(page):
    phase = phase_of(page, 2)
    page.tab.table._handle_msg({"id": phase, "what": "pick", "key": "", "value": True})
    assert page.state.chosen_phase == phase
    page.settle()
    assert page.tab.minerals.chosen == phase
    page.tab.minerals.table._handle_msg({"id": 0, "what": "action", "key": "use", "value": None})
    assert page.state.names[phase] == page.tab.minerals._matched.candidates[0].short_name


def test_an_edited_k_factor_goes_into_the_recipe_and_changes_the_composition(page):
    before = row_of(page, phase_of(page, 0))["Ca"]
    page.tab.factors.table._handle_msg({"id": "Ca_Ka", "what": "edit", "key": "k", "value": "30"})
    page.settle()
    assert page.state.recipe.quantification.k_factors == ("Ca_Ka=30",)
    assert row_of(page, phase_of(page, 0))["Ca"] != before
    row = next(row for row in page.tab.factors.table.rows if row["id"] == "Ca_Ka")
    assert (row["k"], row["reset"]) == ("30", "Reset")
    page.tab.factors.table._handle_msg({"id": "Ca_Ka", "what": "action", "key": "reset", "value": None})
    page.settle()
    assert page.state.recipe.quantification.k_factors == ()


@pytest.mark.parametrize("text", ["0", "", "-2", "abc"])
def test_a_k_factor_that_cannot_be_is_told_and_nothing_is_lost(page, text):
    rows = [dict(row) for row in page.tab.factors.table.rows]
    page.tab.factors.table._handle_msg({"id": "Ca_Ka", "what": "edit", "key": "k", "value": text})
    assert "above zero" in page.told[-1]
    assert page.state.recipe.quantification.k_factors == ()
    assert page.tab.factors.table.rows == rows
    assert len(page.tab.table.rows) == 3


def test_k_factors_come_from_a_file_and_a_bad_one_is_told(page):
    page.tab.factors.upload.value = b"line,k_factor\nFe_Ka,2.5\n"
    assert page.state.recipe.quantification.k_factors == ("Fe_Ka=2.5",)
    page.tab.factors.upload.value = b"line,k_factor\nFe_Ka,0\n"
    assert "above zero" in page.told[-1]
    assert page.state.recipe.quantification.k_factors == ("Fe_Ka=2.5",)


def test_another_reference_keeps_the_ratios(page):
    page.tab.factors.table._handle_msg({"id": "Ca_Ka", "what": "edit", "key": "k", "value": "3"})
    page.settle()
    before = row_of(page, phase_of(page, 0))
    page.tab.factors.reference.value = "Fe_Ka"
    page.settle()
    assert page.state.recipe.quantification.reference == "Fe_Ka"
    after = row_of(page, phase_of(page, 0))
    assert {name: after[name] for name in ("Si", "Ca", "Fe")} == {n: before[n] for n in ("Si", "Ca", "Fe")}


def test_choices_that_cannot_be_are_told_and_taken_back(page):
    page.tab._widgets["oxides"].value = "FeTiO3"
    assert "no oxide" in page.told[-1]
    assert page.state.recipe.quantification.oxides == ()
    assert page.tab._widgets["oxides"].value == ""
    page.tab._widgets["oxides"].value = "Fe2O3"
    page.tab.unit.value = "Oxides"
    page.settle()
    assert "Fe2O3" in [column["key"] for column in page.tab.table.columns]


def test_the_beam_of_the_file_is_shown_and_another_one_is_a_choice(page):
    assert page.tab._widgets["beam_kev"].value == 20.0
    assert page.state.recipe.quantification.beam_kev is None
    page.tab._widgets["beam_kev"].value = 15.0
    assert page.state.recipe.quantification.beam_kev == 15.0


def test_oxygen_by_stoichiometry_and_one_line_alone(page):
    page.state.change("quantification", lines=("Fe_Ka",))
    page.settle()
    assert page.tab.table.rows == []
    assert "two elements at least" in page.tab.table.empty
    page.state.change("quantification", oxygen="stoichiometry")
    page.settle()
    assert "O" in [column["key"] for column in page.tab.table.columns]


def test_pixels_of_every_phase_are_in_the_triangle_and_a_lasso_selects_them(page):
    found = page.tab.ternary._found
    assert found.lines == page.tab.state.prepared.maps.lines or set(found.lines) == {
        "Si_Ka",
        "Ca_Ka",
        "Fe_Ka",
    }
    assert np.isfinite(found.means[:, 0]).all()
    assert len(page.tab.ternary.plot.means.data["x"]) == 3
    corner = found.means[page.state.shown.ids.index(phase_of(page, 2))]
    around = corner + 0.3 * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    page.tab.ternary._lassoed(around)
    mask = page.state.asked.mask(Context((24, 36))).reshape(24, 36)
    assert mask[page.stripe == 2].mean() > 0.9
    assert mask[page.stripe != 2].mean() < 0.1


def test_the_triangle_of_one_phase_and_of_two_equal_corners(page):
    card = page.tab.ternary
    card.phase.value = phase_of(page, 1)
    page.settle()
    assert card._found.n_shown <= 24 * 12
    assert np.isfinite(card._found.means[:, 0]).sum() == 1
    card.corners[0].value = card.corners[1].value
    page.settle()
    assert "three different" in card.note.object
    assert page.state.prepared is not None


@pytest.mark.parametrize("kind", ["PNG", "SVG", "CSV"])
def test_the_triangle_can_be_exported(page, kind):
    chosen = SimpleNamespace(kind=kind, style=FigureStyle(dpi=72), is_figure=kind != "CSV")
    name, content = page.tab.ternary._export(chosen)
    assert name.endswith(kind.lower())
    assert content[:4] in (b"\x89PNG", b"<?xm", b"x,y,")


def test_the_csv_has_every_unit_with_errors(page):
    head, *rows = page.tab._csv().decode("utf-8-sig").splitlines()
    for column in ("Si_wt_percent", "Si_wt_percent_sigma", "Fe_at_percent", "SiO2_oxides_wt_percent",
                   "Fe_Ka_net_counts_sigma", "nearest_mineral"):  # fmt: skip
        assert column in head.split(",")
    assert len(rows) == 3


def test_an_added_mineral_takes_part_and_can_be_forgotten(page):
    page.tab.minerals.own.value = "nonsense"
    page.tab.minerals._add()
    assert "no mineral" in page.told[-1]
    page.tab.minerals.own.value = "Ferrosilicon = FeSi2"
    page.tab.minerals._add()
    assert page.state.recipe.quantification.minerals == ("Ferrosilicon = FeSi2",)


def test_a_phase_serves_as_the_standard(page):
    page.tab.factors.standard.value = "SiO2"
    page.tab.factors._take_standard()
    assert "Choose the phase" in page.told[-1]
    page.state.chosen_phase = phase_of(page, 0)
    page.tab.factors._take_standard()
    assert "two counted elements" in page.told[-1]
    assert page.state.recipe.quantification.k_factors == ()


def test_what_is_not_detected_reads_as_a_limit():
    shares = Shares(("Fe", "Si"), np.array([[0.002, 0.998]]), np.array([[0.001, 0.001]]),
                    np.array([[False, True]]), np.array([[0.003, 0.003]]))  # fmt: skip
    assert percent_text(shares, 0, 0, True) == "< 0.3"
    assert percent_text(shares, 0, 1, True) == "99.8 ± 0.1"
