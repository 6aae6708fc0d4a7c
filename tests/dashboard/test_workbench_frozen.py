"""A saved session holds every choice and look; what is broken in it is said in sentences."""

from __future__ import annotations

import json

import pytest
from phases_bench import opened_map

from dashboard import frozen_phases
from dashboard.frozen_view import FrozenView
from dashboard.named_selections import keep
from dashboard.phases.state import BY_DENSITY, NAVIGATION, UNDONE
from dashboard.selection import Box, GivenPixels, Lasso
from dashboard.workbench import FORMAT, Workbench

#: another value than the first one for every look of a Phases workspace
LOOKS = {
    "hidden": frozenset({1, 4}),
    "map_shown": NAVIGATION + "BSE",
    "composite": ("Fe_Ka", "Ca_Ka", "Si_Ka"),
    "map_palette": "Cividis",
    "background_shown": "",
    "phase_opacity": 0.35,
    "spectra_shown": ["Sum", "End-members"],
    "spectra_scale": "linear",
    "spectra_norm": "Equal area",
    "latent_colour": BY_DENSITY,
    "latent_ellipses": "Phases",
}


def opened(workbench: Workbench) -> Workbench:
    image, view, stripe = opened_map()
    workbench.phases.open(image, view, keep_edits=True)
    workbench.stripe = stripe
    return workbench


@pytest.fixture
def mine() -> Workbench:
    bench = opened(Workbench())
    state = bench.phases
    state.param.update(entry_id="maps/stripes.hspy", dataset_index=2)
    state.change("line_maps", lines=("Fe_Ka", "Ca_Ka"), rebin=2)
    state.change("refinement", n_phases=6)
    state.edit("merge 1 3")
    state.set_phase(1, "name", "Tape <b>& co</b>")
    state.set_phase(2, "colour", "#123456")
    box, lasso = Box("map", 0, 4, 0, 4), Lasso("latent", ((0.0, 0.0), (1.0, 0.5), (0.25, 1.0)))
    state.selections = keep(keep(state.selections, "corner", box, (24, 36)), "cloud", lasso, (24, 36))
    state.selections = keep(state.selections, "mask", GivenPixels.of(bench.stripe == 1, "stripe"), (24, 36))
    state.param.update(**LOOKS)
    bench.notes = "first look\n<script>alert(1)</script>"
    return bench


def test_every_look_and_choice_survives_the_way_through_a_file(mine):
    frozen = json.loads(json.dumps(mine.freeze()))
    theirs = Workbench()
    assert theirs.thaw(frozen) == []
    state = theirs.phases
    assert (state.entry_id, state.dataset_index) == ("maps/stripes.hspy", 2)
    opened(theirs)
    assert theirs.dress() == []
    assert state.recipe == mine.phases.recipe
    assert state.selections == mine.phases.selections
    assert (state.names, state.colours) == ({1: "Tape <b>& co</b>"}, {2: "#123456"})
    assert {name: getattr(state, name) for name in LOOKS} == LOOKS
    assert theirs.notes == mine.notes
    assert frozen["phases"]["dataset_id"] == "stripes"
    assert frozen["phases"]["dataset_title"] == "Three stripes"


def test_no_look_that_can_be_undone_is_forgotten():
    assert set(LOOKS) == set(frozen_phases.LOOKS) == set(UNDONE) - {"recipe", "selections"}


def test_a_view_survives_and_a_broken_one_is_left_out():
    view = FrozenView(
        "Trust", (3, 0), Box("map", 1, 2, 3, 4), {"map": (0.0, 5.0, 1.0, 4.0), "energy": (1, 2)}
    )
    again = FrozenView.read(json.loads(json.dumps(view.plain())))
    assert (again.tab, again.chosen_phases, again.selection) == ("Trust", (3, 0), Box("map", 1, 2, 3, 4))
    assert dict(again.ranges) == {"map": (0.0, 5.0, 1.0, 4.0), "energy": (1.0, 2.0)}
    broken = {
        "tab": 7,
        "chosen_phases": "123",
        "selection": {"kind": "bomb"},
        "ranges": {"map": [1, 0, 0, 1]},
    }
    for plain in (None, [], broken, {"ranges": {"map": [0, float("nan"), 0, 1], "energy": [1e300, 2e300]}}):
        read = FrozenView.read(plain)
        assert (read.tab, read.chosen_phases, read.selection, dict(read.ranges)) == ("", (), None, {})


@pytest.mark.parametrize("state", [None, 7, "text", [], {}, {"phases": []}, {"phases": None, "format": "x"}])
def test_what_is_no_state_is_said_and_changes_nothing(state):
    bench = Workbench()
    before = bench.freeze()
    problems = bench.thaw(state)
    assert problems == ["What was saved holds no Phases workspace that can be read."]
    assert bench.phases.recipe == Workbench().phases.recipe
    assert bench.dress() == []
    assert before["format"] == FORMAT


def test_each_part_that_cannot_be_used_is_one_sentence_and_the_rest_is_taken():
    bench = Workbench()
    problems = bench.thaw(
        {
            "format": FORMAT + 1,
            "phases": {
                "entry_id": 12,
                "dataset_index": True,
                "recipe": "mixture: {n_phases: seven}",
                "selections": '{"lodestone": "selections", "selections": '
                '[{"name": "x", "shape": [1e999, 1]}]}',
                "look": {
                    "map_palette": "Rainbow",
                    "phase_opacity": float("nan"),
                    "hidden": ["1"],
                    "composite": ["Fe_Ka"],
                    "spectra_scale": ["log"],
                    "latent_ellipses": "Phases",
                    "made_up": 1,
                },
            },
        }
    )
    assert len(problems) == 10
    assert problems[0].startswith("This was saved by a newer version")
    assert any("map palette" in text and "Rainbow" in text and "Inferno" in text for text in problems)
    assert any("n_phases" in text for text in problems)
    opened(bench)
    assert bench.dress() == []
    assert bench.phases.latent_ellipses == "Phases"
    assert bench.phases.map_palette == "Inferno"


def test_a_yaml_recipe_that_would_run_code_is_refused():
    bench = Workbench()
    problems = bench.thaw({"phases": {"recipe": "!!python/object/apply:os.system ['true']"}})
    assert len(problems) == 1 and "recipe" in problems[0]


def test_looks_of_another_map_are_named(mine):
    frozen = mine.freeze()
    frozen["phases"]["look"].update(
        map_shown="U_La", composite=["U_La", "Fe_Ka", "Fe_Ka"], latent_colour="Th_Ma", background_shown="SE2"
    )
    theirs = Workbench()
    assert theirs.thaw(frozen) == []
    opened(theirs)
    assert sorted(theirs.dress()) == [
        "This map has no SE2: the image behind the phases is as at first.",
        "This map has no Th_Ma: the colour of the latent space is as at first.",
        "This map has no U_La: the composite is as at first.",
        "This map has no U_La: the element map is as at first.",
    ]
    assert theirs.phases.map_palette == "Cividis"


def test_what_is_captured_is_of_that_moment(mine):
    plain = mine.captured()
    mine.phases.map_palette = "Turbo"
    mine.phases.set_phase(1, "name", "Other")
    assert plain()["phases"]["look"]["map_palette"] == "Cividis"
    assert "Tape" in plain()["phases"]["recipe"]
