"""Uploads: resumed after breaks, seen only when whole, stored once, and refused in plain words."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections import namedtuple

import pytest
from instrument_files import EMI, write_rpl, write_ser
from reader_files import poisson_map, signal, write_hspy

from dashboard import upload_publishing, uploads
from dashboard.settings import Settings
from dashboard.upload_errors import (
    NoRoom,
    NotWritable,
    TooLarge,
    TooMany,
    UploadBusy,
    UploadNotFound,
    UploadRefused,
    WrongOffset,
)
from dashboard.uploads import Uploads, uploads_folder
from data.catalogue import Catalogue

LIMIT = 10 * 2**20


@pytest.fixture
def data(tmp_path):
    """A data folder."""
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture
def team(data):
    return Uploads(data / "uploads", "team", LIMIT, Catalogue(data).entries)


@pytest.fixture(scope="module")
def map_bytes(tmp_path_factory):
    """A small map as .hspy."""
    path = tmp_path_factory.mktemp("maps") / "map.hspy"
    return write_hspy(path, signal(poisson_map())).read_bytes()


def send(team, name, content, owner="anna", pieces=3):
    upload = team.begin(owner, name, len(content))
    step = -(-len(content) // pieces)
    for start in range(0, len(content), step):
        with team.appending(upload.id, owner, start) as write:
            write(content[start : start + step])
    return upload.id


def ids(data):
    return [entry.id for entry in Catalogue(data).entries()][1:]


def test_a_file_that_was_sent_in_pieces_is_listed_once_it_is_whole(team, data, map_bytes):
    upload = team.begin("anna", "map.hspy", len(map_bytes))
    with team.appending(upload.id, "anna", 0) as write:
        write(map_bytes[:1000])
    assert ids(data) == []
    assert team.find(upload.id, "anna").offset == 1000
    # after a break the same file goes on where it was, also after a restart of the server
    again = Uploads(data / "uploads", "team", LIMIT)
    assert again.begin("anna", "map.hspy", len(map_bytes)) == again.find(upload.id, "anna")
    with pytest.raises(WrongOffset, match="not whole") as caught:
        again.finish([upload.id], "anna")
    assert caught.value.offset == 1000
    with again.appending(upload.id, "anna", 1000) as write:
        write(map_bytes[1000:])
    assert ids(data) == []
    finished = again.finish([upload.id], "anna")
    assert (finished.entry_id, finished.is_new) == ("uploads/team/map.hspy", True)
    assert ids(data) == ["uploads/team/map.hspy"]
    assert Catalogue(data).resolve(finished.entry_id).read_bytes() == map_bytes
    assert again.unfinished() == ()


def test_the_same_file_twice_is_stored_once(team, data, map_bytes):
    team.finish([send(team, "map.hspy", map_bytes)], "anna")
    second = team.finish([send(team, "other.hspy", map_bytes, "ben")], "ben")
    assert (second.entry_id, second.is_new) == ("uploads/team/map.hspy", False)
    assert "is there already, as uploads/team/map.hspy" in second.message
    assert ids(data) == ["uploads/team/map.hspy"]
    # what was deleted meanwhile is not there
    (data / "uploads" / "team" / "map.hspy").unlink()
    assert team.finish([send(team, "other.hspy", map_bytes)], "anna").entry_id == "uploads/team/other.hspy"


def test_a_file_that_lies_in_the_data_folder_is_not_stored_again(team, data, map_bytes):
    (data / "2024").mkdir()
    (data / "2024" / "a.hspy").write_bytes(map_bytes)
    finished = team.finish([send(team, "map.hspy", map_bytes)], "anna")
    assert (finished.entry_id, finished.is_new) == ("2024/a.hspy", False)
    assert ids(data) == ["2024/a.hspy"]


def test_another_file_of_the_same_name_gets_a_number(team, data, tmp_path, map_bytes):
    other = write_hspy(tmp_path / "o.hspy", signal(poisson_map(seed=1))).read_bytes()
    team.finish([send(team, "Map.hspy", map_bytes)], "anna")
    second = team.finish([send(team, "map.hspy", other)], "anna")  # the same name where case does not count
    assert second.entry_id == "uploads/team/map (2).hspy"
    assert "got a number" in second.message
    assert len(ids(data)) == 2


def test_files_that_belong_together_are_sent_together(team, data, tmp_path):
    write_rpl(tmp_path / "a.rpl", poisson_map())
    both = [send(team, name, (tmp_path / name).read_bytes()) for name in ("a.raw", "a.rpl")]
    assert team.finish(both, "anna").entry_id == "uploads/team/a.rpl"
    write_ser(tmp_path / "b_1.ser", poisson_map(2, 3, 64))
    (tmp_path / "b.emi").write_bytes(EMI)
    both = [send(team, name, (tmp_path / name).read_bytes()) for name in ("b.emi", "b_1.ser")]
    assert team.finish(both, "anna").entry_id == "uploads/team/b.emi"
    assert ids(data) == ["uploads/team/a.rpl", "uploads/team/b.emi"]
    Catalogue(data).open("uploads/team/a.rpl")

    # the numbers of another map under the same names: both get the same number
    write_rpl(tmp_path / "a.rpl", poisson_map(seed=2))
    both = [send(team, name, (tmp_path / name).read_bytes()) for name in ("a.raw", "a.rpl")]
    assert team.finish(both, "anna").entry_id == "uploads/team/a (2).rpl"
    Catalogue(data).open("uploads/team/a (2).rpl")


def test_halves_and_strangers_are_named(team, tmp_path):
    write_rpl(tmp_path / "a.rpl", poisson_map())
    numbers = send(team, "a.raw", (tmp_path / "a.raw").read_bytes())
    with pytest.raises(UploadRefused, match="together with the file that describes it"):
        team.finish([numbers], "anna")
    text = send(team, "a.rpl", (tmp_path / "a.rpl").read_bytes())
    stranger = send(team, "b.raw", b"123")
    with pytest.raises(UploadRefused, match=r"b\.raw does not belong to a\.rpl"):
        team.finish([text, stranger], "anna")
    with pytest.raises(UploadRefused, match="not one dataset"):
        team.finish([text, send(team, "c.bcf", b"123")], "anna")
    with pytest.raises(UploadRefused, match="1 to 40"):
        team.finish([], "anna")
    assert team.finish([text, numbers], "anna").is_new  # nothing was lost by trying


def test_a_lie_about_the_type_is_dropped_and_never_seen(team, data):
    lie = send(team, "map.bcf", b"\x89PNG\r\n\x1a\n" + bytes(1000))
    with pytest.raises(UploadRefused, match="a PNG image was found in it"):
        team.finish([lie], "anna")
    assert ids(data) == []
    assert team.unfinished() == ()
    assert not any(path.name == "map.bcf" for path in data.rglob("*"))


@pytest.mark.parametrize("name", ["../map.bcf", "/etc/map.bcf", "a\0.bcf", "NUL.bcf", ".x.bcf", "C:\\a.bcf"])
def test_names_that_lead_elsewhere_are_refused(team, data, name):
    with pytest.raises(UploadRefused):
        team.begin("anna", name, 10)
    assert list(data.rglob("*")) == []


@pytest.mark.parametrize("size", [-1, 0, "10", 1.5, None, True])
def test_sizes_that_are_none_are_refused(team, size):
    with pytest.raises(UploadRefused, match="bytes"):
        team.begin("anna", "map.bcf", size)


def test_too_large_files_are_refused_before_they_are_sent_and_while(team):
    with pytest.raises(TooLarge, match=r"20\.0 MB; up to 10\.0 MB are taken"):
        team.begin("anna", "map.bcf", 2 * LIMIT)
    upload = team.begin("anna", "map.bcf", 10)
    with pytest.raises(TooLarge, match="more came"), team.appending(upload.id, "anna", 0) as write:
        write(bytes(11))
    assert team.find(upload.id, "anna").offset == 0


def test_an_upload_belongs_to_who_began_it(team):
    upload = team.begin("anna", "map.bcf", 10)
    for other in ("ben", ""):
        with pytest.raises(UploadNotFound, match="no such upload"):
            team.find(upload.id, other)
        with pytest.raises(UploadNotFound):
            team.drop(upload.id, other)
        with pytest.raises(UploadNotFound):
            team.finish([upload.id], other)
    assert team.begin("ben", "map.bcf", 10).id != upload.id
    for wrong in ("", "..", "../../x", upload.id + "/", upload.id.upper(), "\0", "ｆ" * 32, "0" * 32):
        with pytest.raises(UploadNotFound):
            team.find(wrong, "anna")


def test_a_person_has_some_unfinished_uploads_at_a_time(team, monkeypatch):
    monkeypatch.setattr(uploads, "MOST_UNFINISHED", 2)
    first = team.begin("anna", "a.bcf", 10)
    team.begin("anna", "b.bcf", 10)
    with pytest.raises(TooMany, match="2 unfinished uploads"):
        team.begin("anna", "c.bcf", 10)
    team.begin("ben", "c.bcf", 10)
    team.drop(first.id, "anna")
    team.begin("anna", "c.bcf", 10)


def test_two_tabs_do_not_write_into_one_upload(team):
    upload = team.begin("anna", "map.bcf", 10)
    with team.appending(upload.id, "anna", 0) as write:
        write(b"1234")
        with pytest.raises(UploadBusy, match="being sent already"), team.appending(upload.id, "anna", 4):
            pass
        assert team.sweep(-1) == 0  # what is being written is not abandoned
    with pytest.raises(WrongOffset) as caught, team.appending(upload.id, "anna", 0):
        pass
    assert caught.value.offset == 4


def test_abandoned_uploads_are_swept_after_a_week(data):
    now = [0.0]
    team = Uploads(data / "uploads", "team", LIMIT, clock=lambda: now[0])
    old, new = team.begin("anna", "old.bcf", 10), team.begin("anna", "new.bcf", 10)
    folder = data / "uploads" / ".incoming"
    now[0] = (folder / new.id).stat().st_mtime + 6 * 24 * 3600
    assert team.sweep() == 0
    for path in (folder / old.id, *(folder / old.id).iterdir()):
        os.utime(path, (0, 0))
    assert team.sweep() == 1
    assert team.unfinished() == (team.find(new.id, "anna"),)


def test_a_full_disk_is_said_and_what_has_arrived_stays(team, monkeypatch):
    disk = namedtuple("disk", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: disk(2**40, 2**40, uploads.RESERVE_BYTES + 2**20))
    with pytest.raises(NoRoom, match=r"2\.0 MB, and the server has room for 1\.0 MB"):
        team.begin("anna", "map.bcf", 2**21)
    team.begin("anna", "map.bcf", 2**20)
    with pytest.raises(NoRoom):  # the bytes that are promised count
        team.begin("anna", "b.bcf", 2**19)


@pytest.mark.skipif(
    not os.path.exists("/dev/full"), reason="there is no /dev/full, a disk that is always full"
)
def test_a_disk_that_fills_up_on_the_way_is_said_and_what_has_arrived_stays(team):
    upload = team.begin("anna", "map.bcf", 10)
    part = team.folder / ".incoming" / upload.id / "part"
    part.unlink()
    part.symlink_to("/dev/full")
    with (
        pytest.raises(NoRoom, match="disk of the server is full"),
        team.appending(upload.id, "anna", 0) as write,
    ):
        write(b"1")
    assert team.find(upload.id, "anna").offset == 0


def test_a_read_only_folder_is_said(team, monkeypatch):
    def refuse(*_args, **_keywords):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(uploads.UploadParts, "add", refuse)
    with pytest.raises(NotWritable, match="read-only"):
        team.begin("anna", "map.bcf", 10)


def test_uploads_go_where_they_can_be_written(tmp_path, data, monkeypatch):
    settings = Settings.from_environment(
        {"LODESTONE_DATA": str(data), "LODESTONE_STORE": str(tmp_path / "s")}
    )
    assert uploads_folder(settings) == data / "uploads"
    assert uploads_folder(Settings.from_environment({"LODESTONE_STORE": str(tmp_path / "s")})) == (
        tmp_path / "s" / "uploads"
    )
    (tmp_path / "elsewhere").mkdir()
    (data / "uploads").symlink_to(tmp_path / "elsewhere")
    assert uploads_folder(settings) == tmp_path / "s" / "uploads"
    (data / "uploads").unlink()
    monkeypatch.setattr(uploads.os, "access", lambda _path, _mode: False)
    assert uploads_folder(settings) == tmp_path / "s" / "uploads"


def test_a_kill_while_it_is_published_leaves_no_second_copy(team, data, tmp_path, monkeypatch):
    write_rpl(tmp_path / "a.rpl", poisson_map())
    both = [send(team, name, (tmp_path / name).read_bytes()) for name in ("a.rpl", "a.raw")]
    linked = []

    def link_once(file, name):
        if linked and name.parent.name == "team":
            raise KeyboardInterrupt
        if name.parent.name == "team":
            linked.append(name.name)
        os.link(file, name)

    monkeypatch.setattr(upload_publishing, "link", link_once)
    with pytest.raises(KeyboardInterrupt):
        team.finish(both, "anna")
    assert linked == ["a.raw"]  # the companion first: nothing is listed yet
    assert ids(data) == []
    monkeypatch.undo()
    again = Uploads(data / "uploads", "team", LIMIT)
    assert again.finish(both, "anna").entry_id == "uploads/team/a.rpl"
    assert sorted(path.name for path in (data / "uploads" / "team").iterdir()) == ["a.raw", "a.rpl"]


def test_without_hard_links_files_are_copied(team, data, map_bytes, monkeypatch):
    def refuse(*_args):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    team.finish([send(team, "map.hspy", map_bytes)], "anna")
    assert ids(data) == ["uploads/team/map.hspy"]
    assert team.finish([send(team, "b.hspy", map_bytes)], "anna").is_new is False


def test_two_people_who_send_the_same_at_once_make_one_file(team, data, map_bytes):
    sent = [(send(team, "map.hspy", map_bytes, name), name) for name in ("anna", "ben", "cleo")]
    finished = []
    threads = [
        threading.Thread(target=lambda one=one: finished.append(team.finish([one[0]], one[1])))
        for one in sent
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.is_new for one in finished) == [False, False, True]
    assert ids(data) == ["uploads/team/map.hspy"]
