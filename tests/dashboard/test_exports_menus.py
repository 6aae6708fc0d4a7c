"""What the cards of Explore show can be taken away; a file is made when asked for; errors are told."""

from __future__ import annotations

import io
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import tifffile
from at_once import AtOnce
from phases_bench import SHAPE, latent_result, opened_map

from dashboard import exports
from dashboard.exports import Chosen, ExportMenu, download_button
from dashboard.phases import explore_exports
from dashboard.phases.state import ALL_COUNTS, COLOUR_COMPOSITE, NAVIGATION, PhasesState
from models.exports_figure import FigureStyle
from models.live_phases import live_phases


@pytest.fixture
def state():
    image, opened, stripe = opened_map()
    state = PhasesState()
    state.open(image, opened)
    result = latent_result(opened, stripe)
    state.recipe, state.result = result.recipe, result
    state.shown = live_phases(result, result.recipe)
    return state


@pytest.fixture
def tools(monkeypatch):
    monkeypatch.setattr(exports, "_EXECUTOR", AtOnce())
    said = []
    return SimpleNamespace(schedule=lambda work: work(), tell=lambda *words: said.append(words), said=said)


def chosen(kind):
    return Chosen(kind, FigureStyle(width_mm=60, dpi=60))


def press(button):
    button._clicks += 1


def test_a_file_is_made_when_the_button_is_pressed_and_not_before(tools):
    made = []
    button = download_button(tools, "CSV", "a.csv", lambda: made.append(1) or b"a,b\n")
    assert made == []
    press(button)
    assert made == [1]
    assert button.filename == "a.csv"
    assert button.data.endswith("YSxiCg==")
    press(button)
    assert made == [1, 1], "every press makes the file anew"


def test_what_hinders_an_export_is_told_and_the_next_press_tries_again(tools):
    def make():
        raise ValueError("Select some pixels first.")

    button = download_button(tools, "CSV", "a.csv", make)
    press(button)
    assert tools.said == [("Select some pixels first.", "warning")]
    assert not button.loading and button.data is None


def test_a_menu_hides_what_does_not_matter_for_the_kind(tools):
    menu = ExportMenu(tools, "a map", {"PNG": "Figure", "SVG": "Figure, SVG", "TIFF32": "Values"}, None)
    assert not hasattr(menu, "look"), "a menu that nobody opens is not made"
    assert menu.popup and menu.look.visible and menu.dpi.visible
    menu.kind.value = "SVG"
    assert menu.look.visible and not menu.dpi.visible
    menu.kind.value = "TIFF32"
    assert not menu.look.visible
    menu.offer({"PNG": "Figure"})
    assert menu.kind.value == "PNG"


@pytest.mark.parametrize("shown", [ALL_COUNTS, "Ca_Ka", COLOUR_COMPOSITE, NAVIGATION + "BSE"])
@pytest.mark.parametrize("kind", explore_exports.ELEMENT_KINDS)
def test_the_element_map_can_be_taken_away_as_it_is_shown(state, shown, kind):
    state.map_shown = shown
    name, content = explore_exports.element_file(state, chosen(kind))
    assert name.endswith({"PNG": "png", "SVG": "svg"}.get(kind, "tif"))
    if kind == "TIFF32" and shown == "Ca_Ka":
        np.testing.assert_array_equal(tifffile.imread(io.BytesIO(content)), state.prepared.maps.of("Ca_Ka"))


def test_phase_numbers_are_those_of_the_page(state):
    _name, content = explore_exports.phase_file(state, chosen("LABELS"))
    numbers = tifffile.imread(io.BytesIO(content))
    for label, phase in enumerate(state.shown.ids):
        assert (numbers[state.shown.phase_map.label == label] == phase + 1).all()
    assert explore_exports.phase_file(state, chosen("SVG"))[1].startswith(b"<?xml")


def test_spectra_come_as_figure_msa_and_table(state):
    view = (0.0, 9.0)
    table = pd.read_csv(io.BytesIO(explore_exports.spectra_file(state, chosen("CSV"), view)[1]))
    assert list(table.columns) == ["energy_kev", "All pixels", "Phase 1", "Phase 2", "Phase 3"]
    assert explore_exports.spectra_file(state, chosen("MSA"), view)[0].endswith("zip")
    state.spectra_scale = "linear"
    assert len(explore_exports.spectra_file(state, chosen("PNG"), view)[1]) > 1000
    state.spectra_shown = []
    with pytest.raises(ValueError, match="No spectrum is shown"):
        explore_exports.spectra_file(state, chosen("CSV"), view)


def test_the_table_of_phases_has_areas_and_intensities(state):
    table = pd.read_csv(io.BytesIO(explore_exports.table_file(state, chosen("CSV"))[1]))
    assert table["pixels"].sum() == SHAPE[0] * SHAPE[1]
    np.testing.assert_allclose(table["area_um2"], table["pixels"] * 0.25)
    assert {"Si_Ka_per_pixel", "mean_probability"} <= set(table.columns)


def test_the_latent_space_can_be_taken_away(state):
    table = pd.read_csv(io.BytesIO(explore_exports.latent_file(state, chosen("CSV"), (0, 1, 0, 1))[1]))
    assert len(table) == SHAPE[0] * SHAPE[1]
    assert len(explore_exports.latent_file(state, chosen("PNG"), (-1.0, 5.0, -1.0, 5.0))[1]) > 1000


def test_without_phases_the_way_to_them_is_said(state):
    state.shown = None
    for make in (explore_exports.phase_file, explore_exports.table_file):
        with pytest.raises(ValueError, match="Press Find phases"):
            make(state, chosen("CSV"))
