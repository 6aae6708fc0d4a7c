"""Lengths with the unit that a microscopist would say."""

from __future__ import annotations


def length(um: float) -> str:
    """A length in um as text in nm, um or mm, whichever gives a number of 1 or more."""
    for factor, unit in ((1e-3, "mm"), (1.0, "µm"), (1e3, "nm")):
        if um * factor >= 1 or unit == "nm":
            return f"{um * factor:.4g} {unit}"
    raise AssertionError("the last unit takes every length")
