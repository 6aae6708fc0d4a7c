"""Counts in bins: nothing lost, nothing invented, likelihoods as over the channels."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from data.axes import EnergyAxis
from data.synthetic import rock_section
from models.count_bins import bin_channels, bin_counts, thin


@pytest.fixture(scope="module")
def image():
    return rock_section(5, 24, 24, counts_per_pixel=80)[0]


def test_every_count_above_the_cut_is_in_a_bin(image):
    bin_of_channel = bin_channels(image.sum_spectrum(), image.energy, 0.1)
    binned = bin_counts(image.counts, image.shape, bin_of_channel)
    assert binned.counts.sum() == image.sum_spectrum()[bin_of_channel >= 0].sum()
    assert np.array_equal(binned.total, np.asarray(binned.counts.sum(axis=1)).ravel())
    assert np.all(image.energy.energy_kev[bin_of_channel >= 0] >= 0.1)


def test_bins_are_narrower_than_half_a_line(image):
    bin_of_channel = bin_channels(image.sum_spectrum() + 10_000, image.energy, 0.1)
    width_kev = np.bincount(bin_of_channel[bin_of_channel >= 0]) * image.energy.scale_kev
    assert width_kev.max() < 0.5 * 0.25


def test_counts_above_the_narrow_types_do_not_overflow():
    counts = sparse.csr_matrix(np.full((2, 8), 60_000, np.uint16))
    binned = bin_counts(counts, (1, 2), np.array([0, 0, 0, 0, 1, 1, 1, 1], np.int32))
    assert binned.counts.toarray().tolist() == [[240_000, 240_000]] * 2


def test_an_axis_without_calibration_is_binned_by_channels():
    bins = bin_channels(np.ones(40), EnergyAxis(0.0, 1.0, 40, calibrated=False))
    assert np.all(np.diff(bins) >= 0)
    assert bins.max() == 9


def test_a_thinned_map_is_split_without_loss(image):
    binned = bin_counts(image.counts, image.shape, bin_channels(image.sum_spectrum(), image.energy, 0.1))
    first, second = thin(binned, 0.75, seed=1)
    assert (first.counts + second.counts != binned.counts).nnz == 0
    assert first.counts.sum() == pytest.approx(0.75 * binned.counts.sum(), rel=0.02)


def test_a_cut_above_the_axis_is_refused(image):
    with pytest.raises(ValueError, match="No channel is left"):
        bin_counts(image.counts, image.shape, bin_channels(image.sum_spectrum(), image.energy, 1e3))
