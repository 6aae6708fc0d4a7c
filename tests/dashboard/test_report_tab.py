"""The tab "Report": what it makes is shown shut in, can be taken away, and says when it is out of date."""

from __future__ import annotations

from dataclasses import replace
from html import unescape
from types import SimpleNamespace

import pytest
from phases_bench import latent_result, opened_map
from test_endmembers_tab import AtOnce, JobsAtOnce

from dashboard import live
from dashboard.phases.report_tab import ReportTab
from dashboard.phases.state import PhasesState
from dashboard.phases.tab import Tools
from models.live_phases import live_phases


@pytest.fixture
def page(monkeypatch):
    monkeypatch.setattr(live, "_EXECUTOR", AtOnce())
    image, opened, stripe = opened_map()
    state, said, jobs = PhasesState(), [], JobsAtOnce()
    tools = Tools(state, jobs, lambda work: work(), lambda text, kind: said.append((kind, text)))
    tab = ReportTab(tools)
    state.open(image, opened)
    result = latent_result(opened, stripe)
    state.recipe = result.recipe
    state.result = result
    state.shown = live_phases(result, state.recipe)
    tab.build()
    return SimpleNamespace(tab=tab, state=state, said=said, jobs=jobs)


def make(page) -> str:
    page.tab._start()
    return page.tab._content().decode("utf-8")


def test_nothing_can_be_downloaded_before_it_is_made(page):
    assert not page.tab._download.visible and not page.tab._preview.visible
    html = make(page)
    assert page.tab._download.visible and page.tab._preview.visible
    assert html.startswith("<!DOCTYPE html>") and "Modal table" in html
    assert page.tab._name.endswith("report.html")


def test_the_report_on_show_is_shut_in(page):
    html = make(page)
    shown = page.tab._preview.object
    assert shown.startswith("<iframe sandbox srcdoc=")
    assert unescape(shown.split('srcdoc="')[1].split('" title')[0]) == html


def test_a_report_of_other_phases_than_those_on_show_says_so(page):
    make(page)
    assert not page.tab._stale.visible
    state = page.state
    state.recipe = replace(state.recipe, edits=("exclude 1",))
    state.shown = live_phases(state.result, state.recipe)
    page.tab.refresh(frozenset({"shown"}))
    assert page.tab._stale.visible
    html = make(page)
    assert not page.tab._stale.visible and "excluded" in html


def test_phases_without_pixels_are_refused_in_a_sentence_and_nothing_is_lost(page):
    before = make(page)
    state = page.state
    state.recipe = replace(state.recipe, edits=("exclude 1", "exclude 2", "exclude 3"))
    state.shown = live_phases(state.result, state.recipe)
    page.tab._start()
    assert any("No pixel belongs to a phase" in text for _, text in page.said)
    assert page.tab._content().decode("utf-8") == before
