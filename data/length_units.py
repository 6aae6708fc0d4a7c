"""Lengths with the unit that one would say: nm to mm of a sample, m and km of the ground."""

from __future__ import annotations


def length(um: float) -> str:
    """A length in um as text in the largest unit from nm to km that gives a number of 1 or more."""
    for factor, unit in ((1e-9, "km"), (1e-6, "m"), (1e-3, "mm"), (1.0, "µm"), (1e3, "nm")):
        if um * factor >= 1 or unit == "nm":
            return f"{um * factor:.4g} {unit}"
    raise AssertionError("the last unit takes every length")
