"""Many who write at once, in one process and in two, and processes that are killed."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from dashboard.store import NotFound, SessionContent

ROOT = Path(__file__).resolve().parents[3]


def at_once(n_threads, doing):
    """Run ``doing(number)`` in threads that start together; the first fault is raised here."""
    faults, start = [], threading.Barrier(n_threads)

    def run(number):
        start.wait()
        try:
            doing(number)
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(n_threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]


def test_twenty_people_save_at_once(store, content):
    contents = [content(f"of {number}") for number in range(20)]
    saved = {}

    def save(number):
        for turn in range(3):
            one = store.save(f"{number}.{turn}", f"person {number}", contents[number])
            saved[one.id] = number

    at_once(20, save)
    assert len(saved) == 60 and store.check() == ()
    for session_id, number in saved.items():
        opened = store.load(session_id, f"person {number}", verify=True)
        assert opened.state == contents[number].state and opened.missing == ()


def test_one_session_saved_over_by_two_tabs_is_that_of_one_of_them(place, store, content):
    contents = [content(f"tab {number}") for number in range(4)]
    session_id = store.save("x", "ann", contents[0]).id
    with place.open() as other_process:

        def save_and_look(number):
            here = (store, other_process)[number % 2]
            for _ in range(5):
                here.save(f"tab {number}", "ann", contents[number], session_id=session_id)
                opened = here.load(session_id, "ann")
                of = opened.session.name
                assert opened.session.notes == f"notes {of}" and opened.state["phases"]["recipe"] == of
                assert opened.artifacts["phases.result"].read_bytes() == of.encode() * 1000

        at_once(4, save_and_look)


def test_sharing_saving_over_and_sweeping_at_once_leave_every_link_whole(store, content, clock):
    contents = [content(f"turn {turn}") for turn in range(8)]
    session_id = store.save("turn 0", "ann", contents[0]).id
    links, done = [], threading.Event()

    def act(number):
        if number == 0:
            for turn in range(8):
                clock.pass_by(1)  # so that what was replaced is old enough to go
                store.save(f"turn {turn}", "ann", contents[turn], session_id=session_id)
            done.set()
        while not done.is_set():
            links.append(store.share(session_id, "ann")) if number == 1 else store.collect_garbage(0)

    at_once(3, act)
    store.collect_garbage(0)
    assert links and store.check() == ()
    for link in links:
        opened = store.open_link(link.token, verify=True)
        assert opened.missing == () and opened.state["phases"]["recipe"] == opened.session.name


def test_jobs_and_drafts_of_many_threads_are_all_there(store):
    def act(number):
        for turn in range(3):
            job = store.begin_job(f"{number}.{turn}", "x", f"person {number}", {})
            store.put_draft("ann", f"tab-{number % 4}", {"turn": turn})
            store.end_job(job, "done")

    at_once(8, act)
    assert len(store.jobs()) == 24 and {job.status for job in store.jobs()} == {"done"}
    assert len(store.drafts("ann")) == 4


def test_a_session_deleted_while_it_is_shared_is_one_or_the_other(store):
    for _ in range(5):
        session_id = store.save("x", "ann", SessionContent({})).id

        def act(number, session_id=session_id):
            try:
                store.delete(session_id, "ann") if number else store.share(session_id, "ann")
            except NotFound as error:
                assert "was deleted" in str(error)

        at_once(2, act)
    assert store.sessions("ann") == () and len(store.sessions("ann", deleted=True)) == 5


@pytest.mark.parametrize(
    ("benchmark", "few", "finds"),
    [
        ("saves.py", ["--saves", "20", "--rounds", "1"], "0 missing or torn"),
        ("killed_saves.py", ["--kills", "3"], "0 lost or torn"),
    ],
)
def test_the_benchmarks_of_saves_and_kills_find_nothing_lost(benchmark, few, finds):
    command = [sys.executable, ROOT / "benchmarks" / benchmark, *few]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert finds in ran.stdout
