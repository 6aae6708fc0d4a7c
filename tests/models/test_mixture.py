"""A mixture on the latent grid agrees with one on all pixels."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.mixture import GaussianMixture

from models import gaussians, mixture, number_of_phases
from models.latent_grid import LatentGrid
from models.latent_space import LatentSpace
from models.recipe import MixtureChoices

SHARE = np.array([0.5, 0.3, 0.196, 0.004])
MEAN = np.array([[0.0, 0], [6, 1], [-3, 6], [14, 14]])
TYPES = ("full", "tied", "diag", "spherical")


@pytest.fixture(scope="module")
def truth():
    """Points of four phases, the last one rare, in a map of 160 x 125; their labels."""
    random = np.random.default_rng(5)
    label = random.choice(4, 20_000, p=SHARE)
    stretch = random.normal(0, 0.5, (4, 2, 2)) + 0.5 * np.eye(2)
    points = MEAN[label] + np.einsum("nij,nj->ni", stretch[label], random.normal(size=(20_000, 2)))
    return points.astype(np.float32), label


@pytest.fixture(scope="module")
def grid(truth):
    points, label = truth
    counts = sparse.csr_matrix(np.eye(4, dtype=np.uint16)[label] * 7)
    return LatentGrid.build(LatentSpace(points, np.zeros(len(points), np.float32), (160, 125)), counts)


def test_well_separated_phases_are_found_with_their_spectra(truth, grid):
    _, label = truth
    fit = mixture.fit(grid, MixtureChoices(n_phases=4))
    found = fit.phase_map(grid)
    assert found.shape == (160, 125)
    assert np.mean(found.label.ravel() == label) > 0.995  # phases are ordered by share, as here
    np.testing.assert_allclose(fit.share, SHARE, atol=0.01)
    purity = fit.spectra(grid) / fit.spectra(grid).sum(axis=1, keepdims=True)
    assert purity.diagonal().min() > 0.97
    np.testing.assert_array_equal(fit.pixels(grid), found.pixels())


@pytest.mark.parametrize("covariance", TYPES)
def test_the_likelihood_of_all_pixels_is_that_of_a_fit_on_all_pixels(truth, grid, covariance):
    points, _ = truth
    fit = mixture.fit(grid, MixtureChoices(n_phases=4, n_gaussians=0, covariance=covariance))
    peer = GaussianMixture(4, covariance_type=covariance, n_init=3, random_state=0).fit(points)
    ours, theirs = fit.log_likelihood(points).mean(), peer.score(points)
    assert ours > theirs - 0.005 * abs(theirs)
    assert fit.mean_log_likelihood <= ours + 1e-6
    assert fit.mean_log_likelihood == pytest.approx(ours, abs=0.02)
    assert fit.bic == pytest.approx(peer.bic(points), rel=0.01)
    assert fit.gaussians.n_parameters == peer._n_parameters()


@pytest.mark.parametrize("covariance", TYPES)
def test_covariances_have_the_form_that_was_asked_for(grid, covariance):
    c = gaussians.fit_gaussians(grid, 3, covariance, seed=1).covariance
    if covariance == "tied":
        np.testing.assert_array_equal(c[0], c[2])
    if covariance in ("diag", "spherical"):
        np.testing.assert_array_equal(c[:, 0, 1], 0)
    if covariance == "spherical":
        np.testing.assert_allclose(c[:, 0, 0], c[:, 1, 1])
    assert np.linalg.eigvalsh(c).min() > 0


def test_lookup_agrees_with_every_pixel_on_its_own(truth, grid):
    points, _ = truth
    fit = mixture.fit(grid, MixtureChoices(n_phases=6))
    exact = fit.probabilities(points).argmax(axis=1)
    assert np.mean(exact == fit.labels(grid).ravel()) > 0.98


def test_pixels_below_the_threshold_are_unassigned(grid):
    fit = mixture.fit(grid, MixtureChoices(n_phases=5))
    whole, strict = fit.phase_map(grid), fit.phase_map(grid, threshold=0.9)
    np.testing.assert_array_equal(strict.label == -1, whole.probability < 0.9)
    np.testing.assert_array_equal(strict.label, whole.with_threshold(0.9).label)
    assert fit.spectra(grid, 0.9).sum() == 7 * np.sum(strict.label >= 0)
    np.testing.assert_array_equal(fit.pixels(grid, 0.9), strict.pixels())


def test_the_same_seed_gives_the_same_phases(grid):
    one, other = (mixture.fit(grid, MixtureChoices(n_phases=7, seed=3)) for _ in range(2))
    np.testing.assert_array_equal(one.label_of_cell, other.label_of_cell)


def test_a_phase_that_is_not_split_stays_what_it_was(grid):
    fits = {k: mixture.fit(grid, MixtureChoices(n_phases=k)) for k in (3, 4, 5, 8, 15)}
    for few, many in [(3, 4), (4, 5), (5, 8), (8, 15)]:
        coarse, fine = fits[few].phase_of_gaussian, fits[many].phase_of_gaussian
        pairs = set(zip(coarse.tolist(), fine.tolist(), strict=True))
        assert len(pairs) == many  # every finer phase lies in one coarser phase


def test_a_phase_of_any_shape_is_one_phase():
    random = np.random.default_rng(0)
    angle = random.uniform(0, np.pi, 8000)
    crescent = 5 * np.stack([np.cos(angle), np.sin(angle)], axis=1) + random.normal(0, 0.3, (8000, 2))
    halo = random.normal(0, 1, (4000, 2)) * random.choice([0.1, 0.8], 4000)[:, None]
    points = np.concatenate([crescent, halo]).astype(np.float32)
    counts = sparse.csr_matrix(np.repeat(np.eye(2, dtype=np.uint16) * 50, [8000, 4000], axis=0))
    grid = LatentGrid.build(LatentSpace(points, np.zeros(12_000, np.float32), (100, 120)), counts)
    number = number_of_phases.choose(grid, MixtureChoices())
    label = mixture.fit(grid, MixtureChoices(n_phases=number)).labels(grid).ravel()
    assert number == 2
    assert np.mean(label == (np.arange(12_000) >= 8000)) > 0.99


def test_the_number_of_phases_is_that_of_groups_that_stand_apart(grid):
    assert number_of_phases.choose(grid, MixtureChoices()) == 4


def test_two_main_minerals_are_told_apart_although_mixed_pixels_join_them():
    random = np.random.default_rng(2)
    share = np.concatenate([np.zeros(4000), np.ones(3000), random.beta(0.7, 0.7, 13_000)])
    rare = random.choice(20_000, 200, replace=False)
    points = np.c_[6 * share, np.zeros(20_000)] + random.normal(0, 2, (20_000, 2))
    points[rare] = random.normal(12, 0.2, (200, 2))
    minerals = np.array([[70.0, 10, 20], [10, 80, 20]])
    lines = (1 - share)[:, None] * minerals[0] + share[:, None] * minerals[1]
    lines[rare] = [0, 0, 90]
    maps = lines.reshape(160, 125, 3).astype(np.float32)
    space = LatentSpace(points.astype(np.float32), np.zeros(20_000, np.float32), (160, 125))
    grid = LatentGrid.build(space, maps)
    number = number_of_phases.choose(grid, MixtureChoices())
    label = mixture.fit(grid, MixtureChoices(n_phases=number)).labels(grid).ravel()
    pure = np.isin(share, [0, 1]) & ~np.isin(np.arange(20_000), rare)
    main = [np.bincount(label[pure & (share == mineral)]).argmax() for mineral in (0, 1)]
    assert main[0] != main[1]
    assert number == 3


def test_bic_asks_for_more_phases_than_there_are(grid):
    random = np.random.default_rng(1)
    points = (MEAN[random.choice(4, 20_000, p=SHARE)] + random.laplace(0, 0.5, (20_000, 2))).astype(
        np.float32
    )
    heavy_tailed = LatentGrid.build(LatentSpace(points, np.zeros(20_000, np.float32), (160, 125)))
    assert number_of_phases.choose(heavy_tailed, MixtureChoices(number_by="bic")) > 8


def test_more_phases_than_distinct_pixels_are_refused():
    few = LatentGrid.build(
        LatentSpace(np.repeat(np.eye(2, dtype=np.float32), 8, 0), np.zeros(16, "f4"), (4, 4))
    )
    with pytest.raises(ValueError, match=r"only 2 .* at most 2"):
        mixture.fit(few, MixtureChoices(n_phases=3))
    assert mixture.fit(few, MixtureChoices(n_phases=2)).pixels(few).tolist() == [8, 8]
    with pytest.raises(ValueError, match="at least 1 phase"):
        mixture.fit(few, MixtureChoices(n_phases=0))


def test_bic_falls_and_fits_are_given_for_every_number_that_is_possible(grid):
    fits = list(mixture.fit_range(grid, MixtureChoices(), range(1, 5)))
    assert [f.n_phases for f in fits] == [1, 2, 3, 4]
    assert fits[3].bic < fits[1].bic < fits[0].bic
    assert fits[3].gaussians.icl >= fits[3].bic
