"""A link shows what was shared, until it ends; what is gone is named."""

from __future__ import annotations

import numpy as np
from phases_bench import three_stripes
from sessions_bench import Visit

from dashboard.phases import phase_actions
from dashboard.phases.state import BY_DENSITY
from data.readers import Opened


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


def test_a_save_after_sharing_does_not_close_the_link(server):
    mine = server.visit("anna").begin()
    mine.save(visibility="private")
    token = mine.share()
    mine.say("ask_save")
    assert mine.front.last("save")["visibility"] == "link"
    mine.save(visibility=mine.front.last("save")["visibility"])
    assert server.store.open_link(token, "ben")


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


def test_several_maps_on_one_sheet_are_saved_with_their_map(server, mine):
    mine.state.entry_id = ""
    token = mine.share()
    server.catalogue.maps.clear()
    server.library._shelves.clear()
    theirs = server.visit(s=token).begin()
    assert theirs.found == 0
    np.testing.assert_array_equal(theirs.state.shown.phase_map.label, mine.state.shown.phase_map.label)
    assert theirs.front.shown["bar"]["details"] == []
