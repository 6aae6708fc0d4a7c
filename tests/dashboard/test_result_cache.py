"""What was found is found again by its content: by others, after a restart, where a run was broken off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from phases_bench import LINES, three_stripes

from dashboard import result_cache
from dashboard.jobs import JobQueue
from dashboard.phases import requests
from dashboard.phases.requests import FindRequest
from dashboard.result_cache import ResultCache
from models.latent_model import LatentModel
from models.phases_result import PhasesResult
from models.recipe import AutoencoderChoices, LatentChoices, LineMapChoices, MixtureChoices, PhasesRecipe

QUICK = PhasesRecipe(
    line_maps=LineMapChoices(lines=LINES, normalisation=("zscore",)),
    autoencoder=AutoencoderChoices(hidden=(8,), max_epochs=2, steps_per_epoch=5),
    mixture=MixtureChoices(n_phases=3),
)


@pytest.fixture(autouse=True)
def every_space_is_worth_keeping(monkeypatch):
    monkeypatch.setattr(result_cache, "_WORTH_KEEPING_S", 0.0)


def reports(cache: ResultCache, recipe: PhasesRecipe = QUICK, **more: object) -> Iterator:
    return FindRequest(three_stripes()[0], recipe, cache, **more).run()


def stages_and_result(steps: Iterator) -> tuple[list[str], PhasesResult]:
    """The stages that were worked on, in their order, and what was found."""
    stages: list[str] = []
    while True:
        try:
            report = next(steps)
        except StopIteration as end:
            return list(dict.fromkeys(stages)), end.value
        stages.append(report.stage)


def stopped_after(steps: Iterator, stage: str) -> PhasesResult:
    """The server is killed when a stage has just come to its end."""
    report = next(report for report in steps if report.stage == stage and report.partial is not None)
    next(steps)
    return report.partial


def test_a_second_person_and_a_restarted_server_get_a_result_without_computing(tmp_path, monkeypatch):
    anna = JobQueue(inline=True).submit(
        FindRequest(three_stripes()[0], QUICK, ResultCache(tmp_path)), 1, "anna"
    )

    def computes(*_arguments):
        raise AssertionError("computed again")

    monkeypatch.setattr(requests, "run", computes)
    # nothing of the first process is left but the folder; the map was read again
    ben = JobQueue(inline=True).submit(
        FindRequest(three_stripes()[0], QUICK, ResultCache(tmp_path)), 1, "ben"
    )
    assert ben.progress().message == "Found before"
    np.testing.assert_array_equal(ben.result.phases.label, anna.result.phases.label)
    np.testing.assert_array_equal(ben.result.maps.intensity, anna.result.maps.intensity)
    assert ben.result.recipe == QUICK


def test_the_same_name_with_another_content_is_computed(tmp_path):
    stages_and_result(reports(ResultCache(tmp_path)))
    other = replace(three_stripes()[0], dataset_id="other stripes")
    stages, _ = stages_and_result(FindRequest(other, QUICK, ResultCache(tmp_path)).run())
    assert "train" in stages


def test_a_run_that_was_interrupted_after_its_training_does_not_train_again(tmp_path):
    begun = stopped_after(reports(ResultCache(tmp_path)), "train")
    stages, result = stages_and_result(reports(ResultCache(tmp_path)))
    assert "train" not in stages and "refinement" in stages
    np.testing.assert_array_equal(result.latent.coordinates, begun.latent.coordinates)
    _, whole = stages_and_result(reports(ResultCache(tmp_path / "another")))
    np.testing.assert_array_equal(result.phases.label, whole.phases.label)


def test_other_clusters_of_the_same_space_are_found_without_training(tmp_path):
    stages_and_result(reports(ResultCache(tmp_path)))
    stages, result = stages_and_result(
        reports(ResultCache(tmp_path), replace(QUICK, mixture=MixtureChoices(n_phases=2)))
    )
    assert "train" not in stages
    assert result.latent_phases.n_phases == 2
    stages, _ = stages_and_result(
        reports(ResultCache(tmp_path), replace(QUICK, autoencoder=replace(QUICK.autoencoder, seed=7)))
    )
    assert "train" in stages


def test_back_at_an_earlier_space_neither_it_nor_the_refinement_is_done_again(tmp_path):
    cache = ResultCache(tmp_path)
    stages_and_result(reports(cache))
    _, other = stages_and_result(reports(cache, replace(QUICK, latent=LatentChoices(method="pca"))))
    back = replace(QUICK, mixture=MixtureChoices(n_phases=2))
    stages, result = stages_and_result(reports(cache, back, previous=other))
    assert not {"train", "refinement"} & set(stages)
    assert result.refinement is other.refinement
    assert result.recipe == back


def test_what_takes_no_time_is_not_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(result_cache, "_WORTH_KEEPING_S", 60.0)
    stages_and_result(reports(ResultCache(tmp_path)))
    assert not list(tmp_path.rglob("space-*"))


def test_a_damaged_file_is_computed_again(tmp_path):
    stages_and_result(reports(ResultCache(tmp_path)))
    for file in tmp_path.rglob("*.npz"):
        file.write_bytes(b"PK\x03\x04 no more than this")
    stages, _ = stages_and_result(reports(ResultCache(tmp_path)))
    assert "train" in stages


def test_a_trained_model_from_a_file_is_applied(tmp_path):
    _, result = stages_and_result(reports(ResultCache(tmp_path)))
    model = replace(LatentModel.of(result.trained, result.maps, result.recipe), id="of a file")
    recipe = replace(QUICK, latent=LatentChoices(model=model.id))
    _, applied = stages_and_result(reports(ResultCache(tmp_path), recipe, model=model))
    np.testing.assert_allclose(applied.latent.coordinates, result.latent.coordinates, atol=1e-4)
