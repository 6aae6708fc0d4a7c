"""Files of results: there once, whole or not at all, and gone only when nobody refers to them."""

from __future__ import annotations

import errno
import os
import threading

import pytest

from dashboard.store import NotAccepted, StoreUnavailable
from dashboard.store.artifacts import ArtifactFolder


def files_below(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))


def unfinished(place):
    return list((place.folder / "artifacts").glob(".unfinished*"))


def test_the_same_result_is_there_once(store, content, place):
    for name in "abc":
        store.save(name, name, content("same"))
    assert len(files_below(place.folder / "artifacts")) == 1
    assert store.facts()["artifact_bytes"] == 4000


def test_a_result_that_is_written_again_does_not_change_what_was_saved(store, content):
    first = content("one")
    saved = store.save("One", "ann", first)
    first.artifacts["phases.result"].write_bytes(b"another")
    assert store.load(saved.id, "ann", verify=True).artifacts["phases.result"].read_bytes() == b"one" * 1000


def test_what_is_gone_or_damaged_is_said(store, content, place):
    saved = store.save("One", "ann", content("one"))
    path = store.load(saved.id, "ann").artifacts["phases.result"]
    path.write_bytes(b"two" * 1000)
    assert store.load(saved.id, "ann").missing == (), "of the right size: only reading it tells"
    assert store.load(saved.id, "ann", verify=True).missing == ("phases.result",)
    assert store.check() == ("“One”: its phases.result is gone or damaged.",)
    path.write_bytes(b"half")
    assert store.load(saved.id, "ann").missing == ("phases.result",)
    path.unlink()
    assert store.load(saved.id, "ann").missing == ("phases.result",)
    assert store.load(saved.id, "ann").state == content("one").state


def test_saving_again_heals_a_damaged_artifact(store, content):
    saved = store.save("One", "ann", content("one"))
    store.load(saved.id, "ann").artifacts["phases.result"].write_bytes(b"two" * 1000)
    store.save("Other", "bob", content("one"))
    assert store.check() == ()


@pytest.mark.parametrize("source", ["absent.npz", "folder", "pipe"])
def test_a_result_that_is_no_file_is_refused(store, content, tmp_path, source):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotAccepted, match=f"{source} cannot be read"):
        store.save("One", "ann", content("one", artifacts={"r": tmp_path / source}))
    assert store.sessions("ann") == ()


def test_a_result_that_is_too_large_is_refused_unread(store, content, tmp_path):
    with (tmp_path / "huge.npz").open("wb") as huge:
        huge.truncate(17 * 2**30)
    with pytest.raises(NotAccepted, match=r"huge.npz takes 18\.3 GB"):
        store.save("One", "ann", content("one", artifacts={"r": tmp_path / "huge.npz"}))


def test_garbage_is_what_no_row_refers_to(store, content, clock, place):
    kept, dropped, linked = (store.save(n, "ann", content(n)) for n in ("kept", "dropped", "linked"))
    copy = store.duplicate(dropped.id, "ann")
    store.share(linked.id, "ann")
    store.save("linked", "ann", content("newer"), session_id=linked.id)
    for gone in (dropped, copy):
        store.delete(gone.id, "ann")
    clock.pass_by(29 * 86400)
    assert store.collect_garbage(0) == 0, "a deleted session can still be had back"
    store.restore(copy.id, "ann")
    clock.pass_by(2 * 86400)
    assert store.collect_garbage(0) == 0, "its copy has the same"
    store.delete(copy.id, "ann")
    clock.pass_by(31 * 86400)
    assert store.collect_garbage(0) == 1
    assert store.check() == () and len(files_below(place.folder / "artifacts")) == 3
    assert store.load(kept.id, "ann").missing == ()


def test_young_garbage_stays_and_old_halves_go(store, content, clock, place):
    saved = store.save("One", "ann", content("one"))
    store.save("One", "ann", content("two"), session_id=saved.id)
    half = place.folder / "artifacts" / ".unfinished-0123"
    half.write_bytes(b"ha")
    assert store.collect_garbage() == 0 and half.exists()
    clock.pass_by(3601)
    assert store.collect_garbage() == 0, "somebody may have it open"
    for path in [*place.folder.glob("artifacts/??/*"), half]:
        os.utime(path, (0, 0))
    store.load(saved.id, "ann")
    assert store.collect_garbage() == 1 and not half.exists()
    assert store.load(saved.id, "ann", verify=True).missing == ()


