"""Element maps are normalised without bias at borders, at the mask, or from a line without contrast."""

import time

import numpy as np
import pytest

from models.normalisation import is_simplex, neighbour_mean, normalise, softmax, steps, zscore


@pytest.fixture
def intensity():
    return np.random.default_rng(3).poisson(4, (12, 9, 3)).astype(np.float32)


def mean_around(values, y, x, valid, size=3):
    """The definition, pixel by pixel."""
    reach = size // 2
    window = np.s_[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1]
    return values[window][valid[window]].mean(axis=0)


@pytest.mark.parametrize("size", [1, 3, 5])
def test_neighbour_mean_is_the_mean_of_the_neighbours_that_exist(intensity, size):
    valid = np.ones(intensity.shape[:2], bool)
    mean = neighbour_mean(intensity, size)
    for y, x in [(0, 0), (11, 8), (0, 4), (5, 5)]:
        np.testing.assert_allclose(mean[y, x], mean_around(intensity, y, x, valid, size), rtol=1e-5)


def test_neighbour_mean_leaves_masked_neighbours_out(intensity):
    valid = np.random.default_rng(0).random(intensity.shape[:2]) > 0.4
    intensity[~valid] = np.nan
    mean = neighbour_mean(intensity, valid=valid)
    for y, x in np.argwhere(valid):
        np.testing.assert_allclose(mean[y, x], mean_around(intensity, y, x, valid), rtol=1e-5)
    assert np.all(mean[~valid] == 0)


def test_the_neighbour_mean_is_that_of_a_loop_over_all_pixels_and_many_times_faster():
    rng = np.random.default_rng(4)
    values, valid = rng.poisson(4, (60, 70, 6)).astype(np.float32), rng.random((60, 70)) > 0.1
    started = time.perf_counter()
    looped = np.zeros_like(values)
    for y, x in np.argwhere(valid):
        looped[y, x] = mean_around(values, y, x, valid)
    loop_seconds = time.perf_counter() - started
    started = time.perf_counter()
    result = neighbour_mean(values, valid=valid)
    seconds = time.perf_counter() - started
    np.testing.assert_allclose(result, looped, rtol=1e-5)
    # 60 times on a quiet machine
    assert loop_seconds > 8 * seconds


def test_a_constant_map_stays_constant_up_to_its_border():
    np.testing.assert_allclose(neighbour_mean(np.full((6, 6, 1), 7.5)), 7.5, rtol=1e-6)


def test_zscore_gives_every_line_mean_0_and_variance_1_over_valid_pixels(intensity):
    valid = intensity[:, :, 0] > 1
    scored = zscore(intensity * [1, 1000, 1e-3], valid)[valid]
    np.testing.assert_allclose(scored.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(scored.std(axis=0), 1, rtol=1e-5)


def test_a_line_without_contrast_becomes_zero(intensity):
    intensity[:, :, 1] = 0.1
    assert np.all(zscore(intensity)[:, :, 1] == 0)


def test_softmax_makes_shares_even_of_large_values(intensity):
    shares = softmax(intensity * 1e4)
    np.testing.assert_allclose(shares.sum(axis=2), 1, rtol=1e-5)
    assert np.isfinite(shares).all()


def test_a_chain_runs_in_its_order_and_shows_every_step(intensity):
    chain = ("zscore", "neighbour_mean", "softmax")
    names, results = zip(*steps(intensity, chain), strict=True)
    assert names == chain
    np.testing.assert_allclose(results[1], neighbour_mean(zscore(intensity)))
    np.testing.assert_allclose(results[2], normalise(intensity, chain))


def test_an_empty_chain_copies(intensity):
    values = normalise(intensity, ())
    values[:] = 0
    assert intensity.max() > 0


def test_the_last_lasting_step_decides_whether_pixels_are_shares():
    assert is_simplex(("zscore", "softmax"))
    assert is_simplex(("softmax", "neighbour_mean"))
    assert not is_simplex(("softmax", "zscore"))
    assert not is_simplex(())


def test_bad_requests_are_refused_in_words(intensity):
    with pytest.raises(ValueError, match="no normalisation 'sqrt'"):
        normalise(intensity, ("zscore", "sqrt"))
    with pytest.raises(ValueError, match="must agree"):
        normalise(intensity, ("zscore",), np.ones((3, 3), bool))
    with pytest.raises(ValueError, match="leaves no pixel"):
        normalise(intensity, ("zscore",), np.zeros(intensity.shape[:2], bool))
    with pytest.raises(ValueError, match="odd"):
        neighbour_mean(intensity, 4)
    intensity[2, 2, 0] = np.nan
    with pytest.raises(ValueError, match="not numbers"):
        normalise(intensity, ("zscore",))
