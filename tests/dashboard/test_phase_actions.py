"""What the buttons of the table do with phases."""

from __future__ import annotations

import numpy as np
import pytest
from live_bench import LiveVisit

from dashboard.phases import phase_actions
from dashboard.phases.table_panel import TablePanel
from models.live_phases import live_phases


@pytest.fixture
def visit():
    return LiveVisit()


def test_statistics_spectra_and_table_follow_a_merge_at_once(visit):
    state = visit.state
    first, second, third = (visit.phase_of(stripe) for stripe in range(3))
    state.choose([first, third])
    visit.settle()
    assert state.selection.n_selected == 576
    phase_actions.merge(state, [first, third])
    visit.settle()
    assert {row.id: row.pixels for row in state.rows()} == {first: 576, second: 288}
    np.testing.assert_array_equal(state.shown.spectra.sum(axis=0), state.prepared.sum_spectrum)
    assert state.selection.n_selected == 576
    assert state.chosen_phases == (first,)


def test_excluded_phases_are_struck_through_and_come_back(visit):
    state = visit.state
    phase = visit.phase_of(1)
    phase_actions.exclude(state, [phase])
    visit.settle()
    assert [row.area_percent for row in state.rows()] == pytest.approx([50, 50])
    (left,) = state.other_rows()
    assert (left.id, left.kind, left.pixels) == (phase, "excluded", 288)
    phase_actions.bring_back(state, phase)
    visit.settle()
    assert len(state.rows()) == 3
    assert state.other_rows() == []


def test_the_pixels_below_the_least_probability_have_a_row(visit):
    state = visit.state
    state.change("mixture", n_phases=6)
    state.change(None, probability_threshold=0.9)
    visit.settle()
    (row,) = state.other_rows()
    assert row.kind == "unassigned"
    assert row.pixels == np.count_nonzero(state.shown.phase_map.label < 0) > 0
    assert row.pixels + sum(one.pixels for one in state.rows()) == state.shown.n_valid


def test_a_locked_phase_keeps_its_pixels_and_what_made_it(visit):
    state = visit.state
    first, second = visit.phase_of(0), visit.phase_of(1)
    phase_actions.merge(state, [first, second])
    visit.settle()
    phase_actions.lock(state, [first])
    visit.settle()
    assert state.shown.locked == {first}
    mask = state.shown.phase_map.label == state.shown.ids.index(first)
    np.testing.assert_array_equal(mask, visit.stripe < 2)
    for number in (5, 6, 2):
        state.change("mixture", n_phases=number)
        visit.settle()
        np.testing.assert_array_equal(state.shown.phase_map.label == state.shown.ids.index(first), mask)
    state.change("mixture", n_phases=3)
    visit.settle()
    phase_actions.unlock(state, [first])
    visit.settle()
    assert state.shown.locked == frozenset()
    np.testing.assert_array_equal(state.shown.phase_map.label == state.shown.ids.index(first), mask)


def test_parts_of_a_split_are_locked_together_and_can_be_merged_and_locked_again(visit):
    state = visit.state
    first, second = visit.phase_of(0), visit.phase_of(1)
    phase_actions.merge(state, [first, second])
    visit.settle()
    phase_actions.split(state, [first], 2)
    visit.settle()
    parts = set(state.shown.ids) - {visit.phase_of(2)}
    assert len(parts) == 2
    phase_actions.lock(state, [first])
    visit.settle()
    assert state.shown.locked == parts
    phase_actions.merge(state, sorted(parts))
    visit.settle()
    assert len(state.shown.ids) == 2
    one = next(iter(parts & set(state.shown.ids)))
    phase_actions.lock(state, [one])
    visit.settle()
    state.change("mixture", n_phases=5)
    visit.settle()
    label = state.shown.ids.index(one)
    np.testing.assert_array_equal(state.shown.phase_map.label == label, visit.stripe < 2)
    assert not state.shown.notes


def test_the_recipe_of_the_page_gives_the_same_phases_elsewhere(visit):
    state = visit.state
    for number in (5, 7, 4):
        state.change("mixture", n_phases=number)
        visit.settle()
    state.set_phase(visit.phase_of(1), "name", "Calcite")
    phase_actions.split(state, [state.rows()[0].id], 2)
    visit.settle()
    phase_actions.exclude(state, [state.rows()[-1].id])
    visit.settle()
    elsewhere = live_phases(visit.result, state.recipe)
    assert elsewhere.ids == state.shown.ids
    np.testing.assert_array_equal(elsewhere.phase_map.label, state.shown.phase_map.label)


def test_edits_are_reset_and_names_stay(visit):
    state = visit.state
    first, second = visit.phase_of(0), visit.phase_of(1)
    state.set_phase(first, "name", "Quartz")
    phase_actions.merge(state, [first, second])
    phase_actions.reset(state)
    visit.settle()
    assert len(state.rows()) == 3
    assert state.name_of(first) == "Quartz"
    assert state.recipe.edits == (f"name {first + 1} Quartz",)


@pytest.mark.parametrize(
    ("action", "phases", "value", "said"),
    [
        ("merge", [0], None, "two or more phases"),
        ("merge", [], None, "two or more phases"),
        ("merge", [0, 77], None, "two or more phases"),
        ("split", [0, 1], 2, "one phase"),
        ("split", [0], 1, "2 to 12 parts"),
        ("split", [0], 99, "2 to 12 parts"),
        ("split", [0], None, "2 to 12 parts"),
        ("exclude", [], None, "Choose the phases"),
        ("exclude", [0, 1, 2], None, "One phase has to stay"),
        ("bring_back", [0], None, "no longer among the edits"),
        ("lock", [], None, "Choose the phases"),
        ("unlock", [0], None, "None of these phases is locked"),
        ("reset", [], None, "Nothing was merged"),
        ("remove_edit", [], "merge 8 9", "no longer among the edits"),
        ("remove_edit", [], "nonsense", "no edit 'nonsense'"),
    ],
)
def test_what_cannot_be_done_is_told_and_changes_nothing(visit, action, phases, value, said):
    told: list[str] = []
    panel = TablePanel(visit.state, lambda text, kind: told.append(text))
    before = visit.state.recipe
    panel.act(action, phases, value)
    assert len(told) == 1
    assert said in told[0]
    assert visit.state.recipe == before


def test_a_phase_of_fewer_pixels_than_parts_is_not_split(visit):
    state = visit.state
    shown = state.shown
    label = shown.phase_map.label.copy()
    label[label == 0] = 1
    label[3, 4] = 0
    from dataclasses import replace

    phase_map = replace(shown.phase_map, label=label)
    state.shown = replace(shown, phase_map=phase_map, pixels=phase_map.pixels())
    with pytest.raises(ValueError, match="has 1 pixels: they do not make 3 parts"):
        phase_actions.split(state, [shown.ids[0]], 3)


def test_the_table_lists_the_edits_with_the_names_of_their_phases(visit):
    state = visit.state
    panel = TablePanel(state, lambda text, kind: None)
    first, second = visit.phase_of(0), visit.phase_of(1)
    state.set_phase(first, "name", "Quartz")
    phase_actions.merge(state, [first, second])
    visit.settle()
    assert [edit["text"] for edit in panel.table.edits] == [f"merge Quartz and Phase {second + 1}"]
    assert [row["name"] for row in panel.table.rows] == ["Quartz", f"Phase {visit.phase_of(2) + 1}"]
    panel.act("remove_edit", [], panel.table.edits[0]["command"])
    visit.settle()
    assert len(panel.table.rows) == 3
