"""The state of the Phases workspace: what a choice, a name and a new number of phases do."""

import numpy as np
import pytest
from phases_bench import latent_result, opened_map

from dashboard.phases.readout import readout
from dashboard.phases.state import PhasesState
from models.live_phases import live_phases


@pytest.fixture
def found():
    image, opened, stripe = opened_map()
    state = PhasesState()
    state.open(image, opened)
    result = latent_result(opened, stripe)
    state.recipe = result.recipe
    state.result = result
    state.shown = live_phases(result, result.recipe)
    return state, stripe


def test_the_table_counts_pixels_and_names_the_lines_that_tell_a_phase(found):
    state, _ = found
    rows = state.rows()
    assert sorted(row.pixels for row in rows) == [288, 288, 288]
    assert sum(row.area_percent for row in rows) == pytest.approx(100)
    assert {row.lines[0] for row in rows} == {"Si_Ka", "Ca_Ka", "Fe_Ka"}
    assert len({row.colour for row in rows}) == 3


def test_phases_are_numbered_by_size_at_first(found):
    state, _ = found
    state.change("mixture", n_phases=5)
    first = live_phases(state.result, state.recipe)
    pixels = dict(zip(first.ids, first.pixels, strict=True))
    assert [pixels[number] for number in range(5)] == sorted(first.pixels, reverse=True)


def test_names_and_colours_stay_with_their_phase_when_the_number_changes(found):
    state, stripe = found
    iron = int(state.shown.phase_map.label[stripe == 2][0])
    phase = state.shown.ids[iron]
    state.set_phase(phase, "name", "Hematite")
    state.set_phase(phase, "colour", "#123456")
    for number in (4, 5, 6, 4, 3):
        state.change("mixture", n_phases=number)
        state.shown = live_phases(state.result, state.recipe, state.shown)
        assert state.shown.n_phases == number
        label = np.bincount(state.shown.phase_map.label[stripe == 2]).argmax()
        assert state.name_of(state.shown.ids[label]) == "Hematite"
        assert state.colour_of(state.shown.ids[label]) == "#123456"
        assert len(set(state.shown.ids)) == number


def test_a_threshold_leaves_improbable_pixels_unassigned_and_the_table_follows(found):
    state, _ = found
    state.change("mixture", n_phases=6)
    state.change(None, probability_threshold=0.9)
    shown = live_phases(state.result, state.recipe, state.shown)
    state.shown = shown
    left = int((shown.phase_map.label < 0).sum())
    assert 0 < left < shown.n_valid
    assert sum(row.pixels for row in state.rows()) == shown.n_valid - left
    assert shown.spectra.sum() < state.prepared.sum_spectrum.sum()


def test_refined_phases_of_a_run_without_refinement_are_asked_for_in_words(found):
    state, _ = found
    state.change("refinement", enabled=True)
    with pytest.raises(ValueError, match="Find phases"):
        live_phases(state.result, state.recipe)


def test_another_dataset_forgets_what_followed_from_the_old_one(found):
    state, _ = found
    state.set_phase(0, "name", "Quartz")
    image, opened, _ = opened_map()
    state.open(image, opened)
    assert state.result is None
    assert state.shown is None
    assert state.rows() == []
    assert state.name_of(0) == "Phase 1"


def test_the_readout_names_position_phase_and_strongest_lines_and_escapes_names(found):
    state, stripe = found
    iron = state.shown.ids[int(state.shown.phase_map.label[stripe == 2][0])]
    state.set_phase(iron, "name", "<b>Fe</b>")
    text = readout(state, (3, 35))
    assert "x 35, y 3" in text
    assert "17.75 µm" in text
    assert "&lt;b&gt;Fe" in text
    assert text.index("Fe_Ka") < text.index("Si_Ka")
