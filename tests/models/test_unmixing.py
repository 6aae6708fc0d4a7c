"""End-members are chosen by the data; abundances and residual say what every pixel is made of."""

import numpy as np
import pytest
from scipy import sparse

from models import endmember_choice, poisson_shares, unmixing
from models.endmembers import share_out
from models.recipe import UnmixingChoices

N_CHANNELS = 120
SHAPE = (40, 50)


def finished(work):
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def peaks(*places):
    """A spectrum with peaks at some channels on a falling background, sum 1."""
    channel = np.arange(N_CHANNELS)
    spectrum = 0.004 * np.exp(-channel / 60)
    for place, height in places:
        spectrum = spectrum + height * np.exp(-0.5 * ((channel - place) / 2) ** 2)
    return spectrum / spectrum.sum()


PURE = np.stack(
    [peaks((20, 1), (60, 0.4)), peaks((20, 0.6), (80, 0.6)), peaks((40, 1)), peaks((100, 0.7), (30, 0.2))]
)


def simulated(share, counts_per_pixel=300, seed=0):
    random = np.random.default_rng(seed)
    mean = counts_per_pixel * share.reshape(-1, len(PURE)) @ PURE
    return sparse.csr_matrix(random.poisson(mean).astype(np.uint16))


@pytest.fixture(scope="module")
def grains():
    """A map of pure grains: shares (n_y, n_x, 4), counts and the sum spectra of the grains."""
    label = np.random.default_rng(1).integers(4, size=SHAPE)
    share = np.eye(4)[label]
    counts = simulated(share)
    return share, counts, np.stack([counts[label.ravel() == k].sum(axis=0).A1 for k in range(4)])


def cosines(found, true):
    found = found / np.linalg.norm(found, axis=1, keepdims=True)
    return (found @ (true / np.linalg.norm(true, axis=1, keepdims=True)).T).max(axis=0)


def test_spectra_of_pure_clusters_are_the_endmembers(grains):
    share, counts, spectra = grains
    result = finished(unmixing.unmix(spectra, counts, SHAPE, UnmixingChoices()))
    np.testing.assert_allclose(result.endmembers, spectra / spectra.sum(axis=1, keepdims=True))
    assert "others lack" in result.why
    assert np.sqrt(np.mean((result.abundances - share) ** 2)) < 0.1
    np.testing.assert_allclose(result.weights, np.eye(4), atol=0.02)
    np.testing.assert_allclose(result.abundances.sum(axis=2), 1, rtol=1e-4)


def test_a_cluster_that_mixes_others_is_no_endmember(grains):
    _, counts, spectra = grains
    with_mixture = np.concatenate([spectra, [0.4 * spectra[0] + 0.6 * spectra[2]]])
    result = finished(unmixing.unmix(with_mixture, counts, SHAPE, UnmixingChoices()))
    assert len(result.endmembers) == 4
    assert cosines(result.endmembers, PURE).min() > 0.99
    assert result.weights[4] @ result.endmembers == pytest.approx(
        with_mixture[4] / with_mixture[4].sum(), abs=0.01
    )


def test_factors_are_taken_where_every_cluster_is_a_mixture():
    random = np.random.default_rng(2)
    share = random.dirichlet(np.full(4, 0.25), SHAPE)
    counts = simulated(share, 2000)
    group = np.array(
        [
            [0.8, 0.2, 0, 0],
            [0.2, 0.8, 0, 0],
            [0.5, 0.5, 0, 0],
            [0, 0, 0.8, 0.2],
            [0, 0, 0.3, 0.7],
            [0, 0, 0.6, 0.4],
            [0.5, 0, 0.5, 0],
            [0, 0.5, 0, 0.5],
        ]
    )
    result = finished(unmixing.unmix(1e6 * group @ PURE, counts, SHAPE, UnmixingChoices()))
    assert "factors" in result.why
    purest = (group @ PURE)[endmember_choice.extreme_spectra(group @ PURE)]
    assert cosines(result.endmembers, PURE).mean() > cosines(purest, PURE).mean()


def test_the_number_of_components_can_be_set_by_hand(grains):
    _, counts, spectra = grains
    result = finished(unmixing.unmix(spectra, counts, SHAPE, UnmixingChoices(n_components=2)))
    assert result.endmembers.shape == (2, N_CHANNELS)
    assert result.abundances.shape == (*SHAPE, 2)


def test_the_residual_shows_what_no_endmember_explains(grains):
    _, counts, spectra = grains
    explained = finished(share_out(PURE, spectra, counts, SHAPE, "given"))
    assert abs(explained.residual.mean()) < 0.8  # the fit takes up some of the noise
    assert explained.residual.std() == pytest.approx(1, abs=0.3)
    strange = counts.tolil()
    strange[777, 110:118] = 12
    shown = finished(share_out(PURE, spectra, strange.tocsr(), SHAPE, "given"))
    assert shown.residual.argmax() == 777 and shown.residual.ravel()[777] > 8


def test_known_abundances_are_kept(grains):
    share, counts, spectra = grains
    result = finished(share_out(PURE, spectra, counts, SHAPE, "given", share))
    np.testing.assert_array_equal(result.abundances, share)
    assert abs(result.residual.mean()) < 0.5


def test_pixels_without_counts_hold_nothing(grains):
    _, counts, spectra = grains
    empty = counts.tolil()
    empty[5] = 0
    result = finished(unmixing.unmix(spectra, empty.tocsr(), SHAPE, UnmixingChoices()))
    assert np.all(result.abundances[0, 5] == 0) and result.residual[0, 5] == 0


def test_element_maps_are_unmixed_without_spectra(grains):
    share, _, _ = grains
    lines = np.array([[5, 1, 0.2], [1, 4, 1], [0.1, 0.5, 6]])
    intensity = (share[:, :, :3] @ lines).astype(np.float32)
    label = share.argmax(axis=2)
    spectra = np.stack([intensity[label == k].sum(axis=0) for k in range(3)])
    result = finished(unmixing.unmix(spectra, intensity, SHAPE, UnmixingChoices()))
    measured = label < 3
    np.testing.assert_allclose(result.abundances[measured], share[measured][:, :3], atol=0.06)
    assert result.residual[measured].max() < 0.1


def test_shares_are_the_most_likely_ones(grains):
    _, counts, _ = grains
    best = poisson_shares.shares(counts[:50], PURE)
    reached = poisson_shares.log_likelihood(counts[:50], PURE, best)
    random = np.random.default_rng(4)
    for _ in range(30):
        other = 0.95 * best + 0.05 * random.dirichlet(np.ones(4), 50).astype(np.float32)
        assert np.all(poisson_shares.log_likelihood(counts[:50], PURE, other) < reached + 1e-2)


def test_too_many_components_and_empty_clusters_are_refused(grains):
    _, counts, spectra = grains
    with pytest.raises(ValueError, match="cannot hold more than 4"):
        next(unmixing.unmix(spectra, counts, SHAPE, UnmixingChoices(n_components=9)))
    with pytest.raises(ValueError, match="nothing to unmix"):
        next(unmixing.unmix(0 * spectra, counts, SHAPE, UnmixingChoices()))
