"""What is sent is looked into before others see it: lies about the type, halves, and bombs are refused."""

from __future__ import annotations

import bz2
import shutil
import zipfile

import numpy as np
import pytest
from instrument_files import EMI, write_rpl, write_ser
from reader_files import poisson_map, signal, write_hspy, write_zspy

from data import upload_check
from data.readers import UnreadableFile
from data.upload_check import check_content, check_ending, what_begins_so


@pytest.mark.parametrize("name", ["a.bcf", "a.HSPY", "a.zip", "a.raw", "scene", "scene.tif", "a_1.ser"])
def test_endings_that_may_be_sent(name):
    check_ending(name)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("a.exe", "cannot be opened here"),
        ("a.png", r"as a \.zip"),
        ("a.bcf.html", "cannot be opened here"),
        ("project.asw", "Zip the project"),
        ("a.npz", "cannot be opened here"),
    ],
)
def test_other_endings_are_refused_before_anything_is_sent(name, says):
    with pytest.raises(UnreadableFile, match=says):
        check_ending(name)


def test_small_files_are_opened_by_their_reader(tmp_path):
    for write, name in ((write_hspy, "a.hspy"), (write_zspy, "a.zspy")):
        folder = tmp_path / name
        folder.mkdir()
        options = {"zipped": True} if name == "a.zspy" else {}
        write(folder / name, signal(poisson_map()), **options)
        assert name[1:] in check_content(folder / name)


def test_companions_are_looked_at_together(tmp_path):
    write_rpl(tmp_path / "a.rpl", poisson_map())
    assert check_content(tmp_path / "a.rpl") == "Ripple map (.rpl with .raw)"
    (tmp_path / "a.raw").unlink()
    with pytest.raises(UnreadableFile, match=r"a\.raw, which was not sent with it"):
        check_content(tmp_path / "a.rpl")
    write_ser(tmp_path / "b_1.ser", poisson_map(2, 3, 64))
    (tmp_path / "b.emi").write_bytes(EMI)
    check_content(tmp_path / "b.emi")
    with pytest.raises(UnreadableFile, match="without a description"):
        (tmp_path / "c.raw").write_bytes(b"1")
        check_content(tmp_path / "c.raw")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"\x89PNG\r\n", "a PNG image"),
        (b"MZ\x90", "a program"),
        (b"<html><script>alert(1)</script>", "a web page"),
        ("Größe".encode(), "text"),
        (b"\xff\xfe\xfd\0", "data of another kind"),
        (b"\x00\x00", "data of another kind"),
    ],
)
def test_a_lie_about_the_type_is_named(tmp_path, content, found):
    assert what_begins_so(content) == found
    (tmp_path / "map.bcf").write_bytes(content)
    with pytest.raises(UnreadableFile, match=f"called a Bruker map .* but {found} was found"):
        check_content(tmp_path / "map.bcf")


def test_an_empty_and_a_damaged_file_are_refused(tmp_path, shared_data):
    (tmp_path / "a.bcf").write_bytes(b"")
    with pytest.raises(UnreadableFile, match="is empty"):
        check_content(tmp_path / "a.bcf")
    shutil.copy(shared_data / "eds" / "broken" / "Nope.bcf", tmp_path / "b.bcf")
    with pytest.raises(UnreadableFile):
        check_content(tmp_path / "b.bcf")
    whole = write_hspy(tmp_path / "c.hspy", signal(poisson_map())).read_bytes()
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "cut.hspy").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableFile, match="damaged or incomplete"):
        check_content(tmp_path / "d" / "cut.hspy")


def test_archives_that_unpack_to_too_much_are_refused(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("map.bcf", bytes(2**20))
    monkeypatch.setattr(upload_check, "MOST_EXPANDED_BYTES", 2**19)
    with pytest.raises(UnreadableFile, match="unpacks to"):
        check_content(tmp_path / "bomb.zip")
    (tmp_path / "bomb.elid").write_bytes(bz2.compress(bytes(2**20)))
    with pytest.raises(UnreadableFile, match="unpacks to"):
        check_content(tmp_path / "bomb.elid")


def test_a_bzip2_bomb_is_given_up_early(tmp_path, monkeypatch):
    monkeypatch.setattr(upload_check, "FREELY_EXPANDED_BYTES", 2**20)
    (tmp_path / "bomb.elid").write_bytes(bz2.compress(bytes(40 * 2**20)))
    with pytest.raises(UnreadableFile, match="or more"):
        check_content(tmp_path / "bomb.elid")


def test_an_archive_whose_entries_share_their_bytes_is_refused(tmp_path):
    path = tmp_path / "quine.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("map.bcf", np.random.default_rng(0).bytes(5000))
        entry = archive.infolist()[0]
        for i in range(9):
            again = zipfile.ZipInfo(f"map{i}.bcf")
            for name in ("header_offset", "CRC", "compress_size", "file_size", "compress_type"):
                setattr(again, name, getattr(entry, name))
            archive.filelist.append(again)
    with pytest.raises(UnreadableFile, match="unpacks for ever"):
        check_content(path)


def test_a_zip_without_a_dataset_says_what_was_expected(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("notes.txt", "hello")
    with pytest.raises(UnreadableFile, match="holds no dataset"):
        check_content(tmp_path / "a.zip")
    (tmp_path / "b.zip").write_bytes(b"PK\x03\x04 and then nothing")
    with pytest.raises(UnreadableFile, match="damaged or incomplete"):
        check_content(tmp_path / "b.zip")


def test_real_files_pass(tmp_path, shared_data):
    for name in ("bruker/4on3_full.bcf", "phenom/Elid2Version4.elid"):
        folder = tmp_path / name.split("/")[0]
        folder.mkdir()
        shutil.copy(shared_data / "eds" / name, folder)
        check_content(folder / name.split("/")[1])
