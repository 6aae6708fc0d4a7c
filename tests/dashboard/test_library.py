"""Datasets are loaded once, shared by all, and given up when room is needed and nobody looks at them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from dashboard.job import JobStatus
from dashboard.jobs import JobQueue
from dashboard.library import Library, nbytes
from dashboard.phases.requests import OpenRequest
from data import blocked_image
from data.axes import EnergyAxis
from data.elemental_maps import ElementalMaps
from data.spectrum_image import SpectrumImage
from models.recipe import LineMapChoices

MAP_BYTES = 64 * 64 * 4


def one_map(name: str) -> ElementalMaps:
    return ElementalMaps(np.zeros((64, 64, 1), np.float32), ("Fe_Ka",), dataset_id=name)


@dataclass(frozen=True)
class Entry:
    id: str
    path: Path | None = None


@dataclass(frozen=True, eq=False)
class Opened:
    datasets: tuple[ElementalMaps, ...]


@dataclass(eq=False)
class Shop:
    """A catalogue of small maps that counts how often each is opened."""

    paths: dict[str, Path] = field(default_factory=dict)
    open_hook: Callable[[str], None] = lambda entry_id: None
    opened: list[str] = field(default_factory=list)

    def entries(self) -> list[Entry]:
        return [Entry(name, self.paths.get(name)) for name in ("a", "b", "c", "pair")]

    def open(self, entry_id: str) -> Opened:
        self.opened.append(entry_id)
        self.open_hook(entry_id)
        if entry_id not in ("a", "b", "c", "pair"):
            raise ValueError(f"There is no dataset {entry_id!r}.")
        if entry_id == "pair":
            return Opened((one_map("left"), one_map("right")))
        return Opened((one_map(entry_id),))


def room_for(n_maps: int) -> tuple[Library, Shop]:
    shop = Shop()
    return Library(shop, n_maps * MAP_BYTES), shop


def test_a_dataset_is_loaded_once_for_all():
    library, shop = room_for(3)
    assert library.open("a")[0] is library.open("a")[0]
    assert shop.opened == ["a"]
    assert library.used_bytes == MAP_BYTES


def test_those_who_ask_at_the_same_time_wait_for_one_load():
    library, shop = room_for(3)
    loading, go_on = threading.Event(), threading.Event()

    def hook(entry_id: str) -> None:
        loading.set()
        assert go_on.wait(30)

    shop.open_hook = hook
    got = []
    visits = [threading.Thread(target=lambda: got.append(library.open("a")[0])) for _ in range(4)]
    for visit in visits:
        visit.start()
    assert loading.wait(30)
    go_on.set()
    for visit in visits:
        visit.join(30)
    assert shop.opened == ["a"]
    assert len(got) == 4 and len(set(map(id, got))) == 1


def test_a_failed_load_is_told_to_all_and_tried_again():
    library, shop = room_for(3)
    for _ in range(2):
        with pytest.raises(ValueError, match="no dataset 'x'"):
            library.open("x")
    assert shop.opened == ["x", "x"]


def test_the_longest_unused_dataset_makes_room():
    library, shop = room_for(2)
    for entry_id in ("a", "b", "a", "c"):
        library.open(entry_id)
    assert library.find("b") is None
    assert library.find("a") is not None
    assert library.used_bytes == 2 * MAP_BYTES
    library.open("b")
    assert shop.opened == ["a", "b", "c", "b"]


def test_a_dataset_that_someone_shows_is_still_shared_after_it_made_room():
    library, shop = room_for(2)
    shown = library.open("a")[0]
    library.open("b")
    library.open("c")
    assert library.open("a")[0] is shown
    assert shop.opened == ["a", "b", "c"]


def test_part_of_a_file_that_someone_shows_is_not_there_twice():
    library, _ = room_for(3)
    shown = library.open("pair")[0]
    library.open("a")
    library.open("b")  # now only the shown half of the pair is left
    assert library.find("right") is None
    again = library.open("pair")
    assert again[0] is shown
    assert again[1].dataset_id == "right"


def test_what_does_not_fit_beside_what_people_look_at_is_refused():
    library, _ = room_for(2)
    shown = [library.open("a"), library.open("b")]
    with pytest.raises(ValueError, match=r"c needs .* people are looking at \(a, b\)"):
        library.open("c")
    assert library.open("a")[0] is shown[0][0]
    shown.clear()
    assert library.open("c")[0].dataset_id == "c"


def test_what_never_fits_is_refused_with_both_sizes():
    library = Library(Shop(), MAP_BYTES - 1)
    with pytest.raises(ValueError, match=r"a needs 0 MB of memory; this server holds 0 MB"):
        library.open("a")
    assert library.used_bytes == 0


def test_a_file_that_changed_on_disk_is_read_again(tmp_path):
    library, shop = room_for(3)
    shop.paths["a"] = tmp_path / "a.bcf"
    shop.paths["a"].write_bytes(b"first")
    before = library.open("a")[0]
    shop.paths["a"].write_bytes(b"second, longer")
    assert library.open("a")[0] is not before
    assert shop.opened == ["a", "a"]


def test_a_changed_companion_counts_as_a_change(tmp_path):
    library, shop = room_for(3)
    shop.paths["a"] = tmp_path / "a.rpl"
    shop.paths["a"].write_bytes(b"header")
    (tmp_path / "a.raw").write_bytes(b"counts")
    library.open("a")
    (tmp_path / "b.raw").write_bytes(b"of another")
    library.open("a")
    assert shop.opened == ["a"]
    (tmp_path / "a.raw").write_bytes(b"more counts")
    library.open("a")
    assert shop.opened == ["a", "a"]


def test_the_memory_of_a_spectrum_image_is_that_of_its_events_and_images():
    counts = sparse.random(100, 50, 0.1, "csr", random_state=4)
    counts.data = np.ones(counts.nnz, np.uint16)
    image = SpectrumImage(
        counts, (10, 10), EnergyAxis(0.0, 0.01, 50), navigation={"BSE": np.zeros((20, 20), np.float32)}
    )
    expected = counts.nnz * (2 + counts.indices.itemsize) + 101 * counts.indptr.itemsize + 1600
    assert nbytes(image) == expected


def test_what_is_made_of_a_dataset_is_kept_for_all_while_the_dataset_is_held():
    library, _ = room_for(3)
    dataset = library.open("a")[0]
    assert library.made(dataset, "maps") is None
    first = library.keep(dataset, "maps", object(), 10)
    assert library.keep(dataset, "maps", object(), 10) is first, "two visits made it at the same time"
    assert library.made(dataset, "maps") is first
    assert library.used_bytes == MAP_BYTES + 10


def test_what_was_made_goes_with_its_dataset_and_takes_no_room_that_is_not_there():
    library, _ = room_for(2)
    dataset = library.open("a")[0]
    made = object()
    assert library.keep(dataset, "maps", made, 2 * MAP_BYTES) is made
    assert library.made(dataset, "maps") is None, "there is no room to keep it"
    library.keep(dataset, "maps", made, 10)
    library.open("b")  # fits only where what was made of the first one goes
    assert library.made(dataset, "maps") is None


def test_a_dataset_is_at_hand_once_it_is_loaded():
    library, shop = room_for(3)
    assert library.at_hand("a") is None
    datasets = library.open("a")
    assert library.at_hand("a") is datasets
    assert shop.opened == ["a"]


def test_a_person_who_opens_what_does_not_fit_reads_why_and_the_next_map_opens():
    library, _ = room_for(2)
    looked_at = [library.open("a"), library.open("b")]
    queue = JobQueue(inline=True)
    refused = queue.submit(OpenRequest(library, "c", 0, LineMapChoices()), "visit")
    assert refused.status is JobStatus.FAILED
    error = refused.progress().error
    assert "people are looking at (a, b)" in error and "raise LODESTONE_MEMORY" in error
    looked_at.clear()
    again = queue.submit(OpenRequest(library, "c", 0, LineMapChoices()), "visit")
    assert "no counts" in again.progress().error, "it was opened: there is room now"


def test_a_map_in_blocks_takes_no_memory_for_its_counts(tmp_path):
    counts = sparse.csr_matrix(np.ones((64, 5), np.uint8))
    image = SpectrumImage(
        counts, (8, 8), EnergyAxis(0.0, 0.01, 5), navigation={"BSE": np.zeros((8, 8), np.float32)}
    )
    blocked_image.save(image, tmp_path / "map.lodestone.zarr")
    assert nbytes(blocked_image.load(tmp_path / "map.lodestone.zarr")) == 8 * 8 * 4 < nbytes(image)
