"""The journeys would notice: an app that fails, an error in the page, a request that leaves this computer."""

from __future__ import annotations

import panel as pn
from panel_material_ui import Page

from dashboard import shell

ELSEWHERE = "http://elsewhere.invalid/logo.png"


def test_an_app_that_fails_is_a_fault(serve, page, faults):
    def app() -> Page:
        raise ZeroDivisionError("nothing to divide by")

    faults.allow("nothing to divide by")
    page.goto(serve(app))
    assert any("nothing to divide by" in fault for fault in faults)


def test_a_callback_that_fails_is_a_fault(serve, page, faults):
    def fail(event: object) -> None:
        raise ZeroDivisionError("nothing to divide by")

    faults.allow("nothing to divide by")
    page.goto(serve(lambda: shell.page("Divide", [], [], [pn.widgets.Button(label="Divide", on_click=fail)])))
    page.get_by_role("button", name="Divide").click()
    while not faults:  # the time limit of the tests ends this where the fault is not noticed
        page.wait_for_timeout(20)
    assert any("nothing to divide by" in fault for fault in faults)


def test_an_error_in_the_page_is_a_fault(page, faults):
    faults.allow("lost")
    page.goto("about:blank")
    with page.expect_event("pageerror"):
        page.evaluate("setTimeout(() => { throw new Error('lost') }, 0)")
    assert faults == ["page error: lost"]


def test_a_request_that_leaves_this_computer_is_a_fault_and_goes_nowhere(page, faults):
    faults.allow(ELSEWHERE)
    faults.allow("ERR_FAILED")  # what the console says of it
    page.goto("about:blank")
    with page.expect_console_message() as message, page.expect_event("requestfailed"):
        page.evaluate("url => { document.body.append(Object.assign(new Image(), {src: url})) }", ELSEWHERE)
    assert message.value.type == "error"
    assert f"request left this computer: {ELSEWHERE}" in faults


def test_a_page_of_ours_has_no_faults(serve, page):
    page.goto(serve(lambda: shell.page("Lodestone", [], [], [pn.pane.Markdown("All is well.")])))
    page.get_by_text("All is well.").wait_for()
