"""Facts from the metadata of a file: beam energy, live time, elements."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from data.readers.symbols import symbols_in


def find(tree: Any, path: str) -> Any:
    """The entry of nested mappings at a dotted path, or None."""
    for key in path.split("."):
        try:
            tree = tree[key]
        except (KeyError, TypeError, IndexError, AttributeError):
            return None
    return tree


def completed(dictionary: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata of one of rosettasciio's dictionaries, with beam energy and live time of the vendor's own.

    The dictionary names where those are and how to convert them (its "mapping"); rosettasciio leaves
    that to its caller.
    """
    metadata = _copied(dictionary.get("metadata") or {})
    original = dictionary.get("original_metadata") or {}
    for source, (target, convert) in (dictionary.get("mapping") or {}).items():
        if not target.endswith(("beam_energy", "live_time")) or find(metadata, target) is not None:
            continue
        value = _find_spelt(original, source)
        if value is None:
            continue
        try:
            value = convert(value) if convert else value
        except (TypeError, ValueError, KeyError, IndexError):
            continue
        *parents, last = target.split(".")
        node = metadata
        for parent in parents:
            node = node.setdefault(parent, {})
        node[last] = value
    return metadata


def _find_spelt(tree: Any, path: str) -> Any:
    """As find, for paths in which blanks and signs of the names are written as underscores."""
    for key in path.split("."):
        if not isinstance(tree, Mapping):
            return None
        tree = tree.get(key, next((tree[one] for one in tree if re.sub(r"\W+", "_", str(one)) == key), None))
    return tree


def beam_kev(metadata: Mapping[str, Any]) -> float | None:
    """Beam energy in keV, or None."""
    return _positive(_instrument(metadata, "beam_energy"))


def live_time_s(metadata: Mapping[str, Any]) -> float | None:
    """Live time in s as the file states it, or None."""
    return _positive(_instrument(metadata, "Detector.EDS.live_time"))


def elements(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """Symbols that the file names, in its order; those of its X-ray lines where it lists only lines."""
    return symbols_in(find(metadata, "Sample.elements")) or symbols_in(find(metadata, "Sample.xray_lines"))


def _instrument(metadata: Mapping[str, Any], path: str) -> Any:
    for mode in ("SEM", "TEM"):
        value = find(metadata, f"Acquisition_instrument.{mode}.{path}")
        if value is not None:
            return value
    return None


def _positive(value: Any) -> float | None:
    """A number above zero, also from text with a unit; None for anything else."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):
        number = re.match(r"\s*([-+]?\d*\.?\d+(?:[eE][-+]?\d+)?)", value)
        value = number.group(1) if number else None
    try:
        result = float(value)
    except (TypeError, ValueError):
        return None
    return result if np.isfinite(result) and result > 0 else None


def _copied(tree: Any) -> dict[str, Any]:
    return {str(k): _copied(v) if isinstance(v, Mapping) else v for k, v in tree.items()}
