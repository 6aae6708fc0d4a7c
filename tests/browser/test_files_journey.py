"""The dialog "Files" in a real browser: look for datasets, send files, go on after a break, be refused."""

from __future__ import annotations

import contextlib
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Error, Locator, Page, Route, expect
from team_server import Team

MIB = 2**20
DUST = "?data=dust.hspy&autoencoder.max_epochs=3"
#: what the browser itself says of a refusal, or of a connection that a journey breaks
_EXPECTED = ("Failed to load resource",)


@pytest.fixture
def page(team: Team, faults) -> Page:
    """Alice's page, with the dialog open."""
    for text in _EXPECTED:
        faults.allow(text)
    page = team.page_of("alice")
    page.on("dialog", lambda dialog: dialog.accept())  # that an upload is under way
    page.goto(team.address + DUST)
    page.wait_for_function("modelNamed('element_map:intensity')?.data.image.length > 0")
    return opened(page)


def opened(page: Page) -> Page:
    page.get_by_role("button", name="Files: look for datasets, or upload").click()
    expect(dialog(page).get_by_label("Search")).to_be_focused()
    return page


def dialog(page: Page) -> Locator:
    return page.locator("dialog[open]")


def send(page: Page, *files: Path | tuple[str, bytes]) -> Locator:
    """Choose files; gives the line of the last one."""
    plain = [
        str(one) if isinstance(one, Path) else {"name": one[0], "mimeType": "", "buffer": one[1]}
        for one in files
    ]
    before = dialog(page).locator(".sending:not(.broken)").count()
    dialog(page).get_by_label("Files to upload").set_input_files(plain)
    lines = dialog(page).locator(".sending:not(.broken)")
    expect(lines).to_have_count(before + 1)
    return lines.last


def test_a_file_is_found_sent_in_pieces_after_breaks_and_stored_once(team: Team, page: Page, tmp_path: Path):
    rows = dialog(page).locator(".row")
    dust = rows.filter(has_text="dust.hspy")
    expect(dust).to_contain_text(re.compile(r"HyperSpy.*kB|MB"))
    expect(dust).to_contain_text("open here")
    expect(dust.locator("img")).to_have_attribute("src", re.compile("^data:image/png;base64,"))
    dialog(page).get_by_label("Search").fill("no such file")
    expect(dialog(page).get_by_text("No dataset is called that.")).to_be_visible()
    dialog(page).get_by_label("Search").fill("DUST")
    expect(rows).to_have_count(1)
    dialog(page).get_by_label("Search").fill("")

    # 18 MiB go in three pieces; the connection breaks in the second, and then for good
    large = tmp_path / "large.hspy"
    whole = (team.data / "dust.hspy").read_bytes()  # HDF5 does not mind what follows
    large.write_bytes(whole + np.random.default_rng(3).bytes(18 * MIB - len(whole)))
    offsets: list[int] = []

    def break_after_the_first(route: Route) -> None:
        offsets.append(int(route.request.headers["upload-offset"]))
        if len(offsets) == 1:
            route.continue_()
        else:
            route.abort("connectionreset")

    pieces = re.compile(r"/uploads/[0-9a-f]{32}$")

    def only_pieces(route: Route) -> None:
        break_after_the_first(route) if route.request.method == "PATCH" else route.continue_()

    page.route(pieces, only_pieces)
    line = send(page, large)
    expect(line).to_contain_text("the connection broke: it goes on as soon as the server answers")
    assert float(line.locator("progress").get_attribute("value")) == 8 * MIB
    page.reload()
    page.unroute(pieces)
    broken = dialog(opened(page)).locator(".sending.broken")
    expect(broken).to_contain_text("44 % have arrived: choose the same file again to go on")
    with page.expect_request(lambda request: request.method == "PATCH") as first:
        line = send(page, large)
    assert first.value.headers["upload-offset"] == str(8 * MIB)
    assert set(offsets) == {0, 8 * MIB}
    expect(broken).to_have_count(0)
    expect(line).to_contain_text("large.hspy has arrived.")
    assert (team.data / "uploads" / "team" / "large.hspy").read_bytes() == large.read_bytes()
    expect(rows.filter(has_text="large.hspy")).to_contain_text("18.9 MB")

    # the same file under another name is stored once
    line = send(page, ("again.hspy", large.read_bytes()))
    expect(line).to_contain_text("The same file is there already, as uploads/team/large.hspy")
    assert [one.name for one in (team.data / "uploads" / "team").iterdir()] == ["large.hspy"]

    # what is cancelled on its way is gone
    held = []
    page.route(
        pieces, lambda route: held.append(route) if route.request.method == "PATCH" else route.continue_()
    )
    cancelled = ("other.hspy", large.read_bytes()[:-1])
    with page.expect_response(lambda response: response.request.method == "DELETE"):
        send(page, cancelled).get_by_role("button", name="Cancel").click()
    expect(dialog(page).locator(".sending", has_text="other.hspy")).to_have_count(0)
    assert page.evaluate("fetch('uploads').then(answer => answer.json())")["uploads"] == []
    page.unroute(pieces)
    for route in held:
        with contextlib.suppress(Error):  # the page has given some of them up itself
            route.abort()


