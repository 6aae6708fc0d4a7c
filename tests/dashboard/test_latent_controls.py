"""The sidebar's latent space: settings of the method, models as files, the views of the space."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from phases_bench import latent_result, opened_map

from dashboard.phases.latent_controls import LatentControls
from dashboard.phases.latent_marks import axis_labels
from dashboard.phases.linked_views import LinkedViews
from dashboard.phases.state import BY_DENSITY, BY_PHASE, PhasesState
from dashboard.selection import Box, select
from models import placement
from models.latent_model import LatentModel
from models.latent_model_file import from_bytes, to_bytes
from models.live_phases import live_phases
from models.recipe import LatentChoices, LineMapChoices, PhasesRecipe


class Page:
    """A state with three stripes, its linked views, and the section of the sidebar."""

    def __init__(self):
        image, opened, self.stripe = opened_map()
        self.state, self.told, self.n_found, self.opened = PhasesState(), [], 0, opened
        self.views = LinkedViews(self.state)
        self.state.open(image, opened)
        tools = SimpleNamespace(
            schedule=lambda call: call(), tell=lambda text, kind: self.told.append((kind, text))
        )
        self.controls = LatentControls(self.state, tools, self.find)

    def find(self):
        self.n_found += 1

    def show(self):
        result = latent_result(self.opened, self.stripe)
        self.state.recipe = result.recipe
        self.state.result = result
        self.state.shown = live_phases(result, result.recipe)

    def pca(self) -> LatentModel:
        recipe = PhasesRecipe(
            line_maps=LineMapChoices(normalisation=("zscore",)), latent=LatentChoices(method="pca")
        )
        steps = placement.learn(self.opened.maps, recipe)
        try:
            while True:
                next(steps)
        except StopIteration as end:
            return LatentModel.of(end.value[0], self.opened.maps, recipe)


@pytest.fixture
def page():
    return Page()


def upload(controls, name, content):
    controls.open.filename = name
    controls.open.value = content


def test_settings_belong_to_their_method(page):
    controls = page.controls
    assert controls.network_rows[0].visible and not controls.umap_rows[0].visible
    assert not controls.kl_weight.visible
    controls.method.value = "variational"
    assert page.state.recipe.latent.method == "variational"
    assert controls.kl_weight.visible
    controls.method.value = "umap"
    assert controls.umap_rows[0].visible and not controls.network_rows[0].visible
    controls.neighbours.value = 30
    assert page.state.recipe.latent.n_neighbours == 30
    controls.method.value = "pca"
    assert not controls.seed.visible


def test_there_is_no_model_to_save_before_there_is_one(page):
    assert page.controls.save.disabled
    with pytest.raises(ValueError, match="no trained model yet"):
        page.controls._file()


def test_a_model_that_fits_is_applied_and_the_phases_are_found(page):
    upload(page.controls, "good.safetensors", to_bytes(page.pca()))
    assert page.told == []
    assert page.n_found == 1
    recipe = page.state.recipe
    assert recipe.latent.method == "pca"
    assert recipe.latent.model == page.state.model.id
    assert recipe.line_maps.normalisation == ("zscore",)
    assert recipe.line_maps.lines == ()  # as they were: the same maps need not be made again
    assert page.controls.forget.visible
    assert page.controls.method.disabled
    assert "made on Three stripes" in page.controls.note.object
    page.controls._train_again()
    assert page.state.recipe.latent.model == ""
    assert page.n_found == 2
    assert not page.controls.method.disabled


def test_a_model_of_other_lines_changes_nothing(page):
    before = page.state.recipe
    model = page.pca()
    other = LatentModel(
        model.trained, ("Si_Ka", "Ca_Ka", "Mg_Ka"), model.normalisation, model.scalings, model.background,
        model.latent, model.autoencoder, "Another map",
    )  # fmt: skip
    upload(page.controls, "other.safetensors", to_bytes(other))
    kind, text = page.told[-1]
    assert kind == "error"
    assert "lacks Mg_Ka" in text and "does not know Fe_Ka" in text
    assert page.state.recipe is before
    assert (page.state.model, page.n_found) == (None, 0)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("net.pt", b"PK\x03\x04....", "pickled Python code"),
        ("net.pkl", b"\x80\x05....", "pickled Python code"),
        ("net.safetensors", b"\x40\x00\x00\x00\x00\x00\x00\x00{", "damaged"),
        ("photo.png", b"\x89PNG\r\n\x1a\n1234", "no .safetensors file"),
    ],
)
def test_files_that_are_no_model_are_refused_with_their_name(page, name, content, said):
    upload(page.controls, name, content)
    kind, text = page.told[-1]
    assert kind == "error"
    assert text.startswith(name)
    assert said in text
    assert page.n_found == 0


def test_a_link_whose_model_is_not_here_says_what_to_do(page):
    page.state.change("latent", model="0123456789abcdef")
    assert "asks for the model 0123456789abcdef. Open its file" in page.controls.note.object
    assert page.controls.forget.visible


def test_a_model_from_a_file_is_saved_as_it_came(page):
    content = to_bytes(page.pca())
    model = from_bytes(content)
    page.show()
    result = page.state.result
    recipe = replace(result.recipe, latent=replace(result.recipe.latent, model=model.id))
    page.state.result = replace(result, model=model, trained=model.trained, recipe=recipe)
    assert page.controls._file() == content


# --- the latent plot


def test_the_latent_space_is_coloured_by_density_or_by_a_line(page):
    page.show()
    plot, state = page.views.latent, page.state
    occupied = plot.source.data["image"][0] > 0
    state.latent_colour = BY_DENSITY
    assert plot.bars["density"].visible and not plot.bars["values"].visible
    np.testing.assert_array_equal(plot.source.data["image"][0] > 0, occupied)
    assert plot.bars["density"].color_mapper.high >= 2
    state.latent_colour = "Ca_Ka"
    assert plot.bars["values"].visible and not plot.bars["density"].visible
    assert plot.bars["values"].title == "Ca_Ka: counts"
    image, extent = plot.source.data["image"][0].astype(float), plot.source.data
    # calcium lies about (4, 0): its bins are the brightest
    x = extent["x"][0] + (np.arange(image.shape[1]) + 0.5) / image.shape[1] * extent["dw"][0]
    calcium = image[:, x > 2]
    assert calcium[calcium > 0].mean() > 4 * image[:, x < 2][image[:, x < 2] > 0].mean()
    state.latent_colour = BY_PHASE
    assert not any(bar.visible for bar in plot.bars.values())


def test_a_selection_stays_in_colour_and_the_rest_is_grey(page):
    page.show()
    state, plot = page.state, page.views.latent
    state.selection = select(Box("map", 0, 12, 0, 24), page.opened.maps.shape)
    for by in (BY_DENSITY, "Si_Ka"):
        state.latent_colour = by
        image = plot.source.data["image"][0]
        assert image.max() == 255  # the grey of what is not selected
        assert ((image > 0) & (image < 255)).any()


def test_ellipses_lie_about_the_points_of_their_phases(page):
    page.show()
    state, plot = page.state, page.views.latent
    assert plot.ellipses[1].data["xs"] == []
    state.latent_ellipses = "Phases"
    for sigmas in (1, 2):
        drawn = plot.ellipses[sigmas].data
        assert drawn["colour"] == list(state.colours_by_label())
        outlines = zip(drawn["xs"], drawn["ys"], strict=True)
        centres = {(round(np.mean(x[:-1])), round(np.mean(y[:-1]))) for x, y in outlines}
        assert centres == {(0, 0), (4, 0), (0, 4)}
        assert np.ptp(drawn["xs"][0]) == pytest.approx(2 * sigmas * 0.2, rel=0.15)
    state.set_phase(state.shown.ids[0], "visible", False)
    assert len(plot.ellipses[1].data["xs"]) == 2


def test_ellipses_of_gaussians_have_the_colour_of_the_phase_that_they_are_in(page):
    page.show()
    state, plot = page.state, page.views.latent
    state.change("mixture", n_gaussians=0)
    state.latent_ellipses = "Gaussians"
    assert sorted(plot.ellipses[2].data["colour"]) == sorted(state.colours_by_label())
    state.change("mixture", method="kmeans")
    state.shown = live_phases(state.result, state.recipe)
    assert plot.ellipses[2].data["xs"] == []  # k-means has none


def test_axes_are_called_as_the_method_calls_them(page):
    page.show()
    assert axis_labels(page.state.result) == ("Latent 1", "Latent 2")
    labels = axis_labels(replace(page.state.result, trained=page.pca().trained))
    assert labels[0].startswith("Component 1 (")
