"""The trained latent space and the maps of single phases as files of a result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from models.exports_tiff import write_stack
from models.latent_model import LatentModel
from models.latent_model_file import to_bytes
from models.live_phases import LivePhases, live_phases
from models.phase_mask import phase_mask
from models.phase_probability import probability_of
from models.phases_result import PhasesResult


def write_clusters(result: PhasesResult, names: list[str], folder: Path) -> dict[str, Any]:
    """Write ``model.safetensors`` and, where the recipe asks for binary maps, the maps of all phases.

    ``probabilities.tif`` holds a float32 page for every phase, ``masks.tif`` one of 0 and 255. A phase that
    has no pixel above the threshold has an empty page.

    Parameters
    ----------
    result : of a run that came to its end
    names : of the phases, in the order of their labels
    folder : where to

    Returns
    -------
    What there is to say of the binary maps, for ``metrics.json``
    """
    recipe = result.recipe
    if result.trained is not None:
        (folder / "model.safetensors").write_bytes(to_bytes(model_of(result)))
    if not recipe.masks.enabled:
        return {}
    shown = live_phases(result, recipe) if result.edited is None else result.edited
    shape, size = (len(names), *shown.phase_map.shape), result.prepared.pixel_size_um
    images = (probability_of(result, recipe, shown, phase) for phase in shown.ids)
    write_stack(folder / "probabilities.tif", images, shape, names, size)
    masks, known = [], []
    for name, phase in zip(names, shown.ids, strict=True):
        mask, about = _masked(result, shown, phase)
        masks.append(mask)
        known.append({"phase": name, **about})
    metadata = {"axes": "ZYX", "Labels": names} | ({} if size is None else {"unit": "um"})
    pixels = {} if size is None else {"resolution": (1 / size, 1 / size)}
    stack = np.stack(masks).astype(np.uint8) * np.uint8(255)
    tifffile.imwrite(folder / "masks.tif", stack, imagej=True, metadata=metadata, **pixels)
    return {"masks": known}


def model_of(result: PhasesResult) -> LatentModel:
    """The latent space of a result as a model; one that was applied keeps the normalisation it came with."""
    if result.recipe.latent.model and result.model is not None:
        return result.model
    return LatentModel.of(result.trained, result.maps, result.recipe)


def _masked(result: PhasesResult, shown: LivePhases, phase: int) -> tuple[np.ndarray, dict[str, Any]]:
    probability = probability_of(result, result.recipe, shown, phase)
    try:
        found = phase_mask(probability, result.recipe.masks)
    except ValueError as error:
        return np.zeros(probability.shape, bool), {"pixels": 0, "why": str(error)}
    return found.mask, {
        "pixels": found.n_pixels,
        "specks_removed": found.n_specks,
        "holes_filled": found.n_holes,
    }
