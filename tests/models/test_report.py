"""A report holds what was found, needs nothing beside it, and runs nothing that a name holds."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image
from test_edited_phases import edited, stripes
from test_edited_phases import found as found  # the five stripes, a fixture

from data.elemental_maps import ElementalMaps
from models.live_phases import live_phases
from models.phases import finished, run
from models.recipe import PhasesRecipe, from_yaml, with_settings
from models.report import make_report, report_html
from models.report_content import ReportContent, content_of
from models.report_files import write_report
from models.report_methods import methods
from models.report_references import REFERENCES, Citations


class Page(HTMLParser):
    """What a report asks for, what it runs, and its text by the element that holds it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.handlers: list[str] = []
        self.cells: list[list[str]] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag == "tr":
            self.cells.append([])
        if tag in ("td", "th"):
            self.cells[-1].append("")
            self.open.append(tag)
        for name, value in attributes:
            if name in ("src", "href", "srcset", "action", "data"):
                self.addresses.append(value)
            if name.startswith("on"):
                self.handlers.append(name)

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.open.pop()

    def handle_data(self, data):
        if self.open:
            self.cells[-1][-1] += data


def content(found, *commands: str, source: str = "stripes.bcf") -> ReportContent:
    result, _ = found
    recipe = edited(result.recipe, *commands)
    shown = live_phases(result, recipe)
    return content_of(result, source, "2026-01-01 12:00", "1.0", recipe, shown)


def test_a_report_asks_nobody_for_anything(found):
    html = report_html(content(found))
    page = Page(html)
    assert len(page.addresses) >= 4
    assert all(address.startswith("data:image/png;base64,") for address in page.addresses)
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    assert "default-src 'none'" in html


def test_the_modal_table_says_the_pixels_that_the_map_shows(found):
    made = content(found)
    cells = Page(report_html(made)).cells
    for one in made.order:
        row = next(row for row in cells if row and row[0] == made.names[one])
        assert row[1] == f"{int((made.shown.phase_map.label == one).sum()):,}"
        assert float(row[2]) == pytest.approx(100 * np.mean(made.shown.phase_map.label == one), abs=0.01)
        area = (made.shown.phase_map.label == one).sum() * 0.5**2  # the pixel is 0.5 um wide
        assert float(row[3].replace(",", "")) == pytest.approx(area, rel=1e-3)


def test_every_picture_can_be_read_and_is_wide_enough_for_print(found):
    pictures = Page(report_html(content(found))).addresses
    for picture in pictures:
        image = Image.open(io.BytesIO(base64.b64decode(picture.split(",", 1)[1])))
        image.load()
        assert image.width >= 700


def test_names_with_markup_are_shown_as_text(found):
    attack = "<img src=x onerror=alert(1)>"
    made = replace(content(found, source=f"{attack}.bcf"), names=(attack, "a", "b", "c", "d"))
    html = report_html(made)
    page = Page(html)
    assert not page.handlers and all(address.startswith("data:") for address in page.addresses)
    assert attack not in html
    assert any(row and row[0] == attack for row in page.cells)


def test_the_recipe_in_the_report_can_be_used_again(found):
    made = content(found)
    text = unescape(re.search(r"<pre>(.*?)</pre>", report_html(made), re.DOTALL)[1])
    again = from_yaml(text)
    assert again.line_maps.lines == ("Si_Ka", "Ca_Ka", "Fe_Ka", "S_Ka", "Ti_Ka")
    assert again.mixture == made.recipe.mixture and again.edits == made.recipe.edits


def test_the_methods_say_what_this_run_did_and_cite_what_they_rest_on(found):
    paragraphs, references = methods(content(found))
    text = " ".join(paragraphs)
    assert "60 x 24 pixels of 500 nm" in text and "20 kV" in text
    assert "mixture of Gaussians" in text and "The number of phases, 5, was set by hand." in text
    assert "Poisson likelihood" not in text  # these are latent clusters
    cited = {int(number) for mark in re.findall(r"\[([\d, ]+)\]", text) for number in mark.split(", ")}
    assert cited == set(range(1, len(references) + 1))
    refined, _ = methods(refined_content(found))
    assert "Poisson likelihood" in " ".join(refined)


def refined_content(found) -> ReportContent:
    result, _ = found
    recipe = with_settings(result.recipe, {"refinement.enabled": "true"})
    return content_of(result, "stripes.bcf", "", "1.0", recipe, live_phases(result, recipe))


def test_edits_by_hand_stand_in_the_methods_and_in_the_table(found):
    plain = content(found)
    ids = [plain.shown.ids[one] + 1 for one in plain.order]
    made = content(found, f"merge {ids[0]} {ids[1]}")
    assert len(made.order) == len(plain.order) - 1
    assert "edited by hand" in " ".join(methods(made)[0])
    assert "edited by hand" not in " ".join(methods(plain)[0])


def test_excluded_phases_are_told_under_the_table(found):
    plain = content(found)
    excluded = plain.shown.ids[plain.order[0]] + 1
    html = report_html(content(found, f"exclude {excluded}"))
    assert f"{int(plain.shown.pixels[plain.order[0]]):,} pixels of excluded phases" in html


def test_progress_is_told_figure_by_figure_and_ends_with_the_report(found):
    *before, last = make_report(content(found))
    fractions = [progress.fraction for progress in before]
    assert fractions == sorted(fractions) and len(before) >= 4
    assert not any(progress.html for progress in before)
    assert last.fraction == 1.0 and last.html.startswith("<!DOCTYPE html>")


def test_a_map_whose_phases_are_all_gone_has_no_report(found, tmp_path):
    result, _ = found
    recipe = with_settings(result.recipe, {"mixture.n_phases": "5"})
    shown = live_phases(result, recipe)
    empty = replace(shown, pixels=np.zeros_like(shown.pixels))
    with pytest.raises(ValueError, match="No pixel belongs to a phase"):
        content_of(result, "x", "", "1.0", recipe, empty)


def test_maps_without_spectra_have_a_report_too(tmp_path):
    _, stripe = stripes()
    rng = np.random.default_rng(2)
    intensity = rng.normal(1.0, 0.1, (*stripe.shape, 3)).astype(np.float32)
    for element in range(3):
        intensity[:, :, element] += 5 * (stripe == element)
    maps = ElementalMaps(
        intensity=intensity, lines=("Si", "Ca", "Fe"), pixel_size_um=None, dataset_id="maps", title="Maps"
    )
    recipe = with_settings(PhasesRecipe(), {"latent.method": "pca"})
    result = finished(run(maps, recipe))
    write_report(result, "maps", tmp_path)
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "set of element maps" in html and "3 maps" in html
    assert "Composition, wt.%" in html  # of net intensities as they are, with what that assumes
    analysis = html.split("<h2>Recipe</h2>")[0].split("<h2>Methods</h2>")[1]
    assert "channels" not in analysis and "keV" not in analysis


def test_a_reference_keeps_its_number_and_unknown_ones_are_refused():
    cite = Citations()
    assert cite("elam2002") == " [1]"
    assert cite("tung2023", "elam2002") == " [2, 1]"
    assert cite.listed == (REFERENCES["elam2002"], REFERENCES["tung2023"])
    with pytest.raises(KeyError):
        cite("nobody1900")
