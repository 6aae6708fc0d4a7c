"""The latent grid keeps what clustering needs of all pixels."""

import numpy as np
import pytest
from scipy import sparse

from models.latent_grid import MAX_CELLS, LatentGrid
from models.latent_space import LatentSpace


def latent_space(points, shape=None, valid=None):
    points = np.asarray(points, np.float32)
    return LatentSpace(points, np.zeros(len(points), np.float32), shape or (1, len(points)), valid=valid)


@pytest.fixture
def points():
    random = np.random.default_rng(1)
    return np.concatenate([random.normal(0, 1, (6000, 2)), random.normal(8, 0.3, (4000, 2))])


def test_cells_keep_weight_mean_and_covariance_of_all_pixels(points):
    grid = LatentGrid.build(latent_space(points))
    share = grid.weight / grid.weight.sum()
    mean = share @ grid.centre
    apart = grid.centre - mean
    covariance = np.einsum("c,ci,cj->ij", share, apart, apart) + np.einsum("c,cij->ij", share, grid.scatter)
    assert grid.weight.sum() == len(points)
    np.testing.assert_allclose(mean, points.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(covariance, np.cov(points.T, bias=True), rtol=1e-5)


def test_pixels_find_the_cell_in_which_they_lie(points):
    grid = LatentGrid.build(latent_space(points), n_bins=20)
    bins = grid.bin_of_cell[grid.cell_of_pixel]
    for axis, edges in enumerate(grid.edges):
        x, b = points[:, axis].astype(np.float32), bins[:, axis]
        assert np.all((x >= edges[b]) | (b == 0))
        assert np.all((x < edges[b + 1]) | (b == len(edges) - 2))


def test_an_outlier_does_not_stretch_the_cells(points):
    calm = LatentGrid.build(latent_space(points), n_bins=64)
    stretched = LatentGrid.build(latent_space(np.concatenate([points, [[1e6, -1e6]]])), n_bins=64)
    assert stretched.n_cells > 0.3 * calm.n_cells


def test_occupied_cells_stay_few_and_most_of_the_allowance_is_used():
    random = np.random.default_rng(2)
    for n_latent in (1, 2, 3, 6):
        grid = LatentGrid.build(latent_space(random.normal(size=(60_000, n_latent))))
        assert grid.n_cells <= MAX_CELLS
        assert grid.centre.shape == (grid.n_cells, n_latent)
        assert grid.weight.sum() == 60_000
    assert LatentGrid.build(latent_space(random.normal(size=(60_000, 2)))).n_cells > 0.5 * MAX_CELLS


def test_pixels_that_are_not_valid_are_in_no_cell(points):
    valid = np.ones(len(points), bool)
    valid[:100] = False
    broken = points.copy()
    broken[200] = np.nan
    counts = sparse.csr_matrix(np.ones((len(points), 3), np.uint16))
    grid = LatentGrid.build(latent_space(broken, (100, 100), valid), counts)
    assert grid.n_pixels == len(points) - 101
    image = grid.lookup(np.ones(grid.n_cells, np.int16), fill=-1).ravel()
    assert np.all(image[:100] == -1) and image[200] == -1 and np.sum(image == -1) == 101
    np.testing.assert_array_equal(
        grid.sum_by_label(np.zeros(grid.n_cells, int), 1), [[len(points) - 101] * 3]
    )


def test_no_valid_pixel_is_refused(points):
    with pytest.raises(ValueError, match="nothing to cluster"):
        LatentGrid.build(latent_space(points, valid=np.zeros(len(points), bool)))


def test_spectra_of_another_map_are_refused(points):
    with pytest.raises(ValueError, match="do not belong"):
        LatentGrid.build(latent_space(points), sparse.csr_matrix((5, 3), dtype=np.uint16))


def test_equal_points_share_one_cell():
    grid = LatentGrid.build(latent_space(np.full((50, 2), 3.5)))
    assert grid.n_cells == 1 and grid.weight[0] == 50
    np.testing.assert_allclose(grid.scatter, 0, atol=1e-12)


def test_sums_over_cells_equal_sums_over_pixels(points):
    random = np.random.default_rng(3)
    counts = sparse.csr_matrix(random.poisson(0.3, (len(points), 40)).astype(np.uint16))
    intensity = random.normal(size=(100, 100, 5)).astype(np.float32)
    of_counts = LatentGrid.build(latent_space(points, (100, 100)), counts)
    of_maps = LatentGrid.build(latent_space(points, (100, 100)), intensity)
    label_of_cell = (of_counts.centre[:, 0] > 4).astype(np.int16)
    label_of_cell[of_counts.centre[:, 1] > 8] = -1
    label = of_counts.lookup(label_of_cell, fill=-1).ravel()
    for number in (0, 1):
        np.testing.assert_array_equal(
            of_counts.sum_by_label(label_of_cell, 2)[number], counts[label == number].sum(axis=0).A1
        )
        np.testing.assert_allclose(
            of_maps.sum_by_label(label_of_cell, 2)[number],
            intensity.reshape(-1, 5)[label == number].sum(axis=0, dtype=np.float64),
            atol=1e-3,
        )


def test_a_grid_without_spectra_says_so(points):
    grid = LatentGrid.build(latent_space(points))
    with pytest.raises(ValueError, match="without spectra"):
        grid.sum_by_label(np.zeros(grid.n_cells, int), 1)
