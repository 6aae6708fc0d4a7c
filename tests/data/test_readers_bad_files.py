"""Bad files: each gets one clear sentence, and none hangs, crashes or fills the memory."""

from __future__ import annotations

import logging
import os
import struct
import zipfile

import numpy as np
import pytest
from instrument_files import EMI, jeol_frame, write_pts, write_rpl
from reader_files import poisson_map, signal, write_hspy, write_zspy

from data.readers import SUPPORTED, UnreadableFile, open_dataset

REAL = [
    "bruker/P45_the_default_job.bcf",
    "bruker/bcf_v2_50x50px.bcf",
    "hspy/88_ES-LP_G8_selection2_cropped2.hspy",
    "phenom/Elid2Version4.elid",
    "velox/Test SI 16x16 215 kx.emd",
    "velox/velox_EELS_EDS.zip",
    "jeol/rawdata.ASW",
]


def refused(path):
    """The message with which a file is refused: one or two sentences, with its name, without a traceback."""
    with pytest.raises(UnreadableFile) as caught:
        open_dataset(path)
    message = str(caught.value)
    assert "Traceback" not in message and "\n" not in message
    assert message.endswith(".")
    return message


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.9, 0.99])
def test_a_truncated_real_file_is_refused_unless_its_counts_are_whole(shared_data, tmp_path, name, share):
    original = shared_data / "eds" / name
    path = tmp_path / original.name
    path.write_bytes(original.read_bytes()[: int(original.stat().st_size * share)])
    try:
        (image,) = open_dataset(path).datasets
    except UnreadableFile as error:
        assert path.name in str(error)
        assert any(word in str(error) for word in ("damaged", "break off", "incomplete"))
    else:
        # the spectra of some .bcf lie before the end of the file
        assert share >= 0.9
        assert (image.counts != open_dataset(original).datasets[0].counts).nnz == 0


@pytest.mark.parametrize("name", REAL)
def test_damaged_headers_neither_hang_nor_ask_for_absurd_memory(shared_data, tmp_path, name):
    original = (shared_data / "eds" / name).read_bytes()
    path = tmp_path / (shared_data / "eds" / name).name
    rng = np.random.default_rng(1)
    for _ in range(8):
        data = bytearray(original)
        at = int(rng.integers(min(len(data), 20_000)))
        data[at : at + 4] = b"\xff\xff\xff\x7f"
        path.write_bytes(data[: len(original)])
        try:
            open_dataset(path)
        except UnreadableFile:
            continue


def test_an_empty_file_of_every_format_is_said_to_be_empty(tmp_path):
    for ending in SUPPORTED:
        if ending.startswith(".") and ending not in (".rpl", ".emi"):
            (tmp_path / f"empty{ending}").touch()
            assert "is empty" in refused(tmp_path / f"empty{ending}")


def test_a_file_of_another_kind_under_a_known_ending_is_refused(tmp_path):
    for ending in SUPPORTED:
        if ending.startswith("."):
            path = tmp_path / f"wrong{ending}"
            path.write_bytes(b"This is a letter, not a map. " * 100)
            assert path.name in refused(path)


def test_an_unsupported_ending_is_answered_with_the_list(tmp_path):
    (tmp_path / "notes.docx").write_bytes(b"x")
    message = refused(tmp_path / "notes.docx")
    assert all(ending in message for ending in (".docx", ".bcf", ".hspy", ".rpl"))
    (tmp_path / "Fe_Ka.tif").write_bytes(b"x")
    assert "open the folder" in refused(tmp_path / "Fe_Ka.tif")
    (tmp_path / "map.raw").write_bytes(b"x")
    assert "Open the .rpl file" in refused(tmp_path / "map.raw")


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path):
    assert "There is no file nothing.bcf" in refused(tmp_path / "nothing.bcf")
    with pytest.raises(UnreadableFile, match="no file name can hold"):
        open_dataset("a\0b.bcf")


def test_missing_companions_are_named(tmp_path):
    write_rpl(tmp_path / "map.rpl", poisson_map()).with_suffix(".raw").unlink()
    assert "map.raw, which is not beside it" in refused(tmp_path / "map.rpl")
    (tmp_path / "map.emi").write_bytes(EMI)
    assert "map_1.ser" in refused(tmp_path / "map.emi")


def test_a_raw_file_shorter_than_its_header_says_is_refused(tmp_path):
    path = write_rpl(tmp_path / "map.rpl", poisson_map())
    path.with_suffix(".raw").write_bytes(b"\0" * 100)
    assert "map.rpl" in refused(path)


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_a_file_without_read_permission_says_so(tmp_path, monkeypatch):
    path = write_hspy(tmp_path / "map.hspy", signal(poisson_map()))
    path.chmod(0)
    if os.geteuid() == 0:  # who may read everything
        monkeypatch.setattr("pathlib.Path.open", _denied)
    assert "permission denied" in refused(path)


