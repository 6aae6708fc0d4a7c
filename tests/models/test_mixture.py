"""A mixture on the latent grid agrees with one on all pixels."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.mixture import GaussianMixture

from models import mixture
from models.latent_grid import LatentGrid
from models.latent_space import LatentSpace
from models.phase_identity import kept_identity, match_labels
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
    fit = mixture.fit(grid, MixtureChoices(n_phases=4, covariance=covariance))
    peer = GaussianMixture(4, covariance_type=covariance, n_init=3, random_state=0).fit(points)
    ours, theirs = fit.log_likelihood(points).mean(), peer.score(points)
    assert ours > theirs - 0.005 * abs(theirs)
    assert fit.mean_log_likelihood <= ours + 1e-6
    assert fit.mean_log_likelihood == pytest.approx(ours, abs=0.02)
    assert fit.bic == pytest.approx(peer.bic(points), rel=0.01)
    assert fit.n_parameters == peer._n_parameters()


@pytest.mark.parametrize("covariance", TYPES)
def test_covariances_have_the_form_that_was_asked_for(grid, covariance):
    c = mixture.fit(grid, MixtureChoices(n_phases=3, covariance=covariance)).covariance
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


def test_phases_keep_their_identity_when_their_number_changes(grid):
    before = mixture.fit(grid, MixtureChoices(n_phases=4))
    for number in (3, 5, 8):
        after = mixture.fit(grid, MixtureChoices(n_phases=number), previous=before)
        assert len(set(after.identity)) == number
        largest = before.label_of_cell[np.argmax(grid.weight)]
        continued = after.identity.index(before.identity[largest])
        common = (before.label_of_cell == largest) & (after.label_of_cell == continued)
        assert grid.weight[common].sum() > 0.3 * grid.weight[after.label_of_cell == continued].sum()
    back = mixture.fit(
        grid,
        MixtureChoices(n_phases=4),
        previous=mixture.fit(grid, MixtureChoices(n_phases=5), previous=before),
    )
    assert back.identity == before.identity


def test_labels_are_matched_by_what_they_have_in_common():
    before, after = np.array([0, 0, 0, 1, 1, 2, -1]), np.array([2, 2, 1, 0, 0, 3, 3])
    continues = match_labels(before, after, None, 3, 4)
    assert continues.tolist() == [1, -1, 0, 2]
    assert kept_identity(continues, (5, 1, 0)) == (1, 2, 5, 0)
    heavy_last = match_labels([0, 0, 1], [0, 1, 1], [1.0, 9, 1], 2, 2)
    assert heavy_last.tolist() == [-1, 0] or heavy_last.tolist() == [0, 1]


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
    assert fits[3].icl >= fits[3].bic
