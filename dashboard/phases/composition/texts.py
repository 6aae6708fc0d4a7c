"""Rows of the tables of the tab "Composition", made of what the models found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dashboard.phases.composition.answers import Composed
from models.k_factors import KFactors
from models.mineral_candidate import Candidate, LineEvidence
from models.quantification import Shares

#: what a table of compositions can show: words -> attribute of a Quantification
UNITS = {"wt.%": "weight", "at.%": "atomic", "Oxides": "oxide"}


def composition_columns(shares: Shares) -> list[dict[str, Any]]:
    """Headings: the phase, every element or oxide, and the nearest mineral."""
    return [
        dict(key="phase", title="Phase", kind="text"),
        dict(key="could_be", title="Could be", kind="text", hint="nearest of the mineral library"),
        *(dict(key=name, title=name, kind="number", hint=f"{name}, %, ± one standard deviation of counting")
          for name in shares.names),
    ]  # fmt: skip


def composition_rows(
    composed: Composed,
    shares: Shares,
    names: Sequence[str],
    colours: Sequence[str],
    chosen: int | None,
    nearest: Mapping[int, Candidate],
) -> list[dict[str, Any]]:
    """One row per phase, the largest first; what is not detected reads as "< limit".

    Parameters
    ----------
    names, colours : by label
    chosen : lasting number of the chosen phase
    nearest : lasting number -> best candidate, as far as known
    """
    rows = []
    shown, found = composed.shown, composed.found
    for label in np.argsort(-shown.pixels, kind="stable"):
        phase = shown.ids[label]
        row: dict[str, Any] = dict(
            id=phase, phase=names[label], colour=colours[label], chosen=phase == chosen, hints={}
        )
        why = found.masked[label]
        for i, name in enumerate(shares.names):
            row[name] = "" if why else percent_text(shares, label, i, found.net.counted)
        candidate = nearest.get(phase)
        row["could_be"] = "" if candidate is None else candidate_text(candidate)
        if why:
            row |= dict(dim=True, hint=f"No composition: {why}.")
            row["could_be"] = f"{row['could_be']} · no composition: {why}".lstrip(" ·")
        rows.append(row)
    return rows


def percent_text(shares: Shares, label: int, column: int, counted: bool) -> str:
    """A share in percent with its error, or what it is below."""
    share, sigma = 100 * shares.share[label, column], 100 * shares.sigma[label, column]
    if not np.isfinite(share):
        return ""
    if not shares.detected[label, column]:
        return f"< {_two_digits(100 * shares.limit[label, column])}" if counted else "0"
    if not counted:
        return f"{share:.1f}"
    digits = 2 if sigma < 0.05 else 1
    return f"{share:.{digits}f} ± {max(sigma, 10.0**-digits):.{digits}f}"


def _two_digits(value: float) -> str:
    if not np.isfinite(value):
        return "?"
    return f"{value:.2g}" if value < 10 else f"{value:.0f}"


def candidate_text(candidate: Candidate) -> str:
    """Name and verdict of a candidate."""
    remarks = [candidate.verdict] if candidate.verdict != "good" else []
    if candidate.admixture:
        remarks.append(f"+ {100 * candidate.admixture:.0f} % neighbour")
    return f"{candidate.name} ({', '.join(remarks)})" if remarks else candidate.name


FACTOR_COLUMNS: list[dict[str, Any]] = [
    dict(key="line", title="Line", kind="text"),
    dict(key="k", title="k-factor", kind="edit", hint="mass per count relative to the reference line"),
    dict(key="computed", title="Computed", kind="number", hint="default for this beam and detector"),
    dict(key="reset", title="", kind="action"),
]


def factor_rows(factors: KFactors) -> list[dict[str, Any]]:
    """k-factors of every line; a line without one says why."""
    rows = []
    for name in factors.lines:
        value, computed = factors.values.get(name), factors.computed.get(name)
        rows.append(
            dict(
                id=name,
                line=name,
                k="" if value is None else f"{value:.3g}",
                computed="–" if computed is None else f"{computed:.3g}",
                reset="Reset" if name in factors.given else "",
                fixed=name == factors.reference,
                chosen=name in factors.given,
                dim=value is None,
                hint=factors.missing.get(name, "a value of your own" if name in factors.given else ""),
            )
        )
    return rows


CANDIDATE_COLUMNS: list[dict[str, Any]] = [
    dict(key="name", title="Mineral", kind="wrap"),
    dict(key="distance", title="Distance (σ)", kind="number",
         hint="root mean square deviation of the lines; below 1 good, above 2 poor"),
    dict(key="speaks_for", title="Speaks for it", kind="wrap"),
    dict(key="against", title="Speaks against it", kind="wrap",
         hint="× 1.5: so many times the counts that are expected"),
    dict(key="use", title="", kind="action"),
]  # fmt: skip


def candidate_rows(candidates: Sequence[Candidate], beside: str) -> list[dict[str, Any]]:
    """Candidates, the best first, with the lines that speak for and against each, and the neighbour."""
    rows = []
    for number, one in enumerate(candidates):
        against = sorted(
            (evidence for evidence in one.evidence if evidence.speaks_against),
            key=lambda e: -abs(e.deviation),
        )
        speaks_for = [evidence.line for evidence in one.evidence if evidence.speaks_for]
        doubts = [f"{element} is not mapped" for element in one.unmapped if element not in ("C", "O")]
        told = [*map(against_text, against[:3]), *doubts]
        more = [f"and {len(against) - 3} more"] if len(against) > 3 else []
        hint = one.formula + (f"; also {one.also}" if one.also else "")
        rows.append(
            dict(
                id=number,
                name=one.name + (f" + {100 * one.admixture:.0f} % {beside}" if one.admixture else ""),
                distance=f"{one.distance:.1f}",
                speaks_for=", ".join(speaks_for) or "–",
                against=", ".join([*told, *more]) or "–",
                use="Name it",
                dim=one.verdict == "poor",
                hint=hint,
                hints={"against": "; ".join([*(evidence.text for evidence in against), *doubts])},
            )
        )
    return rows


def against_text(evidence: LineEvidence) -> str:
    """What a line has against a candidate, in two words."""
    if not evidence.in_formula and evidence.measured > evidence.expected:
        return f"{evidence.line} not expected"
    if evidence.measured <= 0:
        return f"{evidence.line} missing"
    return f"{evidence.line} × {evidence.measured / evidence.expected:.2g}"
