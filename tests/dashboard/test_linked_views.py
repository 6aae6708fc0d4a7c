"""The linked views draw what the state holds."""

from array import array

import numpy as np
import pytest
from bokeh.events import SelectionGeometry
from phases_bench import SHAPE, latent_result, opened_map

from dashboard import theme
from dashboard.phases.linked_views import LinkedViews
from dashboard.phases.state import ALL_COUNTS, COLOUR_COMPOSITE, NAVIGATION, PhasesState
from dashboard.selection import Box, select
from models.live_phases import live_phases


@pytest.fixture
def page():
    image, opened, stripe = opened_map()
    state = PhasesState()
    views = LinkedViews(state)
    state.open(image, opened)
    return state, views, opened, stripe


def find(state, opened, stripe):
    result = latent_result(opened, stripe)
    state.recipe = result.recipe
    state.result = result
    state.shown = live_phases(result, result.recipe)


def layer(plot, name):
    return plot._sources[name].data


def test_a_dataset_fills_the_maps_in_um_with_row_0_on_top(page):
    _state, views, _opened, _ = page
    data = layer(views.element, "intensity")
    assert data["image"][0].shape == SHAPE
    assert (data["dw"][0], data["dh"][0]) == (18.0, 12.0)
    assert (views.frame.y_range.start, views.frame.y_range.end) == (12.0, 0)
    assert views.element.scale_bar.visible
    assert list(views.spectra.source.data["name"]) == ["All pixels"]
    assert views.spectra.marks.data["line"] == ["Si_Ka", "Ca_Ka", "Fe_Ka"]


@pytest.mark.parametrize("shown", [ALL_COUNTS, "Ca_Ka", NAVIGATION + "BSE"])
def test_the_element_map_shows_the_image_that_is_asked_for(page, shown):
    state, views, opened, _ = page
    state.map_shown = shown
    image = {
        ALL_COUNTS: opened.intensity,
        "Ca_Ka": opened.maps.of("Ca_Ka"),
        NAVIGATION + "BSE": opened.maps.navigation["BSE"],
    }[shown]
    drawn = layer(views.element, "intensity")["image"][0].astype(float)
    assert np.corrcoef(drawn.ravel(), image.ravel())[0, 1] > 0.95


def test_three_lines_become_red_green_and_blue(page):
    state, views, _opened, stripe = page
    state.composite = ("Fe_Ka", "Si_Ka", "Ca_Ka")
    state.map_shown = COLOUR_COMPOSITE
    colour = layer(views.element, "rgb")["image"][0].view(np.uint8).reshape(*SHAPE, 4)
    for stripe_number, channel in ((2, 0), (0, 1), (1, 2)):
        mean = colour[stripe == stripe_number][:, :3].mean(axis=0)
        assert mean.argmax() == channel
    assert layer(views.element, "intensity")["image"] == []


def test_phases_appear_on_the_map_in_the_latent_space_and_as_spectra(page):
    state, views, opened, stripe = page
    find(state, opened, stripe)
    index = layer(views.phase, "phases")["image"][0]
    assert set(np.unique(index)) == {1, 2, 3}
    assert len({index[stripe == number][0] for number in range(3)}) == 3
    palette = views.phase._mappers["phases"].palette
    assert palette[1].startswith(state.colour_of(state.shown.ids[0]))
    assert views.latent.source.data["image"][0].max() > 0
    assert views.spectra.source.data["name"] == ["All pixels", "Phase 1", "Phase 2", "Phase 3"]


def test_a_selection_greys_what_is_not_in_it_everywhere(page):
    state, views, opened, stripe = page
    find(state, opened, stripe)
    state.selection = select(Box("map", 0, 12, 0, 24), SHAPE)
    index = layer(views.phase, "phases")["image"][0]
    assert (index[:, 12:] == 4).all()
    assert (index[:, :12] < 4).all()
    assert views.phase._mappers["phases"].palette[4].startswith(theme.UNSELECTED)
    veil = layer(views.element, "veil")["image"][0]
    assert veil[:, 12:].all()
    assert not veil[:, :12].any()
    state.selection = None
    assert layer(views.element, "veil")["image"] == []
    assert (layer(views.phase, "phases")["image"][0] < 4).all()


def test_a_hidden_phase_is_transparent_and_its_curve_is_gone(page):
    state, views, opened, stripe = page
    find(state, opened, stripe)
    phase = state.shown.ids[1]
    state.set_phase(phase, "visible", False)
    assert views.phase._mappers["phases"].palette[2] == "#00000000"
    assert state.name_of(phase) not in views.spectra.source.data["name"]


def test_a_colour_change_sends_no_image(page):
    state, views, opened, stripe = page
    find(state, opened, stripe)
    before = layer(views.phase, "phases")["image"][0]
    state.set_phase(state.shown.ids[0], "colour", "#abcdef")
    assert layer(views.phase, "phases")["image"][0] is before
    assert views.phase._mappers["phases"].palette[1].startswith("#abcdef")
    assert any(colour.startswith("#abcdef") for colour in views.latent.mapper.palette)


def test_a_lasso_on_a_map_comes_back_in_map_pixels(page):
    _state, views, _opened, _ = page
    seen = []
    views.element.on_selection(seen.append)
    geometry = {"type": "rect", "x0": 1.0, "x1": 6.0, "y0": 0.5, "y1": 2.0}
    views.element.figure._trigger_event(
        SelectionGeometry(views.element.figure, geometry=geometry, final=True)
    )
    assert seen == [{"type": "rect", "x0": 2.0, "x1": 12.0, "y0": 1.0, "y1": 4.0}]
    # a polygon comes from the browser as typed arrays
    geometry = {"type": "poly", "x": array("d", [0, 4, 4]), "y": array("d", [0, 0, 3])}
    views.element.figure._trigger_event(
        SelectionGeometry(views.element.figure, geometry=geometry, final=True)
    )
    np.testing.assert_array_equal(seen[1]["x"], [0, 8, 8])


def test_the_marked_pixel_stands_in_both_spaces(page):
    state, views, opened, stripe = page
    find(state, opened, stripe)
    views.mark_pixel((2, 30))
    assert views.frame.mark.data == {"x": [15.25], "y": [1.25]}
    x, y = views.latent.mark.data["x"][0], views.latent.mark.data["y"][0]
    np.testing.assert_allclose([x, y], state.result.latent.coordinates[2 * SHAPE[1] + 30])
    views.mark_pixel(None)
    assert views.latent.mark.data == {"x": [], "y": []}


def test_pixels_without_a_place_in_the_latent_space_do_not_spoil_the_view(page):
    state, views, opened, stripe = page
    find(state, opened, stripe)
    points = state.result.latent.coordinates.copy()
    points[:100] = np.nan
    views.latent.show_points(points)
    views.latent.show_labels(state.shown.phase_map.label, state.colours_by_label(), None)
    assert np.isfinite([views.latent.x_range.start, views.latent.y_range.end]).all()
    assert views.latent.source.data["image"][0].max() > 0
