"""Uploads over HTTP, on a server without accounts."""

from __future__ import annotations

import os
import shutil
import socket
import time

import pytest
from reader_files import poisson_map, signal, write_hspy
from routes_here import begun, routes_here


@pytest.fixture
def server(tmp_path, monkeypatch):
    with routes_here(tmp_path, monkeypatch) as one:
        yield one


@pytest.fixture(scope="module")
def map_bytes(tmp_path_factory):
    path = tmp_path_factory.mktemp("maps") / "map.hspy"
    return write_hspy(path, signal(poisson_map())).read_bytes()


def wait_until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def test_a_file_is_sent_in_pieces_and_goes_on_after_a_break(server, map_bytes):
    upload = begun(server, "map.hspy", len(map_bytes), fingerprint="2024-05-01")
    half = len(map_bytes) // 2
    answer = server.ask("PATCH", f"/uploads/{upload}", map_bytes[:half], Upload_Offset="0")
    assert (answer.status, answer.fields["offset"]) == (200, half)
    # the same piece again, as after an answer that was lost on the way
    answer = server.ask("PATCH", f"/uploads/{upload}", map_bytes[:half], Upload_Offset="0")
    assert (answer.status, answer.fields["offset"]) == (409, half)
    assert "Go on from" in answer.fields["error"]
    head = server.ask("HEAD", f"/uploads/{upload}")
    assert (head.headers["Upload-Offset"], head.headers["Upload-Length"]) == (str(half), str(len(map_bytes)))
    # the page was closed: asking for the same file finds it
    answer = server.ask(
        "POST", "/uploads", {"name": "map.hspy", "size": len(map_bytes), "fingerprint": "2024-05-01"}
    )
    assert (answer.status, answer.fields["id"], answer.fields["offset"]) == (200, upload, half)
    assert server.ask("POST", "/uploads/finish", {"ids": [upload]}).status == 409
    server.ask("PUT", f"/uploads/{upload}", map_bytes[half:], Upload_Offset=str(half))
    answer = server.ask("POST", "/uploads/finish", {"ids": [upload]})
    assert (answer.status, answer.fields["entry_id"]) == (201, "uploads/team/map.hspy")
    assert "uploads/team/map.hspy" in [entry.id for entry in server.common.catalogue.entries()]
    assert server.ask("GET", "/uploads").fields["uploads"] == []

    again = begun(server, "again.hspy", len(map_bytes))
    server.ask("PATCH", f"/uploads/{again}", map_bytes, Upload_Offset="0")
    answer = server.ask("POST", "/uploads/finish", {"ids": [again]})
    assert (answer.status, answer.fields["is_new"]) == (200, False)


def test_what_came_before_the_connection_broke_is_kept(server):
    upload = begun(server, "map.bcf", 3_000_000)
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(
            f"PATCH /lab/uploads/{upload} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000000\r\n"
            f"Upload-Offset: 0\r\n\r\n".encode()
        )
        connection.sendall(bytes(2_000_000))
        # while it is under way nobody else writes
        wait_until(lambda: server.ask("GET", f"/uploads/{upload}").fields["offset"] > 0)
        assert server.ask("PATCH", f"/uploads/{upload}", b"1", Upload_Offset="0").status == 423
    wait_until(lambda: server.ask("GET", f"/uploads/{upload}").fields["offset"] == 2_000_000)
    answer = server.ask("PATCH", f"/uploads/{upload}", bytes(1_000_000), Upload_Offset="2000000")
    assert (answer.status, answer.fields["offset"]) == (200, 3_000_000)


@pytest.mark.parametrize(
    ("fields", "code", "says"),
    [
        ({"name": "../../map.bcf", "size": 10}, 422, "is a path"),
        ({"name": "map.bcf", "size": 2**40}, 413, "up to 5.0 MB are taken"),
        ({"name": "map.bcf", "size": "10"}, 422, "number of its bytes"),
        ({"name": "<script>.exe", "size": 10}, 422, "cannot be opened here"),
        ({"name": None}, 422, "no name"),
        ({}, 422, "no name"),
        ([], 400, "JSON object"),
        (b"\xff", 400, "JSON object"),
        (b"[" * 60_000, 400, "JSON object"),
        (b'"' + b"x" * 70_000 + b'"', 400, "JSON object"),
    ],
)
def test_what_cannot_be_begun_is_answered_with_a_sentence(server, fields, code, says):
    answer = server.ask("POST", "/uploads", fields)
    assert (answer.status, says in answer.fields["error"]) == (code, True), answer.fields
    assert answer.headers["Content-Type"].startswith("application/json")  # HTML in a name is text


def test_pieces_that_are_none_are_answered_with_a_sentence(server):
    upload = begun(server, "map.bcf", 1000)
    for offset in ("-1", "x", "²", "1" * 30):
        answer = server.ask(
            "PATCH", f"/uploads/{upload}", b"1", Upload_Offset=offset.encode().decode("latin-1")
        )
        assert answer.status == 400, offset
    answer = server.ask("PATCH", f"/uploads/{upload}", bytes(2000), Upload_Offset="0")
    assert (answer.status, "more came" in answer.fields["error"]) == (413, True)
    assert server.ask("PATCH", "/uploads/" + "0" * 32, bytes(2_000_000), Upload_Offset="0").status == 404
    assert server.ask("GET", "/uploads/..%2f..%2fetc").status == 404
    for ids in ("x", [1], [], ["x"]):
        assert server.ask("POST", "/uploads/finish", {"ids": ids}).status in (400, 404, 422)
    assert server.ask("DELETE", f"/uploads/{upload}").status == 204
    assert server.ask("GET", f"/uploads/{upload}").status == 404


def test_a_file_that_lies_about_its_type_is_refused(server):
    upload = begun(server, "map.bcf", 12)
    server.ask("PATCH", f"/uploads/{upload}", b"<!DOCTYPE html>"[:12], Upload_Offset="0")
    answer = server.ask("POST", "/uploads/finish", {"ids": [upload]})
    assert (answer.status, "is called a Bruker map" in answer.fields["error"]) == (422, True)


def test_while_the_server_stops_nothing_new_begins(server):
    server.running.is_stopping = True
    answer = server.ask("POST", "/uploads", {"name": "map.bcf", "size": 10})
    assert (answer.status, answer.headers["Retry-After"]) == (503, "10")
    assert "nothing is lost" in answer.fields["error"]


@pytest.mark.skipif(
    not os.path.exists("/dev/full"), reason="there is no /dev/full, a disk that is always full"
)
def test_a_full_disk_is_said(server):
    upload = begun(server, "map.bcf", 10)
    part = server.running.uploads.folder / ".incoming" / upload / "part"
    part.unlink()
    part.symlink_to("/dev/full")
    answer = server.ask("PATCH", f"/uploads/{upload}", b"12345", Upload_Offset="0")
    assert (answer.status, "disk of the server is full" in answer.fields["error"]) == (507, True)


def test_upkeep_sweeps_what_was_abandoned(server):
    upload = begun(server, "map.bcf", 10)
    folder = server.running.uploads.folder / ".incoming" / upload
    for path in (folder, *folder.iterdir()):
        os.utime(path, (0, 0))
    server.running._upkeep()
    assert not folder.exists()
    shutil.rmtree(server.running.settings.store_folder)
    server.running._upkeep()  # says in the log that it could not
