"""The tab Lines changes the recipe, and shows what the spectrum says, without losing what was there."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from bokeh.events import Tap
from phases_bench import SHAPE, three_stripes

from dashboard.phases.lines import LinesTab, line_editor
from dashboard.phases.lines.line_editor import suggest_lines_of
from dashboard.phases.requests import view_of
from dashboard.phases.state import PhasesState
from dashboard.phases.tab import Tools
from dashboard.selection import Box, select
from data.axes import EnergyAxis
from data.elemental_maps import ElementalMaps
from models.recipe import LineMapChoices


class Page:
    """A tab as the page would hold it: what it asks to be scheduled runs when ``settle`` is called."""

    def __init__(self, dataset, choices=LineMapChoices()):  # noqa: B008
        self.todo, self.told, self.lives = [], [], []
        self.state = PhasesState()
        self.state.open(dataset, view_of(dataset, choices))
        self.state.recipe = replace(self.state.recipe, line_maps=choices)
        page = self

        class Recorded(Tools):
            def live(self, *arguments):
                made = super().live(*arguments)
                page.lives.append(made)
                return made

        tools = Recorded(self.state, None, self.todo.append, lambda text, kind: self.told.append(text))
        self.tab = LinesTab(tools)
        self.tab.build()
        self.refresh("prepared", "recipe", "selection")

    def refresh(self, *changed):
        self.tab.refresh(frozenset(changed))
        self.settle()

    def settle(self):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            while self.todo:
                self.todo.pop(0)()
            if not any(live.busy for live in self.lives):
                return
            time.sleep(0.01)
        raise AssertionError("a live answer did not come")

    @property
    def chosen(self):
        return self.state.recipe.line_maps

    def prepare(self):
        """What the visit does when the recipe changed."""
        self.state.refresh(view_of(self.state.dataset, self.chosen))
        self.refresh("prepared", "recipe")


@pytest.fixture(scope="module")
def suggested():
    return {}


@pytest.fixture(autouse=True)
def suggest_once(monkeypatch, suggested):
    """The same spectrum is not searched anew for every test."""

    def suggest(image):
        if image.dataset_id not in suggested:
            suggested[image.dataset_id] = suggest_lines_of(image)
        return suggested[image.dataset_id]

    monkeypatch.setattr(line_editor, "suggest_lines_of", suggest)


@pytest.fixture
def page():
    image, _ = three_stripes()
    return Page(image)


def test_the_sum_spectrum_has_its_lines_at_their_energies_on_an_axis_of_20_ev_channels(page):
    plot = page.tab.search.figure.plot
    assert plot.marks.data["line"] == ["Si_Ka", "Ca_Ka", "Fe_Ka"]
    np.testing.assert_allclose(plot.marks.data["energy"], [1.740, 3.691, 6.401], atol=0.003)
    energy, counts = np.asarray(plot.source.data["xs"][0]), np.asarray(plot.source.data["ys"][0])
    for mark in plot.marks.data["energy"]:
        near = np.abs(energy - mark) < 0.3
        assert energy[near][counts[near].argmax()] == pytest.approx(mark, abs=0.03)


def test_a_click_on_a_peak_shows_candidates_and_their_families_and_adds_one(page):
    page.state.change("line_maps", lines=("Si_Ka", "Ca_Ka"))
    page.prepare()
    search = page.tab.search
    figure = search.figure.plot.figures["log"]
    figure._trigger_event(Tap(figure, x=6.45, y=10))
    page.settle()
    row = search.table.rows[0]
    assert (row["key"], row["action"]) == ("Fe_Ka", "Add")
    assert search.figure.peak.data["energy"][0] == pytest.approx(6.40, abs=0.03)
    family = search.figure.family.data
    heights = dict(zip(family["line"], family["counts"], strict=True))
    assert 0.1 < heights["Fe_Kb"] / heights["Fe_Ka"] < 0.2
    search.table._handle_msg({"what": "action", "key": "Fe_Ka"})
    assert page.chosen.lines == ("Si_Ka", "Ca_Ka", "Fe_Ka")


def test_pointing_at_another_candidate_draws_its_family(page):
    search = page.tab.search
    search.search(6.4)
    page.settle()
    other = search.table.rows[1]["key"]
    search.table._handle_msg({"what": "point", "key": other})
    assert other in search.figure.family.data["line"]
    search.table._handle_msg({"what": "point", "key": ""})
    assert "Fe_Ka" in search.figure.family.data["line"]


def test_elements_that_the_beam_excites_are_enabled_and_chosen_ones_filled(page):
    cells = {cell["symbol"]: cell for cell in page.tab.editor.table.cells}
    assert cells["Fe"]["chosen"]
    assert cells["Ti"]["possible"]
    assert not cells["Ti"]["chosen"]
    assert not cells["H"]["possible"]
    # the axis ends at 9 keV, the beam at 20 kV
    assert [line["name"] for line in cells["Zn"]["lines"]][:2] == ["Zn_Ka", "Zn_La"]
    assert {line["name"] for line in cells["Fe"]["lines"] if line["chosen"]} == {"Fe_Ka"}


def test_an_element_is_added_and_taken_out_by_a_click(page):
    table = page.tab.editor.table
    table._handle_msg({"element": "Ti"})
    assert page.chosen.lines == ("Si_Ka", "Ca_Ka", "Fe_Ka", "Ti_Ka")
    table._handle_msg({"element": "Si"})
    assert page.chosen.lines == ("Ca_Ka", "Fe_Ka", "Ti_Ka")
    table._handle_msg({"line": "Ti_La"})
    assert page.chosen.lines[-1] == "Ti_La"
    page.tab.editor.automatic.param.trigger("clicks")
    assert page.chosen.lines == ()


def test_suggestions_carry_a_score_and_are_marked_in_the_table(page):
    rows = {row["key"]: row for row in page.tab.editor.suggested.rows}
    assert set(rows) >= {"Si_Ka", "Ca_Ka", "Fe_Ka"}
    assert float(rows["Fe_Ka"]["cells"][2]) > 10
    marked = {cell["symbol"] for cell in page.tab.editor.table.cells if cell["suggested"]}
    assert marked >= {"Si", "Ca", "Fe"}


def test_errors_of_the_text_are_named_and_the_list_stays(page):
    page.tab.editor.text.value = "Fe_Kx, Zz, Ag_Ka"
    assert all(name in page.told[-1] for name in ("Fe_Kx", "Zz", "Ag_Ka needs a beam above"))
    assert page.chosen.lines == ()
    assert page.tab.editor.text.value == "Si_Ka, Ca_Ka, Fe_Ka"
    page.tab.editor.text.value = "fe, si"
    assert page.chosen.lines == ("Fe_Ka", "Si_Ka")


def test_what_is_left_out_must_be_elements(page):
    page.tab.editor.left_out.value = "C, Xx"
    assert "Xx" in page.told[-1]
    assert page.tab.editor.left_out.value == ""
    page.tab.editor.left_out.value = "Ca"
    assert page.chosen.exclude == ("Ca",)


def test_the_energy_scale_shows_how_far_lines_are_off_and_puts_them_right():
    image, _ = three_stripes()
    high = replace(image, energy=replace(image.energy, offset_kev=0.03), dataset_id="high")
    page = Page(high)
    off = [float(row["cells"][3].split()[0]) for row in page.tab.scale.table.rows]
    np.testing.assert_allclose(off, 30, atol=6)
    page.tab.scale.by_lines.param.trigger("clicks")
    page.settle()
    assert page.chosen.energy_offset_kev == pytest.approx(0.0, abs=0.01)
    page.prepare()
    assert all(abs(float(row["cells"][3].split()[0])) < 6 for row in page.tab.scale.table.rows)
    page.tab.scale.reset.param.trigger("clicks")
    assert page.chosen.energy_offset_kev is None


def test_a_width_that_is_none_is_refused_and_nothing_changes(page):
    before = page.chosen
    for width in ("0", "-0.01", "ten", "nan"):
        page.tab.scale.scale.value = width
        page.tab.scale.apply.param.trigger("clicks")
        assert "width of a channel" in page.told[-1]
    assert page.chosen == before


def test_spectra_without_energies_are_usable_once_these_are_typed():
    image, _ = three_stripes()
    bare = replace(image, energy=EnergyAxis(0.0, 1.0, 450, calibrated=False), dataset_id="bare")
    page = Page(bare)
    assert page.state.prepared.maps.lines == ()
    assert not page.tab.normalisation.panel.visible
    page.tab.scale.offset.value = "0"
    page.tab.scale.apply.param.trigger("clicks")
    assert "width of a channel" in page.told[-1]
    page.tab.scale.scale.value = "0.02 keV"
    page.tab.scale.apply.param.trigger("clicks")
    assert (page.chosen.energy_offset_kev, page.chosen.energy_scale_kev) == (0.0, 0.02)
    page.prepare()
    assert page.state.prepared.maps.lines == ("Si_Ka", "Ca_Ka", "Fe_Ka")


def test_the_box_of_a_selection_becomes_the_crop_in_pixels_of_the_file(page):
    part = page.tab.preparation
    part.to_selection.param.trigger("clicks")
    assert "Nothing is selected" in page.told[-1]
    page.state.selection = select(Box("map", 4, 12, 2, 20), SHAPE)
    page.refresh("selection")
    part.to_selection.param.trigger("clicks")
    assert page.chosen.crop == (2, 20, 4, 12)
    part.whole.param.trigger("clicks")
    assert page.chosen.crop == ()


def test_a_crop_that_is_none_is_refused_and_nothing_changes(page):
    part = page.tab.preparation
    for edges, says in (
        (("0", "30", "0", "36"), "beyond the map"),
        (("5", "5", "0", "36"), "holds no pixel"),
        (("0", "a", "0", "36"), "whole pixels"),
    ):
        for field, text in zip(part.edges, edges, strict=True):
            field.value = text
        part.apply.param.trigger("clicks")
        assert says in page.told[-1]
        assert page.chosen.crop == ()


def test_components_are_compared_with_the_noise_of_counting(page):
    strength = page.tab.preparation.source.data["strength"]
    assert len(strength) == 3
    assert "3 components stand above" in page.tab.preparation.suggestion.object
    page.tab.preparation.components.value = 2
    assert page.chosen.pca_components == 2
    page.prepare()
    assert len(set(page.tab.preparation.source.data["colour"])) == 2


def test_every_step_of_the_normalisation_has_a_histogram(page):
    part = page.tab.normalisation
    shown = [one for one in part.figures if one.cell.visible]
    assert len(shown) == 4
    assert sum(shown[0].bars.data["top"]) == pytest.approx(99, abs=1.5)
    assert len(shown[0].outlines.data["line"]) == 2
    part.chain.value = ["zscore"]
    assert page.chosen.normalisation == ("zscore",)
    page.refresh("recipe")
    assert sum(one.cell.visible for one in part.figures) == 2
    part.clip.value = False
    page.settle()
    assert sum(shown[0].bars.data["top"]) == pytest.approx(100)


def test_a_linear_fit_is_drawn_over_the_spectrum():
    image, _ = three_stripes()
    page = Page(image, LineMapChoices(background="fit"))
    assert list(page.tab.search.figure.plot.source.data["name"]) == ["All pixels", "Linear fit"]
    assert page.tab.search.figure.strips.data["x0"] == []
    page.tab.search.shown.value = False
    assert list(page.tab.search.figure.plot.source.data["name"]) == ["All pixels"]


def test_element_maps_have_no_spectrum_and_can_be_cropped_and_chosen():
    rng = np.random.default_rng(0)
    maps = ElementalMaps(rng.random((8, 9, 3)).astype(np.float32), ("Fe", "Si", "Ca"), dataset_id="maps")
    page = Page(maps)
    tab = page.tab
    assert not tab.search.spectrum.visible
    assert not tab.scale.panel.visible
    assert not tab.editor.table.visible
    assert tab.editor.choice.options == ["Fe", "Si", "Ca"]
    tab.editor.choice.value = ["Fe", "Ca"]
    assert page.chosen.lines == ("Fe", "Ca")
    page.prepare()
    assert page.state.prepared.maps.lines == ("Fe", "Ca")
