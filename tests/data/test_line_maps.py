"""Line maps: net counts of a line, wherever the calibration puts it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from data.axes import EnergyAxis
from data.line_maps import default_lines, line_maps, line_windows
from data.silicon_detector import Instrument
from data.spectrum_image import SpectrumImage
from data.synthetic_minerals import MATERIALS
from data.synthetic_spectra import emission
from data.xray_lines import line

AXIS = EnergyAxis(-0.1, 0.01, 2048)
INSTRUMENT = Instrument(beam_kev=20.0)


def image_of(*spectra: np.ndarray, axis: EnergyAxis = AXIS, **facts) -> SpectrumImage:
    """A map of one row, a pixel for every spectrum."""
    counts = sparse.csr_matrix(np.rint(np.stack(spectra)).astype(np.uint32))
    return SpectrumImage(counts, (1, len(spectra)), axis, **{"beam_kev": 20.0, **facts})


def minerals(*names: str, axis: EnergyAxis = AXIS, counts: float = 1e6) -> SpectrumImage:
    """Pixels of pure minerals with so many counts that Poisson noise does not matter."""
    spectra = [emission(MATERIALS[name], INSTRUMENT, axis) for name in names]
    return image_of(*(counts * spectrum / spectrum.sum() for spectrum in spectra), axis=axis)


def test_the_net_intensity_is_the_line_and_not_the_bremsstrahlung_under_it():
    lines = ("Na_Ka", "Al_Ka", "Si_Ka", "K_Ka", "Fe_Ka")
    quartz, feldspar = line_maps(minerals("Quartz", "K-feldspar"), lines).intensity[0]
    # quartz has none of the other elements: less than 0.5 % of its silicon may be claimed for any of them
    assert np.abs(quartz[[0, 1, 3, 4]]).max() < 0.005 * quartz[2]
    assert feldspar[3] > 0.2 * feldspar[2] > 0


def test_without_background_windows_the_counts_are_gross():
    image = minerals("Quartz")
    gross = line_maps(image, ("Fe_Ka",), background="none")
    window = line_windows(image, ("Fe_Ka",))[0]
    assert gross.intensity[0, 0, 0] == pytest.approx(
        image.window_counts(window.low_kev, window.high_kev)[0, 0], rel=1e-6
    )
    assert gross.intensity[0, 0, 0] > 20 * abs(line_maps(image, ("Fe_Ka",)).intensity[0, 0, 0])


def test_the_net_of_noise_scatters_around_zero():
    brake = 40.0 * np.exp(-AXIS.energy_kev / 4.0)
    noise = np.random.default_rng(3).poisson(brake, (400, AXIS.n_channels))
    maps = line_maps(image_of(*noise), ("Ca_Ka", "Fe_Ka", "Ti_Ka"))
    mean, error = maps.intensity[0].mean(axis=0), maps.intensity[0].std(axis=0) / 20
    assert (np.abs(mean) < 4 * error).all()
    assert (maps.intensity < 0).any()


def test_windows_follow_the_calibration_and_not_the_channel_number():
    lines = ("O_Ka", "Na_Ka", "Al_Ka", "Si_Ka", "Ca_Ka")
    standard = line_maps(minerals("Plagioclase"), lines).intensity
    coarse = line_maps(minerals("Plagioclase", axis=EnergyAxis(-0.472, 0.02, 1100)), lines).intensity
    assert coarse == pytest.approx(standard, rel=0.03)


def test_background_windows_keep_clear_of_the_lines_of_the_sample():
    image = minerals("Hornblende")
    lines = ("O_Ka", "Na_Ka", "Mg_Ka", "Al_Ka", "Si_Ka", "K_Ka", "Ca_Ka", "Ti_Ka", "Fe_Ka")
    for window in line_windows(image, lines):
        assert window.background
        for low, high in window.background:
            assert not window.low_kev < high <= window.high_kev
            for other in line_windows(image, lines):
                assert not low < other.line.energy_kev < high


def test_elements_of_the_metadata_are_kept_clear_of_too():
    image = minerals("Zircon")
    bare = line_windows(image, ("S_Ka",))[0].background
    warned = line_windows(replace(image, elements=("Zr", "Si")), ("S_Ka",))[0].background
    zirconium_lb_kev = line("Zr_Lb1").energy_kev
    assert any(low < zirconium_lb_kev < high for low, high in bare)
    assert not any(low < zirconium_lb_kev < high for low, high in warned)


def test_the_product_with_sparse_counts_is_that_with_dense_ones():
    image = minerals("Biotite", "Apatite", counts=300.0)
    lines = ("Si_Ka", "P_Ka", "Fe_Ka")
    weights = np.stack([one.weights(AXIS) for one in line_windows(image, lines)], axis=1)
    expected = image.counts.toarray().astype(float) @ weights
    assert line_maps(image, lines).intensity[0] == pytest.approx(expected, rel=1e-4, abs=1e-3)


def test_one_line_for_every_element_of_the_metadata():
    image = replace(minerals("Quartz"), elements=("H", "Si", "O", "Zr", "C"))
    assert default_lines(image) == ("Si_Ka", "O_Ka", "Zr_La", "C_Ka")
    assert default_lines(image, exclude=("C",)) == ("Si_Ka", "O_Ka", "Zr_La")
    assert default_lines(minerals("Quartz")) == ()


def test_a_line_that_cannot_be_there_is_refused():
    image = minerals("Quartz")
    with pytest.raises(ValueError, match=r"Zr_Ka needs a beam above .* Zr_La"):
        line_maps(replace(image, beam_kev=15.0), ("Zr_Ka",))
    with pytest.raises(ValueError, match=r"Ag_Ka lies at 22\.\d+ keV; this map covers"):
        line_maps(replace(image, beam_kev=200.0), ("Ag_Ka",))
    with pytest.raises(ValueError, match="Fe_Ka"):
        line_maps(image, ("Fe_Kx",))
    with pytest.raises(ValueError, match="No X-ray line was chosen"):
        line_maps(image, ())
    with pytest.raises(ValueError, match="more than once: Si_Ka"):
        line_maps(image, ("Si_Ka", "Si_Ka"))


def test_without_calibration_lines_have_no_place():
    image = replace(minerals("Quartz"), energy=replace(AXIS, calibrated=False), elements=("Si",))
    with pytest.raises(ValueError, match="no calibration"):
        line_maps(image, ("Si_Ka",))
    assert default_lines(image) == ()


def test_a_line_at_the_end_of_the_axis_has_its_background_on_one_side():
    image = minerals("Quartz", axis=EnergyAxis(1.66, 0.01, 1000))
    assert len(line_windows(image, ("Si_Ka",))[0].background) == 1