def _denied(*_arguments, **_options):
    raise PermissionError(13, "Permission denied")


@pytest.mark.parametrize("size", [2**31 - 1, 2**16])
def test_a_header_that_claims_a_giant_map_is_refused_before_memory_is_asked_for(tmp_path, size):
    path = tmp_path / "map.rpl"
    write_rpl(path, poisson_map())
    path.write_text(path.read_text().replace("width\t7", f"width\t{size}"))
    refused(path)
    pts = write_pts(tmp_path / "map.pts", jeol_frame(poisson_map(4, 4)), pixels=f"{size}x{size}", aim=(0,))
    assert "larger than any instrument writes" in refused(pts)
    spd = tmp_path / "map.spd"
    head = b"MAPSPECTRA_DATA\0" + struct.pack("<iiiIIIII", 70, 1, size, size, 4096, 2, 1080, 1)
    spd.write_bytes(head.ljust(2000, b"\0"))
    refused(spd)


def test_pickled_objects_are_never_opened(tmp_path):
    path = write_zspy(tmp_path / "map.zspy", signal(poisson_map()))
    array = next(path.rglob("data/.zarray"))
    array.write_text(array.read_text().replace('"filters": null', '"filters": [{"id": "pickle"}]'))
    assert "pickled objects" in refused(path)


def test_what_the_parser_said_goes_to_the_log_not_to_the_terminal(tmp_path, caplog, capfd):
    path = tmp_path / "map.bcf"
    path.write_bytes(b"AAMVHFSS" + b"\xff" * 5000)
    with caplog.at_level(logging.INFO, logger="data.readers"):
        refused(path)
    assert caplog.records[-1].exc_info is not None
    caught = capfd.readouterr()
    assert "Traceback" not in caught.out + caught.err


def zipped(path, **files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_a_zip_with_one_map_opens_whatever_else_lies_in_it(tmp_path):
    path = write_hspy(tmp_path / "map.hspy", signal(poisson_map()))
    files = {"deep/folder/map.hspy": path.read_bytes(), "readme.md": b"x", "__MACOSX/._map.hspy": b"x"}
    (image,) = open_dataset(zipped(tmp_path / "a.zip", **files)).datasets
    assert image.counts.sum() == poisson_map().sum()
    rpl = write_rpl(tmp_path / "map.rpl", poisson_map())
    files = {"map.rpl": rpl.read_bytes(), "map.raw": rpl.with_suffix(".raw").read_bytes()}
    (image,) = open_dataset(zipped(tmp_path / "b.zip", **files)).datasets
    assert image.counts.sum() == poisson_map().sum()


def test_a_zip_of_element_images_opens_as_maps(tmp_path):
    csv = "1,2,3\n4,5,6\n"
    (maps,) = open_dataset(zipped(tmp_path / "sample.zip", **{"Fe.csv": csv, "Si.csv": csv})).datasets
    assert maps.lines == ("Fe", "Si")
    assert maps.title == "sample"


def test_a_zip_with_several_maps_or_none_says_so(tmp_path):
    path = write_hspy(tmp_path / "map.hspy", signal(poisson_map()))
    both = zipped(tmp_path / "both.zip", **{"a.hspy": path.read_bytes(), "b.hspy": path.read_bytes()})
    assert "2 datasets (a.hspy, b.hspy)" in refused(both)
    assert "holds no dataset" in refused(zipped(tmp_path / "none.zip", **{"notes.md": b"x"}))


@pytest.mark.parametrize(
    "name", ["../map.hspy", "/elsewhere/map.hspy", "a/../../map.hspy", "..\\map.hspy", "C:/map.hspy"]
)
def test_a_zip_never_writes_outside_its_folder(tmp_path, name):
    path = write_hspy(tmp_path / "map.hspy", signal(poisson_map()))
    message = refused(zipped(tmp_path / "evil.zip", **{name: path.read_bytes()}))
    assert "leads out of the archive" in message or "no dataset" in message


def test_a_zip_that_is_too_large_or_a_link_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("data.readers.archive.LARGEST_BYTES", 1000)
    big = zipped(tmp_path / "big.zip", **{"map.hspy": bytes(2000)})
    assert "more than is unpacked here" in refused(big)
    entry = zipfile.ZipInfo("map.hspy")
    entry.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        archive.writestr(entry, "/etc/passwd")
    assert "leads out of the archive" in refused(tmp_path / "link.zip")
