"""Reload, crash and a lost connection lose nothing: drafts are kept and come back."""

from __future__ import annotations

from sessions_bench import Server, Visit

from dashboard.named_selections import keep
from dashboard.selection import GivenPixels
from dashboard.sessions.drafts import MOST_AGE_S
from dashboard.store.errors import StoreUnavailable

ANNA, BERT = "anna-0001", "bert-0001"


def worked(server: Server, **who: str) -> Visit:
    """Somebody has changed colours, a look and selections, and some seconds have passed."""
    visit = server.visit(**who).begin()
    state = visit.state
    state.set_phase(state.rows()[0].id, "name", "Tape")
    mask = state.shown.phase_map.label == 1
    state.selections = keep(state.selections, "mask", GivenPixels.of(mask, "some"), mask.shape)
    state.map_palette = "Turbo"
    visit.bench.notes = "not saved yet"
    visit.settle()
    visit.time_passes()
    return visit


def gone(visit: Visit) -> None:
    """The tab is closed."""
    visit.sessions.close()


def reloaded(server: Server, visit: Visit, **who: str) -> Visit:
    """The same tab has loaded its address again."""
    link = visit.bench.snapshot()
    again = server.visit(who.get("user", ""), **link)
    again.bench.restore(link)
    again.say("hello", person=who["person"], tab=who["tab"])
    return again.begin()


def test_nothing_is_kept_of_a_page_that_nobody_worked_on(server):
    visit = server.visit(person=ANNA).begin()
    visit.time_passes()
    assert server.store.drafts(f"browser-{ANNA}") == ()


def test_a_reload_of_the_same_tab_brings_back_what_the_address_has_no_room_for(server):
    visit = worked(server, person=ANNA, tab="tab-00001")
    gone(visit)
    again = reloaded(server, visit, person=ANNA, tab="tab-00001")
    assert again.front.shown["bar"] == {}
    assert again.state.map_palette == "Turbo"
    assert [one.name for one in again.state.selections] == ["mask"]
    assert again.bench.notes == "not saved yet"
    assert again.state.rows()[0].name == "Tape"
    assert again.workspace.history.undo_text == ""


def test_after_a_crash_a_new_tab_is_asked_and_can_go_on_or_not(server):
    gone(worked(server, person=ANNA, tab="tab-00001"))
    other = server.visit(person=BERT, tab="tab-00009").begin()
    assert other.front.shown["bar"] == {}
    again = server.visit(person=ANNA, tab="tab-00002").begin()
    assert again.front.sentence == "You were working on Three stripes …: go on?"
    assert again.state.map_palette == "Inferno"
    again.say("go_on")
    assert (again.state.map_palette, again.bench.notes) == ("Turbo", "not saved yet")
    assert again.state.rows()[0].name == "Tape"
    again.time_passes()
    assert [draft.visit for draft in server.store.drafts(f"browser-{ANNA}")] == ["tab-00002"]
    gone(again)
    third = server.visit(person=ANNA, tab="tab-00003").begin()
    third.say("let_go")
    assert third.front.shown["bar"] == {}
    assert server.store.drafts(f"browser-{ANNA}") == ()


def test_what_is_open_in_another_tab_is_no_lost_draft(server):
    worked(server, person=ANNA, tab="tab-00001")
    second = server.visit(person=ANNA, tab="tab-00002").begin()
    assert second.front.shown["bar"] == {}


def test_who_begins_to_work_or_is_long_away_is_not_asked(server):
    gone(worked(server, person=ANNA, tab="tab-00001"))
    busy = server.visit(person=ANNA, tab="tab-00002").begin()
    busy.state.map_palette = "Grey"
    busy.settle()
    assert busy.front.shown["bar"] == {}
    server.clock.now += MOST_AGE_S + 1
    late = server.visit(person=ANNA, tab="tab-00003").begin()
    assert late.front.shown["bar"] == {}


def test_a_link_to_a_dataset_is_not_interrupted_by_an_old_draft(server):
    gone(worked(server, person=ANNA, tab="tab-00001"))
    again = server.visit(person=ANNA, tab="tab-00002", data="stripes.hspy").begin()
    assert again.front.shown["bar"] == {}


def test_a_tab_that_is_closed_before_the_seconds_have_passed_is_kept_too(server):
    visit = server.visit(person=ANNA).begin()
    visit.state.map_palette = "Turbo"
    visit.settle()
    gone(visit)
    visit.loop.settle(lambda: not server.store.drafts(f"browser-{ANNA}"))


def test_what_was_saved_is_no_draft_any_more(server):
    visit = worked(server, person=ANNA)
    visit.save("Saved")
    visit.time_passes()
    assert server.store.drafts(f"browser-{ANNA}") == ()


def test_a_draft_of_an_own_session_goes_on_as_that_session(server):
    visit = worked(server, person=ANNA, tab="tab-00001")
    session = visit.save("Saved")
    visit.state.map_palette = "Grey"
    visit.settle()
    gone(visit)
    again = reloaded(server, visit, person=ANNA, tab="tab-00001")
    assert again.state.map_palette == "Grey"
    assert again.front.shown["name"] == "Saved" and again.front.shown["changed"]
    assert again.save("Saved") == session


def test_with_accounts_drafts_follow_the_person_to_another_browser(server):
    gone(worked(server, user="anna", person=ANNA, tab="tab-00001"))
    again = server.visit("anna", person=BERT, tab="tab-00002").begin()
    assert "You were working on" in again.front.sentence
    assert server.store.drafts("anna")


def test_a_store_that_keeps_no_drafts_is_told_once(server):
    class ReadOnly:
        def __getattr__(self, name):
            raise StoreUnavailable("The folder of the store is read-only.")

    store, server.store = server.store, ReadOnly()
    visit = server.visit(person=ANNA).begin()
    for palette in ("Grey", "Turbo", "Viridis"):
        visit.state.map_palette = palette
        visit.settle()
        visit.time_passes()
    assert visit.told.count("Drafts are not kept: The folder of the store is read-only.") == 1
    server.store = store


def test_a_draft_remembers_what_it_began_from(server, mine):
    session = mine.save("Mine")
    mine.state.map_palette = "Grey"
    mine.settle()
    mine.time_passes()
    mine.sessions.close()
    other = server.visit(person="bert-0001").begin()
    other.say("open", id=session)
    other.save("Newer")
    again = server.visit(person="anna-0001").begin()
    again.say("go_on")
    again.save("Mine")
    assert again.front.last("overtaken")["name"] == "Newer"
