"""A latent space as one safetensors file: weights as arrays, everything else as JSON in the header.

Such a file holds nothing that could run code, and what could is refused.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import Any

import numpy as np
import safetensors
from safetensors.numpy import load, save

from models import recipe as recipes
from models.latent_model import LatentModel, Trained
from models.normalisation import Scaling
from models.principal_components import FittedComponents
from models.recipe import AutoencoderChoices
from models.trained_autoencoder import EpochReport, TrainedAutoencoder
from models.umap_embedding import FittedEmbedding

ENDING = "safetensors"
_KIND, _VERSION = "lodestone latent space", 1
_PREFIX = "weights."


def to_bytes(model: LatentModel) -> bytes:
    """The model as a safetensors file."""
    trained = model.trained
    arrays: dict[str, np.ndarray] = {}
    facts: dict[str, Any] = {}
    for field in dataclasses.fields(trained):
        value = getattr(trained, field.name)
        if isinstance(value, np.ndarray):
            arrays[field.name] = value
        elif field.name == "state":
            arrays |= {f"{_PREFIX}{name}": weights for name, weights in value.items()}
        elif field.name == "reports":
            facts[field.name] = [dataclasses.asdict(report) for report in value]
        elif field.name != "choices":  # those of the autoencoder are written once, below
            facts[field.name] = value
    for number, scaling in enumerate(model.scalings):
        arrays[f"scaling{number}.mean"] = scaling.mean
        arrays[f"scaling{number}.deviation"] = scaling.deviation
    description = {
        "kind": _KIND,
        "version": _VERSION,
        "trained": type(trained).__name__,
        "facts": facts,
        "lines": model.lines,
        "normalisation": model.normalisation,
        "background": model.background,
        "latent": dataclasses.asdict(dataclasses.replace(model.latent, model="")),
        "autoencoder": dataclasses.asdict(model.autoencoder),
        "title": model.title,
    }
    text = json.dumps(description, ensure_ascii=True, allow_nan=True)
    whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    return save(whole, metadata={"lodestone": text})


def from_bytes(content: bytes, name: str = "This file") -> LatentModel:
    """The model of a file that :func:`to_bytes` made; ``name`` is what messages call the file.

    Raises
    ------
    ValueError
        The file is damaged, could run code, or holds another network; the message says which.
    """
    description, arrays = _description(content, name), _arrays(content, name)
    try:
        if description.get("kind") != _KIND:
            raise ValueError("it has no description of its network")
        if description["version"] > _VERSION:
            raise ValueError("it was written by a newer version")
        parts = recipes.from_mapping(
            {"latent": description["latent"], "autoencoder": description["autoencoder"]}
        )
        lines = tuple(map(str, description["lines"]))
        chain = recipes.from_mapping({"line_maps": {"normalisation": description["normalisation"]}})
        background = recipes.from_mapping({"line_maps": {"background": description["background"]}})
        steps = chain.line_maps.normalisation
        scalings = tuple(
            Scaling(arrays[f"scaling{number}.mean"], arrays[f"scaling{number}.deviation"])
            for number in range(steps.count("zscore"))
        )
        trained = _trained(description, arrays, parts.autoencoder)
        if trained.n_inputs != len(lines) or any(len(part) != len(lines) for s in scalings for part in s):
            raise ValueError("its arrays do not fit its lines")
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise ValueError(
            f"{name} is no latent space that Lodestone saved, or was changed since: {error}. Only models "
            "saved here can be opened; a network of another program cannot."
        ) from error
    return LatentModel(
        trained=trained,
        lines=lines,
        normalisation=steps,
        scalings=scalings,
        background=background.line_maps.background,
        latent=parts.latent,
        autoencoder=parts.autoencoder,
        title=str(description["title"]),
        id=hashlib.sha256(content).hexdigest()[:16],
    )


def _description(content: bytes, name: str) -> dict[str, Any]:
    """The JSON of the header; nothing of the file is executed, whatever it holds."""
    if content[:2] == b"PK" or content[:1] == b"\x80" or name.lower().endswith((".pt", ".pth", ".pkl")):
        raise ValueError(
            f"{name} holds pickled Python code, as PyTorch and pickle write it. Opening it could run that "
            f"code on this computer, so it is refused. Save the model here as .{ENDING} and open that."
        )
    length = int.from_bytes(content[:8], "little")
    if not content[8:9] == b"{" or length > 100_000_000:
        raise ValueError(f"{name} is no .{ENDING} file. Open a model that was saved here.")
    if len(content) < 8 + length:
        raise ValueError(_truncated(name))
    try:
        metadata = json.loads(content[8 : 8 + length]).get("__metadata__", {})
        found = json.loads(metadata.get("lodestone", "{}"))
    except (ValueError, AttributeError, TypeError) as error:
        raise ValueError(f"{name} is no .{ENDING} file: its header cannot be read.") from error
    return found if isinstance(found, dict) else {}


def _arrays(content: bytes, name: str) -> dict[str, np.ndarray]:
    try:
        return load(content)
    except safetensors.SafetensorError as error:
        raise ValueError(_truncated(name)) from error
    except (TypeError, KeyError, ValueError) as error:
        raise ValueError(f"{name} holds arrays of a kind that no model saved here has.") from error


def _truncated(name: str) -> str:
    return f"{name} is damaged: its end is missing or does not fit its header. Copy or save it again."


def _trained(
    description: dict[str, Any], arrays: dict[str, np.ndarray], choices: AutoencoderChoices
) -> Trained:
    facts = description["facts"]
    kinds = {kind.__name__: kind for kind in (TrainedAutoencoder, FittedComponents, FittedEmbedding)}
    if description["trained"] not in kinds:
        raise ValueError(f"its method {description['trained']!r} is not known here")
    kind = kinds[description["trained"]]
    if kind is not TrainedAutoencoder:
        fields = {field.name for field in dataclasses.fields(kind)}
        held = {field: array for field, array in arrays.items() if field in fields}
        _require_finite(held)
        return kind(**held, **facts)
    reports = tuple(EpochReport(**report) for report in facts.pop("reports"))
    state = {key.removeprefix(_PREFIX): arrays[key] for key in arrays if key.startswith(_PREFIX)}
    _require_finite(state)
    trained = TrainedAutoencoder(state, choices, reports=reports, offset=arrays["offset"], **facts)
    trained.network()  # raises where a weight is missing or of another shape
    return trained


def _require_finite(arrays: dict[str, np.ndarray]) -> None:
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise ValueError(f"{name} holds values that are no numbers")
