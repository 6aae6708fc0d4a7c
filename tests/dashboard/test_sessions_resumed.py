"""Long jobs of tabs stand in the store too, and one click begins them again where they were asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from phases_bench import LINES
from sessions_bench import PageWithJobs, Server

from dashboard.job_recorder import JobRecorder
from dashboard.jobs import JobQueue
from dashboard.library import Library
from dashboard.phases import several_request
from dashboard.phases.requests import OpenRequest
from models.recipe import AutoencoderChoices, LineMapChoices, PhasesRecipe, StabilityChoices

OTHER = "b/other.hspy"


@pytest.fixture
def stopped(server) -> Server:
    """A server that has no worker: what is asked of it waits until it is stopped."""
    server.catalogue.maps[OTHER] = server.catalogue.maps["stripes.hspy"]
    server.queue = JobQueue(0, recorder=JobRecorder(lambda: server.store))
    return server


def restart(server: Server) -> None:
    server.queue.shutdown()
    server.visits.clear()
    server.queue = JobQueue(inline=True)


def open_tab(page, title: str):
    page.workspace.tabs.open(title)
    page.settle()
    return next(frame.tab for frame in page.workspace.tabs.frames if frame.tab.title == title)


def statuses(server: Server) -> list[str]:
    return [job.status for job in reversed(server.store.jobs())]


def test_a_test_of_stability_goes_on_with_its_map_phases_and_settings(stopped):
    before = stopped.visit(person="anna-0001").begin()
    trust = open_tab(before, "Trust")
    trust.agreement.number.value = "same"
    trust.stability.runs.value = 2
    trust.stability.start.clicks += 1
    restart(stopped)
    assert statuses(stopped) == ["interrupted"], "what takes a moment is not recorded"

    page = PageWithJobs(stopped)
    assert page.offer == (
        "Seeking the phases again in Three stripes was interrupted when the server stopped, …."
    )
    page.click("resume_job")
    assert page.visit.found == 1 and page.offer == "" and page.told == []
    assert page.visit.sessions.table.page_view.tab == "Trust"
    assert page.state.recipe.stability == replace(StabilityChoices(), n_runs=2)
    assert page.state.stability.found.n_runs == 2
    assert page.state.stability.shown is page.state.shown
    assert open_tab(page.visit, "Trust").agreement.number.value == "same"
    assert statuses(stopped) == ["resumed"]


def test_the_tab_waits_for_the_phases_and_not_for_those_of_another_map(stopped):
    before = stopped.visit(person="anna-0001").begin()
    open_tab(before, "Trust").stability.start.clicks += 1
    restart(stopped)
    page = PageWithJobs(stopped)
    page.visit.workspace.visit.find = lambda: None  # it takes long
    page.click("resume_job")
    assert page.state.prepared is not None and page.state.stability is None
    page.state.param.update(entry_id=OTHER)
    page.visit.show_phases()
    page.settle()
    assert page.state.shown is not None and page.state.stability is None


@pytest.fixture
def asked(monkeypatch) -> list:
    """The names and recipes that shared phases are sought with; none are found."""
    asked = []

    def run_shared(maps, recipe, find):
        asked.append(([name for name, _ in maps], recipe))
        raise ValueError("These have nothing in common.")
        yield

    monkeypatch.setattr(several_request, "run_shared", run_shared)
    return asked


def test_shared_phases_are_sought_again_with_the_maps_that_were_chosen(stopped, asked):
    before = stopped.visit(person="anna-0001").begin()
    before.state.change(None, autoencoder=AutoencoderChoices(seed=17))
    several = open_tab(before, "Several maps")
    several.choice.value = ["stripes.hspy", OTHER]
    several._run.clicks += 1
    restart(stopped)
    page = PageWithJobs(stopped)
    assert page.offer == (
        "Finding shared phases in stripes and other was interrupted when the server stopped, …."
    )
    page.click("resume_job")
    assert page.visit.sessions.table.page_view.tab == "Several maps"
    assert open_tab(page.visit, "Several maps").choice.value == ["stripes.hspy", OTHER]
    assert (page.state.entry_id, page.state.recipe.autoencoder.seed) == ("stripes.hspy", 17)
    [(names, recipe)] = asked
    assert names == ["stripes", "other"] and recipe.autoencoder.seed == 17
    assert page.told == ["These have nothing in common."] and statuses(stopped) == ["resumed"]


def test_shared_phases_of_a_sheet_leave_alone_what_is_on_the_table(stopped, asked):
    record = {"entry_id": "", "recipe": "chaos: 3", "tab": "Several maps", "maps": ["stripes.hspy", OTHER]}
    stopped.store.begin_job("x", "Finding shared phases", "", {**record, "names": "none"})
    restart(stopped)
    stopped.store.interrupt_unfinished()
    page = PageWithJobs(stopped)
    page.visit.begin()
    shown = page.state.shown
    page.click("resume_job")
    assert page.state.shown is shown and asked[0][0] == ["stripes", "other"]
    assert page.told[0] == "The recipe of then cannot be read: the one on the left is used."


def test_shared_phases_of_maps_that_are_gone_name_them(stopped, asked):
    before = stopped.visit(person="anna-0001").begin()
    several = open_tab(before, "Several maps")
    several.choice.value = ["stripes.hspy", OTHER]
    several._run.clicks += 1
    restart(stopped)
    del stopped.catalogue.maps[OTHER]
    page = PageWithJobs(stopped)
    page.click("resume_job")
    assert page.told == [
        f"Finding shared phases in “stripes and other” cannot be resumed: {OTHER} is not in the data folder "
        "any more. Put the files back and try again, or dismiss this."
    ]
    assert asked == [] and "stripes and other" in page.offer


def test_only_an_opening_that_takes_minutes_is_recorded(stopped, monkeypatch):
    recipe = PhasesRecipe(line_maps=LineMapChoices(lines=LINES))
    request = OpenRequest(stopped.library, "stripes.hspy", 0, recipe.line_maps, recipe)
    assert request.record is None
    monkeypatch.setattr(Library, "size_bytes", lambda self, entry_id: 2**34)
    stopped.queue.submit(request, "visit")
    restart(stopped)
    page = PageWithJobs(stopped)
    assert page.offer == "Opening stripes.hspy was interrupted when the server stopped, …."
    page.click("resume_job")
    assert page.state.dataset.dataset_id == "stripes" and page.visit.found == 1
