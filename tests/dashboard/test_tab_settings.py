"""What a person has set in a tab is saved with the session, and stands there again where it still fits."""

from __future__ import annotations

import json

import pytest
from sessions_bench import Visit

from dashboard.phases.tab_settings import PutSettings, plain_settings, read_settings
from dashboard.phases.workspace import TABS


def tab_of(visit: Visit, title: str, until=lambda tab: True):
    """A tab of a visit, opened and drawn."""
    visit.workspace.tabs.open(title)
    visit.settle()
    tab = next(frame.tab for frame in visit.workspace.tabs.frames if frame.tab.title == title)
    visit.loop.settle(lambda: not until(tab))
    return tab


def measured(tab) -> bool:
    return len(tab.distribution.measure.options) > 1


@pytest.mark.parametrize("kind", [kind for kind in TABS if kind.keeps], ids=lambda kind: kind.title)
def test_every_widget_that_a_tab_names_is_there(mine, kind):
    tab = tab_of(mine, kind.title)
    for name in kind.keeps:
        widget = tab
        for part in name.partition(":")[0].split("."):
            widget = widget[int(part)] if part.isdecimal() else getattr(widget, part)
        assert hasattr(widget, name.partition(":")[2] or "value"), name
    assert json.loads(json.dumps(read_settings(tab, kind.keeps)))


def test_particles_and_several_maps_come_back_as_they_were_set(server, mine):
    tab = tab_of(mine, "Particles", measured)
    phase = mine.state.rows()[1].id
    tab.phase.value, tab.line.value = phase, mine.state.prepared.maps.lines[-1]
    tab.distribution.measure.value, tab.distribution.n_bins.value = "aspect", 12
    tab.distribution.weighting.value, tab.distribution.log.value = "Area", False
    tab._sort("edge")
    several = tab_of(mine, "Several maps")
    several.choice.value = ["stripes.hspy"]
    session = mine.save()

    theirs = server.visit(person="bert-0001").begin()
    theirs.say("open", id=session)
    assert theirs.sessions.table.page_view.tab == "Several maps"
    assert tab_of(theirs, "Several maps").choice.value == ["stripes.hspy"]
    # a session that is saved again without a look at a tab loses nothing of it
    assert theirs.workspace.tabs.settings["Particles"]["distribution.measure"] == "aspect"
    there = tab_of(theirs, "Particles", measured)
    theirs.settle()
    assert (there.phase.value, there.line.value) == (phase, tab.line.value)
    assert (there.distribution.measure.value, there.distribution.n_bins.value) == ("aspect", 12)
    assert (there.distribution.weighting.value, there.distribution.log.value) == ("Area", False)
    assert (there.table.sorted_by, there.table.descending) == ("edge", tab.table.descending)
    assert theirs.told == []


def test_an_open_tab_takes_the_settings_of_the_session_that_is_opened(server, mine):
    tab = tab_of(mine, "Particles", measured)
    tab.distribution.n_bins.value = 7
    first = mine.save("First")
    tab.distribution.n_bins.value = 70
    second = mine.save("Second", new=True)
    mine.say("open", id=first)
    mine.settle()
    assert tab.distribution.n_bins.value == 7
    mine.say("open", id=second)
    mine.settle()
    assert tab.distribution.n_bins.value == 70


def test_a_map_that_has_gone_is_named(server, mine):
    tab_of(mine, "Several maps").choice.value = ["stripes.hspy"]
    state = mine.bench.freeze()
    state["tabs"]["Several maps"]["choice"] = ["stripes.hspy", "<b>gone</b>.bcf"]
    theirs = server.visit(person="bert-0001").begin()
    theirs.workspace.tabs.settings = state["tabs"]
    assert tab_of(theirs, "Several maps").choice.value == ["stripes.hspy"]
    assert theirs.told == ["Several maps: not offered here any more: <b>gone</b>.bcf."]


