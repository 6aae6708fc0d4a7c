"""Ellipses of phases in the latent plane."""

import numpy as np

from models.latent_ellipses import Spread, spread_of_labels


def test_means_and_covariances_are_those_of_numpy():
    random = np.random.default_rng(2)
    points = (random.normal(size=(4000, 3)) @ random.normal(size=(3, 3)) + [5, -2, 1]).astype(np.float32)
    label = random.integers(-1, 3, 4000)
    points[:50] = np.nan
    spread = spread_of_labels(points, label.reshape(50, 80), 4)
    for k in range(3):
        mine = points[50:][label[50:] == k, :2].astype(float)
        np.testing.assert_allclose(spread.mean[k], mine.mean(axis=0), atol=1e-5)
        np.testing.assert_allclose(spread.covariance[k], np.cov(mine.T, ddof=0), atol=1e-4)
    assert np.isnan(spread.mean[3]).all()


def test_an_outline_lies_at_its_number_of_standard_deviations():
    covariance = np.array([[[3.0, 1.2], [1.2, 0.8]]])
    spread = Spread(np.array([[1.0, 2.0]]), covariance)
    for sigmas in (1, 2):
        x, y = spread.outline(sigmas)
        away = np.stack([x[0] - 1, y[0] - 2])
        distance = np.sqrt(np.einsum("iv,ij,jv->v", away, np.linalg.inv(covariance[0]), away))
        np.testing.assert_allclose(distance, sigmas, rtol=1e-9)
