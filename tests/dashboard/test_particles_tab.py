"""The tab of particles: table, histogram and map show the same regions, and picking one selects it."""

from types import SimpleNamespace

import numpy as np
import pytest
from bokeh.events import Tap
from page_loop import PageLoop
from phases_bench import latent_result, opened_map

from dashboard.origins import Context
from dashboard.phases.particles.histogram import bin_edges, bin_of, log_ticks, stacked
from dashboard.phases.particles.tab import ParticlesTab
from dashboard.phases.state import PhasesState
from dashboard.phases.tab import Tools
from dashboard.phases.tab_strip import TabFrame
from dashboard.selection import Box, select
from models.live_phases import live_phases

AREA_UM2 = 24 * 12 * 0.25  # of a stripe


def settle(page):
    page.loop.settle(lambda: page.tab._work.busy)


@pytest.fixture
def page():
    image, opened, stripe = opened_map()
    state, loop, told = PhasesState(), PageLoop(), []
    tools = Tools(state, None, loop, lambda text, kind: told.append(text))
    tab = ParticlesTab(tools)
    frame = TabFrame(tab)
    state.open(image, opened)
    result = latent_result(opened, stripe)
    state.recipe, state.result = result.recipe, result
    state.shown = live_phases(result, result.recipe)
    frame.show(True)
    made = SimpleNamespace(state=state, loop=loop, tab=tab, stripe=stripe, told=told)
    settle(made)
    return made


def test_every_phase_has_its_region_in_the_table_label_0_too(page):
    rows = page.tab.table.rows
    assert len(rows) == 3
    assert {row["phase"] for row in rows} == {"Phase 1", "Phase 2", "Phase 3"}
    assert {row["area"] for row in rows} == {f"{AREA_UM2:.1f}"}
    assert all(row["edge"] == "yes" for row in rows)
    assert "3 particles" in page.tab.table.footer


def test_a_row_that_is_picked_is_marked_and_asked_for(page):
    page.tab.table._handle_msg({"id": 1, "what": "pick", "key": "", "value": True})
    drawn = page.tab.map._sources["picked"].data["image"][0]
    assert drawn.sum() == 24 * 12
    asked = page.state.asked
    assert asked.text.startswith("particle 2 of ")
    mask = asked.mask(Context((24, 36))).reshape(24, 36)
    assert len(np.unique(page.stripe[mask])) == 1
    assert mask.sum() == 24 * 12


def test_a_bar_selects_all_of_its_particles_and_a_click_beside_none(page):
    page.tab.distribution.pick(int(page.tab.distribution._bins[0]))
    assert page.state.asked.text == "3 particles"
    assert page.tab.distribution.plot.picked.data["left"]
    page.tab.distribution.pick(-1)
    assert not page.tab._picked
    assert page.tab.distribution.plot.picked.data["left"] == []


def test_a_click_on_the_map_picks_the_particle_there(page):
    figure = page.tab.map.figure
    figure._trigger_event(Tap(figure, x=17.5, y=6.0))
    (number,) = page.tab._picked
    assert page.tab._found.mask([number])[12, 35]


def test_a_phase_alone_and_a_larger_least_size(page):
    page.tab.phase.value = page.state.shown.ids[0]
    settle(page)
    assert len(page.tab.table.rows) == 1
    page.state.change("particles", least_pixels=10_000)
    settle(page)
    assert page.tab.table.rows == []
    assert "1 smaller ones left out" in page.tab.table.footer
    assert page.tab.least.value == 10_000
    with pytest.raises(ValueError, match="no particle"):
        page.tab._csv()


def test_choices_on_the_page_go_into_the_recipe(page):
    page.tab.fill.value = True
    page.tab.touching.value = 4
    assert page.state.recipe.particles.fill_holes
    assert page.state.recipe.particles.connectivity == 4


def test_names_follow_and_the_csv_has_units(page):
    page.state.set_phase(page.state.shown.ids[0], "name", "Quartz")
    page.loop.run()
    assert "Quartz" in {row["phase"] for row in page.tab.table.rows}
    head, *rows = page.tab._csv().decode().splitlines()
    assert head.startswith("particle,phase,pixels,area_um2,equivalent_diameter_um")
    assert "Si_Ka_min,Si_Ka_mean,Si_Ka_max" in head
    assert len(rows) == 3


def test_sorting_by_a_heading_turns_around_at_the_second_click(page):
    page.tab.line.value = "Fe_Ka"
    for expected in (True, False):
        page.tab.table._handle_msg({"id": None, "what": "sort", "key": "mean", "value": None})
        means = [float(row["mean"]) for row in page.tab.table.rows]
        assert means == sorted(means, reverse=expected)


def test_a_selection_made_elsewhere_takes_the_mark_away(page):
    page.tab._row_picked(0, True)
    assert page.tab._picked
    page.state.selection = select(Box("map", 0, 5, 0, 5), (24, 36))
    page.loop.run()
    assert not page.tab._picked


def test_bins_hold_every_value():
    values = np.array([0.5, 1.0, 3.0, 20.0])
    for log in (False, True):
        edges = bin_edges(values, 7, log)
        assert (bin_of(values, edges) >= 0).all()
        assert bin_of(np.array([-1.0, 99.0]), edges).tolist() == [-1, -1]
    assert bin_of(np.array([2.0]), bin_edges(np.array([2.0]), 5, True))[0] >= 0
    assert bin_edges(np.zeros(0), 3, True).size == 4


def test_bars_are_stacked_by_phase():
    found = stacked(np.array([0, 0, 1, -1]), np.array([0, 1, 1, 0]), np.array([1.0, 2, 3, 9]), 2, [0, 1])
    assert found.tolist() == [[1, 0], [2, 3]]


def test_a_short_logarithmic_axis_has_ticks():
    assert log_ticks(2.3, 186) == [5, 10, 20, 50, 100]
    assert log_ticks(1e-4, 1e4) == [10.0**n for n in range(-4, 5)]
