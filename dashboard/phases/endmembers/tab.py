"""The tab "End-members": the spectra of the phases, and what they are mixtures of."""

from __future__ import annotations

from typing import ClassVar

import panel as pn

from dashboard.phases.endmembers.abundance import Abundance
from dashboard.phases.endmembers.choices_card import ChoicesCard
from dashboard.phases.endmembers.components import Components
from dashboard.phases.endmembers.phase_spectra import PhaseSpectra
from dashboard.phases.endmembers.weights import Weights
from dashboard.phases.grid import cell, grid
from dashboard.phases.tab import Tab


class EndmembersTab(Tab):
    """Spectra of the phases against the whole map; end-members, their weights and abundances."""

    title: ClassVar[str] = "End-members"
    follows: ClassVar[tuple[str, ...]] = (
        "prepared", "shown", "names", "colours", "recipe", "unmixed", "selection",
    )  # fmt: skip
    keeps: ClassVar[tuple[str, ...]] = (
        "phases.phases", "phases.norm", "phases.scale", "abundance.palette", "abundance.scale",
        "abundance.drag",
    )  # fmt: skip

    def build(self) -> pn.viewable.Viewable:
        """The cards."""
        tools = self.tools
        self.phases = PhaseSpectra(tools, self._ranged)
        self.choices, self.weights = ChoicesCard(tools), Weights(tools)
        self.components = Components(tools, self.phases.x_range, self.phases.scale)
        self.abundance = Abundance(tools)
        left, right, wide = {"xs": 12, "md": 5, "lg": 4}, {"xs": 12, "md": 7, "lg": 8}, {"xs": 12}
        return grid(
            cell(self.phases.panel, size=wide),
            cell(self.choices.panel, size=left),
            cell(self.weights.panel, size=right),
            cell(self.components.panel, size=wide),
            cell(self.abundance.colour_card, size=left),
            cell(self.abundance.gallery_card, size=right),
            sizing_mode="stretch_width", margin=(4, 6),
        )  # fmt: skip

    def refresh(self, changed: frozenset[str]) -> None:
        """Show the present phases and end-members; ask for end-members where these are out of date."""
        self.choices.unmixer.ask()
        if changed & {"prepared", "shown", "names", "colours"}:
            self.phases.follow()
        if changed & {"prepared", "shown", "names", "colours", "recipe"}:
            self.choices.follow()
        if changed & {"prepared", "unmixed"}:
            self.choices.show()
            self.components.show()
            self.abundance.show()
        if changed & {"unmixed", "names", "colours"}:
            self.weights.show()
        if changed & {"selection", "unmixed"}:
            self._show_selection()

    def _ranged(self) -> None:
        # another part of the axis: the panels of the end-members are scaled to it too
        if self.state.unmixed is not None:
            self.components.show()

    def _show_selection(self) -> None:
        selection, unmixed = self.state.selection, self.state.unmixed
        fits = selection is not None and unmixed is not None
        fits = fits and selection.shape == unmixed.shown.phase_map.shape
        self.abundance.select(selection.image if fits else None)
