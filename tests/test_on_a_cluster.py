"""What a Dask cluster works on comes out as it does in this process: one map, several, and each by itself."""

from __future__ import annotations

import json
import pickle
from functools import partial
from typing import Any

import numpy as np
import pytest
import tifffile
from distributed import LocalCluster

import batch
from dashboard.library import Library
from dashboard.phases.several_request import MapOfLibrary
from data import block_cluster, block_work, blocked_image
from data.catalogue import Catalogue
from data.spectrum_image import SpectrumImage
from data.synthetic import rock_section
from models import trained_autoencoder
from models.phases import finished, run
from models.recipe import LineMapChoices, PhasesRecipe, with_settings
from models.several_maps import member, pool
from models.shared_run import MapOutcome, run_shared

QUICK = with_settings(PhasesRecipe(), {"autoencoder.max_epochs": "2", "autoencoder.steps_per_epoch": "20"})


@pytest.fixture(scope="module")
def cluster():
    with LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address=None, silence_logs=50, memory_limit=0
    ) as found:
        yield found.scheduler_address


@pytest.fixture
def on_cluster(cluster, monkeypatch):
    """What can be sent to a cluster is: nothing of it is done by threads of this process."""
    monkeypatch.setenv(block_cluster.ADDRESS_VARIABLE, cluster)
    monkeypatch.setattr(block_work, "_here", lambda *_: pytest.fail("not worked on by the cluster"))
    yield
    remark = block_cluster.remark()
    block_cluster.forget()
    assert remark == ""


@pytest.fixture(scope="module")
def image() -> SpectrumImage:
    return rock_section(3, 48, 48, counts_per_pixel=90.0)[0]


def test_latent_space_and_refinement_of_a_map_in_blocks_are_those_in_memory(
    image, on_cluster, tmp_path, monkeypatch
):
    blocked_image.save(image, tmp_path / "rock.lodestone.zarr", block_pixels=780)
    monkeypatch.setattr(trained_autoencoder, "_SENT_TOGETHER", 1000)
    recipe = with_settings(QUICK, {"unmixing.enabled": "false"})
    there = finished(run(blocked_image.load(tmp_path / "rock.lodestone.zarr"), recipe))
    monkeypatch.undo()
    here = finished(run(image, recipe))
    assert there.prepared.in_blocks and not here.prepared.in_blocks
    np.testing.assert_array_equal(there.maps.intensity, here.maps.intensity)
    np.testing.assert_allclose(there.latent.coordinates, here.latent.coordinates, atol=1e-5)
    np.testing.assert_array_equal(there.refinement.cell, here.refinement.cell)
    np.testing.assert_allclose(there.refinement.endmembers, here.refinement.endmembers, rtol=1e-9, atol=1e-15)
    np.testing.assert_array_equal(there.phases.label, here.phases.label)
    np.testing.assert_array_equal(there.phase_spectra, here.phase_spectra)


class Seen(Exception):
    """Ends a run on several maps when they lie on one sheet."""


def _part(first: int, stop: int) -> SpectrumImage:
    return rock_section(3, 48, 48, counts_per_pixel=90.0)[0].crop(slice(0, 48), slice(first, stop))


def _broken() -> SpectrumImage:
    raise ValueError("gone.bcf is not a Bruker map.")


def four_maps() -> list[tuple[str, Any]]:
    return [
        ("right", partial(_part, 20, 48)),
        ("gone", _broken),
        ("left", partial(_part, 0, 20)),
        ("twin", partial(_part, 20, 48)),
    ]


def together(maps: list[tuple[str, Any]]) -> tuple[SpectrumImage, tuple[MapOutcome, ...]]:
    """The sheet of some maps, and what became of them."""

    def find(dataset, recipe):
        raise Seen(dataset)

    outcomes = ()
    try:
        for report in run_shared(maps, QUICK, find):
            outcomes = report.outcomes
    except Seen as seen:
        return seen.args[0], outcomes


