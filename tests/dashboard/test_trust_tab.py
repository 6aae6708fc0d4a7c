"""The tab "Trust": phases are tested, what is not explained is found, and two ways to phases are compared."""

from __future__ import annotations

import io
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import tifffile
from phases_bench import SHAPE, latent_result, opened_map
from scipy import sparse
from test_endmembers_tab import AtOnce, JobsAtOnce

from dashboard import live
from dashboard.exports import Chosen
from dashboard.measured_origins import GivenPixels
from dashboard.phases.opened import OpenedMap
from dashboard.phases.state import PhasesState
from dashboard.phases.tab import Tools
from dashboard.phases.trust import TrustTab
from dashboard.selection import Selection
from models import refinement
from models.exports_figure import FigureStyle
from models.live_phases import live_phases
from models.recipe import RefinementChoices, with_settings

GRAIN = (slice(10, 13), slice(20, 23))
STYLE = FigureStyle()


def with_a_titanium_grain(image):
    """The stripes with nine pixels that hold titanium, which no stripe has."""
    counts = image.counts.toarray().astype(np.int64)
    place = np.zeros(SHAPE, bool)
    place[GRAIN] = True
    peak = np.exp(-0.5 * ((image.energy.energy_kev - 4.51) / 0.05) ** 2)
    counts[place.ravel()] += np.random.default_rng(1).poisson(4 * peak, (9, peak.size))
    return replace(image, counts=sparse.csr_matrix(counts.astype(np.uint16)), dataset_id="grain")


@pytest.fixture
def page(monkeypatch):
    monkeypatch.setattr(live, "_EXECUTOR", AtOnce())
    image, opened, stripe = opened_map()
    image = with_a_titanium_grain(image)
    opened = OpenedMap.of(image, opened.maps)
    state, said, jobs = PhasesState(), [], JobsAtOnce()
    tools = Tools(state, jobs, lambda work: work(), lambda text, kind: said.append((kind, text)))
    tab = TrustTab(tools)
    state.open(image, opened)
    result = replace(latent_result(opened, stripe), prepared=image)
    state.recipe = with_settings(result.recipe, {"stability.n_runs": "2"})
    state.result = result
    state.shown = live_phases(result, state.recipe)
    tab.build()

    def follow(*events):
        if not tab.missing():
            tab.refresh(frozenset(event.name for event in events))

    tab.refresh(frozenset(tab.follows))
    state.param.watch(follow, list(tab.follows))
    return SimpleNamespace(state=state, tab=tab, jobs=jobs, said=said, stripe=stripe, opened=opened)


def test_nothing_is_tested_before_a_person_asks(page):
    card = page.tab.stability
    assert "Press Test stability" in card.says.object
    assert page.jobs.titles == ["Unmixing the spectra of the phases"]
    assert card.table.rows[0]["jaccard"] == "–" and not card.map.figure.visible
    with pytest.raises(ValueError, match="Nothing was tested"):
        card._file(Chosen("CSV", STYLE))


def test_each_phase_gets_its_score_beside_the_bic(page):
    card = page.tab.stability
    card.start.clicks += 1
    assert "Seeking the phases again" in page.jobs.titles
    rows = card.table.rows
    assert len(rows) == 3 and all(row["verdict"] == "✓ stable" for row in rows)
    assert float(rows[0]["jaccard"]) > 0.95 and rows[0]["runs"] == "2"
    assert "2 runs" in card.says.object and "weighted the pixels anew" in card.what.object
    assert len(card.numbers.bic.data["number"]) == 20
    assert card.numbers.mark.location == 3
    image = card.map._sources["intensity"].data["image"][0]
    assert (image > 250).mean() > 0.95
    table = pd.read_csv(io.BytesIO(card._file(Chosen("CSV", STYLE))[1]))
    assert table["verdict"].tolist() == ["stable"] * 3 and "jaccard_run_2" in table
    assert card._file(Chosen("PNG", STYLE))[1].startswith(b"\x89PNG")
    assert tifffile.imread(io.BytesIO(card._file(Chosen("TIFF32", STYLE))[1])).shape == SHAPE


def test_the_test_is_of_the_phases_that_were_shown_then(page):
    page.tab.stability.start.clicks += 1
    page.state.change("mixture", n_phases=2)
    page.state.shown = live_phases(page.state.result, page.state.recipe, page.state.shown)
    assert "have changed since" in page.tab.stability.says.object
    assert page.tab.stability.table.rows[0]["jaccard"] == "–"
    page.tab.stability.runs.value = 3
    page.tab.stability.start.clicks += 1
    assert page.state.stability.found.n_runs == 3
    assert page.state.recipe.stability.n_runs == 3


def test_one_phase_cannot_be_tested_and_that_is_said(page):
    page.state.change("mixture", n_phases=1)
    page.state.shown = live_phases(page.state.result, page.state.recipe, page.state.shown)
    page.tab.stability.start.clicks += 1
    assert "not two phases" in page.said[-1][1]


