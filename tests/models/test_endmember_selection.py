"""Which clusters are phases: those that are no mixtures of others, judged on counts held out."""

from __future__ import annotations

import numpy as np
import pytest

from models.endmember_selection import held_out_distance, mixture_weights, select

RANDOM_SEED = 5
PURE = np.array(
    [
        [0.5, 0.2, 0.1, 0.1, 0.1],
        [0.1, 0.5, 0.2, 0.1, 0.1],
        [0.1, 0.1, 0.1, 0.2, 0.5],
    ]
)


def clusters(weights: np.ndarray, n_counts: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Spectra made by some counts, their number, and as many counts held out."""
    random = np.random.default_rng(RANDOM_SEED)
    true = weights @ PURE
    made = np.array([random.multinomial(n_counts, one) for one in true]) + 0.1
    held_out = np.array([random.multinomial(n_counts, one) for one in true])
    return made / made.sum(axis=1, keepdims=True), np.full(len(true), float(n_counts)), held_out


def test_weights_of_a_mixture_are_recovered():
    weights = np.array([[0.2, 0.5, 0.3], [1.0, 0.0, 0.0]])
    assert mixture_weights(weights @ PURE, PURE, 2000) == pytest.approx(weights, abs=0.01)


def test_pure_spectra_are_picked_and_mixtures_left():
    weights = np.vstack([np.eye(3), [[0.5, 0.5, 0.0], [0.3, 0.3, 0.4], [0.0, 0.6, 0.4]]])
    chosen = select(*clusters(weights, 20_000), tolerance=0.005)
    assert sorted(chosen.cluster) == [0, 1, 2]


def test_clusters_of_one_spectrum_are_one_phase():
    chosen = select(*clusters(np.tile([1.0, 0.0, 0.0], (6, 1)), 400), tolerance=0.005)
    assert len(chosen.spectra) == 1


def test_noise_of_the_clusters_makes_no_distance_on_counts_held_out():
    spectra, _, held_out = clusters(np.tile([0.4, 0.3, 0.3], (400, 1)), 60)
    truth = np.tile(np.array([0.4, 0.3, 0.3]) @ PURE, (400, 1))
    distance, error = held_out_distance(spectra, truth, held_out)
    assert abs(distance.mean()) < 3 * error.mean() / np.sqrt(400)
