"""The residual shows where the end-members do not explain the counts, and which lines are missing there."""

import numpy as np
import pytest
from scipy import sparse

from data.axes import EnergyAxis
from data.spectrum_image import SpectrumImage
from models import residual_spectrum, residuals
from models.endmembers import share_out

SHAPE = (48, 64)
AXIS = EnergyAxis(0.0, 0.02, 500)
TRACE = (slice(20, 24), slice(40, 44))


def peaks(*places):
    energy = AXIS.energy_kev
    spectrum = 0.002 * np.exp(-energy / 4)
    for place, height in places:
        spectrum = spectrum + height * np.exp(-0.5 * ((energy - place) / 0.045) ** 2)
    return spectrum / spectrum.sum()


PURE = np.stack([peaks((1.74, 1), (0.525, 0.8)), peaks((3.69, 1), (4.01, 0.13), (0.525, 0.5))])
GRAIN = peaks((4.51, 1), (4.93, 0.13), (0.525, 0.3))  # titanium, which no end-member has


def finished(work):
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def measured(trace_share: float, seed: int = 0, counts_per_pixel: float = 60.0):
    """Two halves and a grain of 16 pixels that is partly of a third kind; the image and its unmixing."""
    random = np.random.default_rng(seed)
    mean = np.repeat(PURE[None, np.repeat([0, 1], SHAPE[1] // 2)], SHAPE[0], axis=0)
    mean[TRACE] = (1 - trace_share) * mean[TRACE] + trace_share * GRAIN
    counts = sparse.csr_matrix(random.poisson(counts_per_pixel * mean.reshape(-1, 500)).astype(np.uint16))
    image = SpectrumImage(counts, SHAPE, AXIS, beam_kev=20.0, dataset_id="halves")
    half = np.tile(np.repeat([0, 1], SHAPE[1] // 2), SHAPE[0])
    spectra = image.sum_by_label(half, 2)
    return image, finished(share_out(PURE, spectra, counts, SHAPE, "given"))


def test_what_the_endmembers_explain_looks_like_chance():
    image, unmixed = measured(0.0)
    for window in residuals.WINDOWS:
        found = residuals.of_counts(image, unmixed, window)
        assert found.in_deviations
        assert found.surprise.std() == pytest.approx(found.by_chance.std(), rel=0.2)
        assert abs(np.mean(found.surprise) - found.by_chance.mean()) < 0.4  # the fit takes up some noise
    assert not residual_spectrum.worst_regions(residuals.of_counts(image, unmixed, 3).surprise, 6.0)


def test_single_pixels_are_those_of_the_unmixing():
    image, unmixed = measured(0.5)
    np.testing.assert_allclose(residuals.of_counts(image, unmixed, 1).surprise, unmixed.residual, atol=1e-3)


def test_a_window_shows_a_grain_that_single_pixels_hide():
    image, unmixed = measured(0.12)
    single = residuals.of_counts(image, unmixed, 1).surprise
    window = residuals.of_counts(image, unmixed, 3).surprise
    assert single[TRACE].mean() < 4 < 8 < window[TRACE].max()
    outside = np.ones(SHAPE, bool)
    outside[18:26, 38:46] = False
    assert np.quantile(window[outside], 0.999) < 6


def test_the_lines_of_a_missed_phase_stand_in_the_residual_of_the_worst_region():
    image, unmixed = measured(0.3)
    surprise = residuals.of_counts(image, unmixed, 3).surprise
    worst = residual_spectrum.worst_regions(surprise, 5.0)[0]
    assert worst.centre == pytest.approx((21.5, 41.5), abs=1.5)
    found = residual_spectrum.residual_spectrum(image, unmixed, worst.pixels)
    first = found.excess[0]
    assert "Ti_Ka" in first.lines[:1] and first.sigma > 8
    assert first.energy_kev == pytest.approx(4.51, abs=0.03)
    in_region = (found.seen - found.expected)[AXIS.window(4.4, 4.62)].sum()
    assert first.counts == pytest.approx(in_region, rel=0.4)
    assert found.seen.sum() == pytest.approx(found.expected.sum(), rel=1e-3)


def test_two_grains_that_touch_are_two_regions():
    surprise = np.zeros((40, 40), np.float32)
    y, x = np.mgrid[:40, :40]
    for place in (12, 24):
        surprise += 20 * np.exp(-0.5 * (((y - 20) / 3) ** 2 + ((x - place) / 3) ** 2))
    regions = residual_spectrum.worst_regions(surprise, 1.0)
    assert sorted(region.centre[1] for region in regions) == pytest.approx([12, 24], abs=1)


def test_a_missing_line_is_no_excess():
    seen, expected = PURE[0] * 1e4, PURE[1] * 1e4
    found = residual_spectrum.find_excess(seen, expected, AXIS, 20.0)
    assert all(not 3.5 < one.energy_kev < 3.9 for one in found)
    assert found[0].lines[0] == "Si_Ka"


def test_no_pixel_has_no_residual_spectrum():
    image, unmixed = measured(0.0)
    with pytest.raises(ValueError, match="Lower it"):
        residual_spectrum.residual_spectrum(image, unmixed, np.zeros(0, int))


def test_windows_are_odd():
    image, unmixed = measured(0.0)
    with pytest.raises(ValueError, match="1, 3, 5"):
        residuals.of_counts(image, unmixed, 2)


def test_element_maps_have_a_misfit_but_no_chance():
    _, unmixed = measured(0.0)
    valid = np.ones(SHAPE, bool)
    valid[:5] = False
    found = residuals.of_maps(unmixed, valid, 3)
    assert not found.in_deviations and np.isnan(found.surprise[:5]).all()
    assert np.isfinite(found.surprise[5:]).all()
