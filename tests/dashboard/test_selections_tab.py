"""The tab "Selections": what its cards show and do."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
import tifffile
from live_bench import LiveVisit

from dashboard.exports import Chosen
from dashboard.named_selections import keep
from dashboard.phases.overlay import drawn_masks, outline_layer
from dashboard.phases.phase_actions import exclude
from dashboard.phases.selections import SelectionsTab
from dashboard.phases.tab import Tools
from dashboard.selection import Box, Combined, ConnectedRegion, GivenPixels, ImageRange, PhaseMembers
from dashboard.viewport import Viewport
from models.exports_figure import FigureStyle
from models.mask_files import mask_tiff

SHAPE = (24, 36)


class Page:
    """A visit with the tab on show."""

    def __init__(self) -> None:
        self.visit = LiveVisit()
        self.state, self.told = self.visit.state, []
        tools = Tools(self.state, None, self.visit._calls.put, lambda text, kind: self.told.append(text))
        self.tab = SelectionsTab(tools)
        self.tab.build()
        self._changed: set[str] = set()
        self.state.param.watch(
            lambda *events: self._changed.update(event.name for event in events), list(self.tab.follows)
        )
        self.tab.refresh(frozenset(self.tab.follows))
        self.settle()

    def settle(self) -> None:
        """Let answers come and the tab show them, as its frame does."""
        for _ in range(4):
            self.visit.settle()
            changed, self._changed = frozenset(self._changed), set()
            if changed:
                self.tab.refresh(changed)
            while self.tab._measure.busy:
                self.visit._calls.get(timeout=20)()

    def keep(self, name: str) -> None:
        self.tab.make.name.value = name
        self.tab.make.keep_now()
        self.settle()


@pytest.fixture
def page():
    return Page()


def layer(plot, name):
    return plot._sources[name].data


def test_a_drawn_selection_is_kept_listed_and_drawn_over_the_maps(page):
    page.tab.map._drawn({"type": "rect", "x0": 0, "x1": 12, "y0": 0, "y1": 12})
    page.settle()
    assert "144 pixels selected" in page.tab.make.said.object
    page.keep("corner")
    (row,) = page.tab.kept.table.rows
    assert (row["name"], row["pixels"], row["area"]) == ("corner", "144", "16.7 %")
    drawn = layer(page.tab.map.plot, "kept")["image"][0]
    scale = drawn.shape[0] // 24
    assert set(np.unique(drawn[: 12 * scale, : 12 * scale])) == {1, 2}
    assert set(np.unique(drawn[12 * scale :])) == {0, 3}  # the dark line around it, and nothing
    assert page.tab.make.name.value == ""


def test_moving_the_handle_of_the_map_selects_by_its_values(page):
    card = page.tab.map
    card.image.value = "Fe_Ka"
    low, high = card.range.value
    card.range.value = (0.5 * (low + high), high)
    page.settle()
    iron = page.visit.stripe == 2
    assert isinstance(page.state.selection.origin, ImageRange)
    assert (page.state.selection.image & iron).sum() > 0.95 * page.state.selection.n_selected
    veil = layer(card.plot, "veil")["image"][0]
    assert veil[:, 0].all()
    # another selection takes the handle back to its ends, and both ends clear the selection
    page.state.select(Box("map", 0, 3, 0, 3))
    page.settle()
    assert tuple(card.range.value) == (card.range.start, card.range.end)
    card.range.value = (low, 0.7 * high)
    page.settle()
    card.range.value = (low, high)
    page.settle()
    assert page.state.selection is None


def test_a_click_on_a_phase_selects_its_region(page):
    card = page.tab.map
    card.image.value = "Phases"
    assert layer(card.plot, "phases")["image"][0].any()
    assert not card.range.visible
    card._tapped(type("Tap", (), {"x": 9.0, "y": 2.0})())  # um; pixels are 0.5 um wide
    page.settle()
    assert page.state.selection.origin == ConnectedRegion(4, 18)
    assert page.state.selection.n_selected == 288


def test_a_phase_of_the_menu_is_selected_and_named_in_what_is_kept(page):
    state = page.state
    phase = page.visit.phase_of(1)
    state.set_phase(phase, "name", "Calcite")
    page.settle()
    page.tab.make.phase.value = phase
    page.settle()
    assert state.selection.origin == PhaseMembers(phase)
    assert page.tab.make.name.placeholder == "Calcite"
    page.keep("")
    assert [(row["name"], row["text"]) for row in page.tab.kept.table.rows] == [("Calcite", "Calcite")]
    # the numbers of the phases are written down: the link means the same phase elsewhere
    assert len(state.recipe.numbering) == 3


@pytest.fixture
def two(page):
    page.state.selections = keep(keep((), "left", Box("map", 0, 20, 0, 24), SHAPE), "top",
                                 Box("map", 0, 36, 0, 6), SHAPE)  # fmt: skip
    page.settle()
    return page


@pytest.mark.parametrize(
    ("action", "names", "pixels"),
    [
        ("and", ["left", "top"], 20 * 6),
        ("or", ["left", "top"], 20 * 24 + 16 * 6),
        ("and_not", ["left", "top"], 20 * 18),
        ("and_not", ["top", "left"], 16 * 6),
        ("not", ["left"], 16 * 24),
        ("select", ["top"], 36 * 6),
    ],
)
def test_chosen_rows_combine(two, action, names, pixels):
    two.tab.kept.act(action, names)
    two.settle()
    assert two.state.selection.n_selected == pixels


def test_an_expression_combines_and_what_is_kept_says_so_by_name(two):
    two.tab.make.expression.value = "left and not top"
    two.tab.make.select_combined()
    two.settle()
    assert two.state.selection.origin == Combined(
        "and_not", (Box("map", 0, 20, 0, 24), Box("map", 0, 36, 0, 6))
    )
    two.keep("rest")
    assert two.tab.kept.table.rows[2]["text"] == "left and not top"


def test_spectra_and_compositions_are_those_of_the_pixels(two):
    found = two.tab.found
    assert found.names == ("left", "top")
    np.testing.assert_array_equal(
        found.spectra[0], np.asarray(two.visit.opened.image.counts[
            (np.arange(24 * 36) % 36) < 20
        ].sum(axis=0)).ravel(),
    )  # fmt: skip
    curves = two.tab.spectra.source.data["name"]
    assert curves == ["All pixels", "left", "top"]
    titles = [column["title"] for column in two.tab.table.columns]
    assert titles == ["", "left", "top"]
    assert {row["what"] for row in two.tab.table.rows} >= {"Si", "Ca", "Fe"}
    two.tab.unit.value = "Net counts"
    assert [row["what"] for row in two.tab.table.rows] == ["Si_Ka", "Ca_Ka", "Fe_Ka"]
    assert "±" in two.tab.table.rows[0]["s0"]


def chosen(kind: str) -> Chosen:
    return Chosen(kind, FigureStyle())


def test_everything_can_be_taken_away_in_files(two):
    name, content = two.tab._file(chosen("CSV"))
    table = pd.read_csv(io.BytesIO(content))
    assert list(table) == ["energy_kev", "left", "top"]
    assert table["left"].sum() == two.tab.found.spectra[0].sum()
    name, content = two.tab._lines(chosen("CSV"))
    table = pd.read_csv(io.BytesIO(content))
    assert list(table["selection"]) == ["left", "top"]
    assert {"Fe_Ka_net_counts", "Fe_Ka_net_counts_sigma"} <= set(table)
    two.tab.kept.table.chosen = ["top"]
    name, content = two.tab.kept._file(chosen("MASKS"))
    assert name.endswith("top_mask.tif")
    np.testing.assert_array_equal(tifffile.imread(io.BytesIO(content)) > 0, np.arange(24)[:, None] < [6] * 36)
    name, content = two.tab.kept._file(chosen("PIXELS"))
    table = pd.read_csv(io.BytesIO(content))
    assert len(table) == 36 * 6
    assert set(table["phase"]) == {"Phase 1", "Phase 2", "Phase 3"}
    two.tab.kept.table.chosen = []
    assert two.tab.kept._file(chosen("MASKS"))[0].endswith(".zip")
    table = pd.read_csv(io.BytesIO(two.tab.kept._file(chosen("TABLE"))[1]))
    assert list(table["area_um2"]) == [120.0, 54.0]
    two.tab.make.take_file("again.json", two.tab.kept._file(chosen("JSON"))[1])
    two.settle()
    assert [row["name"] for row in two.tab.kept.table.rows] == ["left", "top", "left 2", "top 2"]


def test_a_mask_comes_in_where_it_fits_and_both_sizes_are_said_where_not(page):
    mask = np.zeros(SHAPE, bool)
    mask[3:9, 4:10] = True
    page.tab.make.take_file("grains.tif", mask_tiff(mask, None))
    page.settle()
    np.testing.assert_array_equal(page.state.selection.image, mask)
    before = page.state.selection
    for name, content, said in (
        ("large.tif", mask_tiff(np.ones((30, 36), bool), None), "36 x 30 pixels .*, this map has 36 x 24"),
        ("none.tif", mask_tiff(np.zeros(SHAPE, bool), None), "selects nothing"),
        ("broken.tif", b"II*\x00 no", "cannot be read"),
        ("broken.json", b"{", "no file of selections"),
    ):
        page.tab.make.take_file(name, content)
        page.settle()
        with pytest.raises(ValueError, match=said):
            raise ValueError(page.told[-1])
    assert page.state.selection is before


def test_what_cannot_be_kept_or_combined_is_told_and_nothing_is_lost(two):
    two.tab.make.keep_now()
    two.tab.make.expression.value = "left and right"
    two.tab.make.select_combined()
    two.state.select(Box("map", 0, 3, 0, 3))
    two.settle()
    two.keep("left")
    two.tab.kept.act("rename", ["top"], "left")
    two.tab.kept.act("and", ["top"])
    two.tab.kept.act("remove", ["nothing"])
    assert [text.split(".")[0].split(":")[0] for text in two.told] == [
        "Nothing is selected",
        "No selection is called 'right'",
        "There is a selection 'left' already",
        "There is a selection 'left' already",
        "Choose two or more selections to combine",
        "Choose a kept selection in the table first",
    ]
    assert [one.name for one in two.state.selections] == ["left", "top"]


def test_selections_follow_the_phases_that_they_are_made_of(page):
    state = page.state
    phase = page.visit.phase_of(0)
    state.choose([phase])
    page.settle()
    page.keep("silicon")
    assert page.tab.kept.table.rows[0]["pixels"] == "288"
    exclude(state, [phase])
    page.settle()
    row = page.tab.kept.table.rows[0]
    assert f"no phase {phase + 1}" in row["problem"]
    assert page.tab.found is None


def test_a_selection_of_another_size_says_so_and_waits(page):
    page.state.selections = keep((), "other", Box("map", 0, 4, 0, 4), (10, 12))
    page.settle()
    (row,) = page.tab.kept.table.rows
    assert "12 × 10" in row["problem"] and "36 × 24" in row["problem"]
    page.state.selections = keep(page.state.selections, "mask", GivenPixels.of(np.eye(10, 12), "m"), (10, 12))
    page.settle()
    assert page.tab.found is None


def test_hidden_and_absent_selections_are_not_drawn(two):
    state = two.state
    assert len(drawn_masks(state.selections, state.kept_masks, SHAPE)) == 2
    two.tab.kept.act("visible", ["top"], False)
    two.settle()
    ((colour, mask),) = drawn_masks(state.selections, state.kept_masks, SHAPE)
    assert colour == state.selections[0].colour
    np.testing.assert_array_equal(mask, np.arange(36)[None, :].repeat(24, axis=0) < 20)
    assert drawn_masks(state.selections, {}, SHAPE) == []


def test_an_outline_is_thin_however_large_a_pixel_is_shown():
    mask = np.zeros(SHAPE, bool)
    mask[8:16, 8:16] = True
    for width in (36, 360):
        index, extent = outline_layer([mask])(Viewport(0, 36, 0, 24, width, width * 24 // 36))
        assert extent == (0, 0, 36, 24)
        scale = index.shape[1] / 36
        inside, line = (index == 1).sum() / scale**2, (index == 2).sum() / scale**2
        assert inside + line == 64
        assert line == pytest.approx(32 / scale, rel=0.15)
        assert not index[0].any()
