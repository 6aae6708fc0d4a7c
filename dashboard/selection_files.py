"""Kept selections as the text of a file and of a link."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from dashboard.measured_origins import GivenPixels
from dashboard.named_selections import Kept, NamedSelection, change, free_name, keep
from dashboard.origins import from_mapping, to_mapping

#: characters in which all selections of a link together have to fit
LINK_ROOM = 1800


def to_json(kept: Iterable[NamedSelection]) -> str:
    """The selections as the text of a file."""
    return json.dumps({"lodestone": "selections", "selections": _plain(kept)}, ensure_ascii=False, indent=1)


def from_json(text: str) -> Kept:
    """The selections that :func:`to_json` wrote.

    Raises
    ------
    ValueError
        The text is no such file.
    """
    try:
        found = json.loads(text)
        if not isinstance(found, dict) or found.get("lodestone") != "selections":
            raise ValueError("it does not say that it holds selections")
        return from_plain(found["selections"])
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"This is no file of selections of Lodestone: {error}.") from error


def to_link(kept: Iterable[NamedSelection]) -> tuple[str, list[str]]:
    """As many selections as a link has room for, as text, and the names of those left out."""
    taken: list[NamedSelection] = []
    left: list[str] = []
    for one in kept:
        text = _short([*taken, one])
        if isinstance(one.origin, GivenPixels) or len(text) > LINK_ROOM:
            left.append(one.name)
        else:
            taken.append(one)
    return (_short(taken) if taken else ""), left


def from_link(text: str) -> Kept:
    """The selections of a link; errors as for :func:`from_json`."""
    try:
        return from_plain(json.loads(text))
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"the selections of the link cannot be read: {error}") from error


def from_plain(found: Any) -> Kept:
    """Selections from plain values; ValueError where they are none."""
    if not isinstance(found, list):
        raise ValueError("selections must be a list")
    kept: Kept = ()
    for one in found:
        try:
            n_y, n_x = (int(length) for length in one["shape"])
            origin = from_mapping(one["origin"])
            kept = keep(kept, free_name(kept, str(one["name"])), origin, (n_y, n_x))
            colour = str(one.get("colour", kept[-1].colour))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"a selection lacks {error}") from error
        if len(colour) == 7 and colour[0] == "#" and all(c in "0123456789abcdefABCDEF" for c in colour[1:]):
            kept = change(kept, kept[-1].name, colour=colour, visible=bool(one.get("visible", True)))
    return kept


def _plain(kept: Iterable[NamedSelection]) -> list[dict[str, Any]]:
    return [
        {
            "name": one.name,
            "shape": list(one.shape),
            "colour": one.colour,
            "visible": one.visible,
            "origin": to_mapping(one.origin),
        }
        for one in kept
    ]


def _short(kept: Iterable[NamedSelection]) -> str:
    """On one line, with two decimals of a pixel: a lasso of a hundred corners fits into a link."""
    return json.dumps(_rounded(_plain(kept)), ensure_ascii=False, separators=(",", ":"))


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 2) if abs(value) >= 10 else float(f"{value:.4g}")
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return {key: _rounded(item) for key, item in value.items()} if isinstance(value, dict) else value
