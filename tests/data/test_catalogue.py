"""The catalogue lists what opens below the data folder, and no id reaches anything else."""

from __future__ import annotations

import numpy as np
import pytest
from instrument_files import EMI, write_rpl, write_ser
from reader_files import poisson_map, signal, write_hspy, write_zspy

from data.catalogue import Catalogue, default_cache_folder
from data.readers import UnreadableFile


@pytest.fixture
def folder(tmp_path):
    """A data folder beside a secret that no id may reach."""
    root = tmp_path / "data"
    (root / "deep" / "er").mkdir(parents=True)
    write_hspy(root / "deep" / "er" / "map.hspy", signal(poisson_map()))
    write_hspy(tmp_path / "secret.hspy", signal(poisson_map()))
    return root


def ids(folder):
    return [entry.id for entry in Catalogue(folder).entries()]


def test_without_a_folder_there_is_the_demo():
    (demo,) = Catalogue(None).entries()
    assert (demo.id, demo.kind, demo.path) == ("demo", "demo", None)


def test_real_files_are_listed_once_and_companions_are_not(shared_data):
    entries = {entry.id: entry for entry in Catalogue(shared_data / "eds").entries()}
    assert next(iter(entries)) == "demo"
    assert "jeol/rawdata.ASW" in entries
    assert "bruker/4on3_full.rpl" in entries
    assert not any(name.lower().endswith((".pts", ".map", ".img", ".raw")) for name in entries)
    assert list(entries)[1:] == sorted(list(entries)[1:], key=str.casefold)
    # the sizes of the files that open with them are counted
    assert entries["bruker/4on3_full.rpl"].size_bytes == 175 + 24_576
    assert entries["jeol/rawdata.ASW"].size_bytes > 10**6
    assert entries["bruker/4on3_full.bcf"].description == "Bruker map (.bcf)"
    assert entries["bruker/4on3_full.bcf"].modified > 0


def test_folders_of_element_images_are_one_entry(shared_data):
    entries = {entry.id: entry for entry in Catalogue(shared_data / "element_maps").entries()}
    assert set(entries) == {"demo", "meteorite", "zagami"}
    assert entries["zagami"].kind == "maps"
    assert entries["zagami"].size_bytes > 5 * 10**6


def test_the_data_folder_may_itself_be_the_folder_of_images(shared_data):
    catalogue = Catalogue(shared_data / "element_maps" / "zagami")
    assert [(entry.id, entry.name) for entry in catalogue.entries()][1:] == [(".", "zagami")]
    assert catalogue.open(".").datasets[0].shape == (1000, 1000)


def test_folders_of_other_images_and_tables_are_not_listed(shared_data):
    assert ids(shared_data / "particles") == ["demo"]


def test_scenes_of_several_bands_are_listed_and_single_bands_are_not(shared_data):
    assert ids(shared_data / "geo") == ["demo", "landsat5_tm", "meuse/meuse_grid_dist_soil_ffreq.tif"]
    # headers of another kind share the ending of ENVI's
    assert not [one for one in ids(shared_data / "stxm") if one.endswith(".hdr")]


def test_companions_stores_and_hidden_files_are_not_listed_apart(folder):
    write_rpl(folder / "a.rpl", poisson_map())
    write_ser(folder / "b_1.ser", poisson_map(2, 3, 64))
    (folder / "b.emi").write_bytes(EMI)
    write_ser(folder / "c_1.ser", poisson_map(2, 3, 64))
    write_zspy(folder / "d.zspy", signal(poisson_map()))
    write_hspy(folder / ".hidden.hspy", signal(poisson_map()))
    (folder / "project.asw").write_bytes(b"\0" * 20)
    (folder / "Sample" / "00_View").mkdir(parents=True)
    (folder / "Sample" / "00_View" / "x.pts").touch()
    (folder / "lone").mkdir()
    assert ids(folder) == ["demo", "a.rpl", "b.emi", "c_1.ser", "d.zspy", "deep/er/map.hspy", "project.asw"]


def test_an_entry_opens_by_its_id(folder):
    catalogue = Catalogue(folder)
    opened = catalogue.open("deep/er/map.hspy")
    assert np.array_equal(opened.datasets[0].counts.toarray().sum(), poisson_map().sum())
    assert catalogue.resolve("deep/er/map.hspy") == (folder / "deep/er/map.hspy").resolve()


@pytest.mark.parametrize(
    "entry_id",
    [
        "../secret.hspy",
        "deep/../../secret.hspy",
        "..",
        "/etc/passwd",
        "~/x.hspy",
        "deep/er/map.hspy/../map.hspy",
        "deep\\er\\map.hspy",
        "no/such.hspy",
        "deep",
        "",
        "a\0b",
        "\ud800",
        "x" * 5000,
        "deep/er/map.hspy\n",
        "ｄeep/er/map.hspy",
    ],
)
def test_other_ids_are_refused(folder, entry_id):
    with pytest.raises(UnreadableFile, match="There is no dataset") as caught:
        Catalogue(folder).open(entry_id)
    str(caught.value).encode()  # can be shown


