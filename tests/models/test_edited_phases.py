"""What a person changes of the phases found: merges, splits, exclusions and locks, from commands alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from sklearn.metrics import adjusted_rand_score

from data import synthetic
from data.axes import EnergyAxis
from data.line_maps import line_maps
from data.spectrum_image import SpectrumImage
from models import mixture, phase_split, refinement
from models.latent_grid import LatentGrid
from models.latent_space import LatentSpace
from models.live_phases import live_phases
from models.locked_phases import lock_choices
from models.phase_edits import Lock, yaml_text
from models.phases_result import PhasesResult
from models.recipe import MixtureChoices, PhasesRecipe, RefinementChoices, from_yaml, to_yaml, with_settings

SHAPE = (24, 60)
WIDTHS = (24, 15, 9, 7, 5)  # columns of the five stripes: every phase has its own size
LATENT = PhasesRecipe(
    mixture=MixtureChoices(n_phases=5, n_gaussians=0), refinement=RefinementChoices(enabled=False)
)


def stripes() -> tuple[SpectrumImage, np.ndarray]:
    """Five stripes, each with a line of its own; the second value is the stripe of every pixel."""
    rng = np.random.default_rng(3)
    energy = EnergyAxis(0.0, 0.02, 450)
    stripe = np.repeat(np.arange(5), WIDTHS)[None, :].repeat(SHAPE[0], axis=0)
    spectra = np.full((5, energy.n_channels), 0.02)
    for phase, line_kev in enumerate((1.74, 3.69, 6.40, 2.31, 4.51)):
        spectra[phase] += 12 * np.exp(-0.5 * ((energy.energy_kev - line_kev) / 0.05) ** 2)
    counts = sparse.csr_matrix(rng.poisson(spectra[stripe.ravel()]).astype(np.uint16))
    image = SpectrumImage(
        counts=counts,
        shape=SHAPE,
        energy=energy,
        pixel_size_um=0.5,
        navigation={},
        beam_kev=20.0,
        elements=("Si", "Ca", "Fe", "S", "Ti"),
        title="Five stripes",
        dataset_id="five-stripes",
    )
    return image, stripe


@pytest.fixture(scope="module")
def found() -> tuple[PhasesResult, np.ndarray]:
    image, stripe = stripes()
    rng = np.random.default_rng(5)
    centre = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0], [4.0, 4.0], [8.0, 2.0]])
    points = (centre[stripe.ravel()] + 0.2 * rng.standard_normal((stripe.size, 2))).astype(np.float32)
    latent = LatentSpace(points, np.zeros(stripe.size, np.float32), stripe.shape)
    grid = LatentGrid.build(latent, image.counts)
    fitted = mixture.fit(grid, LATENT.mixture)
    for report in refinement.refine(image, RefinementChoices()):
        refined = report.refinement
    result = PhasesResult(
        recipe=LATENT,
        dataset_id="five-stripes",
        prepared=image,
        maps=line_maps(image, ("Si_Ka", "Ca_Ka", "Fe_Ka", "S_Ka", "Ti_Ka")),
        latent=latent,
        grid=grid,
        mixture=fitted,
        latent_phases=fitted.phase_map(grid),
        refinement=refined,
        phases=fitted.phase_map(grid),
        phase_spectra=fitted.spectra(grid),
    )
    return result, stripe


def edited(recipe: PhasesRecipe, *commands: str) -> PhasesRecipe:
    return replace(recipe, edits=(*recipe.edits, *commands))


def number_of(shown, stripe: np.ndarray, wanted: int) -> int:
    """The number, from one, of the phase that covers a stripe."""
    label = np.bincount(shown.phase_map.label[stripe == wanted]).argmax()
    return shown.ids[label] + 1


def pixels_of(shown, number: int) -> np.ndarray:
    return shown.phase_map.label == shown.ids.index(number - 1)


def test_phases_are_numbered_by_size_and_a_recipe_can_number_them_otherwise(found):
    result, stripe = found
    assert [number_of(live_phases(result, LATENT), stripe, i) for i in range(5)] == [1, 2, 3, 4, 5]
    other = live_phases(result, replace(LATENT, numbering=(4, 1, 9)))
    assert [number_of(other, stripe, i) for i in range(5)] == [4, 1, 9, 2, 3]
    assert other.numbering == (4, 1, 9, 2, 3)


def test_merged_phases_are_one_with_the_number_of_the_first(found):
    result, stripe = found
    shown = live_phases(result, edited(LATENT, "merge 4 2 5"))
    assert sorted(number + 1 for number in shown.ids) == [1, 3, 4]
    np.testing.assert_array_equal(pixels_of(shown, 4), np.isin(stripe, (1, 3, 4)))
    np.testing.assert_array_equal(
        shown.spectra[shown.ids.index(3)],
        np.asarray(result.prepared.counts[np.isin(stripe, (1, 3, 4)).ravel()].sum(axis=0)).ravel(),
    )
    assert shown.pixels.sum() == shown.n_valid
    assert set(shown.main_lines[shown.ids.index(3)]) == {"Ca_Ka", "S_Ka", "Ti_Ka"}


def test_a_merged_phase_is_as_probable_as_its_parts_together(found):
    result, stripe = found
    # two Gaussians on one stripe: neither is sure of its pixels, both together are
    twice = replace(LATENT, mixture=MixtureChoices(n_phases=6, n_gaussians=0))
    shown = live_phases(result, twice)
    parts = [shown.ids[i] + 1 for i in np.unique(shown.phase_map.label[stripe == 0])]
    assert len(parts) == 2
    alone = live_phases(result, replace(twice, probability_threshold=0.99))
    merged = live_phases(
        result, replace(edited(twice, "merge {} {}".format(*parts)), probability_threshold=0.99)
    )
    assert np.count_nonzero(alone.phase_map.label[stripe == 0] < 0) > 0
    assert np.count_nonzero(merged.phase_map.label[stripe == 0] < 0) == 0


def test_excluded_phases_leave_the_totals(found):
    result, stripe = found
    whole, shown = live_phases(result, LATENT), live_phases(result, edited(LATENT, "exclude 1"))
    assert shown.excluded == ((0, 24 * 24),)
    assert shown.n_valid == whole.n_valid - 24 * 24
    assert (shown.phase_map.label[stripe == 0] == -1).all()
    assert shown.pixels.sum() == shown.n_valid
    assert 0 not in shown.ids
    back = live_phases(result, LATENT, shown)
    assert back.ids == whole.ids


def test_a_map_may_lose_all_its_phases(found):
    result, _ = found
    shown = live_phases(result, edited(LATENT, *(f"exclude {i}" for i in range(1, 6))))
    assert shown.n_phases == 0
    assert shown.n_valid == 0
    assert shown.spectra.shape == (0, result.prepared.energy.n_channels)
    assert (shown.phase_map.label == -1).all()


@pytest.mark.parametrize("refined", [False, True])
def test_a_split_tells_two_minerals_apart_and_the_larger_part_keeps_the_number(found, refined):
    result, stripe = found
    recipe = PhasesRecipe() if refined else LATENT
    both = [str(number_of(live_phases(result, recipe), stripe, i)) for i in (1, 2)]
    shown = live_phases(result, edited(recipe, f"merge {' '.join(both)}", f"split {both[0]} into 2 as 9"))
    found_label = pixels_of(shown, int(both[0])) * 1 + pixels_of(shown, 9) * 2
    in_both = np.isin(stripe, (1, 2))
    assert adjusted_rand_score(stripe[in_both], found_label[in_both]) > 0.95
    assert pixels_of(shown, int(both[0])).sum() > pixels_of(shown, 9).sum()
    assert not shown.notes


def test_a_split_of_a_phase_of_minerals_that_the_latent_space_mixes_follows_the_counts():
    image, truth = synthetic.rock_section(5, n_y=64, n_x=64, counts_per_pixel=200)
    two = np.argsort(-np.bincount(truth.label.ravel()))[:2]
    mask = np.isin(truth.label, two)
    rng = np.random.default_rng(1)
    latent = LatentSpace(
        rng.standard_normal((mask.size, 2)).astype(np.float32), np.zeros(mask.size), mask.shape
    )
    result = PhasesResult(PhasesRecipe(), "rock", prepared=image, latent=latent)
    part = phase_split.split(result, mask, 2)
    assert adjusted_rand_score(truth.label[mask], part) > 0.9
    assert np.bincount(part)[0] >= np.bincount(part)[1]


def test_what_cannot_be_split_says_why_and_stays(found):
    result, _stripe = found
    # every pixel of a stripe has the same spectrum: after one split nothing is left to tell apart
    shown = live_phases(result, edited(LATENT, "split 5 into 2 as 8", "split 8 into 3 as 9 10"))
    assert set(shown.ids) == {0, 1, 2, 3, 4, 7}
    assert "“split 8 into 3 as 9 10” waits: its pixels are too much alike" in shown.notes[0]
    mask = np.zeros(SHAPE, bool)
    mask[3, 4] = True
    with pytest.raises(ValueError, match="1 pixel, fewer than 2 parts"):
        phase_split.split(result, mask, 2)


def test_an_edit_of_a_phase_that_is_not_there_waits_and_says_so(found):
    result, _ = found
    three = edited(
        replace(LATENT, mixture=replace(LATENT.mixture, n_phases=3)),
        "merge 2 5",
        "exclude 4",
        "split 7 into 2",
    )
    shown = live_phases(result, three)
    assert shown.n_phases == 3
    assert len(shown.notes) == 3
    assert "“merge 2 5” waits: there is no phase 5" in shown.notes[0]
    five = live_phases(result, replace(three, mixture=LATENT.mixture), shown)
    assert five.n_phases == 3
    assert len(five.notes) == 1


def test_an_edited_map_is_made_again_from_its_recipe_alone(found):
    result, _ = found
    recipe = PhasesRecipe()
    shown = live_phases(result, with_settings(recipe, {"refinement.n_phases": "7"}))
    # as on the page: the number moves, phases keep their numbers, then they are edited
    shown = live_phases(result, with_settings(recipe, {"refinement.n_phases": "4"}), shown)
    shown = live_phases(result, recipe, shown)
    final = replace(
        recipe, numbering=shown.numbering,
        edits=(f"merge {shown.ids[0] + 1} {shown.ids[1] + 1}", f"split {shown.ids[2] + 1} into 2 as 12"),
    )  # fmt: skip
    page = live_phases(result, final, shown)
    elsewhere = live_phases(result, from_yaml(to_yaml(final)))
    assert elsewhere.ids == page.ids
    np.testing.assert_array_equal(elsewhere.phase_map.label, page.phase_map.label)
    np.testing.assert_array_equal(elsewhere.spectra, page.spectra)


def locked(shown, recipe: PhasesRecipe, number: int) -> str:
    choices = lock_choices(recipe, shown.refined, shown.n_asked, shown.numbering)
    return Lock(number - 1, tuple((name, yaml_text(value)) for name, value in choices.items())).text


@pytest.mark.parametrize("refined", [False, True])
def test_a_locked_phase_keeps_its_pixels_while_the_number_of_phases_moves(found, refined):
    result, stripe = found
    part = "refinement" if refined else "mixture"
    recipe = PhasesRecipe() if refined else replace(LATENT, mixture=MixtureChoices(n_phases=5))
    shown = live_phases(result, recipe)
    number = number_of(shown, stripe, 1)
    mask = pixels_of(shown, number)
    with_lock = edited(recipe, locked(shown, recipe, number))
    numbers = []
    for n_phases in (5, 6, 7, 4, 3, 2):
        moved = with_settings(with_lock, {f"{part}.n_phases": str(n_phases)})
        shown = live_phases(result, moved, shown)
        np.testing.assert_array_equal(pixels_of(shown, number), mask)
        assert shown.locked == {number - 1}
        assert len(set(shown.ids)) == shown.n_phases
        numbers.append(shown.n_before_edits)
    # the handle means what the table shows: locked and other phases together
    assert numbers == [5, 6, 7, 4, 3, 2]


def test_a_locked_phase_keeps_its_pixels_under_another_model(found):
    result, _ = found
    shown = live_phases(result, LATENT)
    mask = pixels_of(shown, 2)
    with_lock = edited(LATENT, locked(shown, LATENT, 2))
    for settings in (
        {"mixture.n_phases": "7"},
        {"mixture.covariance": "spherical", "mixture.n_phases": "3"},
        {"mixture.method": "kmeans", "mixture.n_phases": "6"},
        {"refinement.enabled": "true"},
    ):
        shown = live_phases(result, with_settings(with_lock, settings), shown)
        np.testing.assert_array_equal(pixels_of(shown, 2), mask)


def test_other_phases_keep_their_numbers_beside_a_locked_one(found):
    result, stripe = found
    shown = live_phases(result, LATENT)
    with_lock = edited(LATENT, locked(shown, LATENT, 2))
    shown = live_phases(result, with_lock, shown)
    assert [number_of(shown, stripe, i) for i in range(5)] == [1, 2, 3, 4, 5]
    assert live_phases(result, replace(with_lock, numbering=shown.numbering)).ids == shown.ids


def test_a_lock_on_a_map_that_no_recipe_makes_is_refused_before_a_run():
    with pytest.raises(ValueError, match=r"refinement\.n_phases"):
        edited(PhasesRecipe(), "lock 3 with {refinement.n_fases: 6}")


@pytest.mark.parametrize(
    ("command", "what"),
    [
        ("merge 2", "at least two"),
        ("merge 2 two", "'two' is no number"),
        ("split 3 into 1", "2 to 12 parts"),
        ("split 3", "which phase and into how many"),
        ("split 3 into 3 as 7", "2 other numbers"),
        ("exclude 0", "numbered from 1"),
        ("colour 3 red", "#rrggbb"),
        ("lock 3", "of which choices"),
        ("lock 3 with {a: [", "not valid YAML"),
        ("paint 3", "no edit 'paint 3'"),
    ],
)
def test_a_command_that_is_none_is_refused_in_words(command, what):
    with pytest.raises(ValueError, match=what):
        with_settings(PhasesRecipe(), {"edits": yaml_text([command])})
