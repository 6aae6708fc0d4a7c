"""Edges that an energy-loss map shows are found and named."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

sys.path.insert(0, str(Path(__file__).parents[1] / "data"))
from loss_spectra import oxide_stripes

from models.edge_suggestion import equal_bands, suggest_edges


@pytest.fixture(scope="module")
def oxides():
    return oxide_stripes()[0]


def test_the_edges_of_a_map_are_found_where_they_are(oxides):
    found = {one.edge: one for one in suggest_edges(replace(oxides, elements=("Co",)))}
    assert set(found) == {"O_K", "Fe_L3", "Co_L3"}
    assert found["Fe_L3"].onset_ev == pytest.approx(708, abs=6)


def test_an_edge_that_two_elements_share_names_the_other_one(oxides):
    # cobalt L3 and barium M5 begin within 3 eV of each other, and no map alone tells which it is
    last = suggest_edges(oxides)[-1]
    assert {"Co_L3", "Ba_M5"} <= {last.edge, *last.reason.replace(",", "").split()}


def test_an_element_that_is_excluded_is_not_suggested(oxides):
    assert "Fe_L3" not in [one.edge for one in suggest_edges(oxides, exclude=("Fe",))]


def test_noise_has_no_edges_and_is_cut_into_bands(oxides):
    noise = np.random.default_rng(1).poisson(90.0, oxides.counts.shape).astype(np.uint16)
    flat = replace(oxides, counts=sparse.csr_matrix(noise))
    assert suggest_edges(flat) == ()
    bands = equal_bands(flat)
    assert len(bands) == 8
    assert bands[0] == "450-506 eV"


def test_phases_of_an_energy_loss_map_are_its_oxides():
    from sklearn.metrics import adjusted_rand_score

    from models.live_phases import live_phases
    from models.phases import finished, run
    from models.recipe import AutoencoderChoices, PhasesRecipe

    image, stripe = oxide_stripes(100)
    recipe = PhasesRecipe(autoencoder=AutoencoderChoices(max_epochs=6, steps_per_epoch=50))
    result = finished(run(image, recipe))
    shown = live_phases(result, recipe)
    # a camera's counts are not refined on: these are clusters of the latent space
    assert not shown.refined and result.refinement is None
    assert adjusted_rand_score(stripe.ravel(), shown.phase_map.label.ravel()) > 0.7
