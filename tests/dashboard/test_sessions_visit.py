"""Save, open and share, from the messages of the page to a real store and back."""

from __future__ import annotations

import gc
import json
import time
import weakref

import numpy as np
import pytest
from phases_bench import three_stripes
from sessions_bench import Server, Visit

from dashboard.phases import phase_actions
from dashboard.phases.state import BY_DENSITY
from dashboard.selection import Box
from dashboard.store.errors import StoreUnavailable
from data.readers import Opened


@pytest.fixture
def server(tmp_path) -> Server:
    server = Server(tmp_path)
    yield server
    server.store.close()


@pytest.fixture
def mine(server) -> Visit:
    return server.visit(person="anna-0001").begin()


def worked_on(visit: Visit) -> None:
    """Names, colours, a merge, a hidden phase and another look."""
    state = visit.state
    first, second, third = (row.id for row in state.rows())
    phase_actions.merge(state, [first, second])
    visit.settle()
    state.set_phase(third, "name", "<b>Iron</b>")
    state.set_phase(third, "colour", "#123456")
    state.param.update(map_palette="Turbo", map_shown="Fe_Ka", latent_colour=BY_DENSITY, phase_opacity=0.5)
    state.set_phase(third, "visible", False)
    visit.settle()


def test_a_link_shows_what_was_shared_without_finding_it_again(server, mine):
    worked_on(mine)
    token = mine.share()
    mine.state.map_palette = "Grey"  # later edits change nothing of what was shared
    mine.settle()
    theirs = server.visit(s=token).begin()
    assert theirs.found == 0
    assert theirs.colours() == [(row[0], row[1], row[2], row[3]) for row in mine.colours()]
    np.testing.assert_array_equal(theirs.state.shown.phase_map.label, mine.state.shown.phase_map.label)
    state = theirs.state
    assert (state.map_palette, state.map_shown, state.latent_colour) == ("Turbo", "Fe_Ka", BY_DENSITY)
    assert (state.phase_opacity, state.hidden) == (0.5, mine.state.hidden)
    assert theirs.workspace.history.undo_text == ""
    assert theirs.front.sentence == "Shared on …: read-only until you change it."
    assert theirs.front.shown["where"]["search"] == f"?s={token}"
    assert theirs.front.shown["name"] == "Mine"


def test_after_the_first_change_there_is_a_copy_to_save_and_undo_goes_back_to_the_link(server, mine):
    token = mine.share()
    theirs = server.visit(s=token).begin()
    theirs.state.map_palette = "Grey"
    theirs.settle()
    assert theirs.front.sentence == "Changed since it was shared on …."
    assert theirs.front.shown["bar"]["actions"] == [{"what": "copy", "label": "Save a copy"}]
    assert theirs.front.shown["where"]["search"].startswith("?data=stripes.hspy")
    theirs.workspace.history.undo()
    assert theirs.front.shown["where"]["search"] == f"?s={token}"
    assert theirs.front.shown["bar"]["actions"] == []
    theirs.workspace.history.redo()
    theirs.save("Copy of it", new=True)
    assert theirs.sessions.current.session.copied_from == mine.sessions.current.session.id
    assert theirs.front.shown["bar"] == {}
    assert not theirs.front.shown["changed"]
    names = [one.name for one in server.store.sessions("")]
    assert sorted(names) == ["Copy of it", "Mine"]


