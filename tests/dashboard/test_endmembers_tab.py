"""The tab "End-members" shows what it is told to unmix, at once and without finding phases again."""

from __future__ import annotations

import io
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import tifffile
from at_once import AtOnce, JobsAtOnce
from phases_bench import LINES, SHAPE, latent_result, opened_map

from dashboard import live
from dashboard.exports import Chosen
from dashboard.phases.endmembers import EndmembersTab
from dashboard.phases.endmembers.scaling import channels_within, comparable
from dashboard.phases.opened import OpenedMap
from dashboard.phases.state import PhasesState
from dashboard.phases.tab import Tools
from models.exports_figure import FigureStyle
from models.live_phases import live_phases
from models.recipe import UnmixingChoices


@pytest.fixture
def page(monkeypatch):
    monkeypatch.setattr(live, "_EXECUTOR", AtOnce())
    image, opened, stripe = opened_map()
    state, said, jobs = PhasesState(), [], JobsAtOnce()
    tools = Tools(state, jobs, lambda work: work(), lambda text, kind: said.append((kind, text)))
    tab = EndmembersTab(tools)
    state.open(image, opened)
    result = latent_result(opened, stripe)
    state.recipe = result.recipe
    state.result = result
    state.shown = live_phases(result, result.recipe)
    tab.build()
    tab.refresh(frozenset(tab.follows))

    def follow(*events):
        if not tab.missing():
            tab.refresh(frozenset(event.name for event in events))

    state.param.watch(follow, list(tab.follows))
    return SimpleNamespace(state=state, tab=tab, jobs=jobs, said=said, stripe=stripe, opened=opened)


def member_of(page, stripe):
    """The end-member that prevails in a stripe."""
    return int(page.state.unmixed.unmixing.abundances[page.stripe == stripe].mean(axis=0).argmax())


def test_end_members_weights_and_abundances_appear_with_their_lines(page):
    unmixed = page.state.unmixed
    assert unmixed.unmixing.abundances.shape == (*SHAPE, 3)
    assert page.jobs.titles == ["Unmixing the spectra of the phases"]
    assert {lines[0] for lines in unmixed.lines} == set(LINES)
    assert len(page.tab.components.panels.titles) == 3
    number = member_of(page, 0)
    assert "Si_Ka" in page.tab.components.panels.titles[number]
    assert page.tab.components.panels.labels(number) == ["Si_Ka"]
    rows = page.tab.weights.table.rows
    assert [row["name"] for row in rows] == ["Phase 1", "Phase 2", "Phase 3", "All together"]
    assert sorted(float(rows[0][f"w{k}"]) for k in range(3))[-1] > 95
    tile = page.tab.abundance.gallery.tiles[unmixed.names[number]]
    image = tile._sources["intensity"].data["image"][0].astype(float)
    assert image[page.stripe == 0].mean() > 5 * image[page.stripe != 0].mean()


def test_three_abundances_become_red_green_and_blue(page):
    menus = page.tab.abundance.menus
    for menu, stripe in zip(menus, (2, 0, 1), strict=True):
        menu.value = page.state.unmixed.names[member_of(page, stripe)]
    colour = page.tab.abundance.rgb._sources["rgb"].data["image"][0].view(np.uint8).reshape(*SHAPE, 4)
    for stripe, channel in ((2, 0), (0, 1), (1, 2)):
        assert colour[page.stripe == stripe][:, :3].mean(axis=0).argmax() == channel
    for menu in menus:
        menu.value = "none"
    assert page.tab.abundance.rgb._sources["rgb"].data["image"] == []


def test_phases_stand_against_the_whole_map(page):
    panels = page.tab.phases.panels
    assert len(panels.titles) == 3 and panels.titles[0].startswith("Phase 1")
    page.tab.phases.reset.clicks += 1
    data = panels.data(0)
    assert data["value"].sum() == pytest.approx(1, rel=1e-4)
    assert data["whole"].sum() == pytest.approx(1, rel=1e-4)
    page.tab.phases.norm.value = "Equal maximum"
    assert panels.data(0)["value"].max() == pytest.approx(1)
    page.tab.phases.norm.value = "As summed"
    assert np.isnan(panels.data(0)["whole"]).all()
    page.tab.phases.phases.value = [page.state.shown.ids[1]]
    assert panels.titles == [page.state.name_of(page.state.shown.ids[1]) + panels.titles[0][7:]]


def test_a_range_is_scaled_by_itself_and_one_without_channels_is_refused(page):
    phases = page.tab.phases
    phases.low.value = 3.0
    phases.high.value = 4.5
    data = phases.panels.data(0)
    inside = (data["x"] >= 3.0) & (data["x"] <= 4.5)
    assert data["value"][inside].sum() == pytest.approx(1, rel=1e-3)
    phases.low.value = 50.0
    assert "3" in page.said[-1][1] or "lower" in page.said[-1][1]
    assert (phases.low.value, phases.x_range.start) == (3.0, 3.0)
    phases.reset.clicks += 1
    assert phases.x_range.start < 0.1 and phases.x_range.end > 6


def test_other_choices_are_unmixed_anew_without_finding_phases(page):
    page.tab.choices.method.value = "nmf"
    page.tab.choices.number.value = 2
    assert page.state.recipe.unmixing.n_components == 2
    assert page.state.unmixed.found.endmembers.shape[0] == 2
    assert set(page.jobs.titles) == {"Unmixing the spectra of the phases"}
    assert len(page.tab.components.panels.titles) == 2
    assert "NMF: 2 components of 3 phase spectra" in page.tab.choices.says.object
    page.tab.choices.published.clicks += 1
    assert page.state.recipe.unmixing.weighting == "none"
    page.tab.choices.default.clicks += 1
    assert page.state.recipe.unmixing == UnmixingChoices()