def test_what_cannot_be_taken_is_said_on_the_page(page: Page, tmp_path: Path):
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("map.bcf", "w") as entry:
        for _ in range(300):
            entry.write(bytes(MIB))
    huge = tmp_path / "huge.raw"
    with huge.open("wb") as file:
        file.truncate(41 * MIB)
    refused = (
        (("photo.bcf", b"\x89PNG\r\n\x1a\n" + bytes(100)), "called a Bruker map"),
        (("empty.bcf", b""), "empty.bcf is empty (0 bytes)"),
        (huge, "up to 40.0 MB are taken"),
        (("notes.docx", b"PK"), "notes.docx cannot be opened here"),
        (("..\\..\\escape.bcf", b"x"), "is a path"),
        (("fcb.\u202emap.bcf", b"x"), "characters that cannot be seen"),
        (
            ("<img src=x onerror=window.broken=1>.bcf", b"<html><script>window.broken=1</script>"),
            "a web page",
        ),
        (bomb, "unpacks to"),
    )
    for file, sentence in refused:
        line = send(page, file)
        expect(line).to_have_class(re.compile("failed"))
        expect(line).to_contain_text(sentence)
        line.get_by_role("button", name="Close").click()
        expect(dialog(page).locator(".sending")).to_have_count(0)
    # the browser tells the truth about sizes, another program may not
    answer = page.evaluate("""async () => {
        const send = async (path, method, body, headers = {}) =>
            (await fetch('uploads' + path, {method, body, headers})).json();
        const begun = await send('', 'POST', JSON.stringify({name: 'liar.bcf', size: 10}));
        const more = await send('/' + begun.id, 'PATCH', 'x'.repeat(20), {'Upload-Offset': '0'});
        await fetch('uploads/' + begun.id, {method: 'DELETE'});
        return more.error; }""")
    assert "was announced with 10 bytes, and more came" in answer
    assert page.evaluate("window.broken") is None
    expect(dialog(page).locator(".row").filter(has_text="photo")).to_have_count(0)


def test_a_map_of_an_instrument_is_sent_and_opened(team: Team, page: Page, shared_data: Path):
    map_of_bruker = shared_data / "eds" / "bruker" / "test_TEM.bcf"
    line = send(page, map_of_bruker)
    expect(line).to_contain_text("test_TEM.bcf has arrived.")
    expect(dialog(page).locator(".row.fresh")).to_contain_text("Bruker")
    line.get_by_role("button", name="Open").click()
    expect(dialog(page)).to_have_count(0)
    expect(page).to_have_url(re.compile(r"data=uploads%2Fteam%2Ftest_TEM\.bcf"))
    page.wait_for_function("modelNamed('element_map:intensity')?.data.image.length > 0")
    cancel = page.get_by_text("Cancel", exact=True).filter(visible=True)
    if cancel.count():
        cancel.click()
    opened(page)
    expect(dialog(page).locator(".row", has_text="test_TEM.bcf")).to_contain_text("open here")
