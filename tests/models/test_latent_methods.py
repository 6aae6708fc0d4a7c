"""Other latent spaces than the autoencoder's: variational, principal components, UMAP."""

import numpy as np
import pytest
from scipy.stats import kurtosis
from sklearn.decomposition import PCA
from sklearn.metrics import silhouette_score

from data.elemental_maps import ElementalMaps
from models import placement, principal_components, umap_embedding
from models.normalisation import normalise
from models.recipe import AutoencoderChoices, LatentChoices, LineMapChoices, PhasesRecipe
from models.trained_autoencoder import encode
from models.training import train

SHAPE = (24, 30)
QUICK = AutoencoderChoices(hidden=(24, 12), max_epochs=6, steps_per_epoch=50)


def three_minerals(seed: int = 0) -> tuple[ElementalMaps, np.ndarray]:
    """Line maps of three minerals in counts, and the mineral of every pixel."""
    random = np.random.default_rng(seed)
    mineral = random.integers(0, 3, SHAPE)
    mean = np.array([[80, 5, 20, 3], [10, 60, 5, 3], [30, 30, 4, 50]])[mineral]
    maps = ElementalMaps(
        intensity=random.poisson(mean).astype(np.float32),
        lines=("Si_Ka", "Ca_Ka", "Al_Ka", "Fe_Ka"),
        pixel_size_um=1.0,
        title="Three minerals",
        dataset_id=f"three-{seed}",
    )
    return maps, mineral.ravel()


def recipe_of(method: str, **latent: object) -> PhasesRecipe:
    chain = LineMapChoices(normalisation=("zscore", "softmax"))
    choices = LatentChoices(method=method, fitted_pixels=300, **latent)
    return PhasesRecipe(line_maps=chain, autoencoder=QUICK, latent=choices)


def finished(steps):
    reports = []
    while True:
        try:
            reports.append(next(steps))
        except StopIteration as end:
            return reports, end.value


@pytest.mark.parametrize("method", ["autoencoder", "variational", "pca", "umap"])
def test_minerals_lie_apart_in_every_space(method):
    maps, mineral = three_minerals()
    reports, (_, latent) = finished(placement.learn(maps, recipe_of(method)))
    assert latent.coordinates.shape == (720, 2)
    assert np.isfinite(latent.coordinates).all()
    assert silhouette_score(latent.coordinates, mineral) > 0.6
    fractions = [report.fraction for report in reports]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1)


@pytest.mark.parametrize("method", ["variational", "pca", "umap"])
def test_the_same_seed_places_every_pixel_again_in_the_same_place(method):
    maps, _ = three_minerals()
    one, other = (finished(placement.learn(maps, recipe_of(method)))[1][1] for _ in range(2))
    np.testing.assert_array_equal(one.coordinates, other.coordinates)


def test_a_variational_space_is_drawn_towards_a_normal_distribution():
    random = np.random.default_rng(1)
    values = 40 * random.uniform(-1, 1, (3000, 2)) @ random.normal(size=(2, 6)) + random.normal(
        size=(3000, 6)
    )
    choices = AutoencoderChoices(hidden=(32, 16), max_epochs=12, steps_per_epoch=60)
    plain, variational = (
        encode(
            finished(train(values, choices, simplex=False, kl_weight=weight))[1], values, (50, 60)
        ).coordinates
        for weight in (None, 1.0)
    )
    assert np.abs(variational.mean(axis=0)).max() < 0.3
    assert np.abs(np.sqrt((variational**2).mean(axis=0)) - 1).max() < 0.3
    # uniform points have a kurtosis of -1.2; the prior pulls them to 0
    assert kurtosis(variational).mean() > kurtosis(plain).mean()
    assert np.abs(np.std(plain, axis=0) - 1).max() > 0.3


def test_a_variational_network_reconstructs_from_the_mean():
    maps, _ = three_minerals()
    _, (trained, latent) = finished(placement.learn(maps, recipe_of("variational")))
    assert trained.kl_weight == 1
    assert "variational" in latent.made_by
    values = normalise(maps.intensity, ("zscore", "softmax")).reshape(720, -1)
    assert latent.reconstruction_error.mean() < 0.5 * values.var(axis=0).mean()


