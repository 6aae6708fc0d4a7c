"""The table of what selections are made of: a row for each element or line."""

from __future__ import annotations

from typing import Any

import numpy as np

from dashboard.phases.selections.facts import Measured

#: what the numbers are -> the field of a Quantification that holds them
UNITS = {"Atomic %": "atomic", "Mass %": "weight", "Oxides, mass %": "oxide"}
NET = "Net counts"
MOST_COLUMNS = 6


def composition_rows(found: Measured, unit: str) -> tuple[list[dict], list[dict]]:
    """Columns and rows of the table: a row for each element or line, a column for each selection."""
    names = found.names[:MOST_COLUMNS]
    columns = [{"key": "what", "title": "Line" if unit == NET else "", "kind": "text"}]
    columns += [
        {"key": f"s{i}", "title": name, "kind": "number", "hint": name} for i, name in enumerate(names)
    ]
    made = found.composition
    rows = []
    if unit == NET:
        for j, line in enumerate(made.net.lines):
            row: dict[str, Any] = {"id": line, "what": line}
            for i in range(len(names)):
                row[f"s{i}"] = _with_error(made.net.counts[i, j], made.net.sigma[i, j], made.net.counted)
            rows.append(row)
        return columns, rows
    shares = getattr(made, UNITS[unit])
    for j, name in enumerate(shares.names):
        row = {"id": name, "what": name}
        for i in range(len(names)):
            share, sigma = 100 * shares.share[i, j], 100 * shares.sigma[i, j]
            absent = np.isfinite(share) and not shares.detected[i, j]
            limit = f"< {100 * shares.limit[i, j]:.2g}"
            row[f"s{i}"] = limit if absent else _with_error(share, sigma, made.net.counted)
        rows.append(row)
    return columns, rows


def _with_error(value: float, sigma: float, counted: bool) -> str:
    """A number with its error, to the digits that the error leaves."""
    if not np.isfinite(value):
        return "–"
    if not counted or not np.isfinite(sigma) or sigma <= 0:
        return f"{value:,.4g}"
    digits = int(np.clip(1 - np.floor(np.log10(sigma)), 0, 3))
    return f"{value:,.{digits}f} ± {sigma:,.{digits}f}"


def caveats(found: Measured) -> str:
    """Why a selection has no composition, and what was assumed."""
    masked = [
        f"{name}: {why}" for name, why in zip(found.names, found.composition.masked, strict=True) if why
    ]
    return " ".join([*masked[:2], *found.composition.notes[:2]])
