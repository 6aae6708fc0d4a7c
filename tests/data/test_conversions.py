"""Files that need more memory than a map may take are written in blocks while they are read."""

from __future__ import annotations

import os
import shutil
import time
from functools import partial

import instrument_files
import numpy as np
import pytest
import reader_files

from data import blocked_image
from data.block_writer import BlockWriter
from data.catalogue import Catalogue
from data.readers import UnreadableFile, conversions, is_dataset, open_dataset, sparse_rows
from data.readers.conversions import NO_LIMIT, Room
from data.synthetic import rock_section


@pytest.fixture
def room(tmp_path, monkeypatch) -> Room:
    """None at all in memory; blocks of some rows."""
    monkeypatch.setattr(sparse_rows, "_WRITTEN_TOGETHER", 500)
    monkeypatch.setattr(conversions, "BlockWriter", partial(BlockWriter, block_pixels=20))
    return Room(0, tmp_path / "maps")


def same(blocked, image) -> None:
    assert blocked.in_blocks and not image.in_blocks
    assert (blocked.counts.at_hand() != image.counts).nnz == 0
    for name in ("shape", "energy", "title", "dataset_id", "notes", "elements", "beam_kev", "live_time_s"):
        assert getattr(blocked, name) == getattr(image, name)
    assert list(blocked.navigation) == list(image.navigation)
    for name, shown in image.navigation.items():
        np.testing.assert_array_equal(blocked.navigation[name], shown)


def folders(room: Room) -> list[str]:
    return sorted(one.name for one in room.folder.iterdir()) if room.folder.exists() else []


@pytest.mark.parametrize(
    "write",
    [
        lambda path, data: reader_files.write_hspy(
            path / "a.hspy", reader_files.signal(data), chunks=(4, 7, 100)
        ),
        lambda path, data: reader_files.write_zspy(path / "a.zspy", reader_files.signal(data)),
        lambda path, data: instrument_files.write_rpl(path / "a.rpl", data),
        lambda path, data: instrument_files.write_dm(path / "a.dm4", data.astype(np.int32)),
    ],
    ids=["hspy in slices of energy", "zspy", "rpl", "dm4"],
)
def test_dense_files_become_the_same_map_in_blocks(tmp_path, room, write, monkeypatch):
    for module in ("dense_blocks", "arrays"):
        monkeypatch.setattr(f"data.readers.{module}.BLOCK_BYTES", 4000)
    path = write(tmp_path, reader_files.poisson_map(23, 7, 300))
    image = open_dataset(path).datasets[0]
    same(open_dataset(path, room=room).datasets[0], image)
    assert len(folders(room)) == 1
    blocked = open_dataset(path, room=room).datasets[0]
    if path.suffix in (".hspy", ".rpl"):  # the others are a single chunk, or images of one energy each
        assert len(blocked.counts.row_edges) > 3
    same(blocked, image)


@pytest.mark.parametrize("name", ["test_TEM.bcf", "P45_the_default_job.bcf"])
def test_a_bruker_map_becomes_the_same_map_in_blocks(shared_data, room, name, monkeypatch):
    monkeypatch.setattr("data.readers.bruker._PIECE_BYTES", 2**14)
    monkeypatch.setattr(conversions, "BlockWriter", partial(BlockWriter, block_pixels=700))
    path = shared_data / "eds" / "bruker" / name
    blocked = open_dataset(path, room=room).datasets[0]
    assert len(blocked.counts.row_edges) > 5
    same(blocked, open_dataset(path).datasets[0])


def test_a_map_whose_reader_takes_it_whole_goes_to_disk_afterwards(shared_data, room):
    path = shared_data / "eds" / "jeol" / "rawdata.ASW"
    same(open_dataset(path, room=room).datasets[0], open_dataset(path).datasets[0])


def test_the_second_opening_reads_no_file(tmp_path, room, monkeypatch):
    path = instrument_files.write_rpl(tmp_path / "a.rpl", reader_files.poisson_map())
    first = open_dataset(path, room=room).datasets[0]
    monkeypatch.setattr("data.readers.opening._open", lambda *_: pytest.fail("the file is read again"))
    again = open_dataset(path, room=room).datasets[0]
    assert (again.dataset_id, again.notes) == (first.dataset_id, first.notes)