def test_a_link_with_a_view_shows_tab_zoom_chosen_phase_and_one_without_shows_all(server, mine):
    phase = mine.state.rows()[1].id
    mine.state.choose([phase])
    mine.settle()
    mine.workspace.tabs.open("Selections")
    frame = mine.workspace.views.frame
    frame.x_range.update(start=2.0, end=6.0)
    frame.y_range.update(start=9.0, end=5.0)
    mine.workspace.views.spectra.energy_range.update(start=1.0, end=3.0)
    mine.settle()
    with_view, without = mine.share(view=True), mine.share(view=False)
    theirs = server.visit(s=with_view).begin()
    assert theirs.sessions.table.page_view.tab == "Selections"
    assert theirs.state.chosen_phases == (phase,)
    assert theirs.state.selection.n_selected == mine.state.selection.n_selected
    assert theirs.workspace.views.spectra.energy_range.end == 3.0
    # the browser fits the whole map first, then the part is shown, in a frame of another shape
    theirs.workspace.views.frame.x_range.tags = ["18:12", 400]
    for _ in range(8):
        theirs.time_passes()
    assert theirs.later == []
    seen = theirs.zoom().ranges["map"]
    assert seen[0] <= 2.0 and seen[1] >= 6.0 and seen[2] <= 5.0 and seen[3] >= 9.0
    assert theirs.workspace.history.undo_text == ""
    other = server.visit(s=without).begin()
    assert (other.sessions.table.page_view.tab, other.state.chosen_phases) == ("", ())


def test_a_kept_shape_and_a_drawn_one_come_back(server, mine):
    mine.state.select(Box("map", 0, 4, 0, 4))
    mine.settle()
    session = mine.save()
    theirs = server.visit().begin()
    theirs.say("open", id=session)
    assert theirs.state.selection.origin == Box("map", 0, 4, 0, 4)
    assert theirs.front.last("opened")


def test_two_tabs_that_save_over_one_session_are_asked(server, mine):
    session = mine.save("Shared work")
    other = server.visit(person="anna-0001", tab="another-tab").begin()
    other.say("open", id=session)
    other.state.map_palette = "Turbo"
    other.settle()
    server.clock.now += 60
    other.save("Shared work")
    mine.state.map_palette = "Grey"
    mine.settle()
    mine.save("Shared work")
    asked = mine.front.last("overtaken")
    assert (asked["name"], asked["changed"]) == ("Shared work", server.clock.now)
    assert server.store.load(session, "").state["phases"]["look"]["map_palette"] == "Turbo"
    assert mine.front.shown["changed"]  # it is not saved yet, and the page says so

    # a link would show what the other tab has saved, not what stands here
    mine.say("share", name="", expires="never", view=False)
    assert mine.front.said[-1]["kind"] == "overtaken"
    mine.save("Shared work", instead=asked["version"])
    assert server.store.load(session, "").state["phases"]["look"]["map_palette"] == "Grey"
    other.say("share", name="", expires="never", view=False)
    asked = other.front.last("overtaken")
    other.say("share", name="Turbo one", expires="never", view=False, new=True)
    copy = other.sessions.current.session
    assert (copy.name, copy.id == session) == ("Turbo one", False)
    assert server.store.open_link(other.front.last("share")["new"]).state["phases"]["look"][
        "map_palette"
    ] == ("Turbo")
    assert server.store.load(session, "").state["phases"]["look"]["map_palette"] == "Grey"


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


def test_a_save_after_sharing_does_not_close_the_link(server):
    mine = server.visit("anna").begin()
    mine.save(visibility="private")
    token = mine.share()
    mine.say("ask_save")
    assert mine.front.last("save")["visibility"] == "link"
    mine.save(visibility=mine.front.last("save")["visibility"])
    assert server.store.open_link(token, "ben")


def test_own_sessions_are_replaced_renamed_copied_deleted_and_brought_back(server, mine):
    session = mine.save("First")
    assert mine.front.shown["name"] == "First"
    mine.state.map_palette = "Grey"
    mine.settle()
    assert mine.front.shown["changed"]
    assert mine.save("First again") == session
    assert not mine.front.shown["changed"]
    server.clock.now += 1
    assert mine.save("Second", new=True) != session
    mine.say("list", search="")
    assert [row["name"] for row in mine.front.last("sessions")["rows"]] == ["Second", "First again"]
    assert mine.front.last("sessions")["rows"][0]["thumbnail"].startswith("data:image/png;base64,")
    mine.say("list", search="first")
    assert [row["name"] for row in mine.front.last("sessions")["rows"]] == ["First again"]
    mine.say("rename", id=session, name="<i>Third</i>")
    assert mine.front.last("row")["row"]["name"] == "<i>Third</i>"
    mine.say("duplicate", id=session)
    assert mine.front.last("added")["row"]["name"] == "<i>Third</i> (copy)"
    mine.say("delete", id=session)
    assert mine.front.last("row")["row"]["deleted"]
    mine.say("list", search="", deleted=True)
    assert [row["id"] for row in mine.front.last("sessions")["rows"]] == [session]
    mine.say("restore", id=session)
    mine.say("list", search="")
    assert session in [row["id"] for row in mine.front.last("sessions")["rows"]]


