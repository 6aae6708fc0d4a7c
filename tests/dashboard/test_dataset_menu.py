"""The menu of datasets names what is on show or was asked for, and never opens anything by itself."""

from __future__ import annotations

import pytest
from sessions_bench import OneMap

from dashboard.phases.dataset_menu import DatasetMenu
from dashboard.phases.state import PhasesState


@pytest.fixture
def opened() -> list[tuple[str, int]]:
    return []


def menu_of(asked: str, opened: list[tuple[str, int]]) -> DatasetMenu:
    return DatasetMenu(PhasesState(entry_id=asked), OneMap(), lambda *entry: opened.append(entry))


def test_what_is_not_there_is_named_and_another_can_be_chosen(opened):
    menu = menu_of("<b>gone</b>.bcf", opened)
    assert menu.entries.options == {
        "<b>gone</b>.bcf (not found)": "<b>gone</b>.bcf",
        "stripes": "stripes.hspy",
    }
    assert menu.entries.value == "<b>gone</b>.bcf"
    menu.refresh()
    assert opened == []
    menu.entries.value = "stripes.hspy"
    assert opened == [("stripes.hspy", 0)]
    menu._state.entry_id = "stripes.hspy"
    assert menu.entries.options == {"stripes": "stripes.hspy"}


def test_a_file_that_has_gone_since_is_named_and_one_that_came_back_is_listed(opened):
    menu = menu_of("stripes.hspy", opened)
    maps, menu._catalogue.maps = menu._catalogue.maps, {}
    menu.refresh()
    assert menu.entries.options == {"stripes.hspy (not found)": "stripes.hspy"}
    menu._catalogue.maps = maps
    menu.refresh()
    assert menu.entries.options == {"stripes": "stripes.hspy"}
    assert opened == []


def test_several_maps_together_are_no_file(opened):
    menu = menu_of("", opened)
    assert list(menu.entries.options) == ["(one of several maps)", "stripes"]
    assert menu.entries.value == ""
    menu._state.entry_id = "stripes.hspy"
    assert list(menu.entries.options) == ["stripes"]
    assert opened == []
