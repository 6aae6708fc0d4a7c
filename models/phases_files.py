"""A result of the Phases workspace as files that other programs open."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from models import phase_edits
from models.chemistry_files import write_chemistry
from models.exports_files import distinct_names
from models.exports_tiff import write_image, write_stack
from models.live_phases import live_phases, main_lines
from models.phases_result import PhasesResult
from models.recipe import to_yaml
from models.trust_files import TRUST_FILES, write_trust

FILES = (
    "labels.tif",
    "probability.tif",
    "latent.npy",
    "phases.csv",
    "spectra.csv",
    "components.csv",
    "weights.csv",
    "abundance.tif",
    "maps.tif",
    "composition.csv",
    "k_factors.csv",
    "particles.csv",
    "model.safetensors",
    "probabilities.tif",
    "masks.tif",
    *TRUST_FILES,
    "report.html",
    "recipe.yaml",
    "metrics.json",
)


def write_phases(result: PhasesResult, folder: Path, metrics: Mapping[str, Any]) -> None:
    """Write a complete result into an existing folder.

    ``components.csv``, ``weights.csv`` and ``abundance.tif`` are written where the recipe asked for
    unmixing, ``composition.csv`` and ``k_factors.csv`` where there are X-ray lines to quantify (else
    ``metrics.json`` says why not), the files of ``cluster_files`` and of ``trust_files`` as these say.
    Element maps have no channels: their ``spectra.csv`` and ``components.csv`` have one row for each line.

    Parameters
    ----------
    result : of a run that came to its end
    folder : where to; files of the same names are replaced
    metrics : what else is known of the run, written to ``metrics.json``; plain types only
    """
    pixel_size_um = result.prepared.pixel_size_um
    phases = result.assigned
    names = phase_names(result)
    write_image(folder / "labels.tif", phases.label.astype(np.int16), pixel_size_um)
    write_image(folder / "probability.tif", phases.probability.astype(np.float32), pixel_size_um)
    _write_stack(folder / "maps.tif", result.maps.intensity, result.maps.lines, pixel_size_um)
    latent = result.latent.coordinates.reshape(*result.latent.map_shape, -1)
    np.save(folder / "latent.npy", latent, allow_pickle=False)
    _phases_csv(result, names, folder / "phases.csv")
    _spectra_csv(result, names, folder / "spectra.csv")
    if result.unmixing is not None:
        components = [f"Component {number + 1}" for number in range(result.unmixing.endmembers.shape[0])]
        table = pd.DataFrame(result.unmixing.endmembers.T, columns=components)
        table.insert(0, *_axis_column(result))
        table.to_csv(folder / "components.csv", index=False, float_format="%.7g")
        weights = pd.DataFrame(result.unmixing.weights, columns=components)
        weights.insert(0, "phase", names)
        weights.to_csv(folder / "weights.csv", index=False, float_format="%.7g")
        _write_stack(folder / "abundance.tif", result.unmixing.abundances, components, pixel_size_um)
    chemistry = write_chemistry(result, names, folder)
    (folder / "recipe.yaml").write_text(to_yaml(result.resolved_recipe), encoding="utf-8")
    from models import cluster_files  # with torch, which whoever asks for the names alone need not wait for

    clusters = cluster_files.write_clusters(result, names, folder)
    trust = write_trust(result, names, folder)
    known = {**_found(result), **chemistry, **clusters, **trust, **metrics}
    text = json.dumps(known, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / "metrics.json").write_text(text + "\n", encoding="utf-8")


def phase_name(phase: int) -> str:
    """What a phase is called until somebody names it; people count from one."""
    return f"Phase {phase + 1}"


def phase_names(result: PhasesResult) -> list[str]:
    """The name of every phase, in the order of the labels: given by a person, or its number."""
    edits = phase_edits.parse_all(result.recipe.edits)
    if result.edited is not None:
        ids = result.edited.ids
    elif edits or result.recipe.numbering:
        ids = live_phases(result, result.recipe).ids
    else:
        ids = tuple(range(result.phases.n_phases))
    named = phase_edits.names_of(edits)
    return distinct_names([named.get(phase) or phase_name(phase) for phase in ids])


def _n_valid(result: PhasesResult) -> int:
    """Pixels that take part; those of phases that were left out do not."""
    return result.n_measured if result.edited is None else result.edited.n_valid


def _phases_csv(result: PhasesResult, names: list[str], path: Path) -> None:
    phases = result.assigned
    pixels = phases.pixels()
    total_probability = np.bincount(
        phases.label.ravel().astype(np.intp) + 1,
        weights=phases.probability.ravel(),
        minlength=phases.n_phases + 1,
    )[1:]
    lines = main_lines(result.phase_spectra, pixels, result)
    table = pd.DataFrame(
        {
            "phase": np.arange(phases.n_phases),
            "name": names,
            "pixels": pixels,
            # of the pixels of no excluded phase: what the threshold leaves unassigned is not shared out
            "area_percent": 100 * pixels / max(_n_valid(result), 1),
            "mean_probability": total_probability / np.maximum(pixels, 1),
            "main_lines": [" ".join(of_phase) for of_phase in lines],
        }
    )
    table.to_csv(path, index=False, float_format="%.6g")


def _spectra_csv(result: PhasesResult, names: list[str], path: Path) -> None:
    if result.has_spectra:
        whole = result.prepared.sum_spectrum()
    else:
        whole = result.maps.intensity.sum(axis=(0, 1), dtype=np.float64)
    table = pd.DataFrame(result.phase_spectra.T, columns=names)
    table.insert(0, "sum", whole)
    table.insert(0, *_axis_column(result))
    table.to_csv(path, index=False, float_format="%.9g")


def _axis_column(result: PhasesResult) -> tuple[str, Any]:
    """Name and values of the first column of a table of spectra."""
    if result.has_spectra:
        return "energy_kev", result.prepared.energy.energy_kev
    return "line", list(result.maps.lines)


def _found(result: PhasesResult) -> dict[str, Any]:
    """What the run found, for ``metrics.json``."""
    pixels = result.assigned.pixels()
    return {
        "dataset": {
            "title": result.prepared.title,
            "dataset_id": result.dataset_id,
            "shape": list(result.prepared.shape),
            "n_channels": result.prepared.energy.n_channels if result.has_spectra else None,
            "pixel_size_um": result.prepared.pixel_size_um,
            "beam_kev": result.prepared.beam_kev,
            "lines": list(result.maps.lines),
        },
        "phases": {
            "found": int(result.phases.n_phases),
            "made_by": result.phases.made_by,
            "pixels": pixels.tolist(),
            "unassigned_pixels": int(_n_valid(result) - pixels.sum()),
            "excluded_pixels": int(result.n_measured - _n_valid(result)),
            "latent_phases": int(result.latent_phases.n_phases),
            "components": None if result.unmixing is None else int(result.unmixing.endmembers.shape[0]),
        },
        "notes": list(result.notes),
    }


def _write_stack(path: Path, images: np.ndarray, names: Sequence[str], pixel_size_um: float | None) -> None:
    """(n_y, n_x, n) images as an OME-TIFF of named pages, (n, n_y, n_x) float32."""
    # page by page: a transposed copy of all maps at once would be as large as the maps
    pages = (np.ascontiguousarray(images[:, :, i], dtype=np.float32) for i in range(images.shape[2]))
    write_stack(path, pages, (images.shape[2], *images.shape[:2]), names, pixel_size_um)
