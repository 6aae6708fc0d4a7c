"""The tab "Clusters" shows the method, the BIC curve, and where each phase is how probable."""

from __future__ import annotations

import io

import numpy as np
import pytest
import tifffile
from at_once import AtOnce, JobsAtOnce
from bokeh.events import Tap
from phases_bench import SHAPE, latent_result, opened_map

from dashboard import live
from dashboard.exports import Chosen
from dashboard.phases.clusters import ClustersTab
from dashboard.phases.clusters.bic import CurveRequest, curve_choices
from dashboard.phases.state import PhasesState
from dashboard.phases.tab import Tools
from models.exports_figure import FigureStyle
from models.live_phases import live_phases
from models.recipe import MixtureChoices

#: found once for all tests
_CURVES = {}


class Page:
    """A state with the phases of three stripes, the tab on show, and the answers of the visit at once."""

    def __init__(self):
        image, opened, stripe = opened_map()
        self.state, self.told, self.jobs = PhasesState(), [], JobsAtOnce(_CURVES)
        self.state.open(image, opened)
        self.result = latent_result(opened, stripe)
        self.state.recipe = self.result.recipe
        self.state.result = self.result
        self.stripe = stripe
        self.answer()
        tools = Tools(
            self.state, self.jobs, lambda call: call(), lambda text, kind: self.told.append((kind, text))
        )
        self.tab = ClustersTab(tools)
        self.tab.build()
        self.tab.refresh(frozenset(ClustersTab.follows))

    def answer(self):
        self.state.shown = live_phases(self.result, self.state.recipe, self.state.shown)

    def change(self, part, **choices):
        """What the visit does after a change of the recipe."""
        self.state.change(part, **choices)
        if part in ("mixture", "refinement"):
            self.answer()
        self.tab.refresh(frozenset({"recipe", "shown"}))


@pytest.fixture
def page(monkeypatch):
    monkeypatch.setattr(live, "_EXECUTOR", AtOnce())
    return Page()


def data(plot, layer):
    return plot._sources[layer].data


def test_the_curve_is_computed_when_the_tab_is_shown_and_not_again(page):
    assert page.jobs.titles == ["BIC of 1 to 20 phases"]
    curve = page.tab.curve.source.data
    assert list(curve["number"]) == list(range(1, 21))
    assert page.tab.curve.least.data["number"] == [int(np.argmin(curve["bic"])) + 1]
    page.change("mixture", n_phases=4)
    page.change("mixture", method="kmeans")
    assert len(page.jobs.titles) == 1
    page.change("mixture", covariance="diag")
    assert len(page.jobs.titles) == 2


def test_the_number_on_show_is_marked(page):
    assert page.tab.curve.chosen.visible
    assert page.tab.curve.chosen.location == 3
    page.change("mixture", n_phases=7)
    assert page.tab.curve.chosen.location == 7


def test_a_click_on_the_curve_takes_the_nearest_number(page):
    figure = page.tab.curve.figure
    figure._trigger_event(Tap(figure, x=5.2, y=0.0))
    assert page.state.recipe.mixture.n_phases == 5
    page.change("mixture", method="hdbscan", least_share=0.1)
    figure._trigger_event(Tap(figure, x=8, y=0.0))
    assert page.state.recipe.mixture.n_phases == 5
    assert "HDBSCAN finds the number itself" in page.told[-1][1]


def test_the_key_of_a_curve_is_the_space_and_not_the_number(page):
    few, many = (CurveRequest(page.result, curve_choices(MixtureChoices(n_phases=k))) for k in (3, 9))
    assert few.key == many.key
    tied = CurveRequest(page.result, curve_choices(MixtureChoices(covariance="tied")))
    assert tied.key != few.key


def test_settings_belong_to_their_method(page):
    method = page.tab.method
    assert method.covariance.visible and method.n_gaussians.visible and not method.radius.visible
    method.method.value = "birch"
    page.change("mixture")
    assert page.state.recipe.mixture.method == "birch"
    assert method.radius.visible and not method.covariance.visible
    method.method.value = "hdbscan"
    method.least_share.value = 10.0
    page.change("mixture")
    assert page.state.recipe.mixture.least_share == pytest.approx(0.1)
    assert not method.number.visible
    assert method.least_share.visible
    assert method.found.object.startswith("3 clusters on show")


