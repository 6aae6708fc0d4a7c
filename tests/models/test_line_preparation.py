"""A recipe corrects energies, crops, fits and denoises; what it cannot do it says before anything is lost."""

from __future__ import annotations

import numpy as np
import pytest

from data.readers import open_dataset
from models.phases_preparation import make_line_maps, prepare
from models.recipe import LineMapChoices, PhasesRecipe, from_yaml, to_yaml, with_settings
from models.recipe_limits import check_limits
from models.step_histograms import step_histograms


@pytest.fixture(scope="module")
def rare_earths(shared_data):
    return open_dataset(shared_data / "eds/bruker/30x30_instructively_packed_16bit_compressed.bcf").datasets[
        0
    ]


def test_a_file_without_energies_is_mapped_once_the_recipe_gives_them(shared_data):
    bare = open_dataset(shared_data / "eds/bruker/4on3_full.rpl").datasets[0]
    with pytest.raises(ValueError, match="no calibration"):
        make_line_maps(prepare(bare, LineMapChoices()), LineMapChoices())
    # what the same data says of itself in the other format
    choices = LineMapChoices(
        lines=("Si_Ka", "O_Ka", "Al_Ka"), energy_offset_kev=-0.4701, energy_scale_kev=0.01
    )
    maps = make_line_maps(prepare(bare, choices), choices)
    own = open_dataset(shared_data / "eds/bruker/4on3_full.bcf").datasets[0]
    lines_only = LineMapChoices(lines=choices.lines)
    expected = make_line_maps(prepare(own, lines_only), lines_only)
    np.testing.assert_allclose(maps.intensity, expected.intensity, rtol=1e-4, atol=0.5)


def test_a_crop_comes_before_rebinning_and_keeps_the_images(rare_earths):
    choices = LineMapChoices(crop=(5, 25, 10, 24), rebin=2)
    prepared = prepare(rare_earths, choices)
    assert prepared.shape == (10, 7)
    part = rare_earths.crop(slice(5, 25), slice(10, 24)).crop_energy(choices.low_energy_kev)
    assert prepared.sum_spectrum().sum() == part.sum_spectrum().sum()
    for name, image in prepared.navigation.items():
        whole = rare_earths.navigation[name].shape
        assert image.shape[0] == pytest.approx(whole[0] * 20 / 30, abs=1)
        assert image.shape[1] == pytest.approx(whole[1] * 14 / 30, abs=1)


@pytest.mark.parametrize(
    ("choices", "says"),
    [
        (LineMapChoices(crop=(0, 40, 0, 10)), "beyond the map"),
        (LineMapChoices(crop=(8, 8, 0, 10)), "holds no pixel"),
        (LineMapChoices(crop=(0, 10)), "four edges"),
        (LineMapChoices(crop=(0, 1, 0, 1)), "Rebin less or crop less"),
        (LineMapChoices(energy_scale_kev=0.0), "larger than 0"),
        (LineMapChoices(energy_scale_kev=-0.01), "larger than 0"),
        (LineMapChoices(low_energy_kev=50.0), "No channel lies"),
    ],
)
def test_what_leaves_nothing_is_refused(rare_earths, choices, says):
    with pytest.raises(ValueError, match=says):
        prepare(rare_earths, choices)


@pytest.mark.parametrize("method", ["windows", "fit", "none"])
def test_components_of_noise_are_left_out_by_any_method(rare_earths, method):
    lines = ("Si_Ka", "Fe_Ka", "Ca_Ka", "Ti_Ka", "P_Ka")
    choices = LineMapChoices(lines=lines, background=method)
    prepared = prepare(rare_earths, choices)
    whole = make_line_maps(prepared, choices)
    kept = make_line_maps(prepared, with_components(choices, 4))
    assert kept.intensity.shape == whole.intensity.shape
    rank = np.linalg.matrix_rank(kept.intensity.reshape(-1, 5).astype(np.float64), tol=1.0)
    assert rank == 4
    assert np.corrcoef(kept.of("Fe_Ka").ravel(), whole.of("Fe_Ka").ravel())[0, 1] > 0.95
    with pytest.raises(ValueError, match="5 maps have 1 to 5"):
        make_line_maps(prepared, with_components(choices, 6))


def test_choices_travel_in_recipes():
    recipe = with_settings(
        PhasesRecipe(),
        {
            "line_maps.crop": "[1, 5, 2, 8]",
            "line_maps.energy_offset_kev": "-0.48",
            "line_maps.energy_scale_kev": "0.01",
            "line_maps.background": "fit",
            "line_maps.pca_components": "4",
        },
    )
    check_limits(recipe)
    assert from_yaml(to_yaml(recipe)) == recipe
    assert recipe.line_maps.crop == (1, 5, 2, 8)
    assert from_yaml("line_maps: {energy_scale_kev: null}").line_maps.energy_scale_kev is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("energy_scale_kev", "0"),
        ("crop", "[-1, 2, 0, 2]"),
        ("pca_components", "-1"),
        ("low_energy_kev", ".nan"),
    ],
)
def test_values_that_no_run_can_use_are_refused_before_it_begins(name, value):
    recipe = with_settings(PhasesRecipe(), {f"line_maps.{name}": value})
    with pytest.raises(ValueError, match=name):
        check_limits(recipe)


def test_histograms_show_every_step_within_the_central_pixels():
    intensity = np.random.default_rng(0).poisson((5.0, 50.0), (80, 90, 2)).astype(np.float32)
    intensity[0, 0] = 10_000  # a hot pixel
    found = step_histograms(intensity, ("neighbour_mean", "zscore"))
    assert [one.step for one in found] == ["", "neighbour_mean", "zscore"]
    for one in found:
        np.testing.assert_allclose(one.share.sum(axis=1) + one.beyond, 100)
        assert (one.beyond < 1.5).all()
    assert found[0].edges.max() < 100
    assert found[2].deviation == pytest.approx(1, abs=1e-3)
    everything = step_histograms(intensity, (), clip=1.0)[0]
    assert everything.edges.max() == 10_000
    assert everything.beyond == pytest.approx(0)
    with pytest.raises(ValueError, match="central 0"):
        step_histograms(intensity, (), clip=0.0)


def test_a_line_without_contrast_still_has_a_histogram():
    flat = step_histograms(np.full((4, 5, 1), 3.0), ())[0]
    assert flat.share.sum() == pytest.approx(100)


def with_components(choices: LineMapChoices, n: int) -> LineMapChoices:
    from dataclasses import replace

    return replace(choices, pca_components=n)
