"""Two people with two browsers: one saves and shares, the other opens, changes and keeps a copy."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect
from team_server import PHASES_SHOWN, shows_phases
from test_phases_journey import PHASES_DRAWN, QUICK, compiled, number_of_phases, write_map  # noqa: F401

from dashboard import visitors

#: a name that does something in a page which takes it for HTML
HOSTILE = "Dust <img src=x onerror='window.broken=1'>"


@pytest.fixture
def lodestone(
    compiled: None,  # noqa: F811
    serve: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[str]:
    """The address of the app over a folder with one small map and an empty store."""
    folder = tmp_path / "maps"
    folder.mkdir()
    write_map(folder / "dust.hspy")
    monkeypatch.setenv("LODESTONE_DATA", str(folder))
    monkeypatch.setenv("LODESTONE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("LODESTONE_STORE", str(tmp_path / "store"))
    visitors.shared.cache_clear()
    yield serve(visitors.visit_page)
    visitors.shared().queue.shutdown()
    visitors.shared.cache_clear()


@pytest.fixture
def person(lodestone: str, new_context: Callable[[], BrowserContext]) -> Callable[[], Page]:
    """Opens an empty tab in a browser profile of its own."""
    return lambda: new_context().new_page()


def head(page: Page, name: str) -> Locator:
    """A button of the header."""
    return page.get_by_role("button", name=name, exact=True)


def opened(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_function(PHASES_DRAWN)
    expect(page.get_by_text("Cancel", exact=True).filter(visible=True)).to_have_count(0)


def name_largest(page: Page, name: str) -> None:
    field = page.locator("tr[data-phase]").first.locator("input[type=text]")
    field.fill(name)
    field.press("Enter")


def largest(page: Page) -> Locator:
    return page.locator("tr[data-phase]").first.locator("input[type=text]")


def test_save_share_open_change_keep_a_copy_and_revoke(lodestone: str, person: Callable[[], Page]):
    anna, bert = person(), person()
    opened(anna, f"{lodestone}/?data=dust.hspy&{QUICK}")
    name_largest(anna, "Tape")
    expect(anna).to_have_url(re.compile("edits="))

    # Anna saves what she sees, with notes, and makes a link
    head(anna, "Save this state").click()
    dialog = anna.locator("dialog[open]")
    expect(dialog.get_by_label("Name")).to_have_value("dust")
    dialog.get_by_label("Name").fill(HOSTILE)
    dialog.get_by_label("Notes").fill(f"Look at the rims.\n{HOSTILE}")
    expect(dialog.locator("img")).to_have_attribute("src", re.compile("^data:image/png;base64,.{200}"))
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(dialog).to_have_count(0)
    expect(anna.locator("span.name")).to_have_text(HOSTILE)
    head(anna, "Share by a link").click()
    dialog.get_by_label("Ends").select_option("week")
    dialog.get_by_role("button", name="Create link").click()
    link = dialog.get_by_label("Address").input_value()
    assert re.search(r"\?s=[\w-]{32}$", link)
    expect(dialog.get_by_text(re.compile("copied|marked"))).to_be_visible()
    anna.keyboard.press("Escape")

    # Bert sees exactly that, and Anna that somebody is there
    opened(bert, link)
    bar = bert.locator(".bar[role=status]").first
    expect(bar).to_contain_text("read-only until you change it")
    expect(bar).to_contain_text(HOSTILE)
    expect(largest(bert)).to_have_value("Tape")
    shows_phases(bert, anna.evaluate(PHASES_SHOWN))
    assert number_of_phases(bert) == number_of_phases(anna)
    expect(bert).to_have_url(link)
    expect(bar.get_by_role("button", name="Save a copy")).to_have_count(0)
    for page in (anna, bert):
        expect(page.locator("span.people")).to_have_text("2")

    # his change is his own; the address is that of his choices from now on
    name_largest(bert, "Glue")
    expect(bar).to_contain_text("Changed since it was shared")
    expect(bert).to_have_url(re.compile("Glue"))
    bert.keyboard.press("Tab")
    bert.get_by_role("button", name=re.compile("^Undo: ")).click()
    expect(bert).to_have_url(link)
    bert.get_by_role("button", name=re.compile("^Redo: ")).click()
    bar.get_by_role("button", name="Save a copy").click()
    copy = bert.locator("dialog[open]")
    copy.get_by_label("Name").fill("Bert's copy")
    copy.get_by_role("button", name="Save a copy").click()
    expect(copy).to_have_count(0)
    expect(bar).to_be_hidden()
    expect(bert.locator("span.name")).to_have_text("Bert's copy")

    bert.get_by_role("button", name=re.compile("^Undo: ")).wait_for()
    head(bert, "Open a saved session").click()
    rows = copy.locator(".row")
    expect(rows).to_have_count(2)
    expect(rows.first.locator(".title")).to_have_text("Bert's copy")
    copy.get_by_label("Search").fill("rims")
    expect(rows).to_have_count(2)
    copy.get_by_label("Search").fill("Dust onerror")
    expect(rows.locator(".title", has_text="Bert")).to_have_count(1)
    copy.get_by_label("Search").fill("")
    expect(rows).to_have_count(2)
    rows.first.get_by_role("button", name="Rename").click()
    copy.locator("input.rename").fill("Rims")
    copy.get_by_label("Search").dispatch_event("input")
    bert.wait_for_timeout(600)  # the list that was asked for comes while the name is typed
    copy.locator("input.rename").press("Enter")
    expect(rows.first.locator(".title")).to_have_text("Rims")
    rows.first.get_by_role("button", name="Duplicate").click()
    expect(rows).to_have_count(3)
    rows.filter(has_text="Rims (copy)").get_by_role("button", name="Delete").click()
    expect(copy.get_by_text("“Rims (copy)” is deleted.")).to_be_visible()
    copy.get_by_role("button", name="Undo").click()
    expect(rows.locator(".title", has_text="Rims (copy)")).to_have_count(1)
    rows.filter(has_text="onerror").locator(".title", has_text="Dust").click()
    expect(copy).to_have_count(0)
    expect(largest(bert)).to_have_value("Tape")
    expect(bert).to_have_url(re.compile(r"session=\w{32}"))
    bert.go_back()  # to the address of his copy
    bert.wait_for_function(PHASES_DRAWN)
    expect(largest(bert)).to_have_value("Glue")

    # Anna takes the link back: whoever opens it now is told so
    head(anna, "Share by a link").click()
    dialog.get_by_role("button", name="Revoke").click()
    expect(dialog.get_by_text(re.compile("revoked"))).to_be_visible()
    bert.goto(link)
    expect(bar).to_contain_text("This link was revoked")
    for page in (anna, bert):
        assert page.evaluate("window.broken") is None


def test_a_reload_and_a_closed_tab_lose_nothing(lodestone: str, person: Callable[[], Page]):
    page = person()
    opened(page, f"{lodestone}/?data=dust.hspy&{QUICK}")
    page.get_by_role("button", name="Linear").click()
    page.get_by_role("button", name=re.compile("^Undo: ")).wait_for()
    page.reload()
    page.wait_for_function(PHASES_DRAWN)
    expect(page.get_by_role("button", name="Linear")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("You were working on")).to_have_count(0)

    name_largest(page, "Glue")
    expect(page).to_have_url(re.compile("Glue"))
    other = page.context.new_page()
    page.close(run_before_unload=True)
    other.goto(lodestone)
    bar = other.locator(".bar[role=status]").first
    expect(bar).to_contain_text(re.compile("You were working on dust .*ago: go on?"))
    bar.get_by_role("button", name="Go on").click()
    other.wait_for_function(PHASES_DRAWN)
    expect(largest(other)).to_have_value("Glue")
    expect(other.get_by_role("button", name="Linear")).to_have_attribute("aria-pressed", "true")
