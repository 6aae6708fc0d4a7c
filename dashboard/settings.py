"""What the environment decides: where data lie, where the cache is, how much memory and how many workers.

LODESTONE_DATA     folder of datasets to offer; none by default, then there is the built-in demo
LODESTONE_CACHE    folder for what can be computed again; ~/.cache/lodestone by default
LODESTONE_MEMORY   what loaded datasets may take, e.g. 8GB or 60%; 60 % of the memory by default. A map that
                   needs more than 40 % of that has its counts in the cache folder
LODESTONE_WORKERS  jobs that run at a time; 1 by default
LODESTONE_STORE    folder of saved sessions and their results; .lodestone in the data folder by default, or
                   ~/.local/share/lodestone where there is none or it is read-only
DATABASE_URL       PostgreSQL instead of the SQLite file in that folder
LODESTONE_UPLOAD_LIMIT  the largest file that may be uploaded; 20GB by default
LODESTONE_TEAM     name of the folder below uploads that takes them; "team" by default
LODESTONE_ADMINS   who sees the status page: user names with commas between them

LODESTONE_LOG is read by dashboard/logs.py.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from data.installed_memory import installed_memory_bytes

DEFAULT_MEMORY = "60%"
MIN_MEMORY_BYTES = 64 * 2**20
MAX_WORKERS = 64
DEFAULT_UPLOAD_LIMIT = "20GB"
MIN_UPLOAD_LIMIT_BYTES = 2**20
DEFAULT_TEAM = "team"
_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_SIZE = r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:I?B)?"
_SHARE = r"(\d+(?:\.\d+)?)\s*%"


@dataclass(frozen=True)
class Settings:
    """Settings of the process.

    Attributes
    ----------
    data_folder : folder of datasets to offer, or None
    cache_folder : for what can be computed again; made when it is first used
    memory_bytes : what the loaded datasets may take together
    n_workers : jobs that run at a time
    store_folder : of saved sessions, their results, and uploads where the data folder takes none
    database_url : address of a PostgreSQL database; "" for the SQLite file in store_folder
    upload_limit_bytes : the largest file that may be uploaded
    admins : names of the users who see the status page
    team : name of the folder that takes the uploads
    """

    data_folder: Path | None
    cache_folder: Path
    memory_bytes: int
    n_workers: int
    store_folder: Path
    database_url: str
    upload_limit_bytes: int
    admins: tuple[str, ...]
    team: str

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

        data_folder = _data_folder(value("DATA"))
        return cls(
            data_folder=data_folder,
            cache_folder=_cache_folder(value("CACHE"), environment),
            memory_bytes=_memory_bytes(value("MEMORY") or DEFAULT_MEMORY),
            n_workers=_n_workers(value("WORKERS") or "1"),
            store_folder=_store_folder(value("STORE"), data_folder, environment),
            database_url=_database_url(environment.get("DATABASE_URL", "").strip()),
            upload_limit_bytes=_upload_limit_bytes(value("UPLOAD_LIMIT") or DEFAULT_UPLOAD_LIMIT),
            admins=tuple(filter(None, (name.strip() for name in value("ADMINS").split(",")))),
            team=_team(value("TEAM") or DEFAULT_TEAM),
        )


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


def _store_folder(text: str, data_folder: Path | None, environment: Mapping[str, str]) -> Path:
    if text:
        folder = Path(text).expanduser().absolute()
        if folder.exists() and not folder.is_dir():
            raise ValueError(f"LODESTONE_STORE is {text}, which is a file. Name a folder.")
        return folder
    if data_folder is not None:
        folder = data_folder / ".lodestone"
        # one that is there already stays the store: a folder that is read-only today must not look like an
        # empty store, as if all that people had saved were gone
        if folder.exists() or os.access(data_folder, os.W_OK):
            return folder
    return Path(environment.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "lodestone"


def _database_url(text: str) -> str:
    # the address holds a password: no message quotes it
    if text and not re.match(r"postgres(ql)?(\+psycopg)?://.", text):
        raise ValueError(
            "DATABASE_URL is no address of a PostgreSQL database. Write "
            "postgresql://user:password@host:5432/name, "
            "or leave it out for the SQLite file in LODESTONE_STORE."
        )
    return text


def _upload_limit_bytes(text: str) -> int:
    match = re.fullmatch(_SIZE, text.upper())
    n_bytes = math.floor(float(match[1]) * _UNITS[match[2]]) if match else 0
    if n_bytes < MIN_UPLOAD_LIMIT_BYTES:
        raise ValueError(f"LODESTONE_UPLOAD_LIMIT is {text!r}. Write a size of 1MB or more, such as 20GB.")
    return n_bytes


def _team(text: str) -> str:
    if not re.fullmatch(r"\w[\w -]{0,63}", text):
        raise ValueError(
            f"LODESTONE_TEAM is {text!r}. It names a folder: write up to 64 letters, digits, - or _."
        )
    return text


def _memory_bytes(text: str) -> int:
    match = re.fullmatch(rf"{_SHARE}|{_SIZE}", text.upper())
    if match is None:
        raise ValueError(
            f"LODESTONE_MEMORY is {text!r}. Write a size such as 8GB or 500MB, or a share such as 60%."
        )
    amount = float(match[1] or match[2])
    if text.endswith("%"):
        if not 0 < amount <= 100:
            raise ValueError(f"LODESTONE_MEMORY is {text!r}; a share lies above 0% and up to 100%.")
        return math.floor(installed_memory_bytes() * amount / 100)
    n_bytes = math.floor(amount * _UNITS[match[3]])
    if n_bytes < MIN_MEMORY_BYTES:
        raise ValueError(
            f"LODESTONE_MEMORY is {text!r}, which holds no map. Give at least 64MB; 8GB is usual."
        )
    return n_bytes


def _n_workers(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MAX_WORKERS:
        raise ValueError(f"LODESTONE_WORKERS is {text!r}. Write a whole number from 1 to {MAX_WORKERS}.")
    return int(text)
