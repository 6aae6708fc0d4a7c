"""What a save writes and an opening reads: pictures, results, edited ones too."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from sessions_bench import Server

from dashboard.frozen_view import FrozenView
from dashboard.phases import phase_actions
from dashboard.sessions.saving import RESULT, Taken, read
from dashboard.sessions.thumbnail import HEIGHT, WIDTH, Picture, png
from models.phases import finished, run
from models.recipe import with_settings


def rgb(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)))


def test_a_picture_shows_the_phases_in_their_colours_and_is_small():
    label = np.repeat([[0, 0, 1, 1, -1, -1]], 4, axis=0)
    picture = Picture(np.ones((4, 6)), (4, 6), label, ("#ff0000", None), 1.0)
    content = png(picture)
    shown = rgb(content)
    assert shown.shape == (160, WIDTH, 3) and HEIGHT == 180 and len(content) < 20_000
    assert shown[80, 20].tolist() == [255, 0, 0]
    grey = shown[80, 120]  # a hidden phase and pixels of none show the image behind
    assert grey.tolist() == shown[80, 220].tolist() and len(set(grey.tolist())) == 1


@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 1), (700, 900)])
def test_maps_of_any_shape_have_a_picture(shape):
    background = np.full(shape, np.nan) if shape == (1, 1) else np.random.default_rng(1).random(shape)
    for label in (None, np.zeros(shape, np.int16)):
        shown = rgb(png(Picture(background, shape, label, ("#123456",), 0.5)))
        assert shown.shape[0] <= HEIGHT and shown.shape[1] <= WIDTH
    assert png(None) == b""


def test_an_edited_result_goes_through_its_file(tmp_path):
    server = Server(tmp_path)
    visit = server.visit().begin()
    first, second, third = (row.id for row in visit.state.rows())
    phase_actions.merge(visit.state, [first, second])
    visit.settle()
    phase_actions.lock(visit.state, [third])
    visit.settle()
    quick = {"autoencoder.max_epochs": "1", "autoencoder.steps_per_epoch": "5"}
    dataset, recipe = visit.state.dataset, with_settings(visit.state.recipe, quick)
    visit.state.result = finished(run(dataset, recipe, replace(visit.state.result, recipe=recipe)))
    assert visit.state.result.edited is not None
    with Taken.of(visit.bench, FrozenView()).content() as content:
        found = read(content.artifacts[RESULT])
    assert found.edited.locked == visit.state.result.edited.locked
    assert found.prepared is None
    np.testing.assert_array_equal(found.phases.label, visit.state.result.phases.label)
    server.store.close()


def test_a_file_that_is_no_result_is_none(tmp_path):
    path = tmp_path / "result.npz"
    path.write_bytes(b"PK no archive")
    assert read(path) is None
    assert read(tmp_path / "nowhere") is None