def test_a_session_from_before_there_were_settings_opens_as_ever(server, mine):
    session = mine.save()
    content = server.store.load(session, "")
    assert content.state.pop("tabs") == {}
    mine.sessions.table.open(content.state, lambda missing, whole: mine.told.extend(missing))
    mine.settle()
    assert mine.told == [f"Saved as “{mine.sessions.current.name}”."]


def test_a_setting_alone_is_kept_and_stands_there_again_after_a_reload(server, mine):
    tab_of(mine, "Several maps").choice.value = ["stripes.hspy"]
    mine.time_passes()
    mine.sessions.close()
    again = server.visit(**mine.bench.snapshot())
    again.bench.restore(mine.bench.snapshot())
    again.say("hello", person="anna-0001", tab="tab-of-anna-0001")
    again.begin()
    assert again.sessions.table.page_view.tab == "Several maps"
    assert tab_of(again, "Several maps").choice.value == ["stripes.hspy"]


def test_a_setting_alone_changes_what_was_shared_and_a_copy_can_be_saved(server, mine):
    tab_of(mine, "Particles", measured).distribution.n_bins.value = 12
    token = mine.share()
    theirs = server.visit(person="bert-0001", s=token).begin()
    tab = tab_of(theirs, "Particles", measured)
    assert tab.distribution.n_bins.value == 12
    assert theirs.front.sentence == "Shared on …: read-only until you change it."
    tab.distribution.n_bins.value = 40
    theirs.settle()
    assert theirs.front.sentence == "Changed since it was shared on …."
    assert theirs.front.shown["bar"]["actions"] == [{"what": "copy", "label": "Save a copy"}]
    assert theirs.front.shown["where"]["search"].startswith("?data=stripes.hspy")
    theirs.save("Copy of it", new=True)
    assert not theirs.front.shown["changed"]
    tab._sort("edge")
    theirs.settle()
    assert theirs.front.shown["changed"]


def test_what_the_page_sets_by_itself_is_no_change_of_anybody(server, mine):
    for kind in TABS:
        tab_of(mine, kind.title)
    tab_of(mine, "Particles", measured)
    mine.time_passes()
    assert server.store.drafts("browser-anna-0001") == ()
    tab_of(mine, "Particles").distribution.n_bins.value = 7
    assert mine.workspace.tabs.n_set == 1
    session = mine.save()
    theirs = server.visit(person="bert-0001").begin()
    theirs.say("open", id=session)
    there = tab_of(theirs, "Particles", measured)
    assert there.distribution.n_bins.value == 7
    # other phases and other lines are offered: menus give up what is not there any more
    there.phase.value = theirs.state.rows()[-1].id
    before = theirs.workspace.tabs.n_set
    theirs.state.change("mixture", n_phases=2)
    theirs.settle()
    theirs.say("open", id=session)
    theirs.settle()
    assert theirs.workspace.tabs.n_set == before == 1
    theirs.time_passes()
    assert not theirs.front.shown["changed"]


@pytest.mark.parametrize(
    "found", [None, 7, [], {"phase": {}}, {"phase": ["a", ["b"]]}, {"phase": "x" * 5000}]
)
def test_what_is_no_setting_is_left_out(found):
    assert plain_settings(found, ("phase",)) == {}


def test_a_setting_of_another_kind_or_beyond_the_bounds_does_no_harm(mine):
    tab = tab_of(mine, "Particles", measured)
    before = read_settings(tab, tab.keeps)
    PutSettings(tab, {
        "phase": 99, "line": "Unobtainium", "distribution.log": "yes", "distribution.n_bins": "many",
        "table:sorted_by": 7, "table:descending": 1.5, "distribution.weighting": ["Area"],
    })  # fmt: skip
    assert read_settings(tab, tab.keeps) == before
    PutSettings(tab, {"distribution.n_bins": 10**9, "table:sorted_by": "nothing of the kind"})
    assert tab.distribution.n_bins.value == tab.distribution.n_bins.end
    tab.settings_put()
    assert len(tab.table.rows) > 0