def test_nothing_is_swept_while_results_are_taken_in(store, content, place):
    orphan = place.folder / "artifacts" / "ab" / ("ab" * 32)
    orphan.parent.mkdir()
    orphan.write_bytes(b"taken in, its row not yet written")
    with ArtifactFolder(place.folder / "artifacts").in_use():
        assert store.collect_garbage(0) == 0 and orphan.exists()
    assert store.collect_garbage(0) == 1 and not orphan.exists()


def test_saves_and_sweeps_at_once_lose_nothing(store, content, clock):
    contents = [content(f"r{n % 3}") for n in range(12)]
    done = threading.Event()

    def sweep():
        while not done.is_set():
            store.collect_garbage(0)

    sweeper = threading.Thread(target=sweep)
    sweeper.start()
    saved = store.save("x", "ann", contents[0])
    for one in contents:
        clock.pass_by(1)  # what was replaced is old enough to go
        store.save("x", "ann", one, session_id=saved.id)
        assert store.load(saved.id, "ann", verify=True).missing == ()
    done.set()
    sweeper.join()
    store.collect_garbage(-1)
    assert store.check() == () and store.facts()["artifacts"] == 1


def test_the_artifacts_of_another_database_are_no_garbage(place, content, tmp_path):
    with place.open() as store:
        store.save("One", "ann", content("one"))
    (place.folder / "artifacts" / ".store").write_text("of the database that was here before\n")
    with place.open() as store:
        orphan = place.folder / "artifacts" / "ab" / ("ab" * 32)
        orphan.parent.mkdir()
        orphan.write_bytes(b"x")
        assert store.collect_garbage(0) == 0 and orphan.exists()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("step", ["write", "fsync"])
def test_on_a_full_disk_a_save_leaves_nothing_and_says_so(store, content, place, monkeypatch, number, step):
    kept = store.save("Kept", "ann", content("kept"))

    def fail(*_):
        raise OSError(number, "No space left on device")

    with monkeypatch.context() as full:
        if step == "fsync":
            full.setattr("dashboard.store.artifacts.os.fsync", fail)
        else:
            full.setattr("dashboard.store.artifacts._digest", digest_onto_a_full_disk(number))
        with pytest.raises(StoreUnavailable, match=r"disk of the store is full.*nothing was kept"):
            store.save("New", "ann", content("new"))
        with pytest.raises(StoreUnavailable, match="disk of the store is full"):
            store.save("Kept", "ann", content("newer"), session_id=kept.id)
    assert unfinished(place) == [] and len(files_below(place.folder / "artifacts")) == 1
    assert store.sessions("ann") == (kept,) and store.check() == ()
    store.save("New", "ann", content("new"))


def test_a_store_on_a_full_disk_opens_for_reading(place, content, monkeypatch):
    with place.open() as store:
        saved = store.save("Kept", "ann", content("kept"))

    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("dashboard.store.artifacts.os.fsync", fail)
    with place.open() as store:
        assert store.load(saved.id, "ann", verify=True).missing == ()


def digest_onto_a_full_disk(number):
    from dashboard.store.artifacts import _digest

    def digest(source, copy=None):
        if copy is not None:
            copy.write(b"as much as had room")
            raise OSError(number, "No space left on device")
        return _digest(source)

    return digest


def test_a_kill_between_file_and_row_leaves_what_was_there(place, content, monkeypatch):
    with place.open() as store:
        kept = store.save("Kept", "ann", content("kept"))
        with monkeypatch.context() as killed:
            killed.setattr("dashboard.store.sessions.session_rows.freeze", kill)
            with pytest.raises(KeyboardInterrupt):
                store.save("Kept", "ann", content("new"), session_id=kept.id)
    with place.open() as store:
        assert store.sessions("ann") == (kept,) and store.check() == ()
        assert store.collect_garbage(0) == 1


def kill(*_):
    raise KeyboardInterrupt
