"""Kept selections: names, combinations, files, links, and other maps."""

from __future__ import annotations

import json

import numpy as np
import pytest

from dashboard.named_selections import (
    COLOURS,
    change,
    for_another_map,
    free_name,
    keep,
    remove,
    rename,
)
from dashboard.origins import Context
from dashboard.selection import (
    Box,
    Combined,
    GivenPixels,
    ImageRange,
    Lasso,
    PhaseMembers,
    select,
)
from dashboard.selection_expression import combined
from dashboard.selection_files import LINK_ROOM, from_json, from_link, to_json, to_link

SHAPE = (4, 6)
RIMS, CRACKS, HOT = Box("map", 0, 4, 0, 4), Box("map", 2, 6, 0, 2), Box("map", 0, 6, 3, 4)


def three():
    kept = keep((), "rims", RIMS, SHAPE)
    kept = keep(kept, "cracks", CRACKS, SHAPE)
    return keep(kept, "hot spots", HOT, SHAPE)


def test_selections_get_colours_and_keep_their_order():
    kept = three()
    assert [one.name for one in kept] == ["rims", "cracks", "hot spots"]
    assert [one.colour for one in kept] == list(COLOURS[:3])
    kept = change(remove(rename(kept, "cracks", "pores"), "rims"), "pores", visible=False)
    assert [(one.name, one.visible) for one in kept] == [("pores", False), ("hot spots", True)]


@pytest.mark.parametrize("name", ["", "  ", "Rims", "and", "NOT", "a (b)", 'say "so"'])
def test_a_name_that_cannot_be_is_refused(name):
    with pytest.raises(ValueError, match=r"name|called|already"):
        keep(three(), name, RIMS, SHAPE)
    with pytest.raises(ValueError, match=r"name|called|already"):
        rename(three(), "cracks", name)


def test_a_free_name_is_found():
    assert free_name(three(), "rims") == "rims 2"
    assert free_name(three(), "not") == "not 2"
    assert free_name((), "") == "Selection"


@pytest.mark.parametrize(
    ("expression", "mask"),
    [
        ("rims", lambda r, c, h: r),
        ("rims and cracks", lambda r, c, h: r & c),
        ("rims and not cracks", lambda r, c, h: r & ~c),
        ("not rims", lambda r, c, h: ~r),
        ("rims or cracks and hot spots", lambda r, c, h: r | (c & h)),
        ("(rims or cracks) and hot spots", lambda r, c, h: (r | c) & h),
        ('RIMS and not (cracks or "hot spots")', lambda r, c, h: r & ~(c | h)),
        ("not(rims)and(cracks)", lambda r, c, h: ~r & c),
        ("not not rims", lambda r, c, h: r),
    ],
)
def test_an_expression_combines_selections_as_sets(expression, mask):
    masks = [select(one.origin, SHAPE).mask for one in three()]
    found = select(combined(expression, three()), SHAPE)
    np.testing.assert_array_equal(found.mask, mask(*masks))


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("", "Write what to combine"),
        ("rims and", "missing at the end"),
        ("and rims", "missing before 'and'"),
        ("rims cracks", "'and' or 'or' was expected"),
        ("(rims", "never closed"),
        ('"rims', "never closed"),
        ("rims and dikes", r"No selection is called 'dikes'. Those kept are: rims, cracks, hot spots"),
        ("rims and ()", "missing before"),
    ],
)
def test_an_expression_that_cannot_be_read_says_where(expression, said):
    with pytest.raises(ValueError, match=said):
        combined(expression, three())


def test_a_file_brings_all_selections_back():
    kept = keep(three(), "mask", GivenPixels.of(np.eye(4, 6), "mask"), SHAPE)
    kept = change(kept, "rims", colour="#123456", visible=False)
    assert from_json(to_json(kept)) == kept


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", '{"lodestone": "selections"}', '{"lodestone": "selections", "selections": 3}',
     '{"lodestone": "selections", "selections": [{"name": "a"}]}',
     '{"lodestone": "selections", "selections": [{"name": "a", "shape": [4, 6], "origin": {"kind": "x"}}]}'],
)  # fmt: skip
def test_a_file_that_holds_no_selections_is_refused(text):
    with pytest.raises(ValueError, match="no file of selections"):
        from_json(text)


def test_a_link_holds_what_is_cheap_and_names_the_rest():
    rng = np.random.default_rng(1)
    kept = keep(three(), "mask", GivenPixels.of(rng.random((64, 64)) > 0.5, "mask"), (64, 64))
    kept = keep(kept, "phase", PhaseMembers(2), SHAPE)
    long = Lasso("map", tuple((float(x), float(y)) for x, y in rng.random((400, 2))))
    kept = keep(kept, "long", long, SHAPE)
    text, left = to_link(kept)
    assert left == ["mask", "long"]
    assert len(text) <= LINK_ROOM
    assert [one.name for one in from_link(text)] == ["rims", "cracks", "hot spots", "phase"]
    assert from_link(text)[0].origin == RIMS
    assert to_link(()) == ("", [])
    with pytest.raises(ValueError, match="cannot be read"):
        from_link("{")


def test_another_map_of_the_same_size_takes_shapes_as_shapes_and_the_rest_as_pixels():
    image = np.arange(24.0).reshape(SHAPE)
    kept = keep(three(), "bright", ImageRange("Fe_Ka", 12), SHAPE)
    kept = keep(kept, "both", Combined("and", (RIMS, ImageRange("Fe_Ka", 12))), SHAPE)
    context = Context(SHAPE, images={"Fe_Ka": image})
    masks = {one.name: select(one.origin, context) for one in kept}
    moved = for_another_map(kept, masks)
    assert [type(one.origin) for one in moved] == [Box, Box, Box, GivenPixels, GivenPixels]
    for before, after in zip(kept, moved, strict=True):
        np.testing.assert_array_equal(select(after.origin, SHAPE).mask, select(before.origin, context).mask)
    # what is not there cannot be taken along: it stays what it is
    assert for_another_map(kept, {"bright": "no such image"}) == kept


def test_damaged_colours_of_a_file_are_not_taken():
    found = json.loads(to_json(three()))
    found["selections"][0]["colour"] = "red;}"
    assert from_json(json.dumps(found))[0].colour == COLOURS[0]
