"""Pixels in a triangle."""

import numpy as np
import pytest

from data.elemental_maps import ElementalMaps
from models.ternary import CORNERS, phase_means, scales, shares_at, to_plane, triples

LINES = ("Si_Ka", "Ca_Ka", "Fe_Ka")


def maps(values):
    values = np.asarray(values, np.float32).reshape(1, -1, 3)
    return ElementalMaps(values, LINES)


def test_a_pure_pixel_lies_in_its_corner_and_an_even_mixture_in_the_middle():
    points = to_plane(np.array([[5, 0, 0], [0, 2, 0], [0, 0, 9], [1, 1, 1]]))
    np.testing.assert_allclose(points[:3], CORNERS, atol=1e-6)
    np.testing.assert_allclose(points[3], CORNERS.mean(axis=0), atol=1e-6)


def test_shares_come_back_from_the_plane():
    shares = np.random.default_rng(1).dirichlet([1, 1, 1], 50)
    np.testing.assert_allclose(shares_at(to_plane(shares)), shares, atol=1e-6)


def test_a_pixel_without_counts_has_no_place():
    assert np.isnan(to_plane(np.array([[0, 0, 0], [-1, -2, -3]]))).all()


def test_pixels_of_label_0_are_in_the_triangle_and_unassigned_ones_are_not():
    values = triples(maps([[9, 1, 1], [1, 9, 1], [1, 1, 9]]), LINES, np.array([[0, 1, -1]]))
    assert np.isfinite(values[:2]).all()
    assert np.isnan(values[2]).all()
    means = phase_means(values, np.array([[0, 1, -1]]), 3)
    np.testing.assert_array_equal(means[0], [9, 1, 1])
    assert np.isnan(means[2]).all()  # a phase without pixels


def test_pixels_of_few_counts_are_left_out():
    values = triples(maps([[1, 1, 0], [9, 1, 1]]), LINES, np.array([[0, 0]]), least_counts=5)
    assert np.isnan(values[0]).all()
    assert np.isfinite(values[1]).all()


def test_weights_and_atoms_follow_the_k_factors_of_the_phase():
    per_count = np.array([[1.0, 2.0, 4.0], [1.0, 1.0, 1.0]])
    label = np.array([[0, 1]])
    weight = triples(maps([[9, 9, 9], [9, 9, 9]]), LINES, label, "weight", per_count)
    np.testing.assert_allclose(weight, [[9, 18, 36], [9, 9, 9]])
    atomic = triples(maps([[9, 9, 9], [9, 9, 9]]), LINES, label, "atomic", per_count)
    np.testing.assert_allclose(atomic[1], 9 / np.array([28.0855, 40.078, 55.845]), rtol=1e-4)


def test_scales_let_weak_lines_be_seen():
    values = np.column_stack([np.full(200, 100.0), np.full(200, 10.0), np.full(200, 1.0)])
    np.testing.assert_allclose(scales(values), [100, 10, 1])
    assert scales(np.full((3, 3), np.nan)).tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("lines", "message"),
    [(("Si_Ka", "Ca_Ka"), "three different"), (("Si_Ka", "Si_Ka", "Fe_Ka"), "three different"),
     (("Si_Ka", "Ca_Ka", "Mg_Ka"), "no map of 'Mg_Ka'")],
)  # fmt: skip
def test_a_triangle_needs_three_mapped_lines(lines, message):
    with pytest.raises(ValueError, match=message):
        triples(maps([[1, 1, 1]]), lines, np.array([[0]]))


def test_weights_without_k_factors_are_told():
    with pytest.raises(ValueError, match="k-factors"):
        triples(maps([[1, 1, 1]]), LINES, np.array([[0]]), "weight")
