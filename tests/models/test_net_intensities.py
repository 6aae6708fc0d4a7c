"""Net intensities of summed spectra."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from data.axes import EnergyAxis
from data.elemental_maps import ElementalMaps
from data.spectrum_image import SpectrumImage
from models.net_intensities import measure, quantified_lines
from models.recipe import PhasesRecipe

RECIPE = PhasesRecipe()
LINES = ("Si_Ka", "Ca_Ka", "Fe_Ka")


@pytest.fixture(scope="module")
def stripes():
    """Three stripes of one line each on a flat background, and their summed spectra."""
    energy = EnergyAxis(0.0, 0.02, 450)
    spectra = np.full((3, energy.n_channels), 0.05)
    for stripe, line_kev in enumerate((1.74, 3.69, 6.40)):
        spectra[stripe] += 6 * np.exp(-0.5 * ((energy.energy_kev - line_kev) / 0.045) ** 2)
    label = np.repeat(np.arange(3, dtype=np.int32), 300)
    counts = sparse.csr_matrix(np.random.default_rng(3).poisson(spectra[label]).astype(np.uint16))
    image = SpectrumImage(counts, (30, 30), energy, beam_kev=20.0, elements=("Si", "Ca", "Fe"))
    return image, image.sum_by_label(label, 3)


@pytest.mark.parametrize("method", ["fit", "maps"])
def test_each_stripe_has_the_counts_of_its_own_line(stripes, method):
    image, spectra = stripes
    recipe = replace(RECIPE, quantification=replace(RECIPE.quantification, intensity=method))
    net = measure(spectra, image, LINES, recipe)
    assert net.elements == ("Si", "Ca", "Fe")
    assert net.counts.argmax(axis=1).tolist() == [0, 1, 2]
    others = net.counts[~np.eye(3, dtype=bool)]
    assert np.abs(others).max() < 0.03 * net.counts.max()


def test_errors_are_those_of_counting(stripes):
    image, spectra = stripes
    net = measure(spectra, image, LINES, RECIPE)
    drawn = np.random.default_rng(2).poisson(spectra[0], (400, spectra.shape[1]))
    repeated = measure(drawn, image, LINES, RECIPE)
    np.testing.assert_allclose(repeated.counts.std(axis=0), net.sigma[0], rtol=0.15)


def test_an_element_with_two_lines_is_counted_once(stripes):
    lines, _, notes = quantified_lines(("Fe_Ka", "Fe_La", "Si_Ka"), RECIPE, 20.0)
    assert lines == ("Fe_Ka", "Si_Ka")
    assert "Fe_La" in notes[0]


def test_lines_that_are_not_mapped_are_told(stripes):
    recipe = replace(RECIPE, quantification=replace(RECIPE.quantification, lines=("Mg_Ka",)))
    with pytest.raises(ValueError, match="no map of Mg_Ka"):
        quantified_lines(LINES, recipe, 20.0)


def test_bare_element_maps_are_taken_as_their_usual_lines():
    maps = ElementalMaps(np.ones((2, 2, 2), np.float32), ("Fe", "Si"))
    net = measure(np.array([[5.0, 7.0]]), maps, maps.lines, RECIPE)
    assert net.lines == ("Fe_Ka", "Si_Ka")
    assert net.counts.tolist() == [[5.0, 7.0]]
    assert not net.counted


def test_bands_of_a_spectrometer_have_nothing_to_quantify():
    maps = ElementalMaps(np.ones((2, 2, 2), np.float32), ("650 nm", "700 nm"))
    with pytest.raises(ValueError, match="No X-ray line"):
        measure(np.ones((1, 2)), maps, maps.lines, RECIPE)
