"""The frame of a view on the page: a title, its menus in one line, and the view below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import panel as pn
import panel_material_ui as pmui

from dashboard import theme

#: how a menu looks that stands in the head of a card
MENU: dict[str, Any] = {"size": "small", "margin": (0, 3), "variant": "outlined", "sx": theme.MENU_SX}
#: the channels of a colour image, and the colours of their dots
CHANNELS = {"red": "#e53935", "green": "#43a047", "blue": "#1e88e5"}


def swatch(colour: str) -> pn.pane.HTML:
    """A dot of a colour before the menu that it belongs to."""
    return pn.pane.HTML(
        f"<div style='width:12px;height:12px;border-radius:50%;background:{colour}'></div>",
        width=14, height=14, margin=(0, 1, 0, 5), sizing_mode=None,
    )  # fmt: skip


def card(title: str, tools: Sequence[Any], body: Any, **params: Any) -> pmui.Paper:
    """A view with its title and menus in one line above it; ``params`` are of the paper, e.g. its height."""
    head = pmui.Row(
        pmui.Typography(
            title, variant="h6", margin=(0, 8, 0, 2), sizing_mode=None, sx={"whiteSpace": "nowrap"}
        ),
        pn.HSpacer(),
        *tools,
        sizing_mode="stretch_width", height=38, margin=(0, 4), sx={"alignItems": "center"},
    )  # fmt: skip
    look = {"border": "1px solid", "borderColor": "divider", "overflow": "hidden", "padding": "2px"}
    return pmui.Paper(
        head, body, **{"elevation": 0, "sizing_mode": "stretch_width", "margin": 0, "sx": look, **params}
    )
