"""What a person changed, in words: for the tooltips of undo and redo."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any

from dashboard.named_selections import Kept
from dashboard.origins import Origin
from dashboard.phases.selecting import chosen_by
from models import phase_edits
from models.phase_edits import Colour, Edit, Exclude, Lock, Merge, Name, Split
from models.recipe import PhasesRecipe

_CHOICES = {
    "refinement.n_phases": "number of phases",
    "mixture.n_phases": "number of phases",
    "refinement.enabled": "refined on counts",
    "mixture.method": "clusters by",
    "mixture.covariance": "covariance of the clusters",
    "probability_threshold": "least probability",
    "unmixing.n_components": "number of end-members",
    "line_maps.lines": "X-ray lines",
    "line_maps.rebin": "rebin",
    "line_maps.crop": "crop",
    "line_maps.low_energy_kev": "cut below (keV)",
    "line_maps.background": "line intensity",
    "line_maps.normalisation": "normalisation",
    "line_maps.energy_offset_kev": "energy offset (keV)",
    "line_maps.energy_scale_kev": "energy scale (keV)",
    "latent.method": "latent space",
    "autoencoder.max_epochs": "most epochs",
}
_LOOKS = {
    "map_shown": "map",
    "composite": "colours of the RGB map",
    "map_palette": "palette",
    "background_shown": "image below the phases",
    "phase_opacity": "opacity of the phases",
    "spectra_shown": "spectra",
    "spectra_scale": "scale of the spectra",
    "spectra_norm": "spectra",
    "latent_colour": "colours of the latent space",
    "latent_ellipses": "ellipses",
}

#: what has changed, in words; and of what kind it is: changes of one kind may be one step
Change = tuple[str, Hashable]


def described(before: Mapping[str, Any], after: Mapping[str, Any], name_of: Callable[[int], str]) -> Change:
    """What the difference of two states is called, and its kind; None for a kind that is always a step.

    Parameters
    ----------
    before, after : parameter of the state -> value; ``selected`` is the origin of the selection
    name_of : phase -> its name, as it was before
    """
    changed = [name for name in after if after[name] != before.get(name)]
    if "recipe" in changed:
        return _of_recipe(before["recipe"], after["recipe"], name_of)
    if "selections" in changed:
        return _of_kept(before["selections"], after["selections"])
    if "hidden" in changed:
        hidden, shown = after["hidden"] - before["hidden"], before["hidden"] - after["hidden"]
        verb, phases = ("hide", hidden) if hidden else ("show", shown)
        return f"{verb} {_phases(sorted(phases), name_of)}", None
    if "selected" in changed:
        return _of_selection(after["selected"], name_of)
    name = changed[0] if changed else ""
    return f"{_LOOKS.get(name, name.replace('_', ' '))}{_value(after.get(name))}", ("look", name)


def _of_recipe(old: PhasesRecipe, new: PhasesRecipe, name_of: Callable[[int], str]) -> Change:
    if old.edits != new.edits:
        return _of_edits(old.edits, new.edits, name_of)
    before = dict(_leaves(dataclasses.asdict(old)))
    names = [name for name, value in _leaves(dataclasses.asdict(new)) if value != before[name]]
    names = [name for name in names if name != "numbering"] or names
    if not names:
        return "choices", None
    value = dict(_leaves(dataclasses.asdict(new)))[names[0]]
    word = _CHOICES.get(names[0], names[0].rpartition(".")[2].replace("_", " "))
    automatic = names[0].endswith("n_phases") and value == 0
    return f"{word} {'automatic' if automatic else _value(value).strip()}", ("recipe", tuple(names))


def _of_edits(old: tuple[str, ...], new: tuple[str, ...], name_of: Callable[[int], str]) -> Change:
    gone = [phase_edits.parse(text) for text in old if text not in new]
    come = [phase_edits.parse(text) for text in new if text not in old]
    if come and isinstance(come[-1], Colour):
        return f"colour of {name_of(come[-1].phase)}", ("colour", come[-1].phase)
    if come and isinstance(come[-1], Name):
        called = phase_edits.names_of(phase_edits.parse_all(old)).get(come[-1].phase)
        return f"name {called or f'Phase {come[-1].phase + 1}'} “{come[-1].name}”", None
    if come:
        return " and ".join(dict.fromkeys(edit_text(edit, name_of) for edit in come)), None
    if len(gone) == 1 and isinstance(gone[0], Exclude):
        return f"bring back {name_of(gone[0].phase)}", None
    if gone and all(isinstance(edit, Lock) for edit in gone):
        return f"unlock {_phases([edit.phase for edit in gone], name_of)}", None
    if len(gone) == 1:
        return f"remove “{edit_text(gone[0], name_of)}”", None
    return "reset edits" if gone else "order of edits", None


def edit_text(edit: Edit, name_of: Callable[[int], str]) -> str:
    """An edit with the names of its phases."""
    if isinstance(edit, Merge):
        return f"merge {_phases(edit.phases, name_of)}"
    if isinstance(edit, Split):
        return f"split {name_of(edit.phase)} into {edit.parts}"
    if isinstance(edit, Exclude | Lock):
        return f"{'exclude' if isinstance(edit, Exclude) else 'lock'} {name_of(edit.phase)}"
    return edit.text


def _of_kept(old: Kept, new: Kept) -> Change:
    before, after = {one.name: one for one in old}, {one.name: one for one in new}
    come, gone = (
        [name for name in after if name not in before],
        [name for name in before if name not in after],
    )
    if come and gone:
        return f"rename selection “{gone[0]}” to “{come[0]}”", None
    if come:
        return f"keep selection{'s' if len(come) > 1 else ''} “{'”, “'.join(come[:3])}”", None
    if gone:
        return f"remove selection “{gone[0]}”" if len(gone) == 1 else f"remove {len(gone)} selections", None
    name = next((name for name in after if after[name] != before[name]), "")
    return f"look of selection “{name}”", ("kept look", name)


def _of_selection(origin: Origin | None, name_of: Callable[[int], str]) -> Change:
    if origin is None:
        return "clear the selection", None
    chosen = chosen_by(origin)
    if chosen:
        return f"choose {_phases(chosen, name_of)}", None
    image = getattr(origin, "image", None)
    return f"select {origin.text}", None if image is None else ("range", image)


def _phases(phases: Any, name_of: Callable[[int], str]) -> str:
    names = [name_of(phase) for phase in phases]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""


def _leaves(mapping: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in mapping.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return ": on" if value else ": off"
    if isinstance(value, float):
        return f" {value:.4g}"
    if isinstance(value, list | tuple):
        return f" {', '.join(map(str, value[:6]))}{' …' if len(value) > 6 else ''}" if value else " none"
    return "" if value is None else f" {value}"
