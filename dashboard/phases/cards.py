"""The frame of a view on the page: a title, its menus in one line, and the view below."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import panel as pn

from dashboard import theme
from dashboard.phases.grid import Column, Row
from dashboard.shell import ISLAND

#: how a menu looks that stands in the head of a card
MENU: dict[str, Any] = {"size": "small", "margin": (0, 3), "variant": "outlined", "sx": theme.MENU_SX}
#: the channels of a colour image, and the colours of their dots
CHANNELS = {"red": "#e53935", "green": "#43a047", "blue": "#1e88e5"}


_TITLE = {"font-size": "15px", "font-weight": "600", "white-space": "nowrap", "line-height": "34px"}
_CENTRED = {"align-items": "center"}
_FRAME = {
    "background": "var(--panel-surface-color)",
    "border": "1px solid color-mix(in srgb, var(--panel-on-surface-color) 16%, transparent)",
    "border-radius": "6px",
    "overflow": "hidden",
    "padding": "2px",
    "min-width": "0",
}


def swatch(colour: str) -> pn.pane.HTML:
    """A dot of a colour before the menu that it belongs to."""
    return pn.pane.HTML(
        f"<div style='width:12px;height:12px;border-radius:50%;background:{colour}'></div>",
        width=14, height=14, margin=(0, 1, 0, 5), sizing_mode=None,
    )  # fmt: skip


def card(title: str, tools: Sequence[Any], body: Any, **params: Any) -> Column:
    """A view with its title and menus in one line above it; ``params`` are of the column, e.g. its height."""
    # plain parts where they do: a Material one costs the server and the browser five times as much, and as
    # a frame it would be measured anew with all that it holds
    head = Row(
        pn.pane.HTML(escape(title), margin=(0, 8, 0, 2), sizing_mode=None, styles=_TITLE),
        pn.HSpacer(),
        *tools,
        sizing_mode="stretch_width", height=38, margin=(0, 4), styles=_CENTRED,
    )  # fmt: skip
    look = {"sizing_mode": "stretch_width", "margin": 0, "styles": _FRAME, "css_classes": [ISLAND]}
    return Column(head, body, **{**look, **params})
