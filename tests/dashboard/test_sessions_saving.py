"""Sessions are saved, replaced, listed and opened, each by whom they belong to."""

from __future__ import annotations

from phases_bench import three_stripes

from dashboard.selection import Box


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


def test_another_dataset_is_of_no_session_any_more(server, mine):
    mine.save("Mine")
    image, _ = three_stripes()
    other = type(image)(**{**vars(image), "dataset_id": "other"})
    mine.state.open(other, mine.state.prepared)
    mine.settle()
    assert mine.sessions.current.session is None
    assert mine.front.shown["name"] == ""
    assert mine.save("Other") != server.store.sessions("")[-1].id or len(server.store.sessions("")) == 2
