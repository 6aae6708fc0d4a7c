"""The table of kept selections."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import param

from dashboard.messages import MessageComponent
from dashboard.phases import phase_table

_HERE = Path(__file__).parent
_STYLE = (Path(phase_table.__file__).parent / "phase_table.css").read_text(encoding="utf-8")


class KeptTable(MessageComponent):
    """Rows of kept selections; it only reports what a person does.

    A row is a mapping with ``name``, ``colour``, ``visible``, ``pixels``, ``area`` and ``text`` (texts) and
    ``problem``: why it is not on this map, or empty.

    Parameters
    ----------
    on_action : gets (action, names, value); action is choose, select, and, or, and_not, not, remove, rename,
        colour or visible
    """

    rows = param.List(default=[], doc="what is shown, one mapping per selection")
    chosen = param.List(default=[], doc="names of the chosen rows, in the order of the choosing")
    footer = param.String(default="", doc="a line below the table")

    _esm: ClassVar[str] = (_HERE / "kept_table.js").read_text(encoding="utf-8")
    _stylesheets: ClassVar[list[str]] = [
        _STYLE,
        """
tr[data-kept] { cursor: pointer; }
tr[data-kept]:hover td { background: rgba(128, 128, 128, 0.12); }
tr.absent td.number, tr.absent td.lines { opacity: 0.6; font-style: italic; }
td.lines { max-width: 220px; }
""",
    ]

    def __init__(self, on_action: Callable[[str, list[str], Any], None], **params: Any) -> None:
        super().__init__(**params)
        self._on_action = on_action

    def received(self, message: dict[str, Any]) -> None:
        """A click or a change in the table."""
        names = [str(name) for name in message["names"]]
        self._on_action(str(message["action"]), names, message["value"])
