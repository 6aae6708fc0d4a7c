"""Neighbours: the Potts prior, and shares that are smooth and sparse."""

from __future__ import annotations

import numpy as np
import pytest

from models.potts import mean_field, neighbour_share


def test_without_a_prior_the_likelihood_decides():
    share = mean_field(np.log(np.array([[0.2, 0.8], [0.9, 0.1]])), (1, 2), 0.0)
    assert share == pytest.approx(np.array([[0.2, 0.8], [0.9, 0.1]]), abs=1e-6)


def test_a_doubtful_pixel_follows_its_neighbours_and_a_sure_one_does_not():
    score = np.tile([3.0, 0.0], (25, 1))
    score[12] = (0.0, 0.5)
    assert mean_field(score, (5, 5), 0.6, sweeps=5)[12].argmax() == 0
    score[12] = (0.0, 20.0)
    assert mean_field(score, (5, 5), 0.6, sweeps=5)[12].argmax() == 1


def test_the_mean_of_the_neighbours_leaves_the_pixel_itself_out():
    share = np.zeros((9, 2), np.float32)
    share[:, 0] = 1
    share[4] = (0, 1)
    assert neighbour_share(share, (3, 3))[4] == pytest.approx([1, 0])
    assert neighbour_share(share, (3, 3))[0] == pytest.approx([2 / 2.7, 0.7 / 2.7])
