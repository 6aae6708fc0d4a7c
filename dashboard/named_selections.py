"""Selections that were kept under a name.

Kept is how a selection was made, not its pixels: it is made again wherever it is shown. Only what came as a
mask, or was taken to another map, holds pixels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from dashboard.measured_origins import GivenPixels
from dashboard.origins import Origin
from dashboard.selection import Selection

#: no phase begins with one of these
COLOURS = ("#ff2d95", "#00b8d4", "#ffb300", "#7c4dff", "#00c853", "#ff6e40", "#c6ff00", "#8d6e63")
_MOST = 200
#: what combines selections, and so cannot name one
WORDS = ("and", "or", "not")


@dataclass(frozen=True)
class NamedSelection:
    """A selection that was kept.

    Attributes
    ----------
    name : what it is called, once among those kept
    origin : how it is made
    shape : (n_y, n_x) of the map that it was made on
    colour : #rrggbb, of its overlay and curve
    visible : is it drawn over the maps?
    """

    name: str
    origin: Origin
    shape: tuple[int, int]
    colour: str
    visible: bool = True


Kept = tuple[NamedSelection, ...]


def keep(kept: Kept, name: str, origin: Origin, shape: tuple[int, int]) -> Kept:
    """The selections with one more.

    Raises
    ------
    ValueError
        The name is empty, taken, or one of the words that combine selections; or there are too many.
    """
    if len(kept) >= _MOST:
        raise ValueError(f"{_MOST} selections are kept already; remove one first.")
    used = [selection.colour for selection in kept]
    colour = min(COLOURS, key=lambda colour: (used.count(colour), COLOURS.index(colour)))
    return (*kept, NamedSelection(_new_name(kept, name), origin, shape, colour))


def rename(kept: Kept, name: str, new_name: str) -> Kept:
    """The selections with another name for one of them; errors as for :func:`keep`."""
    others = tuple(selection for selection in kept if selection.name != name)
    new_name = _new_name(others, new_name)
    return tuple(replace(one, name=new_name) if one.name == name else one for one in kept)


def change(kept: Kept, name: str, **look: Any) -> Kept:
    """The selections with another colour or visibility of one of them."""
    return tuple(replace(one, **look) if one.name == name else one for one in kept)


def remove(kept: Kept, name: str) -> Kept:
    """The selections without one of them; what was combined with it stays."""
    return tuple(one for one in kept if one.name != name)


def free_name(kept: Kept, wish: str) -> str:
    """A name that is not taken: the wish, or the wish and a number."""
    taken = {one.name.casefold() for one in kept} | set(WORDS)
    wish = " ".join(wish.split()).replace('"', "'")[:60] or "Selection"
    names = (wish if number == 1 else f"{wish} {number}" for number in range(1, _MOST + 3))
    return next(name for name in names if name.casefold() not in taken)


def _new_name(kept: Kept, name: str) -> str:
    name = " ".join(name.split())[:60]
    if not name:
        raise ValueError("Give the selection a name first.")
    if name.casefold() in WORDS or '"' in name or "(" in name or ")" in name:
        raise ValueError(
            f"{name!r} cannot name a selection: and, or, not, brackets and quotation marks combine them."
        )
    if name.casefold() in {one.name.casefold() for one in kept}:
        raise ValueError(f"There is a selection {name!r} already. Take another name, or remove that one.")
    return name


def for_another_map(kept: Kept, masks: Mapping[str, Any]) -> Kept:
    """The selections as another map of the same pixels can use them.

    Shapes drawn on the map stay shapes. What was selected by phases, in a latent space or by values of this
    map means nothing on another one: its pixels are taken along instead.

    Parameters
    ----------
    masks : name -> Selection on the present map; a selection without one stays as it is
    """
    moved = []
    for one in kept:
        mask = masks.get(one.name)
        if getattr(one.origin, "follows", "phases") != "map" and isinstance(mask, Selection):
            moved.append(replace(one, origin=GivenPixels.of(mask.image, one.origin.text), shape=mask.shape))
        else:
            moved.append(one)
    return tuple(moved)
