"""Phases that several maps share as tables and files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from models.live_phases import LivePhases
from models.phases_files import phase_names, write_phases
from models.recipe import to_yaml
from models.report_files import write_report
from models.shared_phases import SharedPhases, modal_table
from models.shared_run import MapOutcome

#: of the whole, beside one folder for every map
SHARED_FILES = ("modal.csv", "recipe.yaml", "metrics.json")


def modal_frame(
    shared: SharedPhases, shown: LivePhases, names: Sequence[str], outcomes: Sequence[MapOutcome]
) -> pd.DataFrame:
    """Shares of every phase in every map: one row for each map that was chosen, and one for all together.

    Parameters
    ----------
    shown : phases of the sheet
    names : of the phases, by label; phases that no map bears are left out
    outcomes : of all maps; one that was left out has its reason in the column ``note`` and no shares
    """
    table = modal_table(shared, shown)
    labels = [label for label in range(shown.n_phases) if table.pixels[:, label].any()]
    area = table.pixel_area_um2 * table.n_valid
    rows: list[dict[str, Any]] = []
    number = 0
    for outcome in outcomes:
        row: dict[str, Any] = {"map": outcome.name}
        if not outcome.error:
            row |= _row(table.percent[number], table.unassigned_percent[number], labels, names)
            row |= {"pixels": int(table.n_valid[number]), "area_um2": float(area[number]), "note": ""}
            number += 1
        else:
            row["note"] = f"left out: {outcome.error}"
        rows.append(row)
    overall = table.overall_percent
    last = {"map": "all maps", **_row(overall, 100 - overall.sum(), labels, names)}
    last |= {"pixels": int(table.n_valid.sum()), "area_um2": float(area.sum()), "note": ""}
    rows.append(last)
    columns = [
        "map",
        *(f"{names[label]} (%)" for label in labels),
        "unassigned (%)",
        "pixels",
        "area_um2",
        "note",
    ]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype({"pixels": "Int64"})


def _row(percent: np.ndarray, rest: float, labels: Sequence[int], names: Sequence[str]) -> dict[str, Any]:
    shares = {f"{names[label]} (%)": float(percent[label]) for label in labels}
    return {**shares, "unassigned (%)": max(float(rest), 0.0)}


def write_shared(
    shared: SharedPhases,
    shown: LivePhases,
    outcomes: Sequence[MapOutcome],
    folders: Sequence[Path],
    folder: Path,
    metrics: Mapping[str, Any],
) -> None:
    """Write the modal table, the recipe and the metrics of a run on several maps, and a folder for each map.

    Parameters
    ----------
    folders : existing folder of every map that takes part, in their order, for the files of a single run
    folder : where the files of the whole go
    metrics : what else is known of the run; plain types only
    """
    names = phase_names(shared.result)
    for number, of_map in enumerate(folders):
        part = shared.part(number)
        write_phases(part, of_map, {"shared_with": list(shared.names)})
        write_report(part, shared.names[number], of_map)
        # that of the sheet has nothing left to crop or rebin
        (of_map / "recipe.yaml").write_text(to_yaml(shared.recipe), encoding="utf-8")
    modal_frame(shared, shown, names, outcomes).to_csv(folder / "modal.csv", index=False, float_format="%.6g")
    (folder / "recipe.yaml").write_text(to_yaml(shared.recipe), encoding="utf-8")
    found = {
        "maps": [
            {"name": outcome.name, **({"left_out": outcome.error} if outcome.error else {})}
            for outcome in outcomes
        ],
        "phases": {"found": int(shown.n_phases), "made_by": shown.phase_map.made_by},
        "notes": list(shared.result.notes),
    }
    text = json.dumps({**found, **metrics}, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / "metrics.json").write_text(text + "\n", encoding="utf-8")
