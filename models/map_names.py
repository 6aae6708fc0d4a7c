"""Short names of maps, all different."""

from __future__ import annotations

from collections.abc import Sequence

from data.numbered_names import numbered


def distinct_map_names(paths: Sequence[str]) -> tuple[str, ...]:
    """Short names of maps from their paths: the last part without its ending, with more of the path where
    two would be called the same, and with a number where even the paths are the same."""
    parts = [[part for part in path.replace("\\", "/").split("/") if part] or [path] for path in paths]
    names = [_stem(of_path[-1]) for of_path in parts]
    for depth in range(2, max(map(len, parts), default=1) + 1):
        taken = [name for name in names if names.count(name) > 1]
        names = [
            "/".join([*of_path[-depth:-1], _stem(of_path[-1])]) if name in taken else name
            for name, of_path in zip(names, parts, strict=True)
        ]
    return numbered(names)


def _stem(name: str) -> str:
    stem, dot, ending = name.rpartition(".")
    return stem if dot and stem and len(ending) <= 5 else name
