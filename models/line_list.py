"""A list of X-ray lines as a person edits it: as text, and element by element."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from data import xray_lines
from data.axes import EnergyAxis

_LOWEST_KEV = 0.1


def parse_lines(text: str, axis: EnergyAxis, beam_kev: float | None) -> tuple[str, ...]:
    """Lines of a text such as ``Fe_Ka, Si_Ka`` or ``fe_ka si``; an element alone means its best line.

    Parameters
    ----------
    text : names parted by commas, semicolons or blanks; case does not matter
    axis : the energies that the map covers
    beam_kev : beam energy, or None where it is unknown

    Returns
    -------
    names in their order, each once; () for a text without names

    Raises
    ------
    ValueError
        Some names are no lines, need a higher beam energy or lie off the axis: every one of them is named.
    """
    found: list[str] = []
    wrong: list[str] = []
    for name in filter(None, re.split(r"[\s,;]+", text.strip())):
        try:
            found.append(_line(name, axis, beam_kev))
        except ValueError as error:
            wrong.append(str(error))
    if wrong:
        raise ValueError("\n".join(wrong) if len(wrong) == 1 else "\n".join(f"• {one}" for one in wrong))
    return tuple(dict.fromkeys(found))


def parse_elements(text: str) -> tuple[str, ...]:
    """Symbols of a text such as ``C, Au``.

    Raises
    ------
    ValueError
        One of them is no element.
    """
    symbols = [name.capitalize() for name in filter(None, re.split(r"[\s,;]+", text.strip()))]
    for symbol in symbols:
        xray_lines.lines_of(symbol)
    return tuple(dict.fromkeys(symbols))


def with_element(
    lines: Sequence[str], element: str, axis: EnergyAxis, beam_kev: float | None
) -> tuple[str, ...]:
    """The list with the best line of an element or, where it has lines of it, without any of them.

    Raises
    ------
    ValueError
        The element has no line on the axis that the beam excites, or nothing would be left.
    """
    if any(_element(name) == element for name in lines):
        return _not_empty(tuple(name for name in lines if _element(name) != element), element)
    best = xray_lines.best_line(element, beam_kev, max(axis.low_kev, _LOWEST_KEV), axis.high_kev)
    return (*lines, best.name)


def with_line(lines: Sequence[str], name: str) -> tuple[str, ...]:
    """The list with one line more or, where it has it, without it.

    Raises
    ------
    ValueError
        Nothing would be left.
    """
    if name in lines:
        return _not_empty(tuple(other for other in lines if other != name), name)
    return (*lines, name)


def possible_lines(element: str, axis: EnergyAxis, beam_kev: float | None) -> tuple[xray_lines.XrayLine, ...]:
    """Lines of an element that the beam excites and the axis shows, in order of use."""
    beam = float("inf") if beam_kev is None else beam_kev
    return tuple(
        one
        for one in xray_lines.lines_of(element)
        if one.edge_kev < beam and max(axis.low_kev, _LOWEST_KEV) < one.energy_kev < axis.high_kev
    )


def elements_of(lines: Iterable[str]) -> frozenset[str]:
    """Symbols of the elements that some lines belong to."""
    return frozenset(_element(name) for name in lines)


def _line(name: str, axis: EnergyAxis, beam_kev: float | None) -> str:
    element, _, group = name.replace("-", "_").partition("_")
    element = element.capitalize()
    if not group:
        xray_lines.lines_of(element)  # says what is no element
        return xray_lines.best_line(element, beam_kev, max(axis.low_kev, _LOWEST_KEV), axis.high_kev).name
    one = xray_lines.line(f"{element}_{group.capitalize()}")
    xray_lines.check_beam(one, beam_kev)
    if not axis.low_kev < one.energy_kev < axis.high_kev:
        raise ValueError(
            f"{one.name} lies at {one.energy_kev:.2f} keV; this map covers {axis.low_kev:.2f} to "
            f"{axis.high_kev:.2f} keV. Choose another line of {one.element} or leave it out."
        )
    return one.name


def _element(name: str) -> str:
    return name.partition("_")[0]


def _not_empty(lines: tuple[str, ...], removed: str) -> tuple[str, ...]:
    if not lines:
        raise ValueError(
            f"{removed} is the last of the list, and maps need one line at least. Add another one first, or "
            "let the lines be chosen automatically."
        )
    return lines
