"""A lasso or a box selects exactly what lies inside it."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.measure import points_in_poly

from dashboard.lasso import box_in_points, box_on_map, lasso_in_points, lasso_on_map, outline

SQUARE = np.array([[1.0, 1], [4, 1], [4, 4], [1, 4]])


def star(n_vertices: int, size: float = 1.0) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, n_vertices, endpoint=False)
    radius = size * (1 + 0.4 * np.sin(7 * angle))
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


@pytest.mark.parametrize("n_vertices", [3, 30, 200, 3000])
def test_points_inside_agree_with_an_independent_test(n_vertices):
    points = np.random.default_rng(4).normal(size=(20_000, 2)).astype(np.float32)
    inside = lasso_in_points(points, star(n_vertices))
    np.testing.assert_array_equal(inside, points_in_poly(points.astype(float), star(n_vertices)))
    assert inside.any() and not inside.all()


def test_a_jagged_lasso_that_crosses_itself_selects_by_the_even_odd_rule():
    rng = np.random.default_rng(4)
    points, polygon = rng.random((5000, 2)).astype(np.float32), rng.random((60, 2))
    np.testing.assert_array_equal(
        lasso_in_points(points, polygon), points_in_poly(points.astype(float), polygon)
    )


def test_pixels_inside_are_those_with_their_centre_inside():
    polygon = star(150, 30) + np.array([50, 40])
    y, x = np.mgrid[:80, :100] + 0.5
    centres = np.column_stack([x.ravel(), y.ravel()])
    np.testing.assert_array_equal(lasso_on_map((80, 100), polygon), points_in_poly(centres, polygon))


def test_a_lasso_beyond_the_map_selects_all_of_it():
    assert lasso_on_map((7, 9), np.array([[-50, -50], [90, -50], [90, 90], [-50, 90]])).all()
    assert not lasso_on_map((7, 9), np.array([[-50, -50], [-10, -50], [-10, -10]])).any()
    assert not lasso_on_map((7, 9), np.array([[50, 50], [90, 50], [90, 90]])).any()


def test_direction_and_starting_point_of_a_lasso_do_not_matter():
    points = np.random.default_rng(4).normal(size=(5000, 2))
    expected = lasso_in_points(points, star(40))
    np.testing.assert_array_equal(lasso_in_points(points, star(40)[::-1]), expected)
    np.testing.assert_array_equal(lasso_in_points(points, np.roll(star(40), 11, axis=0)), expected)


def test_points_without_coordinates_are_outside():
    points = np.array([[np.nan, 2], [2, np.inf], [2, 2]])
    assert lasso_in_points(points, SQUARE).tolist() == [False, False, True]
    assert box_in_points(points, 1, 4, 1, 4).tolist() == [False, False, True]


def test_a_box_is_the_same_from_every_corner():
    points = np.random.default_rng(4).random((1000, 2)).astype(np.float32) * 5
    expected = box_in_points(points, 1, 4, 2, 3)
    np.testing.assert_array_equal(box_in_points(points, 4, 1, 3, 2), expected)
    np.testing.assert_array_equal(
        expected, (points[:, 0] >= 1) & (points[:, 0] <= 4) & (points[:, 1] >= 2) & (points[:, 1] <= 3)
    )


def test_a_box_on_the_map_selects_pixel_centres():
    mask = box_on_map((5, 6), 1.4, 3.6, -9, 2.5).reshape(5, 6)
    assert np.argwhere(mask).tolist() == [[y, x] for y in (0, 1, 2) for x in (1, 2, 3)]
    assert not box_on_map((5, 6), -8, -2, 0, 5).any()
    assert not box_on_map((5, 6), 7, 9, 0, 5).any()


@pytest.mark.parametrize(
    "polygon",
    [
        [],
        [(1, 1)],
        [(1, 1), (2, 2)],
        [(1, 1), (1, 1), (1, 1), (1, 1)],
        [(0, 0), (1, 1), (2, 2), (5, 5)],
        [(0, 3), (4, 3), (2, 3)],
    ],
)
def test_a_lasso_without_an_area_says_so(polygon):
    with pytest.raises(ValueError, match=r"no area|list of finite"):
        lasso_in_points(np.zeros((3, 2)), np.array(polygon, float))
    with pytest.raises(ValueError, match=r"no area|list of finite"):
        lasso_on_map((3, 3), np.array(polygon, float))


def test_a_box_without_an_area_says_so():
    for box in [(1, 1, 0, 5), (0, 5, 2, 2), (0, np.nan, 0, 1)]:
        with pytest.raises(ValueError, match="no area"):
            box_on_map((3, 3), *box)


def test_a_vertex_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="finite"):
        lasso_in_points(np.zeros((3, 2)), np.array([[0, 0], [1, np.nan], [1, 1]]))


def test_a_figure_of_eight_has_an_area_though_its_signed_area_vanishes():
    eight = np.array([[0.0, 0], [2, 2], [2, 0], [0, 2]])
    assert lasso_in_points(np.array([[0.3, 1.0], [1.7, 1.0], [1.0, 0.2]]), eight).tolist() == [
        True,
        True,
        False,
    ]


def test_repeated_vertices_are_dropped():
    repeated = np.repeat(np.vstack([SQUARE, SQUARE[:1]]), 3, axis=0)
    assert len(outline(repeated)) == 4
