"""Where a person was looking: the tab, the zoom of the figures, the phases chosen and what was selected."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dashboard.origins import Origin, from_mapping, to_mapping

#: figure -> how many ends its ranges have: x0, x1, y0, y1 of a plane, two of an axis
_ENDS = {"map": 4, "latent": 4, "energy": 2}


@dataclass(frozen=True, eq=False)
class FrozenView:
    """Where a person was looking.

    Attributes
    ----------
    tab : title of the open tab; "" for the first
    chosen_phases : phases picked in the table, by lasting number
    selection : how the selection was made, where it is not that of the chosen phases
    ranges : "map" (um or pixels, x0, x1, y0, y1), "latent" (x0, x1, y0, y1), "energy" (x0, x1), as far as
        somebody has zoomed
    """

    tab: str = ""
    chosen_phases: tuple[int, ...] = ()
    selection: Origin | None = None
    ranges: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """As values that JSON holds."""
        return {
            "tab": self.tab,
            "chosen_phases": list(self.chosen_phases),
            "selection": None if self.selection is None else to_mapping(self.selection),
            "ranges": {name: list(ends) for name, ends in self.ranges.items()},
        }

    @classmethod
    def read(cls, plain: Any) -> FrozenView:
        """What :meth:`plain` gave; what cannot be used is left out, for a view is no result."""
        if not isinstance(plain, Mapping):
            return cls()
        tab, chosen = plain.get("tab"), plain.get("chosen_phases")
        phases = chosen if isinstance(chosen, list | tuple) and len(chosen) < 10_000 else ()
        ranges = plain.get("ranges")
        return cls(
            tab if isinstance(tab, str) and len(tab) < 200 else "",
            tuple(phase for phase in phases if isinstance(phase, int) and not isinstance(phase, bool)),
            _origin(plain.get("selection")),
            {
                name: ends
                for name, n_ends in _ENDS.items()
                if isinstance(ranges, Mapping) and (ends := _ends(ranges.get(name), n_ends))
            },
        )


def _origin(plain: Any) -> Origin | None:
    if not isinstance(plain, Mapping):
        return None
    try:
        return from_mapping(plain)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError):
        return None


def _ends(value: Any, n_ends: int) -> tuple[float, ...]:
    """Finite ends of ranges of some width, or none."""
    if not isinstance(value, list | tuple) or len(value) != n_ends:
        return ()
    if not all(isinstance(end, int | float) and math.isfinite(end) and abs(end) < 1e12 for end in value):
        return ()
    ends = tuple(float(end) for end in value)
    return ends if all(a < b for a, b in zip(ends[::2], ends[1::2], strict=True)) else ()