@pytest.fixture(scope="module")
def sheet(image):
    """The same, laid without any of it."""
    parts = {"right": image.crop(slice(0, 48), slice(20, 48)), "left": image.crop(slice(0, 48), slice(0, 20))}
    choices = LineMapChoices()
    return pool([member(name, part, choices) for name, part in parts.items()], choices).dataset


def expect(found: tuple[SpectrumImage, tuple[MapOutcome, ...]], sheet: SpectrumImage) -> None:
    dataset, outcomes = found
    assert outcomes == (
        MapOutcome("right"),
        MapOutcome("gone", "gone.bcf is not a Bruker map."),
        MapOutcome("left"),
        MapOutcome("twin", "It holds the same data as right."),
    )
    assert dataset.dataset_id == sheet.dataset_id and dataset.notes == sheet.notes
    assert (dataset.counts != sheet.counts).nnz == 0


def test_several_maps_opened_by_workers_lie_on_the_same_sheet(on_cluster, sheet):
    expect(together(four_maps()), sheet)


def test_several_maps_opened_by_threads_lie_on_the_same_sheet(sheet, monkeypatch):
    monkeypatch.delenv(block_cluster.ADDRESS_VARIABLE, raising=False)
    expect(together(four_maps()), sheet)


def test_a_map_that_only_this_machine_sees_takes_part_and_the_cluster_is_blamed(cluster, monkeypatch):
    monkeypatch.setenv(block_cluster.ADDRESS_VARIABLE, cluster)
    maps = [("gone", _broken), ("here", _Shelf([_part(0, 20)]))]
    try:
        dataset, outcomes = together(maps)
    finally:
        block_cluster.forget()
    assert [bool(outcome.error) for outcome in outcomes] == [True, False]
    assert any("nothing on this shelf" in note and "this machine instead" in note for note in dataset.notes)


class _Shelf:
    """Opens a map where it was made; sent elsewhere it is empty."""

    def __init__(self, held):
        self.held = held

    def __call__(self):
        if not self.held:
            raise ValueError("There is nothing on this shelf.")
        return self.held[0]

    def __reduce__(self):
        return _Shelf, ([],)


def test_a_worker_opens_maps_of_the_page_from_their_files(image, tmp_path):
    blocked_image.save(image, tmp_path / "rock.lodestone.zarr")
    library = Library(Catalogue(tmp_path, tmp_path / "cache"), 2**30)
    here = MapOfLibrary(library, "rock.lodestone.zarr")
    assert here() is library.open("rock.lodestone.zarr")[0]
    there = pickle.loads(pickle.dumps(here))  # as it is sent
    assert there() is not here() and there().dataset_id == here().dataset_id


def test_each_file_gets_the_result_that_it_gets_alone(on_cluster, tmp_path, monkeypatch):
    maps = tmp_path / "maps"
    maps.mkdir()
    rng = np.random.default_rng(2)
    for name, left, right in (("Fe", 120, 20), ("Si", 20, 120), ("Ca", 30, 30)):
        counts = rng.poisson(np.repeat([[left] * 16 + [right] * 16], 24, axis=0)).astype(np.uint16)
        tifffile.imwrite(maps / f"{name}.tif", counts)
    (tmp_path / "broken.bcf").write_text("no map")
    quick = ["--set", "autoencoder.max_epochs=2", "autoencoder.steps_per_epoch=20", "mixture.n_phases=2"]
    inputs = [str(tmp_path / "broken.bcf"), str(maps)]
    assert batch.main(["phases", *inputs, "--each", "--out", str(tmp_path / "out"), *quick]) == 0
    assert batch.main(["phases", str(maps), "--out", str(tmp_path / "alone"), *quick]) == 0
    here, there = tmp_path / "alone", tmp_path / "out" / "maps"
    assert {path.name for path in there.iterdir()} == {path.name for path in here.iterdir()}
    for name in ("labels.tif", "probability.tif", "maps.tif"):
        np.testing.assert_array_equal(tifffile.imread(there / name), tifffile.imread(here / name))
    assert json.loads((there / "metrics.json").read_text())["input"] == str(maps)
    assert "broken.bcf is not a Bruker map" in (tmp_path / "out" / "runs.csv").read_text()
