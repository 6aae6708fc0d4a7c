"""Results as files: arrays and plain values, nothing that could run code when it is read.

A value is a tree of frozen dataclasses, tuples, lists, mappings, numbers, text and arrays. The arrays go
into an npz file as they are; the rest goes beside them as JSON. Only dataclasses of this project are made
again.
"""

from __future__ import annotations

import dataclasses
import importlib
import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy import sparse

_STRUCTURE = "structure"
_PACKAGES = ("models.", "data.")
_PLAIN = (type(None), bool, int, float, str)


def save(value: Any, path: Path) -> None:
    """Write a value to a file: under another name first, so that a file of this name is always whole.

    Raises
    ------
    TypeError
        Something in the value is of a kind that an archive does not hold.
    OSError
        The file cannot be written.
    """
    arrays: dict[str, np.ndarray] = {}
    structure = json.dumps(_encode(value, arrays), ensure_ascii=False).encode()
    arrays[_STRUCTURE] = np.frombuffer(structure, np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with unfinished.open("wb") as file:
            np.savez(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def load(path: Path) -> Any:
    """The value of a file that :func:`save` wrote.

    Raises
    ------
    ValueError
        The file is no archive, is damaged, or was written by another version of this program.
    OSError
        The file cannot be read.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
            structure = json.loads(bytes(arrays[_STRUCTURE]))
            return _decode(structure, arrays)
    except (
        zipfile.BadZipFile,
        KeyError,
        TypeError,
        AttributeError,
        ImportError,
        ValueError,
        EOFError,
    ) as error:
        raise ValueError(
            f"{path.name} is no result of this version of Lodestone ({type(error).__name__}). "
            "Delete it; it will be computed again."
        ) from error


def _encode(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    def stored(array: np.ndarray) -> str:
        name = f"a{len(arrays)}"
        arrays[name] = array
        return name

    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return {"array": stored(value)}
    if isinstance(value, torch.Tensor):
        return {"tensor": stored(value.detach().cpu().numpy())}
    if sparse.issparse(value):
        rows = value.tocsr()
        return {"csr": [stored(part) for part in (rows.data, rows.indices, rows.indptr)], "shape": rows.shape}
    if isinstance(value, tuple):
        return {"tuple": [_encode(item, arrays) for item in value]}
    if isinstance(value, list):
        return {"list": [_encode(item, arrays) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[key, _encode(item, arrays)] for key, item in value.items()]}
    kind = type(value)
    if dataclasses.is_dataclass(value) and kind.__module__.startswith(_PACKAGES):
        fields = {
            field.name: _encode(getattr(value, field.name), arrays)
            for field in dataclasses.fields(value)
            if field.init
        }
        return {"class": f"{kind.__module__}.{kind.__qualname__}", "fields": fields}
    raise TypeError(f"An archive cannot hold a {kind.__module__}.{kind.__qualname__}.")


def _decode(node: Any, arrays: Any) -> Any:
    if isinstance(node, _PLAIN):
        return node
    if "array" in node:
        return arrays[node["array"]]
    if "tensor" in node:
        return torch.from_numpy(arrays[node["tensor"]])
    if "csr" in node:
        return sparse.csr_matrix(tuple(arrays[name] for name in node["csr"]), shape=tuple(node["shape"]))
    if "tuple" in node:
        return tuple(_decode(item, arrays) for item in node["tuple"])
    if "list" in node:
        return [_decode(item, arrays) for item in node["list"]]
    if "dict" in node:
        return {key: _decode(item, arrays) for key, item in node["dict"]}
    module, _, name = node["class"].rpartition(".")
    if not module.startswith(_PACKAGES):
        raise ValueError(f"{module} is no part of this program")
    kind = getattr(importlib.import_module(module), name)
    if not (isinstance(kind, type) and dataclasses.is_dataclass(kind)):
        raise ValueError(f"{name} is no dataclass")
    return kind(**{key: _decode(item, arrays) for key, item in node["fields"].items()})
