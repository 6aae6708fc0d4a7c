"""Tabs are made when they are first shown, and cost nothing while they are hidden."""

from __future__ import annotations

from collections import deque

import pytest
from panel.widgets import StaticText
from phases_bench import latent_result, opened_map

from dashboard.phases.state import PhasesState
from dashboard.phases.tab import Tab, Tools
from dashboard.phases.tab_strip import TabStrip
from models.live_phases import live_phases


class Counted(Tab):
    title = "Counted"

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools)
        self.n_built, self.seen = 0, []

    def build(self) -> StaticText:
        self.n_built += 1
        return StaticText(value="content")

    def refresh(self, changed: frozenset[str]) -> None:
        self.seen.append(changed)


class Faulty(Counted):
    title = "Faulty"

    def refresh(self, changed: frozenset[str]) -> None:
        raise RuntimeError("a fault of this tab alone")


class Visit:
    """A page whose next tick comes when the test says so."""

    def __init__(self, *kinds: type[Tab]) -> None:
        self.state, self.ticks, self.told = PhasesState(), deque(), []
        tools = Tools(self.state, None, self.ticks.append, lambda text, kind: self.told.append((kind, text)))
        self.tabs = [kind(tools) for kind in kinds]
        self.strip = TabStrip("Explore", StaticText(value="views"), self.tabs)

    def tick(self) -> None:
        while self.ticks:
            self.ticks.popleft()()

    def hint(self, number: int = 0) -> str:
        frame = self.strip.frames[number]
        return frame._hint.object if frame._hint.visible else ""

    def open_map(self) -> None:
        image, opened, stripe = opened_map()
        self.state.open(image, opened)
        result = latent_result(opened, stripe)
        self.state.recipe = result.recipe
        self.state.result = result
        self.state.shown = live_phases(result, result.recipe)


@pytest.fixture
def visit() -> Visit:
    return Visit(Counted)


def test_a_tab_that_nobody_opens_is_never_made(visit):
    visit.open_map()
    visit.tick()
    assert visit.tabs[0].n_built == 0


def test_a_tab_says_what_to_do_before_it_can_show_anything(visit):
    visit.strip.open("Counted")
    visit.tick()
    assert "Open a dataset" in visit.hint()
    assert visit.tabs[0].n_built == 0
    visit.open_map()
    visit.tick()
    assert visit.hint() == ""
    assert visit.tabs[0].n_built == 1


def test_opening_says_so_before_the_work_begins(visit):
    visit.open_map()
    visit.strip.open("Counted")
    assert "Opening" in visit.hint()
    assert visit.tabs[0].n_built == 0
    visit.tick()
    assert visit.hint() == ""


def test_a_hidden_tab_rests_and_catches_up_when_it_is_shown_again(visit):
    visit.open_map()
    visit.strip.open("Counted")
    visit.tick()
    visit.strip.open("Explore")
    before = len(visit.tabs[0].seen)
    visit.state.names = {0: "Quartz"}
    visit.state.colours = {0: "#123456"}
    visit.tick()
    assert len(visit.tabs[0].seen) == before
    visit.strip.open("Counted")
    visit.tick()
    assert visit.tabs[0].seen[before:] == [frozenset({"names", "colours"})]


def test_changes_of_one_moment_are_drawn_once(visit):
    visit.open_map()
    visit.strip.open("Counted")
    visit.tick()
    before = len(visit.tabs[0].seen)
    visit.state.names = {0: "Quartz"}
    visit.state.colours = {0: "#123456"}
    visit.tick()
    assert len(visit.tabs[0].seen) == before + 1


def test_the_fault_of_one_tab_leaves_the_others_alone():
    visit = Visit(Faulty, Counted)
    visit.open_map()
    visit.strip.open("Faulty")
    visit.tick()
    assert [kind for kind, _ in visit.told] == ["error"]
    assert "log" in visit.told[0][1]
    visit.strip.open("Counted")
    visit.tick()
    assert visit.tabs[1].n_built == 1
    assert visit.hint(1) == ""
