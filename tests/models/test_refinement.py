"""Phases from the likelihood of all counts: on maps whose truth is known, and at the edges."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from sklearn.metrics import adjusted_rand_score

from data.axes import EnergyAxis
from data.spectrum_image import SpectrumImage
from data.synthetic import particulate, rock_section
from models.recipe import RefinementChoices
from models.refined_phases import Refinement
from models.refinement import refine

AXIS = EnergyAxis(offset_kev=0.0, scale_kev=0.02, n_channels=400)


def refined(image: SpectrumImage, **choices) -> Refinement:
    return list(refine(image, RefinementChoices(**choices)))[-1].refinement


def peaked(*energies_kev: float) -> np.ndarray:
    """A spectrum of equal lines on a flat background, sum 1."""
    energy = AXIS.energy_kev
    spectrum = np.full(AXIS.n_channels, 2e-4)
    for line_kev in energies_kev:
        spectrum += np.exp(-0.5 * ((energy - line_kev) / 0.04) ** 2) / len(energies_kev) / 5
    return spectrum / spectrum.sum()


def measured(share: np.ndarray, spectra: np.ndarray, counts_per_pixel: float, seed: int = 0) -> SpectrumImage:
    """A map with the given shares (n_y, n_x, n_phases) of spectra."""
    n_y, n_x, n_phases = share.shape
    rate = counts_per_pixel * share.reshape(-1, n_phases) @ spectra
    counts = np.random.default_rng(seed).poisson(rate).astype(np.uint16)
    return SpectrumImage(sparse.csr_matrix(counts), (n_y, n_x), AXIS)


@pytest.fixture(scope="module")
def halves() -> SpectrumImage:
    """Two phases side by side, with a strip of mixed pixels between them."""
    left = np.clip((20 - np.arange(40)) / 8 + 0.5, 0, 1)
    share = np.stack([np.tile(left, (32, 1)), np.tile(1 - left, (32, 1))], axis=-1)
    return measured(share, np.array([peaked(1.0, 3.0), peaked(2.0, 5.0)]), 60)


@pytest.fixture(scope="module")
def rock() -> tuple[SpectrumImage, object, Refinement]:
    image, truth = rock_section(21, 96, 96, counts_per_pixel=60)
    return image, truth, refined(image)


def test_phases_of_a_rock_are_found_as_well_as_by_one_who_knows_the_spectra(rock):
    image, truth, found = rock
    oracle = (image.counts @ np.log(np.maximum(truth.spectra, 1e-12)).T).argmax(axis=1)
    reference = adjusted_rand_score(truth.label.ravel(), oracle)
    assert adjusted_rand_score(truth.label.ravel(), found.phases().label.ravel()) > 0.95 * reference
    assert found.n_phases == len(truth.phase_names)


def test_thin_particles_get_pure_spectra_although_the_substrate_shows_through():
    image, truth = particulate(22, 96, 96, counts_per_pixel=100)
    found = refined(image)
    above = image.energy.energy_kev > 0.1
    true = truth.spectra[:, above] / np.linalg.norm(truth.spectra[:, above], axis=1, keepdims=True)
    pure = found.endmembers[:, above] / np.linalg.norm(found.endmembers[:, above], axis=1, keepdims=True)
    largest = truth.label.ravel()
    main = np.flatnonzero(np.bincount(largest, minlength=len(true)) > 0.01 * largest.size)
    assert (true[main] @ pure.T).max(axis=1).min() > 0.95


def test_mixed_pixels_between_two_phases_are_no_third_phase(halves):
    found = refined(halves)
    assert found.n_phases == 2
    assert "2 phases" in found.why


def test_a_map_of_one_material_is_one_phase():
    found = refined(measured(np.ones((30, 30, 1)), peaked(1.0, 2.0)[None], 50))
    assert found.n_phases == 1
    assert np.all(found.phases().label == 0)


def test_a_dozen_pixels_of_another_material_are_found():
    share = np.zeros((64, 64, 3))
    share[:, :32, 0] = 1
    share[:, 32:, 1] = 1
    share[20:24, 10:13] = (0, 0, 1)
    found = refined(measured(share, np.array([peaked(1.0), peaked(2.0), peaked(1.0, 6.0)]), 60))
    label = found.phases().label
    assert found.n_phases == 3
    assert np.all(label[20:24, 10:13] == label[22, 11])
    assert np.count_nonzero(label == label[22, 11]) <= 16


def test_shares_tell_how_much_of_a_pixel_is_which_phase(halves):
    found = refined(halves)
    left = found.abundances[:, :, found.phases().label[0, 0] == found.phase_of_endmember][..., 0]
    assert left[:, :10].mean() > 0.95
    assert left[:, 20].mean() == pytest.approx(0.5, abs=0.1)
    assert np.allclose(found.abundances.sum(axis=2), 1, atol=1e-4)


def test_the_same_seed_gives_the_same_phases(halves):
    one, other = refined(halves), refined(halves)
    assert np.array_equal(one.phases().label, other.phases().label)
    assert np.array_equal(one.endmembers, other.endmembers)


def test_a_part_keeps_the_label_of_its_larger_parent_when_the_number_moves(rock):
    *_, found = rock
    for k in range(2, found.most_phases + 1):
        fewer, more = found.phases(k - 1).label, found.phases(k).label
        changed = fewer != more
        assert set(np.unique(more[changed])) == {k - 1}
        parent = np.unique(fewer[changed])
        assert parent.size == 1
        assert np.count_nonzero(changed) <= np.count_nonzero(more == parent[0])


def test_sum_spectra_of_any_number_of_phases_hold_the_counts_of_their_pixels(rock):
    image, _, found = rock
    for k in (1, found.n_phases, found.n_phases + 4):
        expected = image.sum_by_label(found.phases(k).label.ravel(), k)
        assert np.array_equal(found.spectra(k), expected)


def test_the_number_asked_for_is_the_number_given(halves):
    found = refined(halves, n_phases=4)
    assert found.n_phases == 2
    assert found.phases().n_phases == 4


def test_more_phases_than_can_be_told_apart_are_refused(halves):
    with pytest.raises(ValueError, match="phases were asked for"):
        refined(halves).phases(5000)


def test_merged_phases_add_their_shares(halves):
    found = refined(halves)
    assert found.phases(1).probability == pytest.approx(1, abs=1e-4)


def test_empty_pixels_take_their_neighbours_phase_and_empty_areas_none():
    share = np.zeros((40, 40, 2))
    share[:, :20, 0] = 1
    share[:, 20:, 1] = 1
    share[25:] = 0
    share[10, 5] = 0
    label = refined(measured(share, np.array([peaked(1.0), peaked(2.0)]), 40)).phases().label
    assert label[10, 5] == label[10, 4] >= 0
    assert np.all(label[30:] == -1)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (3, 4), (40, 1)])
def test_maps_of_a_handful_of_pixels_are_mapped(shape):
    found = refined(measured(np.ones((*shape, 1)), peaked(1.0, 2.0)[None], 30))
    assert found.phases().shape == shape
    assert found.n_phases == 1


def test_a_map_without_counts_is_refused():
    empty = SpectrumImage(sparse.csr_matrix((6, 400), dtype=np.uint16), (2, 3), AXIS)
    with pytest.raises(ValueError, match="holds no counts"):
        refined(empty)


def test_an_uncalibrated_map_is_refined_all_the_same(halves):
    axis = EnergyAxis(0.0, 1.0, AXIS.n_channels, calibrated=False)
    assert refined(SpectrumImage(halves.counts, halves.shape, axis)).n_phases == 2


def test_large_maps_are_learnt_on_a_mosaic_and_a_rare_phase_outside_it_is_found(monkeypatch):
    monkeypatch.setattr("models.refinement._FITTED_PIXELS", 6 * 32 * 32)
    share = np.zeros((160, 160, 3))
    share[:, :80, 0] = 1
    share[:, 80:, 1] = 1
    share[130:135, 140:145] = (0, 0, 1)
    found = refined(measured(share, np.array([peaked(1.0), peaked(2.0), peaked(2.0, 6.0)]), 40))
    label = found.phases().label
    assert found.n_phases == 3
    assert np.count_nonzero(label == label[132, 142]) == pytest.approx(25, abs=3)


def test_progress_never_goes_back(halves):
    fractions = [report.fraction for report in refine(halves, RefinementChoices())]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1


def test_a_dacite_holds_groundmass_plagioclase_biotite_and_apatite(shared_data):
    from data.readers import open_dataset

    path = shared_data / "eds" / "bruker" / "P45_8bit_compressed_80keV_range.bcf"
    image = open_dataset(path).datasets[0]
    found = refined(image)
    assert 5 <= found.n_phases <= 12
    pixels = found.phases().pixels()
    share = pixels / pixels.sum()
    spectra = found.spectra() / np.maximum(pixels, 1)[:, None]

    def against_groundmass(low_kev: float, high_kev: float) -> np.ndarray:
        counts = spectra[:, image.energy.window(low_kev, high_kev)].sum(axis=1)
        return counts / counts[pixels.argmax()]

    magnesium, aluminium = against_groundmass(1.2, 1.3), against_groundmass(1.44, 1.54)
    phosphorus, iron = against_groundmass(1.96, 2.07), against_groundmass(6.3, 6.5)
    assert share[(aluminium > 1.5) & (magnesium < 1.5)].sum() == pytest.approx(0.146, abs=0.03)
    assert share[magnesium > 3].sum() == pytest.approx(0.059, abs=0.02)
    assert 0.002 < share[phosphorus > 5].sum() < 0.015
    assert 0 < share[iron > 25].sum() < 0.01
