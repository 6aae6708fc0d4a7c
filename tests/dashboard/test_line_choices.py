"""A change of the line maps that cannot be made is taken back; what belongs to one sample stays with it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from bokeh.plotting import figure
from phases_bench import latent_result, opened_map, three_stripes

from dashboard.phases.history import PhasesHistory
from dashboard.phases.line_choices import of_another_sample, same_maps, same_pixels
from dashboard.phases.state import PhasesState
from dashboard.phases.visit import PhasesVisit
from data.axes import EnergyAxis
from models.live_phases import live_phases
from models.recipe import LineMapChoices


class InlineMonitor:
    """Runs a job to its end where it is submitted."""

    def submit(self, request, on_report=None, on_progress=None, on_done=None, on_failed=None):
        steps = request.run()
        try:
            while True:
                try:
                    report = next(steps)
                except StopIteration as end:
                    on_done(end.value)
                    return SimpleNamespace()
                if on_report is not None:
                    on_report(report)
        except ValueError as error:
            on_failed(str(error))
        return SimpleNamespace()

    def cancel(self, job):
        pass


class Shelf:
    """A library of two datasets: the stripes, and the same without energies."""

    def __init__(self):
        image, _ = three_stripes()
        bare = replace(image, energy=EnergyAxis(0.0, 1.0, 450, calibrated=False), dataset_id="bare")
        self.datasets = {"stripes": (image,), "bare": (bare,)}

    def open(self, entry_id):
        return self.datasets[entry_id]

    def version(self, entry_id):
        return 0

    def at_hand(self, entry_id: str) -> None:
        """Nothing was opened before."""

    def keep(self, dataset: object, key: object, made: object, n_bytes: int) -> object:
        return made


@pytest.fixture
def visit():
    told = []
    state = PhasesState()
    history = PhasesHistory(state)  # before the visit, as jobs here are done before they are recorded else
    anchor = figure()
    made = PhasesVisit(
        state,
        Shelf(),
        None,
        InlineMonitor(),
        [].append,
        lambda text, kind: told.append(text),
        anchor,
    )
    made.told, made.history = told, history
    return made


def test_lines_of_a_link_are_used_for_its_dataset_and_dropped_for_the_next(visit):
    state = visit.state
    state.change("line_maps", lines=("Fe_Ka", "Si_Ka"), crop=(0, 12, 0, 36), rebin=2)
    visit.open("stripes")
    assert state.prepared.maps.lines == ("Fe_Ka", "Si_Ka")
    assert state.prepared.maps.shape == (6, 18)
    visit.open("stripes")
    assert state.recipe.line_maps == LineMapChoices(rebin=2)
    assert state.prepared.maps.shape == (12, 18)


def test_a_link_that_does_not_fit_its_file_is_opened_without_what_does_not_fit(visit):
    visit.state.change("line_maps", crop=(0, 500, 0, 500))
    visit.open("stripes")
    assert visit.state.prepared is not None
    assert visit.state.recipe.line_maps.crop == ()
    assert any("beyond the map" in text for text in visit.told)


def test_a_choice_that_cannot_be_made_is_taken_back(visit):
    state = visit.state
    visit.open("stripes")
    before, shown = state.recipe.line_maps, state.prepared
    for change in (dict(lines=("Ag_Ka",)), dict(rebin=25), dict(low_energy_kev=19.0), dict(pca_components=9)):
        state.change("line_maps", **change)
        assert state.recipe.line_maps == before, change
        assert state.prepared is shown
    assert "Ag_Ka needs a beam above" in visit.told[0]


def test_spectra_without_energies_open_and_say_where_to_give_them(visit):
    visit.open("bare", then_find=True)
    assert visit.state.prepared.maps.lines == ()
    assert "tab Lines" in visit.told[-1]
    visit.state.change("line_maps", energy_offset_kev=0.0, energy_scale_kev=0.02)
    assert visit.state.prepared.maps.lines == ("Si_Ka", "Ca_Ka", "Fe_Ka")


def test_phases_stay_on_show_while_lines_change_and_go_when_channels_do(visit):
    state = visit.state
    visit.open("stripes")
    _, opened, stripe = opened_map()
    result = latent_result(opened, stripe)
    state.result = result
    state.shown = live_phases(result, result.recipe)
    state.change("line_maps", lines=("Fe_Ka", "Si_Ka"))
    assert state.shown is not None
    state.change("line_maps", low_energy_kev=1.0)
    assert state.shown is None
    assert state.prepared.image.energy.low_kev == pytest.approx(1.0, abs=0.03)


def test_what_two_choices_have_in_common():
    chosen = LineMapChoices(
        lines=("Fe_Ka",), crop=(0, 1, 0, 2), energy_scale_kev=0.01, rebin=3, exclude=("C",)
    )
    assert of_another_sample(chosen) == LineMapChoices(rebin=3, exclude=("C",))
    assert same_maps(chosen, chosen)
    assert not same_maps(chosen, of_another_sample(chosen))
    assert not same_pixels(chosen, of_another_sample(chosen))


def test_a_crop_can_be_undone_and_done_again(visit):
    state, history = visit.state, visit.history
    visit.open("stripes")
    state.change("line_maps", crop=(0, 12, 0, 18))
    assert state.prepared.maps.shape == (12, 18)
    assert "crop" in history.undo_text
    history.undo()
    assert state.recipe.line_maps.crop == ()
    assert state.prepared.maps.shape == (24, 36)
    history.redo()
    assert state.prepared.maps.shape == (12, 18)
