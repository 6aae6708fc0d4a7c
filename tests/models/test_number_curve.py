"""BIC and ICL against the number of phases."""

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from models.latent_grid import LatentGrid
from models.latent_space import LatentSpace
from models.number_curve import sweep
from models.recipe import MixtureChoices


@pytest.fixture(scope="module")
def three():
    random = np.random.default_rng(0)
    points = np.concatenate([random.normal([x, y], 0.5, (1200, 2)) for x, y in ((0, 0), (5, 0), (0, 5))])
    return points.astype(np.float32)


@pytest.fixture(scope="module")
def curve(three):
    grid = LatentGrid.build(LatentSpace(three, np.zeros(3600, "f4"), (60, 60)))
    return list(sweep(grid, MixtureChoices(), most=6))


def test_the_least_bic_is_at_the_number_of_gaussians_there_are(curve):
    assert curve[-1].best == 3
    assert curve[-1].numbers == (1, 2, 3, 4, 5, 6)


def test_the_curve_is_that_of_all_pixels(three, curve):
    for number in (1, 3, 4):
        peer = GaussianMixture(number, n_init=2, random_state=0).fit(three).bic(three)
        assert curve[-1].bic[number - 1] == pytest.approx(peer, rel=0.01)


def test_overlap_costs_more_in_icl_than_in_bic(curve):
    assert np.all(np.array(curve[-1].icl) >= np.array(curve[-1].bic) - 1e-6)


def test_the_curve_grows_number_by_number(curve):
    assert [len(part.bic) for part in curve] == [1, 2, 3, 4, 5, 6]
    assert [part.fraction for part in curve] == pytest.approx(np.arange(1, 7) / 6)


def test_a_map_of_few_places_ends_at_their_number():
    points = np.repeat(np.eye(3, 2, dtype=np.float32), 10, axis=0)
    grid = LatentGrid.build(LatentSpace(points, np.zeros(30, "f4"), (5, 6)))
    last = list(sweep(grid, MixtureChoices()))[-1]
    assert last.numbers == (1, 2, 3)
    assert last.fraction == 1
