"""Particles and compositions of a result as files: particles.csv, composition.csv, k_factors.csv."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from models import composition, k_factors
from models.exports_files import table_csv
from models.particle_statistics import particles
from models.phases_result import PhasesResult
from models.quantification import quantify


def write_chemistry(result: PhasesResult, names: Sequence[str], folder: Path) -> dict[str, Any]:
    """Write the tables that a result allows.

    Parameters
    ----------
    result : of a run that came to its end
    names : of its phases, by label
    folder : where to

    Returns
    -------
    what the tables assume, or why there is none, for ``metrics.json``
    """
    phases, recipe = result.assigned, result.recipe
    found = particles(phases, result.maps, recipe.particles)
    (folder / "particles.csv").write_bytes(table_csv(found.columns(dict(enumerate(names)))))
    counted = {"particles": {"found": len(found), "smaller_left_out": found.n_left_out}}
    try:
        net, factors = composition.intensities_and_factors(
            result.phase_spectra, result.prepared, result.maps.lines, recipe
        )
        quantified = quantify(net, factors, recipe.quantification)
    except ValueError as error:
        # maps without X-ray lines, or with one alone, are no fault of the run: the rest of it is good
        return {**counted, "composition": {"none_because": str(error)}}
    columns = composition.table(quantified, names)
    columns |= composition.nearest_minerals(quantified, phases, recipe, net)
    (folder / "composition.csv").write_bytes(table_csv(columns))
    (folder / "k_factors.csv").write_bytes(k_factors.to_csv(factors))
    said = {
        "k_factors": factors.assumptions,
        "sample": factors.caveat,
        "notes": list(quantified.notes),
    }
    return {**counted, "composition": said}
