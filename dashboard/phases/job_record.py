"""What a long job writes down, so that it can be asked again after the server was stopped: plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dashboard.phases.state import PhasesState
from models.recipe import PhasesRecipe, to_yaml

#: names of a record besides those of :func:`of_map`: the title of the tab that began the job, and what was
#: set in it
TAB, SETTINGS = "tab", "tabs"


def of_map(
    entry_id: str, index: int, recipe: PhasesRecipe, dataset_id: str = "", title: str = ""
) -> dict[str, Any]:
    """A map and what is sought on it, by the names that a frozen state has for them.

    Parameters
    ----------
    entry_id, index : where the dataset is found in the catalogue
    dataset_id, title : content and name of the dataset; "" where it is not open yet
    """
    return {
        "entry_id": entry_id,
        "dataset_index": index,
        "dataset_id": dataset_id,
        "dataset_title": title,
        "recipe": to_yaml(recipe),
    }


def of_tab(state: PhasesState, tab: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What lies on the table where a tab begins a job.

    Parameters
    ----------
    tab : its title
    settings : what is set in it
    """
    recipe, dataset = state.recipe, state.dataset
    if state.shown is not None and state.shown.numbering:
        recipe = replace(recipe, numbering=state.shown.numbering)
    known = ("", "") if dataset is None else (dataset.dataset_id, dataset.title)
    table = of_map(state.entry_id, state.dataset_index, recipe, *known)
    return {**table, TAB: tab, SETTINGS: {tab: dict(settings)}}