def test_a_recipe_beyond_the_ends_of_a_slider_is_shown_as_it_is(page):
    page.change("mixture", method="hdbscan", least_share=0.25)
    assert page.tab.method.least_share.value == 25
    assert page.state.recipe.mixture.least_share == 0.25


def test_the_probability_of_the_chosen_phase_is_drawn(page):
    views = page.tab.views
    phase = views.phase.value
    index = data(views.probability, "probability")["image"][0]
    inside = page.state.shown.phase_map.label == page.state.label_of(phase)
    assert index.shape == SHAPE
    assert index[inside].min() > 200
    assert index[~inside].max() < 60
    other = next(one for one in views.phase.options.values() if one != phase)
    views.phase.value = other
    index = data(views.probability, "probability")["image"][0]
    assert index[page.state.shown.phase_map.label == page.state.label_of(other)].min() > 200


def test_names_of_phases_stand_in_the_menu(page):
    page.state.set_phase(page.state.shown.ids[0], "name", "Olivine")
    page.tab.refresh(frozenset({"names"}))
    assert page.tab.views.phase.options["Olivine"] == page.state.shown.ids[0]


def test_the_binary_map_follows_the_threshold_and_the_cleaning(page):
    views = page.tab.views
    mask = data(views.binary, "mask")["image"][0]
    assert mask.sum() == 288
    assert views.text.object.startswith("288 pixels (33.3 %, 72 µm²).")
    views.speck.value = 300
    page.tab.refresh(frozenset({"recipe"}))
    assert page.state.recipe.masks.least_speck == 300
    assert "smaller than 300 pixels" in views.text.object
    assert data(views.binary, "mask")["image"] == []
    assert views.select.disabled
    views.speck.value = 0
    page.tab.refresh(frozenset({"recipe"}))
    assert data(views.binary, "mask")["image"][0].sum() == 288
    assert page.told == []


def test_areas_of_specks_are_said_in_um(page):
    page.tab.views.speck.value = 8
    page.tab.refresh(frozenset({"recipe"}))
    assert page.tab.views.speck.label == "Least speck (px = 2 µm²)"


def test_the_binary_map_can_be_selected_and_saved(page):
    views = page.tab.views
    views._select()
    assert page.state.asked.title == f"{page.state.name_of(views.phase.value)} from 50%"
    name, content = views._mask_file(Chosen("TIFF", FigureStyle()))
    saved = tifffile.imread(io.BytesIO(content))
    assert name.endswith("mask.tif")
    assert set(np.unique(saved)) == {0, 255}
    assert (saved > 0).sum() == 288
    name, content = views._probability_file(Chosen("TIFF32", FigureStyle()))
    saved = tifffile.imread(io.BytesIO(content))
    assert saved.dtype == np.float32
    assert saved.max() == pytest.approx(1)
    for make in (views._mask_file, views._probability_file):
        assert make(Chosen("PNG", FigureStyle(dpi=80)))[1].startswith(b"\x89PNG")


def test_an_empty_binary_map_is_not_saved(page):
    page.tab.views.threshold.value = 1.0
    page.tab.views.speck.value = 400
    page.tab.refresh(frozenset({"recipe"}))
    with pytest.raises(ValueError, match="This binary map is empty"):
        page.tab.views._mask_file(Chosen("TIFF", FigureStyle()))


def test_clusters_that_cannot_be_had_leave_everything_as_it_was(page):
    before = page.state.shown
    page.state.change("mixture", method="hdbscan", least_share=0.45)
    with pytest.raises(ValueError, match="HDBSCAN finds no cluster of at least 389"):
        live_phases(page.result, page.state.recipe, before)
    page.tab.refresh(frozenset({"recipe"}))
    assert page.state.shown is before
    assert data(page.tab.views.binary, "mask")["image"][0].sum() == 288
