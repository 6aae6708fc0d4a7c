"""What speaks for and against a result, as files: residual of the unmixing, test of stability."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from models.endmembers import Unmixing
from models.exports_tiff import write_image
from models.phases_result import PhasesResult
from models.stability import Stability

TRUST_FILES = ("residual.tif", "stability.csv", "returned.tif")


def write_trust(result: PhasesResult, names: Sequence[str], folder: Path) -> dict[str, Any]:
    """Write what a result knows of its own reliability; returns its part of ``metrics.json``.

    ``residual.tif`` is written where the recipe asked for unmixing, ``stability.csv`` and ``returned.tif``
    (share of the runs in which a pixel came back to its phase) where it asked for the test of stability.

    Parameters
    ----------
    names : of the phases, in the order of their labels
    """
    pixel_size_um = result.prepared.pixel_size_um
    metrics: dict[str, Any] = {}
    if result.unmixing is not None:
        write_image(folder / "residual.tif", result.unmixing.residual, pixel_size_um)
        metrics["unmixing"] = _of_unmixing(result.unmixing, names)
    if result.stability is not None:
        _stability_table(result.stability, names).to_csv(
            folder / "stability.csv", index=False, float_format="%.4g"
        )
        write_image(folder / "returned.tif", result.stability.returned, pixel_size_um)
        metrics["stability"] = _of_stability(result.stability)
    return metrics


def _of_unmixing(found: Unmixing, names: Sequence[str]) -> dict[str, Any]:
    return {
        "why": found.why,
        "factorised_phases": [names[phase] for phase in found.included],
        "relative_error": [_number(value) for value in found.misfit],
        "relative_error_by_chance": [_number(value) for value in found.chance_misfit],
        "relative_error_of_all": _number(found.total_misfit),
    }


def _stability_table(found: Stability, names: Sequence[str]) -> pd.DataFrame:
    """One row for each phase: its best match in every run, and what follows from these."""
    table = pd.DataFrame(
        {
            "phase": [phase + 1 for phase in found.ids],
            "name": list(names),
            "jaccard_mean": [_mean(found.jaccard[:, phase]) for phase in range(len(names))],
            "ari_mean": [_mean(found.rand[:, phase]) for phase in range(len(names))],
            "verdict": [found.verdict(phase) for phase in range(len(names))],
        }
    )
    runs = [f"jaccard_run_{run + 1}" for run in range(found.n_runs)]
    return pd.concat([table, pd.DataFrame(found.jaccard.T, columns=runs)], axis=1)


def _of_stability(found: Stability) -> dict[str, Any]:
    return {
        "what": found.what,
        "runs": found.n_runs,
        "adjusted_rand_index": [_number(value) for value in found.overall],
        "numbers_found": [int(number) for number in found.found],
    }


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def _number(value: float) -> float | None:
    """A number that JSON can hold."""
    return float(value) if np.isfinite(value) else None
