"""The log of the server: one line for each thing that was done, by whom and how long it took.

LODESTONE_LOG=json writes a JSON object per line (time, level, who, what, seconds, dataset), =text, the
default, the same for eyes. Neither holds addresses of computers, tokens of links, or paths outside of the
data folder: who reads a log is not always who may open what it speaks of.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

FORMATS = ("text", "json")
MOST_CHARACTERS = 4000

_CODE = Path(__file__).resolve().parents[1]
_OURS = ("dashboard", "data", "models")
_actions = logging.getLogger("dashboard.actions")

_REPLACED = (
    # what follows a ? in an address: links carry their token there
    (re.compile(r"(?<=[\w/=])\?[^\s'\"<>]*=[^\s'\"<>]*"), "?…"),
    # tokens of links, ids of uploads, cookies
    (re.compile(r"(?<![\w-])(?:[\w-]{32}|[\w-]{60,}(?:\.[\w-]+)*)(?![\w-])"), "…"),
    (re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])(?::\d+)?"), "(address)"),
    (re.compile(r"(?<![\w:])(?:[0-9a-fA-F]{0,4}:){3,7}[0-9a-fA-F]{0,4}(?![\w:])"), "(address)"),
    (re.compile(r"://[^\s/@]+@"), "://…@"),
)
# not after a method: what is asked of the server is no path on it
_PATH = re.compile(
    r"(?<![\w/.:…>])(?<!GET )(?<!PUT )(?<!POST )(?<!HEAD )(?<!PATCH )(?<!DELETE )"
    r"/(?:[\w.@+~ -]*/)+[^\s'\":,;()<>]*"
)


def configure(format_name: str, data_folder: Path | None = None) -> None:
    """Write the log of this process in one of FORMATS; handlers that are there are kept.

    Raises
    ------
    ValueError
        There is no such format.
    """
    name = format_name.strip().lower() or "text"
    if name not in FORMATS:
        raise ValueError(f"LODESTONE_LOG is {format_name!r}. Write json or text.")
    formatter = (JsonLines if name == "json" else TextLines)(data_folder)
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(logging.StreamHandler(sys.stderr))
    for handler in root.handlers:
        handler.setFormatter(formatter)
    for package in _OURS:
        logging.getLogger(package).setLevel(logging.INFO)


def note(what: str, who: str = "", seconds: float | None = None, dataset: str = "") -> None:
    """Write a line on something that was done.

    Parameters
    ----------
    what : e.g. "upload finished: map.bcf"; no token and no address
    who : name of the user, "" on a server without accounts
    seconds : how long it took
    dataset : id of the dataset (its content hash, or its id in the catalogue)
    """
    _actions.info(what, extra={"who": who, "seconds": seconds, "dataset": dataset})


@contextlib.contextmanager
def action(what: str, who: str = "", dataset: str = "") -> Iterator[None]:
    """Note how long the block takes, and whether it failed."""
    start, end = time.monotonic(), ""
    try:
        yield
    except BaseException as error:
        end = f" (failed: {type(error).__name__})"
        raise
    finally:
        note(what + end, who, time.monotonic() - start, dataset)


def scrubbed(text: str, data_folder: Path | None = None) -> str:
    """The text without addresses, tokens and paths; those in the data folder begin with <data>."""
    if data_folder is not None:
        text = text.replace(str(data_folder), "<data>")
    # the place of an error in the program is what a log is read for
    text = re.sub(r"/[^\s'\"]*/(?:site-packages|lib/python3\.\d+)/", "", text).replace(f"{_CODE}/", "")
    for pattern, replacement in _REPLACED:
        text = pattern.sub(replacement, text)
    text = _PATH.sub("<path>", text)
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]} ..."


class JsonLines(logging.Formatter):
    """A record as one JSON object."""

    def __init__(self, data_folder: Path | None = None) -> None:
        super().__init__()
        self._data_folder = data_folder

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        # all but ASCII is escaped: no name can forge a second line
        return json.dumps(self.fields(record))

    def fields(self, record: logging.LogRecord) -> Mapping[str, object]:
        """What is written of a record."""
        what = record.getMessage()
        if record.exc_info:
            what = f"{what}\n{self.formatException(record.exc_info)}"
        seconds = getattr(record, "seconds", None)
        moment = datetime.fromtimestamp(record.created, UTC)
        return {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "who": str(getattr(record, "who", "") or "-")[:200],
            "what": scrubbed(what, self._data_folder),
            "seconds": None if seconds is None else round(float(seconds), 3),
            "dataset": str(getattr(record, "dataset", "") or "-")[:500],
            "source": record.name,
        }


class TextLines(JsonLines):
    """A record as a line to read."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end; what an exception says follows below it."""
        fields = self.fields(record)
        line = f"{fields['time']} {fields['level']:7} {_one_line(fields['who'])}: "
        what = str(fields["what"])
        # only the traceback of an exception may have lines of its own
        line += "\n    ".join(what.splitlines()) if record.exc_info else _one_line(what)
        if fields["seconds"] is not None:
            line += f" ({fields['seconds']} s)"
        if fields["dataset"] != "-":
            line += f" [{_one_line(fields['dataset'])}]"
        return line.encode("utf-8", "replace").decode()


def _one_line(text: object) -> str:
    return "".join(one if one.isprintable() else " " for one in str(text))
