"""Selections combine as sets, say how they were made, and can be made again."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.selection import (
    Box,
    Combined,
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
    both = select(LEFT, SHAPE) - select(TRIANGLE, SHAPE, latent())
    assert both.origin == Combined("and_not", (LEFT, TRIANGLE))
    assert both.origin.text == "(box on the map) and not (lasso in the latent space)"


def test_a_selection_in_latent_space_lights_pixels_of_the_map():
    selection = select(TRIANGLE, SHAPE, latent())
    inside = latent().sum(axis=1) < 10
    np.testing.assert_array_equal(selection.image, inside.reshape(SHAPE))


def test_the_pixels_of_a_phase_can_be_selected_by_probability():
    label = np.arange(20, dtype=np.int16).reshape(SHAPE) % 3
    probability = np.linspace(0, 1, 20).reshape(SHAPE)
    assert select(PhaseMembers(1), SHAPE, label=label).n_selected == 7
    certain = select(PhaseMembers(1, 0.5), SHAPE, label=label, probability=probability)
    np.testing.assert_array_equal(certain.image, (label == 1) & (probability >= 0.5))


def test_a_saved_selection_selects_the_same_pixels():
    label = np.arange(20, dtype=np.int16).reshape(SHAPE) % 3
    left, triangle = select(LEFT, SHAPE), select(TRIANGLE, SHAPE, latent())
    made = ~((left | triangle) - select(PhaseMembers(2), SHAPE, label=label))
    again = select(from_mapping(to_mapping(made.origin)), SHAPE, latent(), label)
    np.testing.assert_array_equal(again.mask, made.mask)
    assert again.origin == made.origin


def test_what_the_browser_draws_becomes_a_selection():
    lasso = drawn("latent", {"type": "poly", "x": [0, 10, 10, 0], "y": [0, 0, 0, 10]})
    assert lasso == TRIANGLE
    assert drawn("map", {"type": "rect", "x0": 0, "x1": 2, "y0": 0, "y1": 4}) == LEFT


def test_an_empty_selection_says_what_to_do():
    with pytest.raises(ValueError, match="No pixel is selected by this lasso in the latent space"):
        select(TRIANGLE, SHAPE, latent() + 100)
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
