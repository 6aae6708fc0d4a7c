"""Light or dark: as the system has it, then as the person chose, on every page from its first moment."""

from __future__ import annotations

import re

import panel as pn
from playwright.sync_api import Page, expect

from dashboard import shell
from dashboard.theme_choice import begin_as_remembered

DARK, LIGHT = re.compile(r"rgb\((1?\d|2\d|3\d), "), re.compile(r"rgb\(2\d\d, ")


def is_dark(page: Page, colour: re.Pattern) -> None:
    expect(page.locator("body")).to_have_css("background-color", colour)


def test_a_page_follows_the_system_until_the_person_chooses(serve, page):
    begun_dark = []

    def app():
        begin_as_remembered()
        begun_dark.append(pn.config.theme == "dark")
        return shell.page("Lodestone", [], [], [pn.pane.Markdown("All is well.")])

    address = serve(app)
    page.emulate_media(color_scheme="dark")
    page.goto(address)
    is_dark(page, DARK)
    page.emulate_media(color_scheme="light")
    is_dark(page, LIGHT)
    page.emulate_media(color_scheme="dark")
    is_dark(page, DARK)
    page.reload()
    is_dark(page, DARK)

    page.get_by_role("button", name="Toggle theme").click()
    is_dark(page, LIGHT)
    page.reload()
    page.get_by_text("All is well.").wait_for()
    is_dark(page, LIGHT)
    page.goto(f"{address}/?theme=dark")
    is_dark(page, DARK)
    page.goto(address)
    is_dark(page, LIGHT)
    assert begun_dark == [False, True, False, True, False]
