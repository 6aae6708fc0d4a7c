"""What the end of the server interrupted is offered to whose it was, once, and resumed by one click."""

from __future__ import annotations

from phases_bench import LINES
from sessions_bench import PageWithJobs, Server

from models.recipe import AutoencoderChoices, LineMapChoices, PhasesRecipe, to_yaml

RECIPE = PhasesRecipe(line_maps=LineMapChoices(lines=LINES), autoencoder=AutoencoderChoices(seed=17))


def interrupt(server: Server, *entries: str, owner: str = "") -> list[int]:
    """Jobs that the server was working on when it was killed."""
    numbers = [
        server.store.begin_job(
            f"Finding phases {entry}",
            "Finding phases",
            owner,
            {
                "entry_id": entry,
                "dataset_index": 0,
                "dataset_id": "stripes" if entry == "stripes.hspy" else "",
                "dataset_title": f"Map of {entry}",
                "recipe": to_yaml(RECIPE),
            },
        )
        for entry in entries
    ]
    server.store.interrupt_unfinished()
    return numbers


def statuses(server: Server) -> dict[int, str]:
    return {job.id: job.status for job in server.store.jobs()}


def test_one_click_opens_the_map_and_seeks_its_phases_with_that_recipe(server):
    (number,) = interrupt(server, "stripes.hspy")
    page = PageWithJobs(server)
    assert page.offer == "Finding phases in Map of stripes.hspy was interrupted when the server stopped, …."
    assert [one["label"] for one in page.front.shown["job"]["actions"]] == ["Resume", "Dismiss"]
    page.click("resume_job")
    assert page.visit.found == 1
    assert (page.state.entry_id, page.state.dataset.dataset_id) == ("stripes.hspy", "stripes")
    assert page.state.recipe.autoencoder == RECIPE.autoencoder
    assert page.offer == "" and page.told == []
    assert statuses(server) == {number: "resumed"}
    assert PageWithJobs(server).offer == ""


def test_what_is_dismissed_is_not_offered_again_and_the_next_one_is(server):
    server.catalogue.maps["other.hspy"] = server.catalogue.maps["stripes.hspy"]
    first, second = interrupt(server, "stripes.hspy", "other.hspy")
    page = PageWithJobs(server)
    assert page.offer.startswith("Finding phases in Map of other.hspy") and page.offer.endswith(
        "1 more after this."
    )
    page.click("dismiss_job")
    assert "Map of stripes.hspy" in page.offer and "more" not in page.offer
    assert "Map of stripes.hspy" in PageWithJobs(server).offer
    page.click("dismiss_job")
    page.click("dismiss_job")  # a second click of a hasty finger
    assert page.offer == "" and page.told == [] and page.visit.found == 0
    assert statuses(server) == {first: "dismissed", second: "dismissed"}


def test_with_accounts_each_sees_what_is_theirs(server):
    interrupt(server, "stripes.hspy", owner="anna")
    assert PageWithJobs(server, "bert").offer == ""
    assert PageWithJobs(server).offer == ""
    assert "Map of stripes.hspy" in PageWithJobs(server, "anna").offer


def test_of_two_tabs_the_second_one_is_told(server):
    interrupt(server, "stripes.hspy", owner="anna")
    one, other = PageWithJobs(server, "anna"), PageWithJobs(server, "anna")
    one.click("resume_job")
    other.click("resume_job")
    assert (one.visit.found, other.visit.found) == (1, 0)
    assert other.told == ["This job was resumed or dismissed before, on another page."]
    assert other.offer == ""


def test_a_map_that_is_gone_is_named_and_the_page_stays_as_it_is(server):
    (number,) = interrupt(server, "gone.hspy")
    page = PageWithJobs(server)
    page.visit.begin()
    shown = page.state.shown
    page.click("resume_job")
    assert len(page.told) == 1 and "gone.hspy is not in the data folder any more" in page.told[0]
    assert page.state.shown is shown
    assert "Map of gone.hspy" in page.offer, "the file may be put back"
    page.click("dismiss_job")
    assert page.offer == "" and statuses(server) == {number: "dismissed"}


def test_what_the_address_of_the_page_seeks_by_itself_is_not_offered(server):
    interrupt(server, "stripes.hspy")
    page = PageWithJobs(server)
    page.state.param.update(entry_id="stripes.hspy", recipe=RECIPE)
    assert page.offer == ""


def test_a_recipe_of_another_version_opens_the_map_and_says_so(server):
    server.store.begin_job("x", "Finding phases", "", {"entry_id": "stripes.hspy", "recipe": "chaos: 3"})
    server.store.interrupt_unfinished()
    page = PageWithJobs(server)
    page.click("resume_job")
    assert page.state.entry_id == "stripes.hspy"
    assert any("without its recipe" in text for text in page.told)


def test_a_store_out_of_reach_offers_nothing_and_says_nothing(server, tmp_path):
    server.store.close()
    (tmp_path / "store" / "lodestone.sqlite").write_bytes(b"this is no database, and never was one" * 1000)
    page = PageWithJobs(server)
    assert page.offer == "" and page.told == []
