"""The tab "Elements" draws all maps, their colour image, ratio and correlation, and compares a selection."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from at_once import AtOnce
from bokeh.events import SelectionGeometry
from phases_bench import SHAPE, latent_result, opened_map

from dashboard import live
from dashboard.exports import Chosen
from dashboard.line_pair import LinePair
from dashboard.origins import Context
from dashboard.phases.elements.brushing import RATIO, SELECTION
from dashboard.phases.elements.tab import ALL_MAPS, ElementsTab
from dashboard.phases.state import PhasesState
from dashboard.phases.tab import Tools
from dashboard.selection import Box, select
from models.exports_figure import FigureStyle
from models.live_phases import live_phases


@pytest.fixture
def page(monkeypatch):
    monkeypatch.setattr(live, "_EXECUTOR", AtOnce())
    image, opened, stripe = opened_map()
    state, said = PhasesState(), []
    tools = Tools(state, None, lambda work: work(), lambda text, kind: said.append((kind, text)))
    tab = ElementsTab(tools)
    state.open(image, opened)
    tab.build()
    tab.refresh(frozenset(tab.follows))
    state.param.watch(
        lambda *events: tab.refresh(frozenset(event.name for event in events)), list(tab.follows)
    )
    return state, tab, opened, stripe, said


def drawn(tab, line):
    return tab.gallery.tiles[line]._sources["intensity"].data["image"][0].astype(float)


def draw_on(figure, **geometry):
    figure._trigger_event(SelectionGeometry(figure, geometry=geometry, final=True))


def test_every_line_has_its_map_in_the_gallery(page):
    _state, tab, opened, _stripe, _ = page
    assert list(tab.gallery.tiles) == list(opened.maps.lines)
    for line in opened.maps.lines:
        assert np.corrcoef(drawn(tab, line).ravel(), opened.maps.of(line).ravel())[0, 1] > 0.95
        assert tab.gallery.tiles[line].scale_bar.visible
    ranges = {id(tile.figure.x_range) for tile in tab.gallery.tiles.values()}
    assert ranges == {id(tab.frame.x_range)}, "all maps zoom together"


def test_one_map_may_look_different_from_the_others(page):
    _state, tab, _opened, _, _ = page
    before = drawn(tab, "Fe_Ka").copy()
    tab.target.value = "Ca_Ka"
    tab.palette.value, tab.gamma.value = "Viridis", 0.5
    tiles = tab.gallery.tiles
    assert tiles["Ca_Ka"].palette("intensity") != tiles["Fe_Ka"].palette("intensity")
    np.testing.assert_array_equal(drawn(tab, "Fe_Ka"), before)
    tab.target.value = "Fe_Ka"
    assert (tab.palette.value, tab.gamma.value) == ("Inferno", 1.0)
    tab._same_for_all(None)
    assert tiles["Ca_Ka"].palette("intensity") == tiles["Fe_Ka"].palette("intensity")
    assert tab.target.value == ALL_MAPS


def test_gamma_below_one_brightens_and_contrast_clips(page):
    _state, tab, _opened, _, _ = page
    before = drawn(tab, "Si_Ka").mean()
    tab.gamma.value = 0.5
    assert drawn(tab, "Si_Ka").mean() > before
    tab.contrast.value = (0, 50)
    assert (drawn(tab, "Si_Ka") == 255).mean() > 0.4


def test_one_intensity_range_for_all_maps_makes_them_comparable(page):
    _state, tab, _opened, _, _ = page
    tab.scale.value = "common"
    limits = tab.gallery.limits
    assert (limits == limits[0]).all()


def test_a_lasso_on_two_lines_selects_the_pixels_of_that_kind(page):
    state, tab, opened, stripe, _ = page
    tab.correlation.x.value, tab.correlation.y.value = "Si_Ka", "Fe_Ka"
    draw_on(tab.correlation.figure, type="rect", x0=30, x1=500, y0=-99, y1=15)
    origin = state.asked
    assert origin == LinePair("Si_Ka", "Fe_Ka", ((30.0, -99.0), (500.0, 15.0)))
    images = {line: opened.maps.of(line) for line in opened.maps.lines}
    state.selection = select(origin, Context(SHAPE, images=images))
    assert (state.selection.image == (stripe == 0)).mean() > 0.99
    chosen = tab.correlation.chosen.data["image"][0]
    assert 0 < (chosen > 0).sum() < (tab.correlation.source.data["image"][0] > 0).sum()
    veil = tab.gallery.veil.data["image"][0]
    np.testing.assert_array_equal(veil == 0, state.selection.image)


def test_a_box_on_a_tile_asks_for_a_selection_in_map_pixels(page):
    state, tab, _opened, _, _ = page
    draw_on(tab.gallery.tiles["Fe_Ka"].figure, type="rect", x0=1.0, x1=6.0, y0=0.5, y1=2.0)
    assert state.asked == Box("map", 2.0, 12.0, 1.0, 4.0)


def test_the_bars_compare_the_selection_with_the_map(page):
    state, tab, opened, stripe, _ = page
    assert "Nothing is selected" in tab.brushing.said.object
    state.selection = select(Box("map", 0, SHAPE[1] // 3, 0, SHAPE[0]), SHAPE)
    data = tab.brushing.source.data
    for line, mean, of_map in zip(data["line"], data["mean"], data["map"], strict=True):
        np.testing.assert_allclose(mean, opened.maps.of(line)[stripe == 0].mean(), rtol=1e-5, atol=1e-4)
        np.testing.assert_allclose(of_map, opened.maps.of(line).mean(), rtol=1e-5, atol=1e-4)
    ratio = dict(zip(data["line"], data["ratio"], strict=True))
    assert ratio["Si_Ka"] == pytest.approx(3, rel=0.1)
    state.selection = None
    assert len(tab.brushing.source.data["line"]) == 0


def test_a_phase_may_be_compared_without_selecting_it(page):
    state, tab, opened, stripe, _ = page
    result = latent_result(opened, stripe)
    state.recipe, state.result = result.recipe, result
    state.shown = live_phases(result, result.recipe)
    phase = state.shown.ids[1]
    tab.brushing.of.value = phase
    assert tab.brushing.comparison.part.n_pixels == state.shown.pixels[1]
    state.set_phase(phase, "name", "Quartz")
    assert "Quartz" in tab.brushing.of.options
    tab.brushing.of.value = SELECTION


def test_a_ratio_leaves_out_pixels_without_enough_counts(page):
    _state, tab, _opened, stripe, _ = page
    tab.ratio.above.value, tab.ratio.below.value, tab.ratio.window.value = "Fe_Ka", "Si_Ka", 1
    tab.ratio.least.value = 20.0
    shown = np.isfinite(tab.ratio.ratio.ratio)
    assert (shown == (stripe == 0)).mean() > 0.98
    assert "left out" in tab.ratio.said.object
    tab.ratio.below.value = "Fe_Ka"
    assert "two different lines" in tab.ratio.said.object


@pytest.mark.parametrize("kind", ["PNG", "SVG", "TIFF32", "TIFF16", "CSV"])
def test_the_gallery_exports_every_kind(page, kind):
    _state, tab, _opened, _, _ = page
    name, content = tab._file(Chosen(kind, FigureStyle(dpi=60)))
    assert name.endswith({"TIFF32": "tif", "TIFF16": "tif"}.get(kind, kind.lower()))
    assert len(content) > 100


@pytest.mark.parametrize("kind", ["PNG", "CSV"])
def test_the_cards_export_what_they_show(page, kind):
    state, tab, _opened, _, _ = page
    chosen = Chosen(kind, FigureStyle(dpi=60))
    state.selection = select(Box("map", 0, 9, 0, 9), SHAPE)
    tab.brushing.shows.value = RATIO
    for part in (tab.brushing, tab.correlation):
        assert len(part._file(chosen)[1]) > 100
    for part in (tab.rgb, tab.ratio):
        name, content = part._file(Chosen("PNG" if kind == "PNG" else "TIFF32", chosen.style))
        assert len(content) > 100, name


def test_another_dataset_replaces_every_map(page):
    state, tab, opened, _, _ = page
    fewer = replace(opened.maps, intensity=opened.maps.intensity[:, :20, :2], lines=("Si_Ka", "Fe_Ka"))
    state.open(None, replace(opened, maps=fewer))
    assert list(tab.gallery.tiles) == ["Si_Ka", "Fe_Ka"]
    assert drawn(tab, "Fe_Ka").shape == (SHAPE[0], 20)
