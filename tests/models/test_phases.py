"""The Phases pipeline as a whole, on small maps with known truth and with a quickly trained network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from sklearn.metrics import adjusted_rand_score

from data.axes import EnergyAxis
from data.elemental_maps import ElementalMaps
from data.spectrum_image import SpectrumImage
from data.synthetic import rock_section
from models.phases import finished, run
from models.recipe import PhasesRecipe, with_settings

QUICK = with_settings(
    PhasesRecipe(),
    {"autoencoder.max_epochs": "3", "autoencoder.steps_per_epoch": "20", "mixture.n_phases": "5"},
)


@pytest.fixture(scope="module")
def rock():
    """A granodiorite of 48 x 48 pixels and its truth."""
    return rock_section(3, 48, 48, counts_per_pixel=300.0)


@pytest.fixture(scope="module")
def reports(rock):
    return list(run(rock[0], QUICK))


@pytest.fixture(scope="module")
def result(reports):
    return reports[-1].partial


def stages_run(reports) -> set[str]:
    return {report.stage for report in reports} - {"done"}


def changed(recipe: PhasesRecipe, **settings: str) -> PhasesRecipe:
    return with_settings(recipe, {name.replace("__", "."): value for name, value in settings.items()})


def test_refined_phases_agree_with_the_truth(rock, result):
    _, truth = rock
    assert adjusted_rand_score(truth.label.ravel(), result.phases.label.ravel()) > 0.8


def test_everything_has_the_shape_of_the_map(rock, result):
    image, _ = rock
    n_channels = result.prepared.energy.n_channels
    assert result.maps.shape == result.phases.shape == result.latent_phases.shape == image.shape
    assert result.latent.coordinates.shape == (image.n_pixels, 2)
    assert result.phase_spectra.shape == (result.phases.n_phases, n_channels)
    assert result.unmixing.endmembers.shape[1] == n_channels
    assert result.unmixing.abundances.shape[:2] == image.shape
    assert result.unmixing.weights.shape == (result.phases.n_phases, result.unmixing.endmembers.shape[0])


def test_every_count_above_the_cut_is_in_the_spectrum_of_one_phase(result):
    assert result.phase_spectra.sum() == result.prepared.sum_spectrum().sum()


def test_the_bar_never_goes_back_and_ends_at_one(reports):
    fractions = [report.fraction for report in reports]
    assert fractions == sorted(fractions)
    assert fractions[0] == 0 and fractions[-1] == 1


def test_every_epoch_of_the_training_is_reported(reports):
    epochs = [report.epoch.epoch for report in reports if report.epoch and report.epoch.share == 1]
    assert epochs == [0, 1, 2]


def test_latent_phases_can_be_shown_before_the_refinement_ends(reports):
    first = next(report for report in reports if report.partial and report.partial.latent_phases)
    assert first.stage == "mixture"
    assert first.partial.refinement is None


def test_a_run_can_be_dropped_while_it_trains(rock):
    reports = run(rock[0], QUICK)
    next(report for report in reports if report.epoch is not None)
    reports.close()
    with pytest.raises(StopIteration):
        next(reports)


def test_the_same_recipe_gives_the_same_labels(rock, result):
    again = finished(run(rock[0], result.resolved_recipe))
    np.testing.assert_array_equal(again.phases.label, result.phases.label)
    np.testing.assert_array_equal(again.latent_phases.label, result.latent_phases.label)


def test_nothing_runs_again_for_the_same_recipe(rock, result):
    reports = list(run(rock[0], QUICK, previous=result))
    assert stages_run(reports) == set()
    assert reports[-1].partial.phases is result.phases
    assert reports[-1].partial.notes == result.notes


@pytest.mark.parametrize(
    ("setting", "value", "expected"),
    [
        ("unmixing.n_components", "3", {"unmixing"}),
        ("probability_threshold", "0.5", {"phases", "unmixing"}),
        ("mixture.n_phases", "4", {"mixture", "phases", "unmixing"}),
        ("refinement.enabled", "false", {"phases", "unmixing"}),
        ("unmixing.enabled", "false", set()),
    ],
)
def test_only_what_follows_from_a_changed_choice_runs_again(rock, result, setting, value, expected):
    recipe = with_settings(QUICK, {setting: value})
    assert stages_run(run(rock[0], recipe, previous=result)) == expected


def test_a_result_of_another_map_is_no_help(rock, result):
    other = replace(rock[0], dataset_id="another")
    assert next(run(other, QUICK, previous=result)).stage == "prepare"


def test_without_refinement_the_phases_are_those_of_the_latent_space(rock, result):
    latent = finished(run(rock[0], with_settings(QUICK, {"refinement.enabled": "false"}), previous=result))
    assert latent.refinement is None
    assert latent.phases is result.latent_phases


def test_pixels_below_the_threshold_belong_to_no_phase(rock, result):
    sure = finished(run(rock[0], changed(QUICK, probability_threshold="0.8"), previous=result))
    assert (sure.assigned.label[sure.phases.probability < 0.8] == -1).all()
    assert sure.phase_spectra.sum() < result.phase_spectra.sum()
    np.testing.assert_array_equal(sure.phases.label, result.phases.label)


def element_maps(seed: int = 0, valid: np.ndarray | None = None) -> ElementalMaps:
    """Two halves, one bright in Fe and one in Si, as a folder of images would give them."""
    rng = np.random.default_rng(seed)
    intensity = rng.poisson(20.0, (30, 40, 3)).astype(np.float32)
    intensity[:, :20, 0] += 100
    intensity[:, 20:, 1] += 100
    return ElementalMaps(intensity, ("Fe", "Si", "O"), dataset_id=f"maps{seed}", valid=valid)


def test_element_maps_give_phases_without_any_spectrum():
    recipe = with_settings(QUICK, {"mixture.n_phases": "2"})
    result = finished(run(element_maps(), recipe))
    assert result.refinement is None and not result.has_spectra
    truth = np.repeat([[0] * 20 + [1] * 20], 30, axis=0)
    assert adjusted_rand_score(truth.ravel(), result.phases.label.ravel()) > 0.95
    assert result.phase_spectra.shape == (2, 3)


def test_pixels_outside_the_sample_belong_to_no_phase():
    valid = np.ones((30, 40), bool)
    valid[:10] = False
    result = finished(run(element_maps(valid=valid), with_settings(QUICK, {"mixture.n_phases": "2"})))
    assert (result.phases.label[:10] == -1).all()
    assert (result.phases.label[10:] >= 0).all()
    assert result.n_measured == 20 * 40


def small_image(counts: np.ndarray, calibrated: bool = True, **known) -> SpectrumImage:
    n_y, n_x, n_channels = counts.shape
    axis = EnergyAxis(0.0, 0.01 if calibrated else 1.0, n_channels, calibrated)
    flat = sparse.csr_matrix(counts.reshape(n_y * n_x, n_channels).astype(np.uint16))
    return SpectrumImage(flat, (n_y, n_x), axis, dataset_id="small", **known)


def noise(n_y: int, n_x: int, n_channels: int = 1000) -> np.ndarray:
    return np.random.default_rng(5).poisson(0.5, (n_y, n_x, n_channels))


@pytest.mark.parametrize(
    ("image", "settings", "message"),
    [
        (small_image(noise(1, 1)), {}, "one pixel"),
        (small_image(noise(4, 4)), {"line_maps.rebin": "4"}, "Rebin less"),
        (small_image(noise(4, 4)), {"line_maps.rebin": "5"}, "cannot be rebinned by 5"),
        (small_image(noise(4, 4) * 0), {"line_maps.lines": "[Si_Ka]"}, "no counts"),
        (small_image(noise(4, 4), beam_kev=5.0), {"line_maps.lines": "[Fe_Ka]"}, "Fe"),
        (small_image(noise(4, 4)), {"line_maps.lines": "[Fe_Kx]"}, "Fe_Kx"),
        (small_image(noise(4, 4)), {"line_maps.lines": "[Cu_Ka, Mo_Ka]"}, "Mo_Ka"),
        (small_image(noise(4, 4)), {"line_maps.exclude": "[Xx]"}, "Xx"),
        (small_image(noise(4, 4)), {"line_maps.low_energy_kev": "50"}, "No channel"),
        (small_image(noise(4, 4), calibrated=False), {}, "calibration"),
        (small_image(noise(4, 4)), {"mixture.n_phases": "17"}, "16 pixels"),
        (
            small_image(np.repeat(noise(1, 2), 8, axis=0)),
            {"line_maps.lines": "[Si_Ka]", "refinement.n_phases": "3"},
            "distinct pixels",
        ),
        (small_image(noise(4, 4)), {"probability_threshold": "2"}, "probability_threshold"),
    ],
)
def test_what_cannot_be_used_is_said_at_once(image, settings, message):
    with pytest.raises(ValueError, match=message):
        finished(run(image, with_settings(QUICK, settings)))


def test_a_map_that_is_not_there_is_named():
    recipe = with_settings(QUICK, {"line_maps.lines": "[Fe, Ti]"})
    with pytest.raises(ValueError, match="'Ti'"):
        finished(run(element_maps(), recipe))


def test_empty_pixels_have_no_place_in_latent_space_and_are_counted():
    counts = noise(8, 8)
    counts[0] = 0
    settings = {"line_maps.lines": "[Si_Ka, Fe_Ka]", "mixture.n_phases": "2", "refinement.enabled": "false"}
    result = finished(run(small_image(counts), with_settings(QUICK, settings)))
    assert any("8 pixels without counts" in note for note in result.notes)
    assert result.n_measured == 56
    assert (result.phases.label[0] == -1).all()


def test_an_empty_pixel_between_others_is_given_their_phase_by_the_refinement():
    counts = noise(8, 8)
    counts[4, 4] = 0
    settings = {"line_maps.lines": "[Si_Ka, Fe_Ka]", "mixture.n_phases": "2"}
    result = finished(run(small_image(counts), with_settings(QUICK, settings)))
    assert result.phases.label[4, 4] >= 0
    assert result.phases.pixels().sum() == result.n_measured == 64