def test_a_missed_phase_is_found_by_its_lines(page):
    regions = page.tab.residual.regions
    row = regions.table.rows[0]
    x, y = (int(number) for number in row["place"].split(", "))
    assert abs(y - 11) <= 1 and abs(x - 21) <= 1
    assert regions.lines.rows[0]["lines"].startswith("Ti_Ka")
    assert "Lines above what the end-members expect" in regions.says.object
    plot = regions.plot
    assert plot.labels.data["name"][0] == "Ti_Ka"
    assert plot.source.data["sigma"].max() > 8
    content = regions._file(Chosen("LINES", STYLE))[1]
    assert pd.read_csv(io.BytesIO(content))["candidates"][0].startswith("Ti_Ka")
    assert regions._file(Chosen("PNG", STYLE))[1].startswith(b"\x89PNG")


def test_the_histogram_stands_beside_chance(page):
    residual = page.tab.residual
    number = np.nansum(residual.histogram.source.data["top"])
    assert number == SHAPE[0] * SHAPE[1]
    assert residual.histogram.chance.data["y"].sum() == pytest.approx(number, rel=0.05)
    assert "by chance it would be" in residual.says.object
    residual.window.value = 1
    assert residual.unexplained.residual.window == 1
    np.testing.assert_allclose(
        residual.unexplained.residual.surprise, page.state.unmixed.unmixing.residual, atol=0.6
    )


def test_the_worst_pixels_become_the_selection(page):
    asked = []
    page.state.param.watch(lambda event: asked.append(event.new), "asked", onlychanged=False)
    page.tab.residual.worst.clicks += 1
    origin = asked[-1]
    assert isinstance(origin, GivenPixels) and "residual above 5" in origin.text
    place = np.zeros(SHAPE, bool)
    place[GRAIN] = True
    assert origin.shape == SHAPE
    mask = np.unpackbits(np.frombuffer(__import__("zlib").decompress(origin.packed), np.uint8))
    mask = mask[: place.size].astype(bool).reshape(SHAPE)
    assert mask[place].mean() > 0.8
    page.tab.residual.regions._select(0)
    assert "region 1" in asked[-1].text
    page.tab.residual.threshold.value = page.tab.residual.threshold.end
    page.tab.residual.worst.clicks += 1
    assert "Lower it" in page.said[-1][1] and len(asked) == 2
    assert page.tab.residual.regions.table.rows == []


def test_a_selection_is_looked_into_like_a_region(page):
    mask = page.stripe == 0
    page.state.selection = Selection(mask.ravel(), SHAPE, GivenPixels.of(mask, "stripe"))
    regions = page.tab.residual.regions
    assert regions.table.rows[0]["name"] == "Selection"
    regions.choose(-1)
    assert regions.says.object.startswith("Selection, 288 pixels")
    page.state.selection = None
    assert regions.table.rows[0]["name"] == "Region 1"


def test_without_a_refinement_there_is_nothing_to_compare(page):
    agreement = page.tab.agreement
    assert "Refined on counts" in agreement.says.object and not agreement.body.visible
    assert page.state.result.refinement is None


def test_clusters_and_refined_phases_are_compared(page):
    *_, last = refinement.refine(page.state.result.prepared, RefinementChoices())
    result = replace(page.state.result, refinement=last.refinement)
    page.state.recipe = with_settings(page.state.recipe, {"refinement.enabled": "true"})
    page.state.param.update(result=result, shown=live_phases(result, page.state.recipe))
    agreement = page.tab.agreement
    assert agreement.body.visible
    found = agreement._agreement
    assert found.rand > 0.9 and found.table.sum() == SHAPE[0] * SHAPE[1]
    assert "Adjusted Rand index" in agreement.says.object
    data = agreement.source.data
    assert sum(data["pixels"]) == SHAPE[0] * SHAPE[1]
    assert len(data["phase"]) == len(agreement.figure.x_range.factors) * len(agreement.figure.y_range.factors)
    drawn = agreement.map._sources["phases"].data["image"][0]
    assert (drawn > 0).sum() == found.differs.sum()
    agreement.number.value = "same"
    assert agreement._agreement.latent.n_phases == (page.state.shown.pixels > 0).sum()
    content = agreement._file(Chosen("CSV", STYLE))[1]
    assert pd.read_csv(io.BytesIO(content)).filter(like="cluster").to_numpy().sum() == SHAPE[0] * SHAPE[1]
    assert agreement._file(Chosen("PNG", STYLE))[1].startswith(b"\x89PNG")


def test_element_maps_say_what_is_not_to_be_had(page):
    maps = page.opened.maps
    bare = replace(maps, lines=("Si", "Ca", "Fe"), dataset_id="bare")
    result = latent_result(page.opened, page.stripe)
    shown = live_phases(result, page.state.recipe)
    page.state.open(bare, OpenedMap.of(bare, bare))
    label = shown.phase_map.label
    spectra = np.stack([bare.intensity[label == k].sum(axis=0) for k in range(3)])
    grid = replace(result.grid, spectra=None)
    page.state.result = replace(result, prepared=bare, maps=bare, dataset_id="bare", grid=grid)
    page.state.shown = replace(shown, spectra=spectra)
    tab = page.tab
    assert "Element maps hold no counts" in tab.agreement.says.object
    assert "Element maps hold no counts" in tab.residual.note.object
    assert tab.residual.histogram.chance.data["y"] == []
    assert not tab.residual.regions.lines.visible
    assert tab.residual.threshold.label == "Threshold (misfit)"
