"""PCA keeps what pixels have in common, and knows how much of it counting alone would make."""

from __future__ import annotations

import numpy as np
import pytest

from models.denoising import components_of, denoised

SHAPE = (60, 80)
PHASES = np.array([[40.0, 400.0, 4.0, 20.0], [300.0, 60.0, 4.0, 20.0], [40.0, 60.0, 4.0, 120.0]])


@pytest.fixture(scope="module")
def maps():
    """Three phases of four lines, of which one is much brighter than the others: truth and counts."""
    rng = np.random.default_rng(1)
    truth = PHASES[rng.integers(0, 3, SHAPE)]
    return truth, rng.poisson(truth).astype(np.float32)


def scaled(counts):
    return components_of(counts, None, counts.mean(axis=(0, 1)), counts.sum(axis=2))


def test_as_many_components_as_phases_stand_above_the_noise_of_counting(maps):
    components = scaled(maps[1])
    assert components.n_above_noise == 3
    np.testing.assert_allclose(components.strength[3:], 1.0, rtol=0.15)


def test_denoised_maps_are_nearer_to_the_truth(maps):
    truth, counts = maps
    kept = denoised(counts, scaled(counts), 3)
    # the fourth line is alike everywhere: all of its noise goes, and some of the others'
    for line, share in ((2, 0.35), (0, 1.0), (1, 1.0)):
        before = np.square(counts[:, :, line] - truth[:, :, line]).mean()
        after = np.square(kept[:, :, line] - truth[:, :, line]).mean()
        assert after < share * before, line


def test_the_noise_of_a_bright_line_is_no_component():
    rng = np.random.default_rng(3)
    dim = np.where(rng.random(SHAPE) < 0.5, 2.0, 8.0)
    truth = np.stack([np.full(SHAPE, 4000.0), dim, dim], axis=2)
    counts = rng.poisson(truth).astype(np.float32)
    kept = denoised(counts, scaled(counts), 2)
    # unscaled components would follow the noise of the first line and lose the contrast of the others
    assert np.corrcoef(kept[:, :, 1].ravel(), dim.ravel())[0, 1] > 0.85
    plain = components_of(counts)
    assert plain.n_above_noise == 0
    assert not plain.of_counts


def test_all_components_change_nothing(maps):
    counts = maps[1]
    np.testing.assert_array_equal(denoised(counts, scaled(counts), 4), counts)


def test_masked_pixels_take_no_part(maps):
    counts = maps[1].copy()
    valid = np.ones(SHAPE, bool)
    valid[:10] = False
    counts[:10] = np.nan
    components = components_of(counts, valid)
    assert np.isfinite(components.vectors).all()
    assert np.isfinite(denoised(counts, components, 2)[10:]).all()
    with pytest.raises(ValueError, match="not numbers"):
        components_of(counts)


@pytest.mark.parametrize("n_components", [0, 5])
def test_more_components_than_lines_are_refused(maps, n_components):
    with pytest.raises(ValueError, match="4 maps have 1 to 4"):
        denoised(maps[1], scaled(maps[1]), n_components)
