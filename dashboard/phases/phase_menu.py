"""Menus of phases: their names as options, their lasting numbers as values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import panel_material_ui as pmui

from dashboard.phases.state import PhasesState


def phase_options(state: PhasesState) -> dict[str, int]:
    """Name -> lasting number of every phase on show; equal names are told apart by their numbers."""
    options: dict[str, int] = {}
    for phase in sorted(() if state.shown is None else state.shown.ids):
        name = state.name_of(phase)
        options[name if name not in options else f"{name} ({phase + 1})"] = phase
    return options


def offer(menu: pmui.Select, options: Mapping[str, Any], value: Any) -> None:
    """Other options of a menu, and which of them is chosen."""
    renamed = menu.value == value and menu.options != dict(options)
    menu.param.update(options=dict(options), value=value)
    if renamed:
        # the page knows values by their labels: an equal value under another label has to be sent again
        menu.param.trigger("value")
