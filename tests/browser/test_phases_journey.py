"""Journeys through the Phases workspace in a real browser, on the served app."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Page, expect
from small_map import write_map

from dashboard import visitors
from dashboard.warm_up import compile_kernels
from data import synthetic
from models.live_phases import live_phases
from models.phases import finished, run
from models.recipe import PhasesRecipe, with_settings

#: enough training for a latent space, little enough for a test
QUICK = "autoencoder.max_epochs=3"
PHASES_DRAWN = "modelNamed('phase_map:phases')?.data.image.length > 0"


@pytest.fixture(scope="session")
def compiled() -> None:
    """Every kernel of a run is compiled before a journey waits on it: a fresh checkout has none."""
    compile_kernels()
    image, _truth = synthetic.particulate(11, n_y=64, n_x=64, counts_per_pixel=200)
    result = finished(run(image, with_settings(PhasesRecipe(), {"autoencoder.max_epochs": "1"})))
    answer = live_phases(result, result.recipe)
    latent_alone = with_settings(result.recipe, {"refinement.enabled": "false"})
    live_phases(result, latent_alone, answer)


@pytest.fixture
def lodestone(
    compiled: None, serve: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, Path]]:
    """The address of the app over a folder with one small map, and that folder."""
    folder = tmp_path / "maps"
    folder.mkdir()
    write_map(folder / "dust.hspy")
    monkeypatch.setenv("LODESTONE_DATA", str(folder))
    monkeypatch.setenv("LODESTONE_CACHE", str(tmp_path / "cache"))
    visitors.shared.cache_clear()
    yield serve(visitors.visit_page), folder
    visitors.shared().queue.shutdown()
    visitors.shared.cache_clear()


def number_of_phases(page: Page) -> int:
    return page.evaluate("Math.max(...modelNamed('phase_map:phases').data.image[0])")


def open_map(page: Page, address: str, entry: str = "dust.hspy") -> None:
    page.goto(f"{address}/?data={entry}&{QUICK}")
    page.wait_for_function(PHASES_DRAWN)
    expect(page.get_by_text("Cancel", exact=True).filter(visible=True)).to_have_count(0)


def frame_of(page: Page, figure: str) -> tuple[float, float, float, float]:
    """Left, top, width and height of the frame of a figure on the screen."""
    return tuple(
        page.evaluate(
            """(name) => { const view = Bokeh.index.find_one_by_id(modelNamed(name).id);
                           const box = view.frame.bbox, at = view.el.getBoundingClientRect();
                           return [at.x + box.left, at.y + box.top, box.width, box.height]; }""",
            figure,
        )
    )


def draw_lasso(page: Page, figure: str, centre: tuple[float, float], radius: float) -> None:
    """A circle with the mouse, in shares of the frame."""
    left, top, width, height = frame_of(page, figure)
    for step, angle in enumerate(np.linspace(0, 2 * np.pi, 24)):
        x = left + width * (centre[0] + radius * np.cos(angle))
        y = top + height * (centre[1] + radius * np.sin(angle))
        page.mouse.move(x, y)
        if step == 0:
            page.mouse.down()
    page.mouse.up()


def test_from_a_link_to_phases_a_slider_a_name_and_a_selection(page, lodestone):
    address, _ = lodestone
    open_map(page, address)
    found = number_of_phases(page)
    assert found >= 3
    rows = page.locator("tr[data-phase]")
    expect(rows).to_have_count(found)

    # a name stays with its phase while the number of phases moves
    largest = rows.first
    largest.locator("input[type=text]").fill("Tape")
    largest.locator("input[type=text]").press("Enter")
    slider = page.get_by_role("slider", name=re.compile("Number of phases"))
    slider.focus()
    slider.press("ArrowRight")
    expect(rows).to_have_count(found + 1)
    expect(page).to_have_url(re.compile(rf"refinement\.n_phases={found + 1}"))
    slider.press("ArrowLeft")
    slider.press("ArrowLeft")
    expect(rows).to_have_count(found - 1)
    expect(rows.first.locator("input[type=text]")).to_have_value("Tape")

    # a lasso in the latent space lights pixels on the map; the rest stays, in grey
    draw_lasso(page, "latent", (0.5, 0.5), 0.45)
    expect(page.get_by_text(re.compile("pixels selected"))).to_be_visible()
    page.wait_for_function("modelNamed('element_map:veil').data.image.length > 0")
    assert "Selection" in page.evaluate("modelNamed('spectra:log').data.name")
    page.get_by_text("Clear selection").click()
    page.wait_for_function("modelNamed('element_map:veil').data.image.length === 0")

    # a lasso on the map lights the points of its pixels in the latent space
    before = page.evaluate("modelNamed('latent:density').data.image[0].join()")
    draw_lasso(page, "phase_map", (0.5, 0.5), 0.2)
    expect(page.get_by_text(re.compile("pixels selected"))).to_be_visible()
    page.wait_for_function(
        "before => modelNamed('latent:density').data.image[0].join() !== before", arg=before
    )
    page.get_by_text("Clear selection").click()
    page.wait_for_function("modelNamed('element_map:veil').data.image.length === 0")

    # the mouse over a map reads the pixel: position, phase and intensities
    left, top, width, height = frame_of(page, "phase_map")
    page.mouse.move(left + width / 3, top + height / 3)
    expect(page.get_by_text(re.compile(r"x \d+, y \d+ .*(Phase|Tape)"))).to_be_visible()

    # and a click on a phase in the table selects its pixels
    rows.nth(1).locator("td.number").first.click()
    expect(page.get_by_text(re.compile("pixels selected"))).to_be_visible()


def test_the_latent_clusters_stand_beside_the_refined_phases_at_a_switch(page, lodestone):
    address, _ = lodestone
    open_map(page, address)
    refined = page.evaluate("Array.from(modelNamed('phase_map:phases').data.image[0])")
    page.get_by_role("button", name="Latent clusters").click()
    page.wait_for_function(
        "before => modelNamed('phase_map:phases').data.image[0].some((value, i) => value !== before[i])",
        arg=refined,
    )
    page.get_by_role("button", name="Refined on counts", exact=True).click()
    page.wait_for_function(
        "before => modelNamed('phase_map:phases').data.image[0].every((value, i) => value === before[i])",
        arg=refined,
    )


def test_a_broken_file_is_told_in_words_and_the_visit_goes_on(page, lodestone, faults):
    address, folder = lodestone
    (folder / "broken.bcf").write_bytes(b"no spectrum image")
    open_map(page, address)
    page.get_by_text("Look for new files").click()
    page.get_by_role("combobox", name="Dataset").click()
    page.get_by_role("menuitem", name=re.compile("broken")).click()
    message = page.get_by_text(re.compile(r"broken\.bcf.*(not|no) "))
    expect(message.first).to_be_visible()
    assert "Traceback" not in message.first.inner_text()
    faults.clear()  # the sentence is in the log too
    assert number_of_phases(page) >= 3
    slider = page.get_by_role("slider", name=re.compile("Number of phases"))
    slider.focus()
    before = page.locator("tr[data-phase]").count()
    slider.press("ArrowLeft")
    expect(page.locator("tr[data-phase]")).to_have_count(before - 1)


def test_a_training_can_be_cancelled_and_another_visit_answers_meanwhile(
    page: Page, context: BrowserContext, lodestone
):
    address, _ = lodestone
    open_map(page, address)
    other = context.new_page()
    other.goto(f"{address}/?data=dust.hspy&autoencoder.max_epochs=5000&autoencoder.patience=5000")
    expect(other.get_by_text(re.compile(r"epoch \d+ of 5000")).first).to_be_visible()
    other.wait_for_function("modelNamed('loss').renderers[0].data_source.data.epoch.length > 1")
    slider = page.get_by_role("slider", name=re.compile("Number of phases"))
    before = page.locator("tr[data-phase]").count()
    page.bring_to_front()
    slider.focus()
    slider.press("ArrowLeft")
    expect(page.locator("tr[data-phase]")).to_have_count(before - 1)
    other.bring_to_front()
    other.get_by_text("Cancel", exact=True).filter(visible=True).click()
    expect(other.get_by_text(re.compile("Stopped"))).to_be_visible()
    expect(other.get_by_text("Cancel", exact=True).filter(visible=True)).to_have_count(0)
