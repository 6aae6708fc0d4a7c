"""Rows of the tables of the tab "Lines", made of what the models found."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any

from models.line_identification import Candidate, Partner
from models.line_suggestion import LineSuggestion
from models.peak_positions import PeakFit

CANDIDATE_COLUMNS = ["Line", "#keV", "#Off (eV)", "Would bring along"]
SUGGESTION_COLUMNS = ["Line", "#keV", "#Score (σ)", "Why"]
PEAK_COLUMNS = ["Line", "#Table (keV)", "#Measured (keV)", "#Off (eV)", "Remark"]


def candidate_rows(found: Sequence[Candidate]) -> list[dict[str, Any]]:
    """Candidates of a peak, with the state of their families."""
    return [
        dict(
            key=one.line,
            cells=[
                one.line,
                f"{one.energy_kev:.3f}",
                f"{one.distance_ev:+.0f}",
                ", ".join(map(_partner, one.partners)) or "nothing else",
            ],
            action="Remove" if one.chosen else "Add",
            strong=one.chosen,
            dim=one.contradicted and not one.chosen,
            hint="✓ peak seen there, ✗ no peak there, ? cannot be told apart or too weak to say",
        )
        for one in found
    ]


def suggestion_rows(
    found: Sequence[LineSuggestion], lines: Collection[str], left_out: Collection[str]
) -> list[dict[str, Any]]:
    """Suggested lines, those that have maps already marked."""
    return [
        dict(
            key=one.line,
            cells=[
                one.line,
                f"{one.energy_kev:.3f}",
                f"{one.score:.0f}",
                "left out on purpose" if one.element in left_out else one.reason,
            ],
            action="Remove" if one.line in lines else "Add",
            strong=one.line in lines,
            dim=one.element in left_out,
            hint=one.reason,
        )
        for one in found
    ]


def peak_rows(peaks: Sequence[PeakFit]) -> list[dict[str, Any]]:
    """Measured positions beside those of the table."""
    rows = []
    for one in peaks:
        measured = math.isfinite(one.error_kev)
        off = f"{one.difference_ev:+.1f} ± {max(1e3 * one.error_kev, 0.1):.1f}" if measured else "-"
        rows.append(
            dict(
                key=one.line,
                cells=[
                    one.line,
                    f"{one.nominal_kev:.3f}",
                    f"{one.measured_kev:.3f}" if measured else "-",
                    off,
                    one.doubt,
                ],
                action="",
                strong=False,
                dim=bool(one.doubt),
                hint=f"{one.counts:,.0f} counts above background, {1e3 * one.fwhm_kev:.0f} eV wide",
            )
        )
    return rows


def _partner(one: Partner) -> str:
    sign = {True: "✓", False: "✗", None: "?"}[one.seen]
    share = "" if math.isnan(one.weight) else f" ×{one.weight:.2g}"
    return f"{one.line.partition('_')[2]} {one.energy_kev:.2f}{share} {sign}"
