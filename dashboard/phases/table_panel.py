"""The table of phases in step with the state, and what its buttons do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dashboard.phases import phase_actions
from dashboard.phases.change_text import edit_text
from dashboard.phases.phase_table import PhaseTable
from dashboard.phases.state import PhaseRow, PhasesState
from models import phase_edits


class TablePanel:
    """The table of one visit.

    Parameters
    ----------
    state : what is chosen and shown
    tell : shows a message to the person: (text, "error" | "warning" | "info")
    """

    def __init__(self, state: PhasesState, tell: Callable[[str, str], None]) -> None:
        self._state, self._tell = state, tell
        self.table = PhaseTable(
            on_change=state.set_phase, on_action=self.act, sizing_mode="stretch_both", margin=0
        )
        state.param.watch(self.refresh, ["shown", "names", "colours", "hidden", "chosen_phases", "recipe"])
        self.refresh()

    def act(self, action: str, phases: list[int], value: Any = None) -> None:
        """Do what a button or a row of the table asks for; what cannot be done is told."""
        state = self._state
        try:
            if action == "choose":
                state.choose(phases)
            elif action == "split":
                phase_actions.split(state, phases, value)
            elif action == "bring_back":
                phase_actions.bring_back(state, phases[0])
            elif action == "remove_edit":
                phase_actions.remove_edit(state, str(value))
            elif action == "reset":
                phase_actions.reset(state)
            elif action in ("merge", "exclude", "lock", "unlock"):
                getattr(phase_actions, action)(state, phases)
        except ValueError as error:
            self._tell(str(error), "warning")

    def refresh(self, *_events: Any) -> None:
        """Show the phases of the state."""
        state, shown = self._state, self._state.shown
        below = state.recipe.probability_threshold
        unassigned = f"below {below:.0%} probable" if below > 0 else "in no cluster, or without counts"
        why = {"unassigned": unassigned, "excluded": "left out of all totals"}
        rows = [_row(row, ", ".join(row.lines)) for row in state.rows()]
        others = [_row(row, why[row.kind]) for row in state.other_rows()]
        edits = phase_edits.of_the_map(phase_edits.parse_all(state.recipe.edits))
        self.table.param.update(
            rows=[*rows, *others],
            footer="" if shown is None else _summary(shown.n_valid, shown.excluded),
            edits=[dict(command=edit.text, text=edit_text(edit, state.name_of)) for edit in edits],
            notes=[] if shown is None else list(shown.notes),
        )


def _row(row: PhaseRow, lines: str) -> dict[str, Any]:
    return dict(
        id=row.id, kind=row.kind, name=row.name, colour=row.colour, pixels=row.pixels,
        area_text=percent(row.area_percent) if row.kind != "excluded" else "", lines=lines,
        visible=row.visible, chosen=row.chosen, locked=row.locked,
    )  # fmt: skip


def percent(share: float) -> str:
    """A share in per cent, with a decimal only where it tells."""
    return f"{share:.1f} %" if share >= 0.95 else f"{share:.2g} %"


def _summary(n_valid: int, excluded: tuple[tuple[int, int], ...]) -> str:
    left_out = sum(pixels for _, pixels in excluded)
    return f"{n_valid:,} pixels" + (f"; {left_out:,} more are left out" if left_out else "")
