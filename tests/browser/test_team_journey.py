"""Two people with accounts and two browsers, on the server that an administrator would run."""

from __future__ import annotations

import re
import time

from playwright.sync_api import Locator, Page, expect
from team_server import PASSWORDS, PHASES_SHOWN, Team, shows_phases, sign_in

from dashboard.store import Store

DRAWN = "modelNamed('phase_map:phases')?.data.image.length > 0"
#: enough training for a latent space, little enough for a test
MAP = "?data=dust.hspy&autoencoder.max_epochs=3"
FRAME = "(name => { const range = modelNamed(name).x_range; return [range.start, range.end]; })"


def opened(page: Page, address: str) -> Page:
    page.goto(address)
    return drawn(page)


def drawn(page: Page) -> Page:
    page.wait_for_function(DRAWN)
    expect(page.get_by_text("Cancel", exact=True).filter(visible=True)).to_have_count(0)
    return page


def head(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def dialog(page: Page) -> Locator:
    return page.locator("dialog[open]")


def largest(page: Page) -> Locator:
    return page.locator("tr[data-phase]").first.locator("input[type=text]")


def name_largest(page: Page, name: str) -> None:
    largest(page).fill(name)
    largest(page).press("Enter")
    expect(page).to_have_url(re.compile(re.escape(name)))


def saved_as(page: Page, name: str) -> str:
    """Save by the keyboard alone; gives the address of the session."""
    page.keyboard.press("Control+s")
    expect(dialog(page).get_by_label("Name")).to_be_focused()
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    expect(dialog(page)).to_have_count(0)
    expect(page.locator("span.name")).to_have_text(name)
    return name


def listed(page: Page) -> Locator:
    head(page, "Open a saved session").click()
    expect(dialog(page).get_by_label("Search")).to_be_focused()
    return dialog(page).locator(".row")


def bar(page: Page) -> Locator:
    """The line above the figures on the session."""
    return page.locator(".bar[role=status]").first


def told(page: Page, text: str) -> None:
    expect(bar(page)).to_contain_text(text)


def test_from_the_login_to_a_session_of_the_team_and_a_copy_of_it(team: Team, faults):
    # signed out, a link leads to the login, and from there on to what it names, a wrong password included
    page = team.new_context().new_page()
    team.watch(page)
    page.goto(team.address + MAP)
    expect(page).to_have_title("Lodestone: sign in")
    expect(page.get_by_label("Name")).to_be_focused()
    sign_in(page, "alice", "not hers")
    expect(page.get_by_role("alert")).to_have_text(re.compile("The name or the password is wrong"))
    expect(page).to_have_url(re.compile("next="))
    expect(page.get_by_label("Name")).to_have_value("alice")
    page.get_by_label("Password").fill(PASSWORDS["alice"])
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(team.address + MAP)
    team.contexts["alice"], alice = page.context, drawn(page)
    expect(alice.get_by_title("Signed in as alice")).to_be_visible()

    # what Alice saves is private: Bob does not see it, nor reach it
    name_largest(alice, "Tape")
    saved_as(alice, "Rims")
    rows = listed(alice)
    expect(rows.get_by_label("Who may open it")).to_have_value("private")
    session = rows.first.get_attribute("data-session")
    bob = opened(team.page_of("bob"), f"{team.address}{MAP}&session={session}")
    told(bob, "There is no such session for you")
    listed(bob)
    expect(dialog(bob)).to_contain_text("Nothing is saved yet")

    # she publishes it: he opens and changes it, and has to keep a copy
    rows.get_by_label("Who may open it").select_option("team")
    bob.keyboard.press("Escape")
    expect(dialog(bob)).to_have_count(0)
    his = listed(bob)
    expect(his).to_contain_text(["Rims"])
    expect(his).to_contain_text(["alice"])
    for action in ("Rename", "Delete"):
        expect(his.get_by_role("button", name=action)).to_have_count(0)
    his.get_by_role("button", name="Rims").click()
    expect(largest(bob)).to_have_value("Tape")
    told(bob, "Shared by alice")
    told(bob, "read-only until you change it")
    alice.keyboard.press("Escape")
    for one in (alice, bob):
        expect(one.locator("span.people")).to_have_text("2")
    name_largest(bob, "Glue")
    bob.keyboard.press("Tab")
    bob.keyboard.press("Control+s")
    expect(dialog(bob).get_by_role("button", name="Save", exact=True)).to_be_visible()
    bob.keyboard.press("Escape")
    bar(bob).get_by_role("button", name="Save a copy").click()
    dialog(bob).get_by_label("Name").fill("Rims, with glue")
    dialog(bob).get_by_role("button", name="Save a copy").click()
    expect(bob.locator("span.name")).to_have_text("Rims, with glue")
    expect(listed(bob).filter(has_text="Rims, with glue")).to_contain_text("bob")
    expect(alice.locator("span.people")).to_be_hidden()
    expect(listed(alice)).to_have_count(1)
    expect(largest(alice)).to_have_value("Tape")
    # a second tab that saves over the same session is asked first
    alice.keyboard.press("Escape")
    other = opened(team.page_of("alice"), f"{team.address}?session={session}")
    name_largest(other, "Foil")
    saved_as(other, "Rims")
    name_largest(alice, "Film")
    alice.keyboard.press("Control+s")
    dialog(alice).get_by_role("button", name="Save", exact=True).click()
    asked = dialog(alice).get_by_role("alert").filter(visible=True)
    expect(asked).to_have_text(re.compile("“Rims” was changed today, .* by alice, in another tab"))
    dialog(alice).get_by_role("button", name="Replace").click()
    expect(dialog(alice)).to_have_count(0)
    expect(largest(opened(other, f"{team.address}?session={session}"))).to_have_value("Film")


def test_a_link_shows_the_view_until_it_is_revoked_or_ends(team: Team):
    alice = opened(team.page_of("alice"), team.address + MAP)
    saved_as(alice, "For a link")
    alice.locator("tr[data-phase]").nth(1).locator("td", has_text="%").click()
    expect(alice.locator("tr[data-phase][aria-selected=true]")).to_have_count(1)
    chosen = alice.locator("tr[data-phase][aria-selected=true]").get_attribute("data-phase")
    alice.evaluate("modelNamed('latent').x_range.setv({start: -1, end: 1})")
    alice.get_by_role("tab", name="Particles").click()
    expect(alice.get_by_text(re.compile(r"\d+ particles"))).to_be_visible()
    head(alice, "Share by a link").click()
    dialog(alice).get_by_role("button", name="Create link").click()
    link = dialog(alice).get_by_label("Address").input_value()
    alice.keyboard.press("Escape")
    alice.get_by_role("tab", name="Explore").click()
    name_largest(alice, "Later")
    label = alice.evaluate(PHASES_SHOWN)

    # Carol is signed out: from the login she lands on the link, and sees what was shared
    carol = team.new_context().new_page()
    team.watch(carol)
    carol.goto(link)
    sign_in(carol, "carol")
    expect(carol).to_have_url(link)
    drawn(carol)
    told(carol, "Shared by alice")
    expect(carol.get_by_role("tab", name="Particles")).to_have_attribute("aria-selected", "true")
    carol.get_by_role("tab", name="Explore").click()
    shows_phases(carol, label)
    selected = carol.locator("tr[data-phase][aria-selected=true]")
    expect(selected).to_have_attribute("data-phase", chosen)
    expect(largest(carol)).not_to_have_value("Later")
    assert carol.evaluate("[modelNamed('latent').x_range.start, modelNamed('latent').x_range.end]") == [-1, 1]

    # her connection breaks after a change, and the page is loaded again: it is as she left it
    name_largest(carol, "Hers")
    expect(carol.locator("span.people")).to_have_count(1)
    carol.evaluate("window.sockets.forEach(socket => socket.close())")
    carol.reload()
    drawn(carol)
    expect(largest(carol)).to_have_value("Hers")

    head(alice, "Share by a link").click()
    dialog(alice).get_by_role("button", name="Revoke").click()
    expect(dialog(alice).get_by_text("revoked")).to_be_visible()
    carol.goto(link + MAP.replace("?", "&"))
    told(carol, "This link was revoked by the person who shared it")
    with Store.open(team.store, clock=lambda: time.time() - 3600) as store:
        mine = next(one for one in store.sessions("alice") if one.name == "For a link")
        ended = store.share(mine.id, "alice", expires_in_s=60)
    carol.goto(f"{team.address}{MAP}&s={ended.token}")
    told(carol, "This link was good until")
    carol.goto(f"{team.address}{MAP}&s={ended.token[:-3]}")
    told(carol, "There is no such link")
    carol.context.close()
