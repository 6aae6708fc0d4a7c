"""Counts of several maps on one energy axis: no count is lost or invented, peaks stay where they are."""

import numpy as np
import pytest
from scipy import sparse

from data.axes import EnergyAxis
from data.common_axis import common_axis, onto


def peaks(axis, n_pixels=400, height=6.0, seed=1):
    """Counts with lines at 2 and 6.4 keV on any axis, as many in every channel width."""
    rng = np.random.default_rng(seed)
    shape = 0.02 + sum(np.exp(-0.5 * ((axis.energy_kev - e) / 0.06) ** 2) for e in (2.0, 6.4))
    expected = np.tile(height * axis.scale_kev / 0.01 * shape, (n_pixels, 1))
    return sparse.csr_matrix(rng.poisson(expected).astype(np.uint16))


def test_the_common_axis_is_what_all_cover_at_the_widest_channel():
    fine, wide = EnergyAxis(-0.2, 0.01, 2048), EnergyAxis(-0.472, 0.02, 4096)
    shared = common_axis({"a": fine, "b": wide})
    assert shared.scale_kev == 0.02
    assert shared.low_kev >= fine.low_kev - 1e-3 and shared.high_kev <= fine.high_kev + 1e-3
    assert shared.high_kev > fine.high_kev - 0.03


def test_equal_axes_leave_the_counts_as_they_are():
    axis = EnergyAxis(0.0, 0.01, 1000)
    counts = peaks(axis)
    assert onto(counts, axis, common_axis({"a": axis, "b": axis})) is counts


def test_whole_channels_are_shifted_exactly():
    long, short = EnergyAxis(-0.1, 0.01, 1100), EnergyAxis(0.2, 0.01, 900)
    counts = peaks(long)
    moved = onto(counts, long, common_axis({"a": long, "b": short}))
    np.testing.assert_array_equal(moved.toarray(), counts.toarray()[:, 30:930])


@pytest.mark.parametrize(("offset", "scale"), [(0.0, 0.01), (0.004, 0.01), (0.0, 0.0137), (-0.013, 0.02)])
def test_counts_on_other_channels_are_whole_unbiased_and_still_poisson(offset, scale):
    axis, target = EnergyAxis(offset, scale, int(9 / scale)), EnergyAxis(0.0, 0.02, 440)
    counts = peaks(axis, 4000)
    there = onto(counts, axis, target)
    assert there.dtype.kind == "u"
    dense = there.toarray().astype(float)
    expected = peaks(target, 4000, seed=2).toarray().astype(float)
    inside = slice(2, 430)
    np.testing.assert_allclose(dense.mean(0)[inside], expected.mean(0)[inside], atol=0.35, rtol=0.03)
    bright = dense.mean(0) > 2
    ratio = dense.var(0)[bright] / dense.mean(0)[bright]
    assert abs(ratio.mean() - 1) < 0.05
    # no comb: neighbouring channels of the flat background hold equal counts
    flat = slice(350, 420)
    assert dense.mean(0)[flat].std() < 3 * np.sqrt(dense.mean(0)[flat].mean() / 4000) + 0.01


def test_nothing_within_the_common_range_is_lost():
    axis, target = EnergyAxis(0.0, 0.01, 900), EnergyAxis(0.0, 0.02, 430)
    counts = peaks(axis, 50)
    covered = counts[:, : round((target.high_kev - axis.low_kev) / 0.01)]
    assert abs(int(onto(counts, axis, target).sum()) - int(covered.sum())) <= counts[:, [0, 859, 860]].sum()


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (EnergyAxis(0.5, 0.001, 400, kind="loss"), "b is of energy losses"),
        (EnergyAxis(0.0, 1.0, 1000, calibrated=False), "b is without an energy calibration"),
        (EnergyAxis(30.0, 0.01, 1000), "b covers 30 to 40 keV"),
    ],
)
def test_axes_that_have_nothing_in_common_are_named(other, said):
    with pytest.raises(ValueError, match=said):
        common_axis({"a": EnergyAxis(0.0, 0.01, 1000), "b": other})


def test_uncalibrated_axes_need_equal_channels():
    a, b = EnergyAxis(0, 1, 100, calibrated=False), EnergyAxis(0, 1, 120, calibrated=False)
    assert common_axis({"a": a, "b": a}) == a
    with pytest.raises(ValueError, match="a: 100, b: 120"):
        common_axis({"a": a, "b": b})
