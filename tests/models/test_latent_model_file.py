"""Trained models as files: what comes back is what was saved, and nothing else is opened."""

import io
import json
import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.numpy import save
from test_latent_methods import finished, recipe_of, three_minerals

from models import placement
from models.latent_model import LatentModel
from models.latent_model_file import from_bytes, to_bytes
from models.recipe import LineMapChoices


@pytest.fixture(scope="module", params=["autoencoder", "variational", "pca", "umap"])
def made(request):
    """A recipe, its maps, the latent space that it makes of them, and that as a file."""
    maps, _ = three_minerals()
    recipe = recipe_of(request.param)
    _, (trained, latent) = finished(placement.learn(maps, recipe))
    return recipe, maps, latent, to_bytes(LatentModel.of(trained, maps, recipe))


@pytest.fixture(scope="module")
def pca_file() -> bytes:
    maps, _ = three_minerals()
    recipe = recipe_of("pca")
    _, (trained, _) = finished(placement.learn(maps, recipe))
    return to_bytes(LatentModel.of(trained, maps, recipe))


def test_a_saved_model_places_every_pixel_where_it_was(made):
    recipe, maps, latent, content = made
    model = from_bytes(content)
    assert model.lines == maps.lines
    assert model.title == "Three minerals"
    applied = model.recipe(recipe)
    assert applied.latent.model == model.id
    assert applied.autoencoder == recipe.autoencoder
    _, (_, again) = finished(placement.apply(model, maps, applied))
    np.testing.assert_array_equal(again.coordinates, latent.coordinates)
    assert to_bytes(model) == content


def test_equal_intensities_lie_in_the_same_place_on_another_map(made):
    recipe, maps, latent, content = made
    if recipe.latent.method == "umap":
        pytest.skip("UMAP moves a pixel among the others of its block")
    # a map that is mostly of one mineral has another mean: its own z-scores would move every pixel
    other = replace(
        maps, intensity=np.concatenate([maps.intensity[:4], maps.intensity[:4]]), dataset_id="other"
    )
    model = from_bytes(content)
    _, (_, placed) = finished(placement.apply(model, other, model.recipe(recipe)))
    np.testing.assert_allclose(placed.coordinates[:120], latent.coordinates[:120], atol=1e-5)


def test_the_file_is_one_that_other_programs_read(pca_file):
    from safetensors.numpy import load

    arrays = load(pca_file)
    assert arrays["components"].shape == (2, 4)
    length = int.from_bytes(pca_file[:8], "little")
    about = json.loads(json.loads(pca_file[8 : 8 + length])["__metadata__"]["lodestone"])
    assert about["lines"] == ["Si_Ka", "Ca_Ka", "Al_Ka", "Fe_Ka"]
    assert about["normalisation"] == ["zscore", "softmax"]


def test_other_lines_are_refused_with_both_lists(pca_file):
    model = from_bytes(pca_file)
    with pytest.raises(
        ValueError, match=r"lines Si_Ka, Ca_Ka, Al_Ka, Fe_Ka: this map lacks Fe_Ka and .* Mg_Ka"
    ):
        model.check_fits(("Si_Ka", "Ca_Ka", "Al_Ka", "Mg_Ka"))
    with pytest.raises(
        ValueError, match=r"in the order Si_Ka, Ca_Ka, Al_Ka, Fe_Ka; this map has .* Ca_Ka, Si_Ka"
    ):
        model.check_fits(("Ca_Ka", "Si_Ka", "Al_Ka", "Fe_Ka"))


def test_other_intensities_are_refused(pca_file):
    model = from_bytes(pca_file)
    with pytest.raises(ValueError, match=r"normalisation zscore, softmax; the recipe asks for none"):
        model.check_fits(model.lines, LineMapChoices(normalisation=()))
    with pytest.raises(ValueError, match=r"by 'windows'; the recipe asks for 'none'"):
        model.check_fits(model.lines, LineMapChoices(normalisation=model.normalisation, background="none"))


class _Trap:
    """Pickled, this would run code in whoever opens it."""

    def __reduce__(self):
        return (exec, ("raise SystemExit('code of a model file was run')",))


@pytest.mark.parametrize("name", ["model.pkl", "model.pt", "model.safetensors"])
def test_pickled_code_is_refused_and_not_run(name):
    buffer = io.BytesIO()
    torch.save({"weights": torch.zeros(3)}, buffer)
    for content in (pickle.dumps(_Trap()), buffer.getvalue()):
        with pytest.raises(ValueError, match=rf"{name} holds pickled Python code.* refused"):
            from_bytes(content, name)


def test_a_file_cut_short_is_refused_wherever_the_cut_is(made):
    *_, content = made
    for length in (0, 5, 40, len(content) // 2, len(content) - 1):
        with pytest.raises(ValueError, match=r"cut\.safetensors"):
            from_bytes(content[:length], "cut.safetensors")


def test_a_network_of_another_program_is_refused():
    content = save({"encoder.weight": np.zeros((4, 3), np.float32)})
    with pytest.raises(ValueError, match="no latent space that Lodestone saved"):
        from_bytes(content, "other.safetensors")


def _changed(content: bytes, change) -> bytes:
    """The file with its description changed."""
    from safetensors.numpy import load

    length = int.from_bytes(content[:8], "little")
    about = json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["lodestone"])
    arrays = load(content)
    change(about, arrays)
    return save(arrays, metadata={"lodestone": json.dumps(about)})


@pytest.mark.parametrize(
    "change",
    [
        lambda about, arrays: about.pop("lines"),
        lambda about, arrays: about.update(lines=["Si_Ka"]),
        lambda about, arrays: about.update(trained="os.system"),
        lambda about, arrays: about.update(version=99),
        lambda about, arrays: about.update(normalisation=["explode"]),
        lambda about, arrays: about["latent"].update(method="magic"),
        lambda about, arrays: arrays["components"].__setitem__((0, 0), np.nan),
        lambda about, arrays: arrays.pop("components"),
        lambda about, arrays: arrays.update({"scaling0.mean": np.zeros(3)}),
    ],
)
def test_a_file_that_was_changed_is_refused(pca_file, change):
    with pytest.raises(ValueError, match="no latent space that Lodestone saved, or was changed"):
        from_bytes(_changed(pca_file, change), "changed.safetensors")


def test_a_network_whose_layers_do_not_fit_is_refused():
    maps, _ = three_minerals()
    recipe = recipe_of("autoencoder")
    _, (trained, _) = finished(placement.learn(maps, recipe))
    content = to_bytes(LatentModel.of(trained, maps, recipe))

    def narrower(about, arrays):
        about["autoencoder"]["hidden"] = [8, 8]

    with pytest.raises(ValueError, match="no latent space that Lodestone saved"):
        from_bytes(_changed(content, narrower))
