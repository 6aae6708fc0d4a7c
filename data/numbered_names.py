"""Names that are all different."""

from __future__ import annotations

from collections.abc import Iterable


def numbered(names: Iterable[str]) -> tuple[str, ...]:
    """The names; one that has come before gets a number: "a", "b", "a (2)"."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(found)
