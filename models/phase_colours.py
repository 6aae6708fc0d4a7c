"""Colours of phases, in the order in which phases get them: told from each other, black and white."""

from __future__ import annotations

from collections.abc import Mapping

import colorcet


def _readable(colour: list[float]) -> bool:
    """Is a colour told from the greys, and from the background of a light and of a dark page?"""
    red, green, blue = colour
    luminance = 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2
    return 0.06 < luminance < 0.62 and max(colour) - min(colour) > 0.25


def _hex(colour: list[float]) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in colour)


#: Glasbey's sequence, seeded with the ten category colours, without those that vanish on one of the two
#: backgrounds or look grey
PHASE_COLOURS: tuple[str, ...] = tuple(
    _hex(colour) for colour in colorcet.glasbey_category10 if _readable(colour)
)[:64]


def phase_colour(phase: int, given: Mapping[int, str] | None = None) -> str:
    """Colour "#rrggbb" of a phase by its lasting number; one that a person gave goes first."""
    return (given or {}).get(phase) or PHASE_COLOURS[phase % len(PHASE_COLOURS)]


def endmember_colour(number: int) -> str:
    """Colour of an end-member, counted from 0: none that the first phases have."""
    return PHASE_COLOURS[(number + 20) % len(PHASE_COLOURS)]
