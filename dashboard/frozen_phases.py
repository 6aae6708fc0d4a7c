"""The state of a Phases workspace as plain values, and back: what a saved session holds of it.

Whatever is read may be damaged, of another version or made up: what can be used is taken, and for the rest
there are sentences.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from dashboard import theme
from dashboard.named_selections import Kept
from dashboard.phases.state import ALL_COUNTS, BY_DENSITY, BY_PHASE, COLOUR_COMPOSITE, NAVIGATION, PhasesState
from dashboard.selection_files import from_json, to_json
from models.recipe import PhasesRecipe, from_yaml, to_yaml

#: curves that can be shown
_CURVES = ("Sum", "Phases", "Selection", "End-members")
#: looks that name something of the open map: they are checked when it is there
_OF_THE_MAP = ("map_shown", "composite", "background_shown", "latent_colour")
_MOST_TEXT = 200


@dataclass(frozen=True, eq=False)
class FrozenPhases:
    """What a Phases workspace shows, without the results.

    Attributes
    ----------
    entry_id, dataset_index : where the dataset was found; "" for several maps together
    dataset_id, dataset_title : its content hash and its title; "" where none was open
    recipe : every choice, with the numbers of the phases on show
    selections : kept selections
    look : name of a look of the state -> its value
    """

    entry_id: str = ""
    dataset_index: int = 0
    dataset_id: str = ""
    dataset_title: str = ""
    recipe: PhasesRecipe = field(default_factory=PhasesRecipe)
    selections: Kept = ()
    look: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, state: PhasesState) -> FrozenPhases:
        """What a state shows now; cheap, all that is taken is never changed in place."""
        recipe, shown = state.recipe, state.shown
        if shown is not None and shown.numbering:
            # colours and names belong to numbers: whoever opens it sees the same ones
            recipe = replace(recipe, numbering=shown.numbering)
        dataset, prepared = state.dataset, state.prepared
        return cls(
            state.entry_id,
            state.dataset_index,
            "" if dataset is None else dataset.dataset_id,
            "" if prepared is None else prepared.maps.title,
            recipe,
            tuple(state.selections),
            {name: getattr(state, name) for name in _LOOKS},
        )

    def plain(self) -> dict[str, Any]:
        """As values that JSON holds; some ms for many selections, so that a thread does it."""
        return {
            "entry_id": self.entry_id,
            "dataset_index": self.dataset_index,
            "dataset_id": self.dataset_id,
            "dataset_title": self.dataset_title,
            "recipe": to_yaml(self.recipe),
            "selections": to_json(self.selections) if self.selections else "",
            "look": {name: _LOOKS[name].plain(value) for name, value in self.look.items()},
        }

    @classmethod
    def read(cls, plain: Any) -> tuple[FrozenPhases, list[str]]:
        """What :meth:`plain` gave, and a sentence for each part that cannot be used."""
        if not isinstance(plain, Mapping):
            return cls(), ["What was saved holds no Phases workspace that can be read."]
        problems: list[str] = []

        def part(name: str, read: Callable[[Any], Any], default: Any, what: str) -> Any:
            if name not in plain:
                return default
            try:
                return read(plain[name])
            except (ValueError, TypeError, OverflowError, RecursionError) as error:
                problems.append(f"What was saved was taken without {what}: {_short(error)}")
                return default

        look = part("look", _mapping, {}, "its look")
        taken = {}
        for name, kind in _LOOKS.items():
            if name in look:
                try:
                    taken[name] = kind.read(look[name])
                except (ValueError, TypeError, OverflowError) as error:
                    words = name.replace("_", " ")
                    problems.append(f"What was saved was taken without {words}: {_short(error)}")
        frozen = cls(
            part("entry_id", _text, "", "the name of the dataset"),
            part("dataset_index", _index, 0, "the number of its signal"),
            part("dataset_id", _text, "", "the content of the dataset"),
            part("dataset_title", _text, "", "the title of the dataset"),
            part("recipe", lambda text: from_yaml(_long_text(text)), PhasesRecipe(), "its recipe"),
            part("selections", _selections, (), "its selections"),
            taken,
        )
        return frozen, problems

    def put_choices(self, state: PhasesState) -> None:
        """Set the choices of a state that has no map open, or this one."""
        state.param.update(
            entry_id=self.entry_id, dataset_index=self.dataset_index, recipe=self.recipe,
            selections=self.selections,
        )  # fmt: skip

    def put_look(self, state: PhasesState) -> list[str]:
        """Set the looks of a state that has its map open.

        Returns
        -------
        one sentence for each look that means nothing on this map
        """
        if state.prepared is None:
            return []
        look, problems = dict(self.look), []
        for name in _OF_THE_MAP:
            if name in look and (lacking := _lacking(name, look[name], state)):
                del look[name]
                problems.append(f"This map has no {lacking}: {_WORDS[name]} is as at first.")
        state.param.update(**look)
        return problems


def _lacking(name: str, value: Any, state: PhasesState) -> str:
    """What a look names and the open map does not have; empty where it has it."""
    maps = state.prepared.maps
    lines = set(maps.lines)
    if name == "composite":
        return ", ".join(line for line in value if line and line not in lines)
    if name == "background_shown":
        return "" if not value or value in maps.navigation else value
    if name == "latent_colour":
        return "" if value in (BY_PHASE, BY_DENSITY) or value in lines else value
    if value.startswith(NAVIGATION):
        image = value.removeprefix(NAVIGATION)
        return "" if image in maps.navigation else f"image {image}"
    if value == COLOUR_COMPOSITE:
        return "" if len(lines) >= 2 else "three lines"
    return "" if value == ALL_COUNTS or value in lines else value


_WORDS = {
    "map_shown": "the element map",
    "composite": "the composite",
    "background_shown": "the image behind the phases",
    "latent_colour": "the colour of the latent space",
}


@dataclass(frozen=True)
class _Look:
    """How a look becomes plain, and how it is read; reading raises ValueError or TypeError."""

    read: Callable[[Any], Any]
    plain: Callable[[Any], Any] = lambda value: value


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 4000:
        raise ValueError("it is no text of a usable length")
    return value


def _long_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("it is no text")
    return value


def _index(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 10**6:
        raise ValueError(f"{str(value)[:40]!r} is no number from 0")
    return value


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError("it is no mapping")
    return value


def _selections(value: Any) -> Kept:
    return from_json(value) if _long_text(value) else ()


def _phases(value: Any) -> frozenset[int]:
    if not isinstance(value, list | tuple) or len(value) > 10_000:
        raise ValueError("it is no list of phases")
    return frozenset(_index(phase) for phase in value)


def _share(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("it is no number")
    return min(max(float(value), 0.0), 1.0)


def _lines(value: Any) -> tuple[str, str, str]:
    if not isinstance(value, list | tuple) or len(value) != 3:
        raise ValueError("it does not name three lines")
    return tuple(_text(line) for line in value)


def _curves(value: Any) -> list[str]:
    if not isinstance(value, list | tuple):
        raise ValueError("it is no list of curves")
    return [curve for curve in _CURVES if curve in value]


def _one_of(*values: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in values:
            raise ValueError(f"{str(value)[:60]!r} is none of {', '.join(values)}")
        return value

    return read


def _objects(name: str) -> Callable[[Any], str]:
    return _one_of(*PhasesState.param[name].objects)


_LOOKS: dict[str, _Look] = {
    "hidden": _Look(_phases, lambda phases: sorted(map(int, phases))),
    "map_shown": _Look(_text),
    "composite": _Look(_lines, list),
    "map_palette": _Look(_one_of(*theme.MAP_PALETTES)),
    "background_shown": _Look(_text),
    "phase_opacity": _Look(_share),
    "spectra_shown": _Look(_curves, list),
    "spectra_scale": _Look(_objects("spectra_scale")),
    "spectra_norm": _Look(_objects("spectra_norm")),
    "latent_colour": _Look(_text),
    "latent_ellipses": _Look(_objects("latent_ellipses")),
}


def _short(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= _MOST_TEXT else text[: _MOST_TEXT - 1] + "…"


#: every look that is kept
LOOKS: tuple[str, ...] = tuple(_LOOKS)
