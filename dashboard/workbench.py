"""The state of one visit over all workspaces, and how it stands in a link."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from dashboard.phases.state import PhasesState
from dashboard.selection_files import from_link, to_link
from models.recipe import PhasesRecipe, with_settings

#: the names of the link that are no choice of the recipe
_DATASET, _SIGNAL, _SELECTIONS = "data", "signal", "selections"


class Workbench:
    """What a visitor has on the table."""

    def __init__(self) -> None:
        self.phases = PhasesState()

    def snapshot(self) -> dict[str, str]:
        """The state as the parameters of a link: dataset, choices that are not the default, selections.

        Choices have their dotted names, as in ``batch.py --set``: a link can be read, and written by hand.
        """
        state = self.phases
        link = {_DATASET: state.entry_id}
        if state.dataset_index:
            link[_SIGNAL] = str(state.dataset_index + 1)
        default = dict(_choices(dataclasses.asdict(PhasesRecipe())))
        for name, value in _choices(dataclasses.asdict(state.recipe)):
            if value != default[name]:
                link[name] = (
                    yaml.safe_dump(
                        list(value) if isinstance(value, tuple) else value,
                        default_flow_style=True,
                        width=10**6,
                    )
                    .removesuffix("\n...\n")
                    .strip()
                )
        selections, _ = to_link(state.selections)
        return {**link, _SELECTIONS: selections} if selections else link

    def restore(self, link: Mapping[str, str]) -> list[str]:
        """Take over what a link says; what cannot be used is left out.

        Returns
        -------
        one sentence for each part of the link that was left out
        """
        state, problems = self.phases, []
        state.entry_id = link.get(_DATASET) or state.entry_id
        signal = link.get(_SIGNAL, "1")
        if signal.isdecimal() and int(signal) >= 1:
            state.dataset_index = int(signal) - 1
        else:
            problems.append(f"The link asks for signal {signal!r}; signals are numbered from 1.")
        if link.get(_SELECTIONS):
            try:
                state.selections = from_link(link[_SELECTIONS])
            except ValueError as error:
                problems.append(f"The link was taken without its selections: {error}")
        recipe = state.recipe
        for name, value in link.items():
            if name in (_DATASET, _SIGNAL, _SELECTIONS):
                continue
            try:
                recipe = with_settings(recipe, {name: value})
            except ValueError as error:
                problems.append(f"The link was taken without {name}: {error}")
        state.recipe = recipe
        return problems


def _choices(mapping: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in mapping.items():
        if isinstance(value, Mapping):
            yield from _choices(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
