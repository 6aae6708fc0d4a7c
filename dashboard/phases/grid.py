"""Rows, columns and a grid of twelve columns that follow the width of the page, of plain parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import panel as pn

#: width of the window from which a size counts, px
_FROM = {"xs": 0, "sm": 600, "md": 900, "lg": 1200, "xl": 1536}


class _Narrow:
    """No wider than the page: the widths of what it holds are no least width of its own.

    Panel adds them up and makes them one, so that a line of menus never wraps.
    """

    def _compute_sizing_mode(self, children: Any, props: Any) -> dict[str, Any]:
        sizing = super()._compute_sizing_mode(children, props)
        sizing.pop("min_width", None)
        return sizing


class Row(_Narrow, pn.Row):
    """Parts side by side."""


class Column(_Narrow, pn.Column):
    """Parts one below the other."""


def cell(*views: Any, size: int | Mapping[str, int], **params: Any) -> Column:
    """One place of a :func:`grid`.

    Parameters
    ----------
    size : columns that it spans, of twelve, by the least width of the window: ``{"xs": 12, "md": 6}``
    """
    sizes = {"xs": size} if isinstance(size, int) else size
    classes = [f"{name}-{span}" for name, span in sizes.items()]
    return Column(*views, css_classes=classes, **{"sizing_mode": "stretch_width", "margin": 0, **params})


def grid(*cells: Column, gap: int = 8, **params: Any) -> Column:
    """Cells side by side, as many as their sizes allow; ``gap`` in px between them."""
    look = {"sizing_mode": "stretch_width", "margin": 0, **params}
    return Column(*cells, stylesheets=[_STYLE % gap], **look)


def _rules() -> str:
    rules = []
    for name, width in _FROM.items():
        spans = " ".join(f".{name}-{span} {{ grid-column: span {span}; }}" for span in range(1, 13))
        rules.append(spans if width == 0 else f"@media (min-width: {width}px) {{ {spans} }}")
    return "\n".join(rules)


_STYLE = (
    ":host { display: grid; gap: %dpx; align-items: start; grid-auto-rows: max-content;"
    " grid-template-columns: repeat(12, minmax(0, 1fr)); min-width: 0; }\n"
    # a wide table scrolls in its card instead of making the card wider than the page
    ":host > * { min-width: 0; }\n" + _rules()
)