def test_links_end_are_revoked_and_each_says_so(server, mine):
    for_a_week, for_good = mine.share(expires="week"), mine.share()
    rows = mine.front.last("share")["links"]
    assert [row["token"] for row in rows] == [for_good, for_a_week] or len(rows) == 2
    mine.say("revoke", token=for_good)
    assert {row["ended"] for row in mine.front.last("share")["links"]} == {"revoked", ""}
    server.clock.now += 8 * 86400
    for token, words in ((for_good, "revoked"), (for_a_week, "was good until"), ("made-up", "no such link")):
        theirs = server.visit(s=token).begin()
        assert words in theirs.front.sentence
        assert theirs.front.shown["bar"]["warning"]
        assert theirs.state.shown is not None  # what is left of the address is opened
        theirs.say("close")
        assert theirs.front.shown["bar"] == {}


def test_a_dataset_that_is_gone_is_named_and_what_is_left_is_there(server, mine):
    worked_on(mine)
    mine.save("Mine")
    token = mine.share()
    server.catalogue.maps.clear()
    server.library._shelves.clear()
    theirs = server.visit(s=token).begin()
    assert theirs.state.prepared is None
    assert theirs.state.recipe.edits == mine.state.recipe.edits
    bar = theirs.front.shown["bar"]
    assert len(bar["details"]) == 1 and "Three stripes cannot be opened" in bar["details"][0]
    assert bar["picture"].startswith("data:image/png") and bar["warning"]


def test_another_content_or_a_lost_result_is_told_and_found_again(server, mine):
    mine.save("Mine")
    token = mine.share()
    for file in (server.folder / "store" / "artifacts").rglob("*"):
        if file.is_file():
            file.write_bytes(b"torn")
    theirs = server.visit(s=token).begin()
    assert theirs.found == 1 and theirs.state.shown is not None
    assert any("gone or damaged" in text for text in theirs.front.shown["bar"]["details"])
    image, _ = three_stripes()
    changed = type(image)(**{**vars(image), "dataset_id": "other"})
    server.catalogue.maps["stripes.hspy"] = changed
    server.catalogue.open = lambda entry_id, progress=None: Opened((changed,))
    server.library._shelves.clear()
    server.visits.clear()
    third = server.visit(s=token).begin()
    assert any("another content" in text for text in third.front.shown["bar"]["details"])


def test_accounts_see_their_own_sessions_and_those_of_the_team(server):
    anna = server.visit("anna").begin()
    private, team = anna.save("Private"), anna.save("Team", new=True, visibility="team")
    bert = server.visit("bert").begin()
    bert.say("list", search="")
    rows = bert.front.last("sessions")["rows"]
    assert [(row["id"], row["mine"], row["author"]) for row in rows] == [(team, False, "anna")]
    bert.say("open", id=private)
    assert "kind" in bert.front.last("failed")
    bert.say("open", id=team)
    assert bert.front.sentence == "Shared by anna on …: read-only until you change it."
    bert.say("rename", id=team, name="Mine now")
    assert bert.front.last("failed")["text"]
    assert server.store.load(team, "anna").session.name == "Team"
    anna.say("publish", id=team, visibility="private")
    bert.say("list", search="")
    assert bert.front.last("sessions")["rows"] == []


