"""A click near a peak finds what it could be, wherever the axis begins and however wide its channels."""

from __future__ import annotations

import numpy as np
import pytest

from data.axes import EnergyAxis
from data.silicon_detector import Instrument
from data.synthetic_minerals import MATERIALS
from data.synthetic_spectra import emission
from data.xray_lines import line
from models.line_identification import candidates_at, nearest_peak

# ten electronvolts per channel from zero is the one axis where int(100 E) is the channel of an energy
AXES = [EnergyAxis(0.0, 0.01, 2048), EnergyAxis(-0.472, 0.02, 1100), EnergyAxis(0.83, 0.005, 3900)]


def spectrum_of(name: str, axis: EnergyAxis) -> np.ndarray:
    counts = emission(MATERIALS[name], Instrument(beam_kev=20.0), axis)
    return np.random.default_rng(0).poisson(1e6 * counts / counts.sum())


@pytest.mark.parametrize("axis", AXES, ids=str)
def test_a_click_beside_iron_ka_finds_iron_on_any_axis(axis):
    spectrum = spectrum_of("Hematite", axis)
    true = line("Fe_Ka").energy_kev
    peak = nearest_peak(spectrum, axis, true + 0.05)
    assert peak == pytest.approx(true, abs=0.01)
    best = candidates_at(spectrum, axis, peak, 20.0)[0]
    assert best.line == "Fe_Ka"
    partners = {one.line: one.seen for one in best.partners}
    assert partners["Fe_Kb"] is True
    assert not best.contradicted


def test_a_candidate_whose_stronger_line_is_missing_comes_last():
    axis = AXES[0]
    found = candidates_at(spectrum_of("Hematite", axis), axis, line("Fe_Kb").energy_kev, 20.0)
    assert found[0].line == "Fe_Kb"
    terbium = next(one for one in found if one.line == "Tb_Lb")
    assert terbium.contradicted
    assert [one.contradicted for one in found] == sorted(one.contradicted for one in found)


def test_lines_that_the_beam_cannot_excite_are_not_offered():
    axis = AXES[0]
    names = [one.line for one in candidates_at(spectrum_of("Hematite", axis), axis, 6.40, 6.5)]
    assert "Fe_Ka" not in names


def test_lines_with_a_map_are_marked():
    axis = AXES[0]
    found = candidates_at(spectrum_of("Hematite", axis), axis, 6.4, 20.0, chosen=("Fe_Ka",))
    assert {one.line for one in found if one.chosen} == {"Fe_Ka"}


def test_channels_without_energies_have_no_candidates():
    with pytest.raises(ValueError, match="width of a channel"):
        candidates_at(np.ones(100), EnergyAxis(0.0, 1.0, 100, calibrated=False), 6.4)


def test_a_click_where_there_is_no_peak_stays_there():
    assert nearest_peak(np.zeros(2048), AXES[0], 12.0) == 12.0
