"""Peaks of known lines say how far an energy axis is off, and put it right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from data.axes import EnergyAxis
from data.readers import open_dataset
from data.silicon_detector import Instrument
from data.synthetic_minerals import MATERIALS
from data.synthetic_spectra import emission
from models.energy_calibration import calibrate, from_first_channel
from models.peak_positions import measure_peaks
from models.phases_preparation import prepare
from models.recipe import LineMapChoices

AXIS = EnergyAxis(-0.1, 0.01, 2048)
LINES = ("Na_Ka", "Al_Ka", "Si_Ka", "K_Ka", "Ca_Ka", "Fe_Ka")


@pytest.fixture(scope="module")
def spectrum():
    """A rock, with counting noise."""
    minerals = ("Plagioclase", "K-feldspar", "Biotite", "Augite")
    rock = sum(emission(MATERIALS[name], Instrument(beam_kev=20.0), AXIS) for name in minerals)
    return np.random.default_rng(2).poisson(3e6 * rock / rock.sum())


def test_lines_stand_at_their_energies_on_a_true_axis(spectrum):
    for peak in measure_peaks(spectrum, AXIS, LINES, 20.0):
        assert not peak.doubt
        assert abs(peak.difference_ev) < max(3.0, 4e3 * peak.error_kev), peak


def test_a_file_that_reads_high_is_measured_and_put_right(spectrum):
    wrong = replace(AXIS, offset_kev=-0.085, scale_kev=0.01003)
    off = {peak.line: peak.difference_ev for peak in measure_peaks(spectrum, wrong, LINES, 20.0)}
    assert off["Si_Ka"] == pytest.approx(15 + 0.003 * 1840, abs=3)
    assert off["Fe_Ka"] == pytest.approx(15 + 0.003 * 6500, abs=4)
    found = calibrate(spectrum, wrong, LINES, 20.0)
    right = replace(wrong, offset_kev=found.offset_kev, scale_kev=found.scale_kev)
    for channel in (200, 650):
        assert right.energy_kev[channel] == pytest.approx(AXIS.energy_kev[channel], abs=0.002)
    assert "energies move by" in found.says


def test_one_line_corrects_the_offset_alone(spectrum):
    wrong = replace(AXIS, offset_kev=-0.12)
    found = calibrate(spectrum, wrong, ("Si_Ka",), 20.0)
    assert found.scale_kev == wrong.scale_kev
    assert found.offset_kev == pytest.approx(-0.1, abs=0.002)


def test_a_line_that_is_not_there_does_not_spoil_the_axis(spectrum):
    found = calibrate(spectrum, AXIS, (*LINES, "Ni_Ka", "Cr_Ka"), 20.0)
    assert "Ni_Ka" not in found.used
    assert found.offset_kev == pytest.approx(AXIS.offset_kev, abs=0.003)


def test_overlapped_lines_say_so(spectrum):
    peaks = {
        one.line: one for one in measure_peaks(spectrum, AXIS, ("Mn_Ka", "Cr_Ka", "S_Ka", "Pb_Ma"), 20.0)
    }
    assert peaks["Pb_Ma"].doubt
    assert peaks["S_Ka"].doubt


def test_without_a_usable_line_the_message_names_what_was_tried(spectrum):
    with pytest.raises(ValueError, match=r"Ni_Ka (too few counts|no peak)"):
        calibrate(spectrum, AXIS, ("Ni_Ka",), 20.0)
    with pytest.raises(ValueError, match="no calibration"):
        measure_peaks(spectrum, replace(AXIS, calibrated=False), LINES, 20.0)


def test_the_calibration_of_a_cut_axis_is_told_for_the_first_channel_of_the_file(spectrum):
    cut = AXIS.cropped(slice(30, 2048))
    found = from_first_channel(calibrate(spectrum[30:], cut, LINES, 20.0), cut, AXIS)
    assert found.offset_kev == pytest.approx(AXIS.offset_kev, abs=0.003)


def test_the_dacite_of_the_80_kev_range_reads_15_to_40_ev_high_until_it_is_calibrated(shared_data):
    image = open_dataset(shared_data / "eds/bruker/P45_8bit_compressed_80keV_range.bcf").datasets[0]
    lines = ("Na_Ka", "Al_Ka", "Si_Ka", "K_Ka", "Ca_Ka", "Fe_Ka")
    total = image.sum_spectrum()
    before = [peak.difference_ev for peak in measure_peaks(total, image.energy, lines, image.beam_kev)]
    assert min(before) > 14
    assert max(before) < 42
    found = calibrate(total, image.energy, lines, image.beam_kev)
    choices = LineMapChoices(energy_offset_kev=found.offset_kev, energy_scale_kev=found.scale_kev)
    prepared = prepare(image, choices)
    after = measure_peaks(prepared.sum_spectrum(), prepared.energy, lines, image.beam_kev)
    assert max(abs(peak.difference_ev) for peak in after) < 5
