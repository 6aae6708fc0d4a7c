"""NMF of phase spectra with the published choices, and what it refuses."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.decomposition import NMF

from data.axes import EnergyAxis
from models import nmf, unmixing
from models.endmembers import explained
from models.recipe import UnmixingChoices

N_CHANNELS = 200
SHAPE = (20, 30)
AXIS = EnergyAxis(0.0, 0.05, N_CHANNELS)
PUBLISHED = UnmixingChoices(method="nmf", weighting="none", normalisation="maximum", init="nndsvd")


def finished(work):
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def peaks(*places):
    """A spectrum with peaks of given heights at some channels, sum 1."""
    channel = np.arange(N_CHANNELS)
    spectrum = 0.002 + sum(h * np.exp(-0.5 * ((channel - place) / 2) ** 2) for place, h in places)
    return spectrum / spectrum.sum()


PURE = np.stack([peaks((35, 1)), peaks((74, 1), (80, 0.2)), peaks((128, 1), (141, 0.3))])


@pytest.fixture(scope="module")
def grains():
    """Three pure grains and one mixed; label of every pixel, counts and the sum spectra of the grains."""
    random = np.random.default_rng(1)
    share = np.vstack([np.eye(3), [0.5, 0.5, 0.0]])
    label = random.integers(4, size=SHAPE[0] * SHAPE[1])
    counts = sparse.csr_matrix(random.poisson(400 * share[label] @ PURE).astype(np.uint16))
    spectra = np.stack([np.asarray(counts[label == k].sum(axis=0)).ravel() for k in range(4)])
    return label, counts, spectra, np.bincount(label)


def test_the_published_factors_are_those_of_scikit_learn_on_spectra_of_equal_maximum(grains):
    _, counts, spectra, pixels = grains
    found = finished(unmixing.unmix(spectra, counts, SHAPE, PUBLISHED, pixels))
    scaled = spectra / spectra.max(axis=1, keepdims=True)
    model = NMF(4, init="nndsvd", max_iter=2000, tol=1e-6, random_state=4)
    weights = model.fit_transform(scaled)
    theirs = model.components_ / model.components_.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found.endmembers, theirs, atol=1e-6)
    assert found.factor_error == pytest.approx(
        np.linalg.norm(scaled - weights @ model.components_) / np.linalg.norm(scaled), abs=1e-6
    )
    assert "same maximum" in found.why and "nndsvd" in found.why


def test_as_many_components_as_phases_unless_a_number_is_given(grains):
    _, counts, spectra, pixels = grains
    assert len(finished(unmixing.unmix(spectra, counts, SHAPE, PUBLISHED, pixels)).endmembers) == 4
    three = UnmixingChoices(method="nmf", n_components=3)
    assert len(finished(unmixing.unmix(spectra, counts, SHAPE, three, pixels)).endmembers) == 3


@pytest.mark.parametrize("init", ["nndsvda", "nndsvd", "nndsvdar", "random"])
@pytest.mark.parametrize("normalisation", ["area", "maximum", "pixel", "none"])
def test_every_start_and_scale_finds_the_pure_spectra(grains, init, normalisation):
    _, counts, spectra, pixels = grains
    choices = UnmixingChoices(method="nmf", n_components=3, init=init, normalisation=normalisation)
    found = finished(unmixing.unmix(spectra, counts, SHAPE, choices, pixels)).endmembers
    cosine = (found / np.linalg.norm(found, axis=1, keepdims=True)) @ (
        PURE / np.linalg.norm(PURE, axis=1, keepdims=True)
    ).T
    assert cosine.max(axis=0).min() > 0.97


def test_the_scales_are_what_they_are_called():
    spectra, pixels = np.array([[2.0, 6.0, -1.0], [0.0, 0.0, 0.0]]), np.array([4, 0])
    assert nmf.scaled(spectra, pixels, "area")[0].tolist() == [0.25, 0.75, 0]
    assert nmf.scaled(spectra, pixels, "maximum")[0].tolist() == [1 / 3, 1, 0]
    assert nmf.scaled(spectra, pixels, "pixel")[0].tolist() == [0.5, 1.5, 0]
    assert nmf.scaled(spectra, pixels, "none")[0].tolist() == [2, 6, 0]
    assert not nmf.scaled(spectra, pixels, "area")[1].any()


def test_only_the_phases_that_are_asked_for_are_factorised_but_all_are_weighed(grains):
    _, counts, spectra, pixels = grains
    choices = UnmixingChoices(method="nmf", phases=(7, 2))
    found = finished(unmixing.unmix(spectra, counts, SHAPE, choices, pixels, numbers=(2, 3, 4, 7)))
    assert found.included == (0, 3)
    assert found.weights.shape == (4, 2)
    np.testing.assert_allclose(found.weights.sum(axis=1), 1, rtol=1e-4)
    # a phase that took no part is not explained; one that did is, down to the noise
    assert found.misfit[2] > 0.5
    assert found.misfit[0] < 3 * found.chance_misfit[0]


def test_counting_noise_alone_leaves_what_is_expected_of_it(grains):
    _, _, spectra, _ = grains
    found = explained(PURE, spectra, "given")
    np.testing.assert_allclose(found.misfit, found.chance_misfit, rtol=0.6)


def test_channels_outside_of_the_energy_range_take_no_part(grains):
    _, counts, spectra, pixels = grains
    choices = UnmixingChoices(method="nmf", n_components=2, energy_kev=(1.0, 5.0))
    found = finished(unmixing.unmix(spectra, counts, SHAPE, choices, pixels, AXIS))
    inside = AXIS.window(1.0, 5.0)
    assert not found.endmembers[:, : inside.start].any() and not found.endmembers[:, inside.stop :].any()
    assert found.endmembers[:, inside].sum(axis=1) == pytest.approx(1)
    assert found.abundances.sum(axis=2).max() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        (UnmixingChoices(method="nmf", n_components=5), "cannot hold more than 4"),
        (UnmixingChoices(method="nmf", n_components=3, phases=(1, 2)), "include more phases"),
        (UnmixingChoices(phases=(9,)), "asks for phase 9; there are phases 1, 2, 3, 4"),
        (UnmixingChoices(energy_kev=(50.0, 60.0)), "covers -0.025 to 9.975 keV"),
        (UnmixingChoices(energy_kev=(5.0, 1.0)), "low < high"),
        (UnmixingChoices(energy_kev=(5.0,)), "low < high"),
    ],
)
def test_what_cannot_be_unmixed_is_said(grains, choices, message):
    _, counts, spectra, pixels = grains
    with pytest.raises(ValueError, match=message):
        next(unmixing.unmix(spectra, counts, SHAPE, choices, pixels, AXIS))


def test_a_phase_without_counts_is_not_factorised(grains):
    _, counts, spectra, pixels = grains
    empty = spectra.copy()
    empty[1] = 0
    with pytest.raises(ValueError, match="Phase 2 of"):
        next(unmixing.unmix(empty, counts, SHAPE, UnmixingChoices(phases=(1, 2)), pixels))
    found = finished(unmixing.unmix(empty, counts, SHAPE, UnmixingChoices(method="nmf"), pixels))
    assert found.included == (0, 2, 3)
    assert np.isnan(found.misfit[1]) and not found.weights[1].any()


def test_the_first_report_knows_the_spectra_before_any_pixel_is_looked_at(grains):
    _, counts, spectra, pixels = grains
    report = next(unmixing.unmix(spectra, counts, SHAPE, PUBLISHED, pixels))
    assert report.fraction == 0 and report.found.endmembers.shape == (4, N_CHANNELS)