def test_without_a_prior_a_variational_network_reconstructs_better():
    maps, _ = three_minerals()
    free, bound = (
        finished(placement.learn(maps, recipe_of("variational", kl_weight=weight)))[1][1]
        for weight in (0.0, 50.0)
    )
    assert free.reconstruction_error.mean() < bound.reconstruction_error.mean()


def test_principal_components_are_those_of_all_pixels():
    random = np.random.default_rng(3)
    values = (random.normal(size=(500, 5)) @ random.normal(size=(5, 5))).astype(np.float32)
    fitted = principal_components.fit(values, 2)
    _, latent = finished(principal_components.place_blocks(fitted, values, (20, 25)))
    peer = PCA(2).fit(values)
    np.testing.assert_allclose(np.abs(latent.coordinates), np.abs(peer.transform(values)), atol=1e-4)
    left = values - peer.inverse_transform(peer.transform(values))
    np.testing.assert_allclose(latent.reconstruction_error, np.square(left).mean(axis=1), atol=1e-4)
    np.testing.assert_allclose(fitted.variance_share, peer.explained_variance_ratio_, atol=1e-5)


def test_pixels_that_are_not_valid_have_no_place():
    maps, _ = three_minerals()
    values = maps.intensity.reshape(720, -1)
    valid = np.arange(720) % 7 > 0
    values[~valid] = 1e6  # and do not move the others
    for fitted, place in (
        (principal_components.fit(values, 2, valid), principal_components.place_blocks),
        (
            umap_embedding.fit(values, LatentChoices(fitted_pixels=200), 2, 4, valid),
            umap_embedding.place_blocks,
        ),
    ):
        _, latent = finished(place(fitted, values, SHAPE, valid))
        assert np.isnan(latent.coordinates[~valid]).all()
        assert np.isfinite(latent.coordinates[valid]).all()
        assert np.abs(latent.coordinates[valid]).max() < 1e4


def test_umap_draws_no_pixel_twice():
    maps, _ = three_minerals()
    values = maps.intensity.reshape(720, -1) + np.arange(720, dtype=np.float32)[:, None] * 1e-3
    fitted = umap_embedding.fit(values, LatentChoices(fitted_pixels=300), 2, 4)
    assert len(np.unique(fitted.inputs, axis=0)) == 300


def test_where_a_pixel_lies_does_not_depend_on_the_size_of_the_map(monkeypatch):
    maps, _ = three_minerals()
    values = maps.intensity.reshape(720, -1)
    fitted = umap_embedding.fit(values, LatentChoices(fitted_pixels=300), 2, 4)
    monkeypatch.setattr(umap_embedding, "_BLOCK", 100)
    _, whole = finished(umap_embedding.place_blocks(fitted, values, SHAPE))
    _, part = finished(umap_embedding.place_blocks(fitted, values[:100], (10, 10)))
    np.testing.assert_array_equal(whole.coordinates[:100], part.coordinates)


def test_too_few_lines_or_pixels_are_said():
    values = np.random.default_rng(0).normal(size=(4, 1)).astype(np.float32)
    with pytest.raises(ValueError, match=r"2 principal components .* 1 line maps"):
        principal_components.fit(values, 2)
    with pytest.raises(ValueError, match=r"UMAP needs at least 5 valid pixels .* has 4"):
        umap_embedding.fit(values, LatentChoices(), 2, 4)


def test_a_setting_of_another_method_does_not_make_the_space_anew():
    pca = recipe_of("pca")
    slower = PhasesRecipe(
        line_maps=pca.line_maps,
        autoencoder=AutoencoderChoices(max_epochs=99),
        latent=LatentChoices(method="pca"),
    )
    assert placement.space_choices(pca) == placement.space_choices(slower)
    assert placement.space_choices(recipe_of("autoencoder")) != placement.space_choices(
        recipe_of("variational")
    )
    one, other = recipe_of("umap"), recipe_of("umap", n_neighbours=30)
    assert placement.space_choices(one) != placement.space_choices(other)
