"""The list of the data folder: facts, pictures of what was opened before, and opening from it."""

from __future__ import annotations

import time

import numpy as np
import pytest
from page_loop import PageLoop
from reader_files import axis, signal, write_hspy
from sessions_bench import Front

from dashboard.files.browser import FileBrowser
from dashboard.files.thumbnails import Thumbnails
from dashboard.library import Library
from dashboard.phases.requests import view_of
from dashboard.phases.state import PhasesState
from dashboard.sessions.thumbnail import Picture
from data.catalogue import Catalogue


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "maps"
    (folder / "batch <b>").mkdir(parents=True)
    axes = [axis(name, 6, 0.5, index=i) for i, name in enumerate(("height", "width"))]
    axes.append(axis("Energy", 300, 0.02, "keV", 0.0, navigate=False, index=2))
    counts = np.random.default_rng(1).poisson(1.0, (6, 6, 300)).astype(np.uint16)
    metadata = {
        "Acquisition_instrument": {"SEM": {"beam_energy": 20.0}},
        "Sample": {"elements": ["Si", "Fe"]},
    }
    write_hspy(folder / "batch <b>" / "one.hspy", signal(counts, axes, title="One", metadata=metadata))
    return folder


class Bench:
    def __init__(self, folder, cache) -> None:
        self.loop, self.front, self.state = PageLoop(), Front(), PhasesState()
        self.opened, self.told, self.n_found = [], [], 0
        self.catalogue = Catalogue(folder, cache)
        self.library = Library(self.catalogue, 2**30)
        self.thumbnails = Thumbnails(cache)
        self.files = FileBrowser(
            self.catalogue, self.library, self.thumbnails, self.state, self.front, self.opened.append,
            self._found, self.loop, lambda text, kind: self.told.append(text),
        )  # fmt: skip

    def _found(self) -> None:
        self.n_found += 1

    def rows(self):
        self.files.actions["files"]({})
        self.loop.settle(lambda: self.files._lists.busy or self.files._pictures.busy)
        return self.front.last("files")["rows"]


@pytest.fixture
def bench(folder, tmp_path) -> Bench:
    return Bench(folder, tmp_path / "cache")


def test_the_list_says_what_lies_there_and_has_no_picture_of_what_nobody_opened(bench):
    demo, one = bench.rows()
    assert demo["demo"] and not one["demo"]
    assert one["id"] == one["name"] == "batch <b>/one.hspy"
    assert "HyperSpy" in one["kind"] and one["size"] > 1000
    assert abs(one["modified"] - time.time()) < 600
    assert one["thumbnail"] == ""
    assert bench.front.last("files")["folder"] == "maps"
    assert bench.n_found == 1  # the menu of datasets lists the folder again too


def test_what_was_opened_has_a_picture_until_its_file_changes(bench, folder):
    entry_id = "batch <b>/one.hspy"
    dataset = bench.library.open(entry_id)[0]
    bench.state.entry_id = entry_id
    bench.state.open(dataset, view_of(dataset, bench.state.recipe.line_maps))
    bench.loop.settle(lambda: bench.files._pictures.busy)
    assert bench.rows()[1]["thumbnail"].startswith("data:image/png;base64,")
    path = folder / "batch <b>" / "one.hspy"
    path.write_bytes(path.read_bytes() + b"\0")
    assert bench.rows()[1]["thumbnail"] == ""


def test_a_row_is_opened_and_what_is_no_id_is_left_alone(bench):
    for message in ({"id": "batch <b>/one.hspy"}, {}, {"id": 3}, {"id": ["x"]}):
        bench.files.actions["open_file"](message)
    bench.loop.run()
    assert bench.opened == ["batch <b>/one.hspy"]


def test_a_folder_of_pictures_that_cannot_be_written_does_no_harm(tmp_path):
    (tmp_path / "thumbnails").write_text("a file where the folder should be")
    thumbnails = Thumbnails(tmp_path)
    thumbnails.keep("x", None, Picture(np.ones((2, 2)), (2, 2), None, (), 0.0))
    assert thumbnails.read("x", None) == b""
