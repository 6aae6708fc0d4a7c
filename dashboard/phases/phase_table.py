"""The table of phases: colour, name, pixels, area and main lines, and what can be done with phases.

Also the legend of every view.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import param

from dashboard.messages import MessageComponent

_HERE = Path(__file__).parent


class PhaseTable(MessageComponent):
    """Rows of phases that can be chosen, named, coloured, merged, split, left out and locked.

    A row is a mapping with ``id``, ``kind`` (phase, unassigned or excluded), ``name``, ``colour``,
    ``pixels``, ``area_text``, ``lines`` (text), ``visible``, ``chosen`` and ``locked``. The table only
    reports what a person does; the state decides.

    Parameters
    ----------
    on_change : gets (phase, what, value); what is name, colour or visible
    on_action : gets (action, phases, value); action is choose, merge, split, exclude, bring_back, lock,
        unlock, remove_edit (value: the command) or reset
    """

    rows = param.List(default=[], doc="what is shown, one mapping per row")
    footer = param.String(default="", doc="a line below the table, as text")
    edits = param.List(default=[], doc="mappings with the command of an edit and its text")
    notes = param.List(default=[], doc="sentences on edits that wait")

    _esm: ClassVar[str] = (_HERE / "phase_table.js").read_text(encoding="utf-8")
    _stylesheets: ClassVar[list[str]] = [(_HERE / "phase_table.css").read_text(encoding="utf-8")]

    def __init__(
        self,
        on_change: Callable[[int, str, Any], None],
        on_action: Callable[[str, list[int], Any], None],
        **params: Any,
    ) -> None:
        super().__init__(**params)
        self._on_change, self._on_action = on_change, on_action

    def received(self, message: dict[str, Any]) -> None:
        """A click or a change in the table."""
        if "action" in message:
            self._on_action(
                str(message["action"]), [int(phase) for phase in message["phases"]], message.get("value")
            )
        else:
            self._on_change(int(message["id"]), str(message["what"]), message["value"])