def test_absolute_paths_into_the_folder_are_refused_too(folder):
    with pytest.raises(UnreadableFile):
        Catalogue(folder).open(str(folder / "deep/er/map.hspy"))


def test_symbolic_links_do_not_lead_out_of_the_folder(folder, tmp_path):
    try:
        (folder / "link.hspy").symlink_to(tmp_path / "secret.hspy")
        (folder / "outside").symlink_to(tmp_path)
        (folder / "inside.hspy").symlink_to(folder / "deep" / "er" / "map.hspy")
        (folder / "loop.hspy").symlink_to(folder / "loop.hspy")
    except OSError:
        pytest.skip("no symbolic links here")
    assert ids(folder) == ["demo", "deep/er/map.hspy", "inside.hspy"]
    for entry_id in ("link.hspy", "outside/secret.hspy", "loop.hspy"):
        with pytest.raises(UnreadableFile, match="There is no dataset"):
            Catalogue(folder).resolve(entry_id)
    assert Catalogue(folder).open("inside.hspy").datasets


def test_a_link_as_data_folder_is_followed(folder, tmp_path):
    try:
        (tmp_path / "alias").symlink_to(folder)
    except OSError:
        pytest.skip("no symbolic links here")
    assert ids(tmp_path / "alias") == ["demo", "deep/er/map.hspy"]


def test_a_folder_named_demo_does_not_hide_the_demo(folder):
    (folder / "demo").mkdir()
    for name in ("Fe.csv", "Si.csv"):
        (folder / "demo" / name).write_text("1,2\n3,4\n")
    assert ids(folder) == ["demo", "./demo", "deep/er/map.hspy"]
    assert Catalogue(folder).open("./demo").datasets[0].lines == ("Fe", "Si")


def test_a_folder_that_is_gone_leaves_the_demo(tmp_path):
    assert ids(tmp_path / "gone") == ["demo"]
    with pytest.raises(UnreadableFile):
        Catalogue(tmp_path / "gone").open("map.hspy")


def test_the_demo_is_made_once_and_kept_in_the_cache_folder(tmp_path, monkeypatch):
    asked = []

    def cached_demo(folder):
        asked.append(folder)
        return "image", "truth"

    monkeypatch.setattr("data.synthetic.cached_demo", cached_demo)
    assert Catalogue(None, tmp_path / "cache").open("demo").datasets == ("image",)
    monkeypatch.setenv("LODESTONE_CACHE", str(tmp_path / "elsewhere"))
    Catalogue(None).open("demo")
    assert asked == [tmp_path / "cache", tmp_path / "elsewhere"]


def test_the_cache_folder_is_the_users(monkeypatch, tmp_path):
    monkeypatch.delenv("LODESTONE_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    assert default_cache_folder() == tmp_path / "lodestone"


@pytest.mark.parametrize("place", [lambda path: path / "store", lambda path: path / "data" / ".lodestone"])
def test_uploads_that_lie_elsewhere_are_listed_as_if_they_were_in_the_folder(folder, tmp_path, place):
    elsewhere = place(tmp_path) / "uploads"
    (elsewhere / "team").mkdir(parents=True)
    write_hspy(elsewhere / "team" / "new.hspy", signal(poisson_map()))
    (elsewhere / ".incoming").mkdir()
    write_hspy(elsewhere / ".incoming" / "part.hspy", signal(poisson_map()))
    catalogue = Catalogue(folder, None, elsewhere)
    assert [entry.id for entry in catalogue.entries()] == [
        "demo",
        "deep/er/map.hspy",
        "uploads/team/new.hspy",
    ]
    assert catalogue.resolve("uploads/team/new.hspy") == (elsewhere / "team" / "new.hspy").resolve()
    assert catalogue.open("uploads/team/new.hspy").datasets
    for other in ("team/new.hspy", "uploads/.incoming/part.hspy", "uploads/../new.hspy", "uploads"):
        with pytest.raises(UnreadableFile, match="There is no dataset"):
            catalogue.resolve(other)
    assert Catalogue(None, None, elsewhere).resolve("uploads/team/new.hspy").is_file()


def test_uploads_in_the_data_folder_are_listed_once(folder):
    (folder / "uploads" / "team").mkdir(parents=True)
    write_hspy(folder / "uploads" / "team" / "new.hspy", signal(poisson_map()))
    catalogue = Catalogue(folder, None, folder / "uploads")
    assert [entry.id for entry in catalogue.entries()] == [
        "demo",
        "deep/er/map.hspy",
        "uploads/team/new.hspy",
    ]
