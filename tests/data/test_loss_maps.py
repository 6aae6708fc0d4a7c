"""Maps of energy-loss edges: the power law goes, the edge stays, thickness does not pass for an element."""

import numpy as np
import pytest
from loss_spectra import oxide_stripes

from data.axes import EnergyAxis
from data.line_maps import line_maps
from data.loss_edges import edge, edges_on, is_band
from data.loss_maps import loss_windows, power_law_exponent


@pytest.fixture(scope="module")
def oxides():
    return oxide_stripes()


def test_an_edge_is_bright_only_where_its_element_is(oxides):
    image, stripe = oxides
    maps = line_maps(image, ("O_K", "Fe_L3", "Co_L3"))
    assert maps.lines == ("O_K", "Fe_L3", "Co_L3")
    for line, where in (("Fe_L3", 1), ("Co_L3", 2)):
        inside, outside = maps.of(line)[stripe == where], maps.of(line)[stripe != where]
        assert inside.mean() > 20 * abs(outside.mean())
        assert inside.min() > outside.max()
    assert (maps.of("O_K") > 0).all()


def test_without_background_the_thickness_shows(oxides):
    image, stripe = oxides
    gross = line_maps(image, ("Fe_L3",), "none").of("Fe_L3")[stripe == 0]
    net = line_maps(image, ("Fe_L3",)).of("Fe_L3")[stripe == 0]
    total = image.counts_per_pixel()[stripe == 0]
    assert np.corrcoef(gross, total)[0, 1] > 0.95
    assert abs(np.corrcoef(net, total)[0, 1]) < 0.3


def test_a_band_is_the_sum_of_its_channels(oxides):
    image, _ = oxides
    band = line_maps(image, ("500-520 eV",)).of("500-520 eV")
    np.testing.assert_allclose(band, image.window_counts(0.5, 0.52))


def test_a_power_law_gives_its_exponent():
    energy = np.linspace(300.0, 360.0, 100)
    assert power_law_exponent(energy, 1e6 * energy**-3.2) == pytest.approx(3.2)
    assert power_law_exponent(energy, np.zeros(100)) == 0


def test_the_window_before_an_edge_keeps_clear_of_the_edge_before(oxides):
    image, _ = oxides
    iron, cobalt = loss_windows(image.energy, ("Fe_L3", "Co_L3"))
    assert cobalt.before_ev[0] >= iron.edge.onset_ev + 20
    assert iron.high_ev <= cobalt.low_ev


def test_names_are_edges_or_bands():
    assert edge("fe_L").name == "Fe_L3"
    assert edge("La_M4,5").name == "La_M5"
    assert (edge("100 - 120 eV").onset_ev, edge("100-120").end_ev) == (100, 120)
    assert is_band("5.5-8 eV") and not is_band("O_K")
    assert "O_K" in [one.name for one in edges_on(EnergyAxis(0.5, 0.001, 100, kind="loss"))]


@pytest.mark.parametrize(
    ("name", "said"), [("Xx_K", "no element"), ("Fe_K9", "Fe_L3"), ("9-5 eV", "ends before")]
)
def test_an_unknown_name_says_what_there_is(name, said):
    with pytest.raises(ValueError, match=said):
        edge(name)


def test_an_edge_off_the_axis_says_what_the_map_covers(oxides):
    with pytest.raises(ValueError, match=r"C_K .* 449\.75 to 899\.75 eV"):
        line_maps(oxides[0], ("C_K",))
