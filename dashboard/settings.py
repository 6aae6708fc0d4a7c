"""What the environment decides: where data lie, where the cache is, how much memory and how many workers.

LODESTONE_DATA     folder of datasets to offer; none by default, then there is the built-in demo
LODESTONE_CACHE    folder for what can be computed again; ~/.cache/lodestone by default
LODESTONE_MEMORY   what loaded datasets may take, e.g. 8GB or 60%; 60 % of the memory by default
LODESTONE_WORKERS  jobs that run at a time; 1 by default
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

DEFAULT_MEMORY = "60%"
MIN_MEMORY_BYTES = 64 * 2**20
MAX_WORKERS = 64
_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


@dataclass(frozen=True)
class Settings:
    """Settings of the process.

    Attributes
    ----------
    data_folder : folder of datasets to offer, or None
    cache_folder : for what can be computed again; made when it is first used
    memory_bytes : what the loaded datasets may take together
    n_workers : jobs that run at a time
    """

    data_folder: Path | None
    cache_folder: Path
    memory_bytes: int
    n_workers: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """The settings that the environment names, with defaults for the rest.

        Raises
        ------
        ValueError
            A value cannot be used; the message names the variable, its value and what would do.
        """

        def value(name: str) -> str:
            return environment.get(f"LODESTONE_{name}", "").strip()

        return cls(
            data_folder=_data_folder(value("DATA")),
            cache_folder=_cache_folder(value("CACHE"), environment),
            memory_bytes=_memory_bytes(value("MEMORY") or DEFAULT_MEMORY),
            n_workers=_n_workers(value("WORKERS") or "1"),
        )


def installed_memory_bytes() -> int:
    """Memory of the machine or, within a container, what it may use of it."""
    limits = [psutil.virtual_memory().total]
    for path in _CGROUP_LIMITS:
        try:
            limits.append(int(Path(path).read_text()))
        except (OSError, ValueError):  # no such file, or "max": no limit
            continue
    return min(limits)


def _data_folder(text: str) -> Path | None:
    if not text:
        return None
    folder = Path(text).expanduser().absolute()
    if not folder.is_dir():
        there = "is a file" if folder.exists() else "does not exist"
        raise ValueError(f"LODESTONE_DATA is {text}, which {there}. Name the folder that holds the datasets.")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise ValueError(f"LODESTONE_DATA is {text}, which this user may not read. Change its permissions.")
    return folder


def _cache_folder(text: str, environment: Mapping[str, str]) -> Path:
    if not text:
        return Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lodestone"
    folder = Path(text).expanduser().absolute()
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"LODESTONE_CACHE is {text}, which is a file. Name a folder.")
    return folder


def _memory_bytes(text: str) -> int:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(?:%|([KMGT]?)(?:I?B)?)", text.upper())
    if match is None:
        raise ValueError(
            f"LODESTONE_MEMORY is {text!r}. Write a size such as 8GB or 500MB, or a share such as 60%."
        )
    amount = float(match[1])
    if text.endswith("%"):
        if not 0 < amount <= 100:
            raise ValueError(f"LODESTONE_MEMORY is {text!r}; a share lies above 0% and up to 100%.")
        return math.floor(installed_memory_bytes() * amount / 100)
    n_bytes = math.floor(amount * _UNITS[match[2]])
    if n_bytes < MIN_MEMORY_BYTES:
        raise ValueError(
            f"LODESTONE_MEMORY is {text!r}, which holds no map. Give at least 64MB; 8GB is usual."
        )
    return n_bytes


def _n_workers(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MAX_WORKERS:
        raise ValueError(f"LODESTONE_WORKERS is {text!r}. Write a whole number from 1 to {MAX_WORKERS}.")
    return int(text)
