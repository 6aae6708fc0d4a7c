"""Everything that a person changes in the Phases workspace can be taken back."""

from __future__ import annotations

import numpy as np
import pytest
from live_bench import LiveVisit

from dashboard.named_selections import keep
from dashboard.phases import phase_actions
from dashboard.phases.history import PhasesHistory
from dashboard.phases.state import ALL_COUNTS
from dashboard.selection import Box, ImageRange


class Clock:
    now = 0.0

    def __call__(self) -> float:
        self.now += 10.0
        return self.now


@pytest.fixture
def visit():
    return LiveVisit()


@pytest.fixture
def history(visit):
    return PhasesHistory(visit.state, Clock())


def labels(visit) -> np.ndarray:
    """The phase of every pixel by lasting number; -1: none."""
    shown = visit.state.shown
    return np.append(np.array(shown.ids), -1)[shown.phase_map.label]


def test_a_merge_and_a_name_are_taken_back_and_done_again(visit, history):
    state, before = visit.state, labels(visit)
    first, second = visit.phase_of(0), visit.phase_of(1)
    state.set_phase(second, "name", "Calcite")
    visit.settle()
    phase_actions.merge(state, [first, second])
    visit.settle()
    assert history.undo_text == f"merge Calcite and Phase {first + 1}"
    merged = labels(visit)
    assert len(state.shown.ids) == 2
    history.undo()
    visit.settle()
    np.testing.assert_array_equal(labels(visit), before)
    assert state.name_of(second) == "Calcite"
    assert history.redo_text == f"merge Calcite and Phase {first + 1}"
    history.undo()
    assert state.name_of(second) == f"Phase {second + 1}"
    assert history.undo_text == ""
    history.redo()
    history.redo()
    visit.settle()
    np.testing.assert_array_equal(labels(visit), merged)
    assert state.name_of(second) == "Calcite"


def test_each_kind_of_change_is_a_step_with_words_of_its_own(visit, history):
    state = visit.state
    phase = visit.phase_of(2)
    changes = [
        (lambda: state.change("mixture", n_phases=5), "number of phases 5"),
        (lambda: state.change(None, probability_threshold=0.5), "least probability 0.5"),
        (lambda: state.set_phase(phase, "colour", "#123456"), f"colour of Phase {phase + 1}"),
        (lambda: state.set_phase(phase, "visible", False), f"hide Phase {phase + 1}"),
        (lambda: state.param.update(map_palette="Viridis"), "palette Viridis"),
        (lambda: state.param.update(map_shown="Fe_Ka"), "map Fe_Ka"),
        (lambda: state.param.update(phase_opacity=0.4), "opacity of the phases 0.4"),
        (lambda: state.select(Box("map", 0, 4, 0, 4)), "select box on the map"),
        (lambda: state.choose([phase]), f"choose Phase {phase + 1}"),
        (visit.selecting.clear, "clear the selection"),
        (lambda: keep_box(state), "keep selection “corner”"),
        (lambda: phase_actions.exclude(state, [phase]), f"exclude Phase {phase + 1}"),
    ]
    for change, text in changes:
        change()
        visit.settle()
        assert history.undo_text == text
    for _, text in reversed(changes):
        assert history.undo_text == text
        history.undo()
        visit.settle()
    assert history.undo_text == ""
    assert state.recipe.mixture.n_phases == 3
    assert state.colours == {} and state.hidden == frozenset()
    assert (state.map_palette, state.map_shown, state.phase_opacity) == ("Inferno", ALL_COUNTS, 0.75)
    assert state.selection is None and state.selections == ()
    for _, text in changes:
        assert history.redo_text == text
        history.redo()
        visit.settle()
    assert [one.name for one in state.selections] == ["corner"]
    assert phase not in state.shown.ids


def keep_box(state) -> None:
    state.selections = keep(state.selections, "corner", Box("map", 0, 4, 0, 4), (24, 36))


def test_a_slider_and_a_threshold_that_move_are_one_step_each(visit):
    state = visit.state
    history = PhasesHistory(state)
    for number in (4, 5, 6, 7):
        state.change("mixture", n_phases=number)
    visit.settle()
    for low in (1.0, 2.0, 3.0):
        state.select(ImageRange("Fe_Ka", low, None))
        visit.settle()
    assert history.undo_text == "select Fe_Ka from 3"
    history.undo()
    visit.settle()
    assert state.selection is None
    history.undo()
    visit.settle()
    assert state.recipe.mixture.n_phases == 3
    assert history.undo_text == ""


def test_what_follows_by_itself_is_no_step(visit, history):
    state = visit.state
    state.set_phase(visit.phase_of(0), "name", "Quartz")
    state.change("mixture", n_phases=6)
    visit.settle()
    # names have to stay with their phases: the numbers are written down, which nobody did by hand
    assert len(state.recipe.numbering) == 6
    assert history.undo_text == "number of phases 6"
    history.undo()
    visit.settle()
    assert history.undo_text == f"name Phase {visit.phase_of(0) + 1} “Quartz”"
    assert state.name_of(visit.phase_of(0)) == "Quartz"


def test_taking_back_after_another_run_keeps_names_with_their_phases(visit, history):
    state = visit.state
    state.set_phase(visit.phase_of(1), "name", "Calcite")
    state.change("mixture", n_phases=5)
    visit.settle()
    # another run of the same map, as after a training: its phases are those of the names by their pixels
    from dataclasses import replace

    state.result = replace(visit.result)
    visit.phases.request(state.result, state.recipe, visit.phases.comparable())
    visit.settle()
    history.undo()
    visit.settle()
    assert state.name_of(visit.phase_of(1)) == "Calcite"


def test_another_dataset_begins_a_history_of_its_own(visit, history):
    visit.state.change("mixture", n_phases=5)
    assert history.undo_text
    visit.state.open(visit.state.dataset.__class__(**vars(visit.state.dataset)), visit.opened)
    assert history.undo_text == ""
