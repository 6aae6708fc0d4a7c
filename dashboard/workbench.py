"""The state of one visit over all workspaces: how it stands in a link, and in a saved session."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import yaml

from dashboard.frozen_phases import FrozenPhases
from dashboard.frozen_view import FrozenView
from dashboard.phases.state import PhasesState
from dashboard.selection_files import from_link, to_link
from models.recipe import PhasesRecipe, with_settings

#: the names of the link that are no choice of the recipe
_DATASET, _SIGNAL, _SELECTIONS = _OF_THE_LINK = ("data", "signal", "selections")
#: of what freeze() gives; a change that older programs cannot read makes it one more
FORMAT = 1


class Workbench:
    """What a visitor has on the table.

    Attributes
    ----------
    phases : the state of the Phases workspace
    notes : what the person wrote down of it
    tab_settings : gives, by the title of a tab, what is set in it and stands nowhere else
    """

    def __init__(self) -> None:
        self.phases = PhasesState()
        self.notes = ""
        self.tab_settings: Callable[[], Mapping[str, Mapping[str, Any]]] = dict
        self._thawed: FrozenPhases | None = None

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
        recipe, known = state.recipe, dict(_choices(dataclasses.asdict(PhasesRecipe())))
        for name, value in link.items():
            if name in _OF_THE_LINK:
                continue
            try:
                recipe = with_settings(recipe, {name: value})
            except ValueError as error:
                reason = str(error) if name in known else _unknown(name, [*known, *_OF_THE_LINK])
                problems.append(f"The link was taken without {name[:60]}: {reason}")
        state.recipe = recipe
        return problems

    def freeze(self, view: FrozenView | None = None) -> dict[str, Any]:
        """The state as a saved session holds it: plain values that JSON takes, no results.

        Parameters
        ----------
        view : where the person is looking
        """
        return self.captured(view)()

    def captured(self, view: FrozenView | None = None) -> Callable[[], dict[str, Any]]:
        """What :meth:`freeze` gives of this moment, to be made plain later and in another thread."""
        phases, notes, view = FrozenPhases.of(self.phases), self.notes, view or FrozenView()
        tabs = self.tab_settings()
        return lambda: {
            "format": FORMAT,
            "workspace": "phases",
            "notes": notes,
            "phases": phases.plain(),
            "view": view.plain(),
            "tabs": tabs,
        }

    def thaw(self, state: Any) -> list[str]:
        """Take over the choices of a frozen state; its look follows with :meth:`dress`.

        Whatever the state is, what can be used of it is taken.

        Returns
        -------
        one sentence for each part that was left out
        """
        problems = []
        if not isinstance(state, Mapping):
            state = {}
        version = state.get("format")
        if isinstance(version, int) and version > FORMAT:
            problems.append(
                "This was saved by a newer version of Lodestone: what this one knows of it is shown."
            )
        self._thawed, of_phases = FrozenPhases.read(state.get("phases"))
        notes = state.get("notes")
        self.notes = notes if isinstance(notes, str) else ""
        self._thawed.put_choices(self.phases)
        return problems + of_phases

    def dress(self) -> list[str]:
        """Once its dataset is open, give the thawed state its look.

        Returns
        -------
        one sentence for each look that means nothing on this dataset
        """
        return [] if self._thawed is None else self._thawed.put_look(self.phases)


def _unknown(name: str, known: Sequence[str]) -> str:
    """Why a part of a link cannot be used, for somebody who wrote it by hand."""
    meant = difflib.get_close_matches(name, known, n=1)
    return "there is no choice of that name" + (f". Is {meant[0]} meant?" if meant else ".")


def _choices(mapping: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in mapping.items():
        if isinstance(value, Mapping):
            yield from _choices(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
