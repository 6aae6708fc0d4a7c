"""The tab "Trust": stability of the phases, what the end-members leave, agreement of two ways to phases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import panel as pn

from dashboard.phases.grid import cell, grid
from dashboard.phases.tab import Tab
from dashboard.phases.trust.agreement_card import AgreementCard
from dashboard.phases.trust.residual_card import ResidualCard
from dashboard.phases.trust.stability_card import TITLE, StabilityCard


class TrustTab(Tab):
    """Can I trust it?"""

    title: ClassVar[str] = TITLE
    follows: ClassVar[tuple[str, ...]] = (
        "prepared", "result", "shown", "names", "colours", "recipe", "unmixed", "stability", "selection",
    )  # fmt: skip
    keeps: ClassVar[tuple[str, ...]] = (
        "residual.window", "residual.threshold", "agreement.number",
    )  # fmt: skip

    def build(self) -> pn.viewable.Viewable:
        """The cards."""
        self.stability, self.residual = StabilityCard(self.tools), ResidualCard(self.tools)
        self.agreement = AgreementCard(self.tools)
        half, wide = {"xs": 12, "md": 6}, {"xs": 12}
        return grid(
            cell(self.stability.panel, size=wide),
            cell(self.residual.map_card, size=half),
            cell(self.residual.histogram_card, size=half),
            cell(self.residual.regions.panel, size=wide),
            cell(self.agreement.panel, size=wide),
            sizing_mode="stretch_width", margin=(4, 6),
        )  # fmt: skip

    def refresh(self, changed: frozenset[str]) -> None:
        """Show the present phases; ask for end-members where these are out of date."""
        self.residual.unmixer.ask()
        if changed & {"prepared", "shown", "names", "colours", "stability"}:
            self.stability.show()
        if changed & {"prepared", "unmixed"}:
            self.residual.show()
        if changed & {"prepared", "result", "shown", "names", "colours"}:
            self.agreement.show()
        if changed & {"selection"}:
            self.residual.regions.follow_selection()

    def resume(self, record: Mapping[str, Any]) -> None:
        """The test of stability is the one job of this tab that somebody has to ask for."""
        self.stability.test_again()
