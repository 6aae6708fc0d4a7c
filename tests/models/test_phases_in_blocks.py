"""A map in blocks goes through the pipeline with the results of the same map in memory."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from data import block_cluster, blocked_counts, blocked_image
from data.spectrum_image import SpectrumImage
from data.synthetic import rock_section
from models import mosaic, refinement
from models.phases import run
from models.phases_result import PhasesResult
from models.recipe import PhasesRecipe, with_settings
from models.residual_spectrum import residual_spectrum
from models.residuals import of_counts
from models.several_maps import member

QUICK = with_settings(PhasesRecipe(), {"autoencoder.max_epochs": "2", "autoencoder.steps_per_epoch": "20"})


@pytest.fixture(scope="module")
def maps(tmp_path_factory) -> tuple[SpectrumImage, SpectrumImage]:
    """72 x 72 pixels in memory, and in seven blocks."""
    image, _ = rock_section(3, 72, 72, counts_per_pixel=90.0)
    path = tmp_path_factory.mktemp("maps") / "rock.lodestone.zarr"
    blocked_image.save(image, path, block_pixels=780)
    return image, blocked_image.load(path)


def results(maps, recipe: PhasesRecipe) -> list[PhasesResult]:
    found = []
    for image in maps:
        *_, last = run(image, recipe)
        found.append(last.partial)
    return found


@pytest.fixture(scope="module")
def both(maps) -> list[PhasesResult]:
    return results(maps, QUICK)


def test_every_stage_finds_the_same(both):
    in_memory, in_blocks = both
    assert in_blocks.prepared.in_blocks and not in_memory.prepared.in_blocks
    for find in (
        lambda one: one.maps.intensity,
        lambda one: one.latent.coordinates,
        lambda one: one.latent.reconstruction_error,
        lambda one: one.grid.spectra.toarray(),
        lambda one: one.latent_phases.label,
        lambda one: one.refinement.cell,
        lambda one: one.refinement.cell_spectra,
        lambda one: one.phases.label,
        lambda one: one.phase_spectra,
    ):
        np.testing.assert_array_equal(find(in_blocks), find(in_memory))
    assert in_blocks.maps.notes == in_memory.maps.notes
    # spectra are sums of real numbers, added in another order
    np.testing.assert_allclose(
        in_blocks.refinement.endmembers, in_memory.refinement.endmembers, rtol=1e-9, atol=1e-15
    )
    np.testing.assert_allclose(in_blocks.refinement.abundances, in_memory.refinement.abundances, atol=1e-5)
    np.testing.assert_allclose(in_blocks.unmixing.residual, in_memory.unmixing.residual, atol=1e-3)


def test_a_map_larger_than_its_mosaic_is_learnt_on_the_same_tiles(maps, monkeypatch):
    monkeypatch.setattr(refinement, "_FITTED_PIXELS", 2048)
    assert mosaic.lay(maps[0].shape, 2048, 4) is not None
    found = []
    for image in maps:
        *_, last = refinement.refine(image.crop_energy(0.2), QUICK.refinement)
        found.append(last.refinement)
    np.testing.assert_array_equal(found[1].cell, found[0].cell)
    np.testing.assert_array_equal(found[1].phases().label, found[0].phases().label)


def test_a_cropped_and_rebinned_map_too(maps, monkeypatch):
    monkeypatch.setattr(blocked_counts, "_SMALL_ENTRIES", -1)
    chosen = {"line_maps.crop": "[4, 68, 3, 70]", "line_maps.rebin": "2", "refinement.enabled": "false"}
    in_memory, in_blocks = results(maps, with_settings(QUICK, chosen))
    assert in_blocks.prepared.in_blocks
    np.testing.assert_array_equal(in_blocks.maps.intensity, in_memory.maps.intensity)
    np.testing.assert_array_equal(in_blocks.phases.label, in_memory.phases.label)


def test_what_people_ask_of_a_result_is_the_same(both):
    mask = both[0].phases.label.ravel() == 1
    seen = [residual_spectrum(one.prepared, one.unmixing, mask) for one in both]
    np.testing.assert_array_equal(seen[1].seen, seen[0].seen)
    np.testing.assert_allclose(seen[1].expected, seen[0].expected, rtol=1e-6)
    misfit = [of_counts(one.prepared, one.unmixing, 3).surprise for one in both]
    np.testing.assert_allclose(misfit[1], misfit[0], atol=1e-3)


def test_a_run_reports_between_blocks_never_falls_back_and_can_be_dropped(maps):
    counted: dict[str, int] = {}
    fraction = 0.0
    reports = run(maps[1], QUICK)
    for report in reports:
        assert report.fraction >= fraction
        fraction = report.fraction
        counted[report.stage] = counted.get(report.stage, 0) + 1
        if report.stage == "refinement" and counted["refinement"] == 12:
            break
    reports.close()
    assert counted["line_maps"] > 7 and counted["latent_grid"] > 7
    assert not [thread for thread in threading.enumerate() if thread.name == "block work"]


def test_a_cluster_that_is_not_there_is_named_among_the_notes(maps, monkeypatch):
    monkeypatch.setattr(block_cluster, "_PATIENCE_S", 0.2)
    monkeypatch.setenv(block_cluster.ADDRESS_VARIABLE, "tcp://127.0.0.1:9")
    try:
        *_, last = run(maps[1], with_settings(QUICK, {"refinement.enabled": "false"}))
        assert any("tcp://127.0.0.1:9" in note and "on this machine" in note for note in last.partial.notes)
        *_, last = run(maps[0], with_settings(QUICK, {"refinement.enabled": "false"}))
        assert not any("127.0.0.1" in note for note in last.partial.notes)
    finally:
        block_cluster.forget()


def test_what_needs_all_counts_in_memory_says_so(maps):
    with pytest.raises(ValueError, match=r"rock: This map of 72 x 72 pixels is larger than memory.*Rebin it"):
        member("rock", maps[1], QUICK.line_maps)