def test_everything_that_people_type_travels_as_text(server, mine):
    hostile = "<img src=x onerror=alert(1)>"
    mine.sessions.received({"what": "save", "name": hostile, "notes": hostile, "new": True})
    mine.settle()
    token = mine.share()
    theirs = server.visit("eve<script>", s=token).begin()
    assert theirs.front.shown["name"] == hostile
    assert theirs.front.shown["bar"]["notes"] == hostile
    parts = theirs.front.shown["bar"]["parts"]
    assert all(isinstance(part, str) or set(part) <= {"strong", "when"} for part in parts)
    json.dumps(theirs.front.shown["bar"])


@pytest.mark.parametrize(
    "message",
    [
        None, 7, "save", [], {}, {"what": None}, {"what": "__class__"}, {"what": ["save"]},
        {"what": "open", "id": 3}, {"what": "open", "id": "x" * 10**6},
        {"what": "rename", "id": "\0", "name": {}},
        {"what": "delete"}, {"what": "share", "expires": [], "view": "yes", "name": "\0" * 500},
        {"what": "save", "name": "", "notes": 3}, {"what": "save", "name": "x" * 5000, "notes": "\ud800"},
        {"what": "revoke", "token": "../../etc/passwd"}, {"what": "hello", "person": "../..", "tab": 3},
        {"what": "list", "search": "%_\\'\";--"}, {"what": "go_on"}, {"what": "let_go"}, {"what": "publish"},
    ],
)  # fmt: skip
def test_messages_that_nobody_sends_do_no_harm(server, mine, message):
    mine.sessions.received(message)
    mine.settle()
    assert mine.state.shown is not None
    assert not any("log of the server" in text for text in mine.told)


def test_a_store_that_fails_is_told_and_the_page_goes_on(server, mine):
    class Full:
        def __getattr__(self, name):
            raise StoreUnavailable("The disk of the store is full. Make room on it.")

    store, server.store = server.store, Full()
    mine.sessions.received({"what": "save", "name": "x", "notes": "", "new": True})
    mine.settle()
    assert mine.told[-1] == "The disk of the store is full. Make room on it."
    assert mine.front.last("failed")["text"] == mine.told[-1]
    theirs = server.visit(s="whatever").begin()
    assert theirs.front.sentence == mine.told[-1]
    assert theirs.state.shown is not None
    server.store = store
    mine.save("Now")
    assert [one.name for one in store.sessions("")] == ["Now"]


def test_another_dataset_is_of_no_session_any_more(server, mine):
    mine.save("Mine")
    image, _ = three_stripes()
    other = type(image)(**{**vars(image), "dataset_id": "other"})
    mine.state.open(other, mine.state.prepared)
    mine.settle()
    assert mine.sessions.current.session is None
    assert mine.front.shown["name"] == ""
    assert mine.save("Other") != server.store.sessions("")[-1].id or len(server.store.sessions("")) == 2


def test_several_maps_on_one_sheet_are_saved_with_their_map(server, mine):
    mine.state.entry_id = ""
    token = mine.share()
    server.catalogue.maps.clear()
    server.library._shelves.clear()
    theirs = server.visit(s=token).begin()
    assert theirs.found == 0
    np.testing.assert_array_equal(theirs.state.shown.phase_map.label, mine.state.shown.phase_map.label)
    assert theirs.front.shown["bar"]["details"] == []


def test_a_visit_that_has_ended_is_freed(server, mine):
    token = mine.share()
    theirs = server.visit(person="bert-0001", s=token).begin()
    theirs.state.map_palette = "Grey"
    theirs.settle()
    theirs.sessions.close()
    theirs.loop.settle(lambda: not server.store.drafts("browser-bert-0001"))  # its draft is still being kept
    gone = [weakref.ref(one) for one in (theirs.sessions, theirs.state, theirs.front)]
    server.visits.remove(theirs)
    del theirs
    end = time.monotonic() + 10
    while any(one() is not None for one in gone) and time.monotonic() < end:
        gc.collect()
    assert [one() for one in gone] == [None, None, None]
