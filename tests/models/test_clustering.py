"""Clusters of the latent space by every method, with weights, are those of all pixels."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from sklearn import cluster as peers
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import BayesianGaussianMixture

from models import bayesian_mixture, birch, clustering, hdbscan, k_means
from models.latent_grid import LatentGrid
from models.latent_space import LatentSpace
from models.recipe import MixtureChoices

MEAN = np.array([[0.0, 0], [6, 1], [-3, 6], [9, 9]])
METHODS = tuple(clustering.METHODS)


def grid_of(points: np.ndarray, shape: tuple[int, int], spectra: object = None) -> LatentGrid:
    return LatentGrid.build(
        LatentSpace(points.astype(np.float32), np.zeros(len(points), "f4"), shape), spectra
    )


@pytest.fixture(scope="module")
def truth():
    """Points of four round groups, the last one small, in a map of 80 x 100; their labels."""
    random = np.random.default_rng(5)
    label = random.choice(4, 8000, p=[0.5, 0.3, 0.17, 0.03])
    return MEAN[label] + random.normal(0, 0.5, (8000, 2)), label


@pytest.fixture(scope="module")
def grid(truth):
    points, label = truth
    return grid_of(points, (80, 100), sparse.csr_matrix(np.eye(4, dtype=np.uint16)[label] * 7))


@pytest.mark.parametrize("method", METHODS)
def test_groups_that_stand_apart_are_found_by_every_method(truth, grid, method):
    found, _ = clustering.cluster(grid, MixtureChoices(method=method, n_phases=4))
    labels = found.labels(grid).ravel()
    assert found.n_phases == 4
    assigned = labels >= 0
    assert assigned.mean() > (0.85 if method == "hdbscan" else 0.9999)
    assert adjusted_rand_score(truth[1][assigned], labels[assigned]) > 0.999
    # largest first, as the truth is ordered
    assert np.mean(labels[assigned] == truth[1][assigned]) > 0.999
    np.testing.assert_array_equal(found.pixels(grid), found.phase_map(grid).pixels())


@pytest.mark.parametrize("method", METHODS)
def test_a_label_has_its_membership_as_probability(grid, method):
    found, _ = clustering.cluster(grid, MixtureChoices(method=method, n_phases=3))
    assert found.membership.shape == (found.n_phases, grid.n_cells)
    assert found.membership.min() >= 0
    assert found.membership.sum(axis=0).max() <= 1 + 1e-5
    inside = found.label_of_cell >= 0
    own = found.membership[found.label_of_cell[inside], np.flatnonzero(inside)]
    np.testing.assert_allclose(found.probability_of_cell[inside], own, rtol=1e-6)
    assert (found.probability_of_cell[~inside] == 0).all()
    image = found.probability_map(grid, 0)
    assert image.shape == (80, 100)
    assert image[found.labels(grid) == 0].mean() > image[found.labels(grid) != 0].mean()


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_gives_the_same_clusters(truth, method):
    choices = MixtureChoices(method=method, n_phases=6, seed=3)
    one, other = (clustering.cluster(grid_of(truth[0], (80, 100)), choices)[0] for _ in range(2))
    np.testing.assert_array_equal(one.label_of_cell, other.label_of_cell)


def test_k_means_is_that_of_all_pixels(truth, grid):
    points = truth[0] * [1, 3] + 0.4 * truth[0][:, ::-1]  # stretched: means in the halo count
    stretched = grid_of(points, (80, 100))
    found = k_means.fit(stretched, 7, seed=0)
    label = found.labels(stretched).ravel()
    ours = sum(np.square(points[label == k] - points[label == k].mean(axis=0)).sum() for k in range(7))
    peer = peers.KMeans(7, n_init=4, random_state=0).fit(points)
    assert ours < 1.01 * peer.inertia_


def test_birch_is_that_of_all_pixels(truth, grid):
    points, _ = truth
    found = birch.fit(grid, 4, radius=0.2).labels(grid).ravel()
    spread = np.sqrt(points.var(axis=0).mean())
    peer = peers.Birch(threshold=0.2 * spread, n_clusters=4).fit_predict(points)
    assert adjusted_rand_score(peer, found) > 0.99


def test_another_number_of_birch_clusters_splits_one_of_them(grid):
    few, many = (birch.fit(grid, k, radius=0.1) for k in (5, 6))
    pairs = set(zip(few.label_of_cell.tolist(), many.label_of_cell.tolist(), strict=True))
    assert len(pairs) == 6


def test_hdbscan_is_that_of_all_pixels():
    random = np.random.default_rng(0)
    arc = random.uniform(0, np.pi, 1500)
    parts = [
        4 * np.column_stack([np.cos(arc), np.sin(arc)]) + random.normal(0, 0.15, (1500, 2)),
        random.normal([0, 0], 0.4, (1000, 2)),
        random.normal([8, 3], [1.0, 0.2], (800, 2)),
        random.uniform(-6, 10, (300, 2)),
    ]
    points = np.concatenate(parts).astype(np.float32)
    grid = grid_of(points, (60, 60))
    assert grid.n_cells < len(points)
    ours = hdbscan.fit(grid, 0.03, 0.01).labels(grid).ravel()
    peer = peers.HDBSCAN(min_cluster_size=108, min_samples=36, copy=True).fit_predict(points)
    assert ours.max() == peer.max() == 2
    assert adjusted_rand_score(peer, ours) > 0.98
    assert abs(np.mean(ours < 0) - np.mean(peer < 0)) < 0.01


def test_hdbscan_tells_dense_clusters_apart_that_share_a_few_cells_with_very_many_pixels():
    # the valley is dense too: only weights of cells, not their number, show that it is one
    random = np.random.default_rng(2)
    points = np.concatenate([random.normal([x, 0], 0.6, (100_000, 2)) for x in (0, 3)])
    grid = grid_of(points, (400, 500))
    found = hdbscan.fit(grid, 0.05, 0.001)
    label = found.labels(grid).ravel()
    assigned = label >= 0
    assert found.n_phases == 2
    assert adjusted_rand_score(np.repeat([0, 1], 100_000)[assigned], label[assigned]) > 0.99


def test_a_smaller_least_share_is_another_reading_of_the_same_tree(grid):
    first = hdbscan._spanning_tree(grid, 8)
    assert hdbscan._spanning_tree(grid, 8) is first
    assert hdbscan.fit(grid, 0.01, 0.001).n_phases >= hdbscan.fit(grid, 0.1, 0.001).n_phases


def test_a_bayesian_mixture_leaves_empty_what_it_does_not_need(truth, grid):
    found, why = clustering.cluster(grid, MixtureChoices(method="bayesian", n_phases=12))
    assert found.n_phases == 4
    assert "Of at most 12 Gaussians, 4 are needed" in why
    np.testing.assert_allclose(found.gaussians.mean, MEAN, atol=0.1)
    np.testing.assert_allclose(found.gaussians.share, [0.5, 0.3, 0.17, 0.03], atol=0.01)


def test_a_bayesian_mixture_has_the_gaussians_of_its_peer(truth):
    points, _ = truth
    few = grid_of(points[:400], (20, 20))
    found = bayesian_mixture.fit(few, 4, seed=0).gaussians
    peer = BayesianGaussianMixture(n_components=4, max_iter=1000, tol=1e-6, n_init=3, random_state=0).fit(
        points[:400]
    )
    order = np.argsort(-peer.weights_)[: found.n_gaussians]
    np.testing.assert_allclose(found.mean, peer.means_[order], atol=0.03)
    np.testing.assert_allclose(found.covariance, peer.covariances_[order], atol=0.05)


@pytest.mark.parametrize("method", ["kmeans", "birch"])
def test_the_number_is_found_where_it_is_left_open(grid, method):
    found, why = clustering.cluster(grid, MixtureChoices(method=method))
    assert found.n_phases == 4
    assert "4 groups" in why


def test_hdbscan_says_how_many_pixels_are_in_no_cluster(grid):
    found, why = clustering.cluster(grid, MixtureChoices(method="hdbscan"))
    outside = 100 * np.mean(found.labels(grid) < 0)
    assert "4 groups of at least 1 %" in why
    assert f"{outside:.2g} % of the pixels are in none" in why


def test_pixels_that_are_all_noise_are_said_and_not_returned():
    points = np.random.default_rng(1).uniform(size=(900, 2))
    with pytest.raises(ValueError, match=r"no cluster of at least 360 of the 900 .* least share"):
        hdbscan.fit(grid_of(points, (30, 30)), 0.4, 0.05)


@pytest.mark.parametrize("method", ["gaussian", "bayesian", "kmeans", "birch"])
def test_more_clusters_than_distinct_cells_are_refused(method):
    two = grid_of(np.repeat(np.eye(2), 8, axis=0), (4, 4))
    with pytest.raises(ValueError, match=r"only 2 .* at most 2"):
        clustering.cluster(two, MixtureChoices(method=method, n_phases=3))
    found, _ = clustering.cluster(two, MixtureChoices(method=method, n_phases=2))
    assert found.pixels(two).tolist() == [8, 8]


@pytest.mark.parametrize("method", METHODS)
def test_a_map_of_one_colour_has_one_cluster_or_none_and_never_fails_strangely(method):
    one = grid_of(np.zeros((16, 2)), (4, 4))
    choices = MixtureChoices(method=method)
    if method == "hdbscan":
        with pytest.raises(ValueError, match="no cluster"):
            clustering.cluster(one, choices)
    else:
        assert clustering.cluster(one, choices)[0].pixels(one).tolist() == [16]


def test_balls_too_large_or_too_many_are_said(grid):
    with pytest.raises(ValueError, match=r"radius of 10 .* one ball"):
        clustering.cluster(grid, MixtureChoices(method="birch", n_phases=3, birch_radius=10.0))
    with pytest.raises(ValueError, match=r"makes .* balls, more than .* larger radius"):
        clustering.cluster(
            grid_of(np.random.default_rng(0).uniform(size=(10_000, 2)), (100, 100)),
            MixtureChoices(method="birch", n_phases=3, birch_radius=0.001),
        )


@pytest.mark.parametrize("method", ["kmeans", "birch", "hdbscan", "bayesian"])
def test_one_latent_coordinate_is_clustered_too(truth, method):
    line = grid_of(truth[0][:, :1] * 3, (80, 100))
    found, _ = clustering.cluster(line, replace(MixtureChoices(n_phases=3), method=method))
    assert found.n_phases >= 2


def test_hdbscan_weighs_clusters_by_their_pixels_and_not_by_their_cells():
    # a dense cluster has few cells and a thin one many: reckoned by cells, the thin ones would decide
    random = np.random.default_rng(6)
    centre, width = [[0, 0], [1.2, 0], [0, 1.2], [6, 6], [9, 3]], [0.2, 0.2, 0.2, 0.9, 0.6]
    share = [0.5, 0.2, 0.15, 0.1, 0.05]
    label = random.choice(5, 150_000, p=share)
    points = np.array(centre)[label] + random.normal(size=(150_000, 2)) * np.array(width)[label, None]
    grid = grid_of(points, (300, 500))
    ours = hdbscan.fit(grid, 0.01, 0.001).labels(grid).ravel()
    sample = random.choice(150_000, 8000, replace=False)
    peer = peers.HDBSCAN(min_cluster_size=80, min_samples=8, copy=True).fit_predict(points[sample])
    assert ours.max() == 4
    both = (ours[sample] >= 0) & (peer >= 0)
    assert adjusted_rand_score(peer[both], ours[sample][both]) > 0.95
    assert adjusted_rand_score(label[ours >= 0], ours[ours >= 0]) > 0.95