def test_a_file_that_changed_is_read_again(tmp_path, room):
    path = instrument_files.write_rpl(tmp_path / "a.rpl", reader_files.poisson_map())
    first = open_dataset(path, room=room).datasets[0]
    instrument_files.write_rpl(path, reader_files.poisson_map(seed=1))
    os.utime(path.with_suffix(".raw"), (0, 0))
    assert open_dataset(path, room=room).datasets[0].dataset_id != first.dataset_id


def test_what_fits_stays_in_memory(tmp_path, room):
    path = instrument_files.write_rpl(tmp_path / "a.rpl", reader_files.poisson_map())
    assert not open_dataset(path, room=Room(10**6, room.folder)).datasets[0].in_blocks
    assert not open_dataset(path, room=Room(0, None)).datasets[0].in_blocks
    assert folders(room) == []


def test_a_conversion_that_breaks_off_leaves_nothing(tmp_path, room, monkeypatch):
    path = instrument_files.write_rpl(tmp_path / "a.rpl", reader_files.poisson_map(23, 7, 300))
    begun = []

    def stop(_writer: BlockWriter) -> None:
        begun.extend(name for name in folders(room) if name.endswith(".part"))
        raise KeyboardInterrupt

    monkeypatch.setattr(BlockWriter, "_flush", stop)
    with pytest.raises(KeyboardInterrupt):
        open_dataset(path, None, room)
    assert begun
    assert folders(room) == []


def test_a_full_disk_is_said(tmp_path, room, monkeypatch):
    path = instrument_files.write_rpl(tmp_path / "a.rpl", reader_files.poisson_map())
    usage = shutil.disk_usage(tmp_path)._replace(free=5 * 2**20)
    monkeypatch.setattr("data.readers.conversions.shutil.disk_usage", lambda _: usage)
    with pytest.raises(UnreadableFile, match=r"larger than memory.*LODESTONE_CACHE.*only 5 MB are left"):
        open_dataset(path, room=room)
    assert folders(room) == []


def test_a_damaged_conversion_is_made_anew(tmp_path, room):
    path = instrument_files.write_rpl(tmp_path / "a.rpl", reader_files.poisson_map())
    image = open_dataset(path, room=room).datasets[0]
    (room.folder / folders(room)[0] / f"0{blocked_image.ENDING}" / "zarr.json").write_text("{")
    assert open_dataset(path, room=room).datasets[0].dataset_id == image.dataset_id


def test_what_nobody_opened_for_a_month_goes(room):
    for name, age_days in (("new", 1), ("old", 40), (".new.1.2.part", 0), (".old.1.2.part", 2)):
        (room.folder / name).mkdir(parents=True)
        os.utime(room.folder / name, (time.time() - age_days * 86400,) * 2)
    conversions.tidy(room.folder)
    assert folders(room) == [".new.1.2.part", "new"]


def test_a_folder_of_blocks_is_one_dataset_of_the_catalogue(tmp_path):
    image, _ = rock_section(2, 24, 30, 50.0)
    path = tmp_path / "data" / "rock.lodestone.zarr"
    blocked_image.save(image, path, block_pixels=200)
    (tmp_path / "data" / "other.zarr").mkdir()
    assert is_dataset(path) and not is_dataset(tmp_path / "data" / "other.zarr")
    catalogue = Catalogue(tmp_path / "data", tmp_path / "cache", memory_bytes=100)
    entries = {entry.id: entry for entry in catalogue.entries()}
    assert set(entries) == {"demo", "rock.lodestone.zarr"}
    entry = entries["rock.lodestone.zarr"]
    assert entry.kind == "spectra" and "in blocks" in entry.description and entry.size_bytes > 5000
    same(catalogue.open(entry.id).datasets[0], image)
    # where there is room, a small one is taken into memory
    small = open_dataset(path, room=Room(NO_LIMIT, tmp_path)).datasets[0]
    assert not small.in_blocks and (small.counts != image.counts).nnz == 0


def test_a_damaged_folder_of_blocks_is_no_bare_error(tmp_path):
    image, _ = rock_section(2, 24, 30, 50.0)
    path = tmp_path / "rock.lodestone.zarr"
    blocked_image.save(image, path)
    (path / "zarr.json").unlink()
    with pytest.raises(UnreadableFile, match="no finished map of Lodestone"):
        open_dataset(path)
