"""Drafts outlive a tab, records of jobs a process."""

from __future__ import annotations

import pytest

from dashboard.job import JobStatus
from dashboard.store import NotAccepted, NotFound
from dashboard.store.drafts import MAX_DRAFTS_OF_ONE


def test_the_newest_draft_of_a_visit_is_kept(store, clock):
    store.put_draft("ann", "tab-1", {"n": 1})
    clock.pass_by(1)
    store.put_draft("ann", "tab-2", {"n": 2})
    clock.pass_by(1)
    kept = store.put_draft("ann", "tab-1", {"n": 3, "text": "\x00<b>"})
    assert store.drafts("ann") == (kept, store.draft("ann", "tab-2"))
    assert kept.saved == clock.now and kept.state == {"n": 3, "text": "\x00<b>"}
    assert store.drafts("bob") == () and store.draft("bob", "tab-1") is None


def test_a_draft_is_dropped_by_its_owner_alone(store):
    store.put_draft("ann", "tab-1", {})
    store.drop_draft("bob", "tab-1")
    store.drop_draft("ann", "tab-7")
    store.drop_draft("ann", "no\x00visit")
    assert len(store.drafts("ann")) == 1
    store.drop_draft("ann", "tab-1")
    assert store.drafts("ann") == ()


def test_drafts_have_an_end(store, clock):
    store.put_draft("bob", "other", {})
    for number in range(MAX_DRAFTS_OF_ONE + 3):
        clock.pass_by(1)
        store.put_draft("ann", f"tab-{number}", {"n": number})
    kept = store.drafts("ann")
    assert len(kept) == MAX_DRAFTS_OF_ONE and kept[0].state == {"n": MAX_DRAFTS_OF_ONE + 2}
    assert len(store.drafts("bob")) == 1
    clock.pass_by(31 * 86400)
    store.collect_garbage()
    assert store.drafts("ann") == store.drafts("bob") == ()


def test_a_draft_without_a_proper_visit_or_state_is_refused(store):
    for visit in ("", "../x", "a\x00", "x" * 100, None):
        with pytest.raises(NotAccepted, match="belongs to a visit"):
            store.put_draft("ann", visit, {})
        assert store.draft("ann", visit) is None
    with pytest.raises(NotAccepted, match="draft takes"):
        store.put_draft("ann", "tab", {"a": "x" * 3_000_000})


def test_a_job_is_recorded_from_start_to_end(store, clock):
    number = store.begin_job("key", "Finding phases", "ann", {"dataset": "abc", "recipe": "k: 3"})
    assert store.jobs()[0].status == "queued"
    store.mark_running(number)
    assert store.jobs("ann")[0].status == "running" and store.jobs("bob") == ()
    clock.pass_by(12)
    store.end_job(number, JobStatus.DONE)
    (job,) = store.jobs()
    assert (job.id, job.status, job.ended - job.created) == (number, "done", 12)
    assert job.request == {"dataset": "abc", "recipe": "k: 3"} and job.key == "key"


def test_the_first_end_of_a_job_counts(store):
    number = store.begin_job("key", "Finding phases", "ann", {})
    store.end_job(number, "failed", "The fit <b>did</b> not\x00 settle. " + "x" * 10**6)
    store.end_job(number, "done")
    store.mark_running(number)
    (job,) = store.jobs()
    assert job.status == "failed" and job.message.startswith("The fit <b>did</b> not settle.")


def test_what_a_dead_process_left_is_interrupted(place):
    with place.open() as store:
        waits = store.begin_job("a", "A", "ann", {})
        runs = store.begin_job("b", "B", "ann", {"again": True})
        store.mark_running(runs)
        done = store.begin_job("c", "C", "bob", {})
        store.end_job(done, "done")
    with place.open() as store:
        assert store.interrupt_unfinished() == 2
        assert {job.id: job.status for job in store.jobs()} == {
            waits: "interrupted",
            runs: "interrupted",
            done: "done",
        }
        assert store.interrupt_unfinished() == 0


def interrupted(store, *jobs) -> list[int]:
    numbers = [store.begin_job(key, "Finding phases", owner, {"entry_id": key}) for key, owner in jobs]
    store.interrupt_unfinished()
    return numbers


def test_what_was_interrupted_is_offered_to_its_person_once(store, clock):
    first, second, bobs = interrupted(store, ("a", "ann"), ("b", "ann"), ("a", "bob"))
    assert [job.id for job in store.interrupted_jobs("ann")] == [second, first]
    assert store.resume_job(first, "ann").request == {"entry_id": "a"}
    store.dismiss_job(second, "ann")
    assert store.interrupted_jobs("ann") == ()
    assert [job.id for job in store.interrupted_jobs("bob")] == [bobs]
    assert {job.id: job.status for job in store.jobs()} == {
        first: "resumed", second: "dismissed", bobs: "interrupted",
    }  # fmt: skip
    for decide in (store.resume_job, store.dismiss_job):
        for number, person in ((first, "ann"), (second, "ann"), (bobs, "ann"), (bobs, "")):
            with pytest.raises(NotFound, match="before, on another page"):
                decide(number, person)
    clock.pass_by(31 * 86400)
    assert store.interrupted_jobs("bob") == ()


def test_who_asks_again_for_the_same_is_not_asked_whether_to_resume_it(store):
    interrupted(store, ("a", "ann"), ("b", "ann"), ("a", "bob"))
    store.begin_job("a", "Finding phases", "ann", {"entry_id": "a"})
    assert [job.key for job in store.interrupted_jobs("ann")] == ["b"]
    assert [job.key for job in store.interrupted_jobs("bob")] == ["a"]


def test_jobs_that_cannot_be_are_refused(store):
    for number in (0, -1, 10**30, "1", None, 99):
        with pytest.raises(NotFound, match="no job"):
            store.end_job(number, "done")
    number = store.begin_job("key", "x", "", {})
    with pytest.raises(NotAccepted, match="no status"):
        store.end_job(number, "perfect")
    with pytest.raises(NotAccepted, match="does not end as running"):
        store.end_job(number, "running")
    with pytest.raises(NotAccepted, match="more than plain values"):
        store.begin_job("key", "x", "", {"array": object()})


def test_the_status_page_is_told_what_there_is(store, content, clock):
    saved = store.save("One", "ann", content("one"))
    store.share(saved.id, "ann")
    store.delete(store.save("Two", "ann", content("two")).id, "ann")
    store.put_draft("ann", "tab", {})
    store.begin_job("k", "t", "ann", {})
    facts = store.facts()
    counts = ("sessions", "deleted_sessions", "links", "drafts", "unfinished_jobs", "artifacts")
    assert [facts[name] for name in counts] == [1, 1, 1, 1, 1, 2]
    assert facts["artifact_bytes"] == 6000 and facts["schema"] == "0001"
    assert facts["database_bytes"] > 10_000 and facts["free_disk_bytes"] > 0
    assert facts["database"] in ("SQLite", "PostgreSQL")
