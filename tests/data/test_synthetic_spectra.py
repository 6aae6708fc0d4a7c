"""The physics of the synthetic spectra."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xraydb

from data.axes import EnergyAxis
from data.electron_scattering import mean_depth_g_cm2
from data.readers import open_dataset
from data.silicon_detector import Instrument, attenuation, escape_fraction
from data.synthetic_minerals import MATERIALS
from data.synthetic_spectra import Material, emission
from data.xray_lines import line

AXIS = EnergyAxis(-0.1, 0.01, 2048)
INSTRUMENT = Instrument(beam_kev=20.0)


def window(spectrum: np.ndarray, energy_kev: float, half_kev: float = 0.06, axis: EnergyAxis = AXIS) -> float:
    return float(spectrum[axis.window(energy_kev - half_kev, energy_kev + half_kev)].sum())


def test_the_elements_of_a_mineral_give_its_peaks():
    spectrum = emission(MATERIALS["Ilmenite"], INSTRUMENT, AXIS)
    for name in ("Ti_Ka", "Fe_Ka"):
        energy_kev = line(name).energy_kev
        assert window(spectrum, energy_kev) > 5 * window(spectrum, energy_kev + 0.25)
    assert window(spectrum, 3.69) < 1.3 * window(spectrum, 3.4)  # no calcium


def test_formula_gives_mass_fractions():
    quartz = MATERIALS["Quartz"].mass_fraction
    assert quartz["Si"] == pytest.approx(0.4674, abs=2e-4)
    assert sum(MATERIALS["Biotite"].mass_fraction.values()) == pytest.approx(1.0)


def test_there_is_no_k_line_of_iron_below_its_edge():
    iron = Material("Iron", "Fe", 7.87)
    low = emission(iron, replace(INSTRUMENT, beam_kev=7.0), AXIS)
    high = emission(iron, replace(INSTRUMENT, beam_kev=20.0), AXIS)
    assert window(low, 6.40) < 0.001 * window(high, 6.40)
    assert window(low, 0.705) > 0


def test_no_photon_has_more_than_the_beam_energy():
    spectrum = emission(MATERIALS["Quartz"], replace(INSTRUMENT, beam_kev=10.0), AXIS)
    assert spectrum[AXIS.energy_kev > 10.3].max() < 1e-6 * spectrum.max()


def test_the_detector_resolves_129_ev_at_manganese():
    peak = INSTRUMENT.broadened(np.array([5.895]), np.ones(1), AXIS)
    above = AXIS.energy_kev[peak >= 0.5 * peak.max()]
    assert above[-1] - above[0] + 0.01 == pytest.approx(0.129, abs=0.011)
    assert peak.sum() == pytest.approx(1.0, abs=1e-4)


def test_the_window_keeps_soft_photons_out_and_silicon_lets_hard_ones_through():
    low, middle, high = INSTRUMENT.efficiency(np.array([0.277, 5.0, 20.0]))
    assert low < 0.4 * middle
    assert high < 0.7 * middle
    assert 0 < INSTRUMENT.efficiency(np.array([0.1]))[0] < 0.05


def test_silicon_photons_escape_only_above_the_edge_of_silicon():
    share = escape_fraction(np.array([1.5, 2.0, 4.0, 8.0]))
    assert share[0] == 0
    assert 0.005 < share[1] < 0.03
    assert share[1] > share[2] > share[3] > 0


def test_the_zero_peak_lies_at_zero_and_needs_room():
    peak = INSTRUMENT.zero_peak(AXIS)
    assert peak.sum() == pytest.approx(1.0)
    assert abs(float(peak @ AXIS.energy_kev)) < 0.005
    with pytest.raises(ValueError, match="no room for a zero peak"):
        INSTRUMENT.zero_peak(EnergyAxis(1.0, 0.01, 1000))


def test_photons_come_from_about_a_micrometre_and_soft_ones_are_absorbed_more():
    depth = mean_depth_g_cm2(MATERIALS["Quartz"].mass_fraction, 20.0, np.array([0.543, 1.839]))
    assert (depth > 1e-4).all()
    assert (depth < 6e-4).all()
    coefficient = attenuation(MATERIALS["Quartz"].mass_fraction, np.array([0.525, 1.74]))
    assert coefficient[0] > 4 * coefficient[1]


def test_attenuation_agrees_with_the_tables_on_both_sides_of_an_edge():
    energy_kev = np.array([0.3, 1.0, 1.80, 1.88, 5.0, 12.0])
    ours = attenuation({"Si": 1.0}, energy_kev)
    assert ours == pytest.approx(xraydb.mu_elam("Si", 1e3 * energy_kev), rel=0.03)


def test_heavy_minerals_are_bright_in_backscattered_electrons():
    order = ["Carbon tape", "Quartz", "Calcite", "Magnetite", "Monazite"]
    backscatter = [MATERIALS[name].backscatter(20.0) for name in order]
    assert backscatter == sorted(backscatter)
    assert Material("Iron", "Fe", 7.87).backscatter(20.0) == pytest.approx(0.28, abs=0.02)


def test_a_computed_dacite_looks_like_a_measured_one(shared_data):
    """Bremsstrahlung relative to Si Ka within 30 % over the axis, and main lines within a factor of two."""
    path = shared_data / "eds" / "bruker" / "P45_8bit_compressed_80keV_range.bcf"
    image = open_dataset(path).datasets[0]
    measured = image.sum_spectrum().astype(float)
    dacite = Material("Dacite", _formula(_DACITE), 2.6)
    computed = emission(dacite, INSTRUMENT, image.energy)

    def ratio(low_kev: float, high_kev: float) -> float:
        part = image.energy.window(low_kev, high_kev)
        silicon = image.energy.window(1.66, 1.84)
        return (computed[part].sum() / computed[silicon].sum()) / (
            measured[part].sum() / measured[silicon].sum()
        )

    for low_kev, high_kev in ((2.4, 3.1), (5.0, 6.0), (7.5, 9.0), (9.0, 11.0), (11.0, 13.0), (15.0, 18.0)):
        assert 0.7 < ratio(low_kev, high_kev) < 1.3
    for low_kev, high_kev in ((0.45, 0.60), (0.98, 1.12), (1.42, 1.55), (3.22, 3.45)):
        assert 0.5 < ratio(low_kev, high_kev) < 2.0


# an average dacite, wt.% of oxides (Le Maitre, J. Petrology 17, 589, 1976, rounded)
_DACITE = {
    "SiO2": 66, "Al2O3": 16, "FeO": 4.2, "MgO": 1.8, "CaO": 4.2, "Na2O": 4.2, "K2O": 2.6, "TiO2": 0.6,
}  # fmt: skip


def _formula(oxides: dict[str, float]) -> str:
    atoms: dict[str, float] = {}
    for oxide, weight in oxides.items():
        parsed = xraydb.chemparse(oxide)
        mass = sum(n * xraydb.atomic_mass(element) for element, n in parsed.items())
        for element, n in parsed.items():
            atoms[element] = atoms.get(element, 0.0) + n * weight / mass
    return "".join(f"{element}{n:.5f}" for element, n in atoms.items())
