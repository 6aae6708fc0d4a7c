"""Selections combine as sets, say how they were made, and can be made again."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.selection import (
    Box,
    Combined,
    ConnectedRegion,
    Context,
    GivenPixels,
    ImageRange,
    Lasso,
    PhaseMembers,
    Selection,
    drawn,
    from_mapping,
    select,
    to_mapping,
)

SHAPE = (4, 5)
LEFT, TOP = Box("map", 0, 2, 0, 4), Box("map", 0, 5, 0, 2)
TRIANGLE = Lasso("latent", ((0.0, 0.0), (10.0, 0.0), (0.0, 10.0)))


def latent() -> np.ndarray:
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    return np.column_stack([x.ravel(), y.ravel()]) * 3.0 + 0.5


def test_selections_combine_as_sets():
    left, top = select(LEFT, SHAPE), select(TOP, SHAPE)
    assert left.n_selected == 8 and top.n_selected == 10
    np.testing.assert_array_equal((left & top).mask, left.mask & top.mask)
    np.testing.assert_array_equal((left | top).mask, left.mask | top.mask)
    np.testing.assert_array_equal((left - top).mask, left.mask & ~top.mask)
    np.testing.assert_array_equal((~left).mask, ~left.mask)
    assert (left - top).n_selected == 4


def test_a_combination_says_how_it_was_made():
    both = select(LEFT, SHAPE) - select(TRIANGLE, Context(SHAPE, latent()))
    assert both.origin == Combined("and_not", (LEFT, TRIANGLE))
    assert both.origin.text == "(box on the map) and not (lasso in the latent space)"


def test_a_selection_in_latent_space_lights_pixels_of_the_map():
    selection = select(TRIANGLE, Context(SHAPE, latent()))
    inside = latent().sum(axis=1) < 10
    np.testing.assert_array_equal(selection.image, inside.reshape(SHAPE))


def test_the_pixels_of_a_phase_can_be_selected_by_probability():
    label = np.arange(20, dtype=np.int16).reshape(SHAPE) % 3
    probability = np.linspace(0, 1, 20).reshape(SHAPE)
    assert select(PhaseMembers(1), Context(SHAPE, label=label)).n_selected == 7
    certain = select(PhaseMembers(1, 0.5), Context(SHAPE, label=label, probability=probability))
    np.testing.assert_array_equal(certain.image, (label == 1) & (probability >= 0.5))


def test_a_saved_selection_selects_the_same_pixels():
    label = np.arange(20, dtype=np.int16).reshape(SHAPE) % 3
    left, triangle = select(LEFT, SHAPE), select(TRIANGLE, Context(SHAPE, latent()))
    made = ~((left | triangle) - select(PhaseMembers(2), Context(SHAPE, label=label)))
    again = select(from_mapping(to_mapping(made.origin)), Context(SHAPE, latent(), label))
    np.testing.assert_array_equal(again.mask, made.mask)
    assert again.origin == made.origin


def test_what_the_browser_draws_becomes_a_selection():
    lasso = drawn("latent", {"type": "poly", "x": [0, 10, 10, 0], "y": [0, 0, 0, 10]})
    assert lasso == TRIANGLE
    assert drawn("map", {"type": "rect", "x0": 0, "x1": 2, "y0": 0, "y1": 4}) == LEFT


def test_an_empty_selection_says_what_to_do():
    with pytest.raises(ValueError, match="No pixel is selected by this lasso in the latent space"):
        select(TRIANGLE, Context(SHAPE, latent() + 100))
    left = select(LEFT, SHAPE)
    with pytest.raises(ValueError, match="No pixel is selected"):
        _ = left & ~left


def test_a_slip_of_the_mouse_says_so():
    with pytest.raises(ValueError, match="no area"):
        drawn("latent", {"type": "poly", "x": [3.0, 3.0], "y": [1.0, 1.0]})
    with pytest.raises(ValueError, match="no area"):
        select(drawn("map", {"type": "rect", "x0": 1, "x1": 1, "y0": 0, "y1": 4}), SHAPE)
    with pytest.raises(ValueError, match="draw a lasso or a box"):
        drawn("map", {"type": "point", "x": 1, "y": 2})


def test_a_selection_before_there_is_a_latent_space_says_so():
    with pytest.raises(ValueError, match="no latent space yet"):
        select(TRIANGLE, SHAPE)
    with pytest.raises(ValueError, match="no phases yet"):
        select(PhaseMembers(0), SHAPE)


def test_selections_of_different_maps_do_not_combine():
    with pytest.raises(ValueError, match="cannot be combined"):
        _ = select(LEFT, SHAPE) & select(LEFT, (5, 5))
    with pytest.raises(ValueError, match="does not fit 20 pixels"):
        Selection(np.ones(7, bool), SHAPE, LEFT)


@pytest.mark.parametrize(
    "mapping",
    [
        {},
        {"kind": "circle"},
        {"kind": "lasso", "space": "moon", "vertices": []},
        {"kind": "box", "space": "map", "x": [1]},
        {"kind": "and", "parts": [{"kind": "phase", "phase": 1, "threshold": 0}]},
        {"kind": "phase", "phase": "one", "threshold": 0},
    ],
)
def test_a_damaged_saved_selection_is_refused(mapping):
    with pytest.raises(ValueError, match="saved selection cannot be read"):
        from_mapping(mapping)


def test_a_phase_is_selected_by_its_lasting_number_whatever_its_label():
    label = np.arange(20, dtype=np.int16).reshape(SHAPE) % 3
    chosen = select(PhaseMembers(7), Context(SHAPE, label=label, ids=(4, 7, 0)))
    np.testing.assert_array_equal(chosen.image, label == 1)
    with pytest.raises(ValueError, match="no phase 2"):
        select(PhaseMembers(1), Context(SHAPE, label=label, ids=(4, 7, 0)))


def test_a_range_of_an_image_selects_its_pixels_and_leaves_out_those_without_a_value():
    image = np.arange(20, dtype=np.float32).reshape(SHAPE)
    image[0, 3] = np.nan
    context = Context(SHAPE, images={"Fe_Ka": image})
    assert select(ImageRange("Fe_Ka", 2, 5), context).n_selected == 3
    assert select(ImageRange("Fe_Ka", None, 5), context).n_selected == 5
    assert select(ImageRange("Fe_Ka", 18), context).n_selected == 2
    with pytest.raises(ValueError, match=r"no image 'Si_Ka'.*Fe_Ka"):
        select(ImageRange("Si_Ka", 1), context)


def test_a_region_is_the_connected_part_of_one_phase():
    label = np.array([[0, 1, 1, 0, 0], [1, 0, 1, 0, 0], [1, 1, 1, 1, -1], [0, 0, 1, 0, 0]])
    assert select(ConnectedRegion(0, 3), Context(SHAPE, label=label)).n_selected == 4
    # corners connect
    assert select(ConnectedRegion(0, 0), Context(SHAPE, label=label)).n_selected == 2
    with pytest.raises(ValueError, match="of no phase"):
        select(ConnectedRegion(2, 4), Context(SHAPE, label=label))
    with pytest.raises(ValueError, match="outside this map of 5 x 4"):
        select(ConnectedRegion(9, 4), Context(SHAPE, label=label))


def test_given_pixels_fit_a_map_of_their_size_alone_and_both_sizes_are_said():
    mask = np.zeros(SHAPE, np.uint8)
    mask[1:3, 2:4] = 255
    given = GivenPixels.of(mask, "grains.tif")
    np.testing.assert_array_equal(select(given, SHAPE).image, mask > 0)
    with pytest.raises(ValueError, match=r"grains\.tif is a mask of 5 x 4 .*this map has 6 x 4"):
        select(given, (4, 6))


@pytest.mark.parametrize(
    "origin",
    [
        ImageRange("All counts", 3.5, None),
        ConnectedRegion(3, 2),
        GivenPixels.of(np.eye(7, 9), "diagonal"),
        Combined("not", (Combined("or", (ImageRange("Fe_Ka", 1.0), PhaseMembers(3))),)),
    ],
)
def test_every_kind_survives_a_file(origin):
    assert from_mapping(to_mapping(origin)) == origin


def test_a_mask_that_unpacks_to_more_than_its_size_is_refused():
    saved = to_mapping(GivenPixels.of(np.ones((400, 400)), "large"))
    with pytest.raises(ValueError, match="cannot be read"):
        from_mapping({**saved, "shape": [4, 4]})
    with pytest.raises(ValueError, match="cannot be read"):
        from_mapping({**saved, "packed": saved["packed"][:12]})