def test_more_components_than_phases_are_refused_and_the_end_members_stay(page):
    before = page.state.unmixed
    page.tab.choices.method.value = "nmf"
    kept = page.state.unmixed
    page.tab.choices.number.value = 9
    kind, text = page.said[-1]
    assert kind == "error" and "cannot hold more than 3" in text
    assert page.state.unmixed is kept is not before
    assert "cannot hold more than 3" in page.tab.choices.says.object
    page.tab.choices.number.value = 3
    assert "cannot hold" not in page.tab.choices.says.object


def test_no_phase_to_unmix_is_refused_and_the_choice_stays(page):
    page.tab.choices.phases.value = []
    assert page.said[-1][0] == "warning" and "No phase is left" in page.said[-1][1]
    assert len(page.tab.choices.phases.value) == 3
    first = page.tab.choices.phases.value[0]
    page.tab.choices.phases.value = page.tab.choices.phases.value[1:]
    assert first not in page.state.recipe.unmixing.phases
    left_out = next(row for row in page.tab.weights.table.rows if row["id"] == first - 1)
    assert left_out["dim"] and not page.tab.weights.table.rows[1]["dim"]


def test_a_range_of_energies_to_unmix_is_typed(page):
    choices = page.tab.choices
    choices.low.value = "1.0"
    assert page.state.recipe.unmixing.energy_kev[0] == 1.0
    assert not page.state.unmixed.found.endmembers[:, :40].any()
    choices.high.value = "abc"
    assert "no range" in page.said[-1][1]
    choices.low.value = choices.high.value = ""
    assert page.state.recipe.unmixing.energy_kev == ()
    choices.low.value = "60"
    assert "low < high" in page.said[-1][1] or "No channel" in page.said[-1][1]


def test_another_number_of_phases_brings_its_own_end_members(page):
    page.state.change("mixture", n_phases=2)
    page.state.shown = live_phases(page.state.result, page.state.recipe, page.state.shown)
    assert len(page.state.unmixed.found.weights) == 2
    assert page.state.unmixed.shown is page.state.shown


def test_a_name_is_on_every_panel_and_nothing_is_unmixed_for_it(page):
    n_jobs = len(page.jobs.titles)
    page.state.set_phase(page.state.shown.ids[0], "name", "Quartz")
    assert any(title.startswith("Quartz") for title in page.tab.phases.panels.titles)
    assert "Quartz" in [row["name"] for row in page.tab.weights.table.rows]
    assert "Quartz" in page.tab.choices.phases.options
    assert len(page.jobs.titles) == n_jobs


def test_files_hold_what_is_shown(page):
    style = FigureStyle()
    name, content = page.tab.weights._file(Chosen("CSV", style))
    table = pd.read_csv(io.BytesIO(content))
    assert name.endswith(".csv") and table["phase"].tolist() == [1, 2, 3]
    np.testing.assert_allclose(table.filter(like="End-member").sum(axis=1), 1, atol=1e-3)
    name, content = page.tab.components._file(Chosen("CSV", style))
    assert pd.read_csv(io.BytesIO(content)).shape == (450, 4)
    name, content = page.tab.abundance._maps_file(Chosen("TIFF32", style))
    assert tifffile.imread(io.BytesIO(content)).shape == (3, *SHAPE)
    for make in (
        page.tab.phases._file, page.tab.components._file, page.tab.weights._file,
        page.tab.abundance._maps_file, page.tab.abundance._rgb_file,
    ):  # fmt: skip
        name, content = make(Chosen("PNG", style))
        assert content.startswith(b"\x89PNG") and name.endswith(".png")
    assert page.tab.phases._file(Chosen("MSA", style))[1].startswith(b"PK")


def test_element_maps_are_bars_and_have_no_range(page, monkeypatch):
    maps = page.opened.maps
    bare = replace(maps, lines=("Si", "Ca", "Fe"), dataset_id="bare")
    page.state.open(bare, OpenedMap.of(bare, bare))
    stripes = latent_result(page.opened, page.stripe)
    flat = replace(stripes, prepared=bare, maps=bare, dataset_id="bare", grid=stripes.grid)
    spectra = np.stack([bare.intensity[page.stripe == k].sum(axis=0) for k in range(3)])
    shown = live_phases(stripes, stripes.recipe)
    page.state.result = flat
    label = shown.phase_map.label
    order = [int(label[page.stripe == k][0]) for k in range(3)]
    page.state.shown = replace(shown, spectra=spectra[np.argsort(order)])
    assert not page.tab.choices.range_row.visible and not page.tab.phases.ranges.visible
    assert list(page.tab.phases.panels.data(0)["name"]) == ["Si", "Ca", "Fe"]
    assert page.state.unmixed.found.endmembers.shape[1] == 3
    assert page.tab.weights.table.rows[0]["chance"] == "–"


def test_spectra_become_comparable():
    spectrum = np.array([2.0, 6.0, 8.0])
    assert comparable(spectrum, 4, "Per pixel", slice(None)).tolist() == [0.5, 1.5, 2]
    assert comparable(spectrum, 4, "Equal area", slice(0, 2)).tolist() == [0.25, 0.75, 1]
    assert comparable(0 * spectrum, 4, "Equal maximum", slice(None)).tolist() == [0, 0, 0]


def test_channels_of_a_range(page):
    assert channels_within(page.opened, 1.0, 1.1) == slice(50, 56)
    with pytest.raises(ValueError, match="covers 0 to"):
        channels_within(page.opened, 90, 95)
