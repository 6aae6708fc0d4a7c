"""The tagged tree in which JEOL's Analysis Station writes its projects (.asw) and headers (.pts).

Every entry is a mark (1), the length of a name, the name, a type, the length of a value, the value,
further entries, and a mark that closes it (-1). Type 0 is a group without a value of its own.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

_TYPES = {
    1: "u1", 2: "u2", 3: "i4", 4: "f4", 5: "f8", 6: "u1", 7: "u2", 8: "i4", 9: "f4", 10: "f8",
    11: "?", 14: "u2", 65552: "?", 65553: "?",
}  # fmt: skip
_ENTRY, _CLOSE = 1, -1


def read_tree(data: bytes, at: int) -> dict[str, Any]:
    """The tree that starts at a position, as nested dictionaries.

    Single values are plain numbers; an entry with a value and entries of its own is a dictionary with
    the key "value".

    Raises
    ------
    ValueError
        The bytes are no such tree, or it breaks off.
    """
    root: dict[str, Any] = {}
    # the open entries: where each stands, its name, its value, and the entries within it
    path: list[tuple[dict[str, Any], str, Any, dict[str, Any]]] = []
    try:
        while True:
            (mark,) = struct.unpack_from("<b", data, at)
            at += 1
            if mark == _CLOSE and path:
                parent, name, value, group = path.pop()
                if value is None:
                    parent[name] = group
                else:
                    parent[name] = {"value": value, **group} if group else value
                continue
            if mark != _ENTRY:
                return root
            (length,) = struct.unpack_from("<i", data, at)
            name, at = _text(_slice(data, at + 4, length)), at + 4 + length
            kind, length = struct.unpack_from("<ii", data, at)
            value = _value(kind, _slice(data, at + 8, length))
            at += 8 + length
            if name[-5:-1] == "PAGE":
                # pages are groups, told apart by their value
                name, value = f"{name}_{value}", None
            path.append((path[-1][3] if path else root, name, value, {}))
    except struct.error as error:
        raise ValueError("the header breaks off") from error


def _value(kind: int, raw: bytes) -> Any:
    """The value of an entry; None for a group, text, a number or an array."""
    if kind == 0:
        return None
    if kind not in _TYPES:
        return _text(raw)
    itemsize = np.dtype(_TYPES[kind]).itemsize
    array = np.frombuffer(raw[: len(raw) // itemsize * itemsize], "<" + _TYPES[kind])
    return array[0].item() if array.size == 1 else array


def _slice(data: bytes, at: int, length: int) -> bytes:
    if length < 0 or at + length > len(data):
        raise ValueError("the header breaks off")
    return data[at : at + length]


def _text(raw: bytes) -> str:
    raw = raw.rstrip(b"\x00")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("shift_jis", "replace")
