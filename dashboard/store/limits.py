"""What the store accepts: how long, how large, which characters. It fits SQLite and PostgreSQL alike."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from dashboard.store.errors import NotAccepted, NotAllowed

MAX_NAME = 200
MAX_PERSON = 200
MAX_NOTES = 100_000
MAX_TITLE = 1000
MAX_MESSAGE = 10_000
MAX_STATE_BYTES = 2_000_000
MAX_VIEW_BYTES = 100_000
MAX_THUMBNAIL_BYTES = 300_000
MAX_ARTIFACTS = 64
MAX_ARTIFACT_BYTES = 16 * 2**30
_PNG = b"\x89PNG\r\n\x1a\n"
# embeddings and overrides of direction: they would turn round the text that follows a name in a list
_TURNS_TEXT = dict.fromkeys(range(0x202A, 0x202F))
_UNDRAWN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")
_ROLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")


def lines(text: str, what: str, limit: int) -> str:
    """Text of several lines as it is kept: without characters that cannot be drawn, never shortened.

    Raises
    ------
    NotAccepted
        It is no text, or has more than ``limit`` characters.
    """
    if not isinstance(text, str):
        raise NotAccepted(f"The {what} should be text, but is of the kind {type(text).__name__}.")
    if len(text) > limit:
        raise NotAccepted(f"The {what} has {len(text):,} characters; {limit:,} are kept. Shorten it.")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _LONE_SURROGATE.sub("\ufffd", _UNDRAWN.sub("", text))


def one_line(text: str, what: str, limit: int) -> str:
    """Text of one line as it is kept: blanks and line ends become single blanks.

    Raises
    ------
    NotAccepted
        It is no text, or has more than ``limit`` characters.
    """
    return " ".join(lines(text, what, limit).translate(_TURNS_TEXT).split())


def name(text: str) -> str:
    """The name of a session as it is kept.

    Raises
    ------
    NotAccepted
        It is too long, or nothing of it can be seen.
    """
    kept = one_line(text, "name", MAX_NAME)
    if not any(unicodedata.category(character)[0] in "LNPS" for character in kept):
        raise NotAccepted("The session needs a name of at least one letter, digit or sign. Give it one.")
    return kept


def person(user: str) -> str:
    """The name of a person as it stands: never corrected, or one person could pass as another.

    Raises
    ------
    NotAllowed
        It is no name that an account can have.
    """
    if not isinstance(user, str) or len(user) > MAX_PERSON or lines(user, "user", MAX_PERSON) != user:
        raise NotAllowed("This account has a name that the store does not take; ask the administrator.")
    return user


def is_key(text: str) -> bool:
    """Could this be the id of a session or the token of a link?"""
    return isinstance(text, str) and _KEY.fullmatch(text) is not None


def searchable(*texts: str) -> str:
    """Texts as they are searched: without regard to case, accents' encoding and widths of letters."""
    joined = "\n".join(texts)
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", joined).casefold())


def json_text(value: Mapping[str, Any], what: str, limit_bytes: int = MAX_STATE_BYTES) -> str:
    """A mapping of plain values as JSON of ASCII characters, so that no text in it can hurt a database.

    Raises
    ------
    NotAccepted
        It holds what is no plain value, or is too large.
    """
    if not isinstance(value, Mapping):
        raise NotAccepted(f"The {what} should be a mapping, but is of the kind {type(value).__name__}.")
    try:
        text = json.dumps(dict(value), separators=(",", ":"))
        json.loads(text)  # what is nested too deep to be read again is found now
    except (TypeError, ValueError, RecursionError) as error:
        raise NotAccepted(f"The {what} cannot be kept: it holds more than plain values ({error}).") from error
    if len(text) > limit_bytes:
        raise NotAccepted(
            f"The {what} takes {len(text) / 1e6:.1f} MB; {limit_bytes / 1e6:g} MB are kept. "
            "Remove selections or notes that are no longer needed."
        )
    return text


def thumbnail(png: bytes) -> bytes:
    """A small picture as it is kept, or nothing.

    Raises
    ------
    NotAccepted
        It is no PNG, or too large.
    """
    if not isinstance(png, bytes) or (png and not png.startswith(_PNG)):
        raise NotAccepted("The small picture of the session is no PNG.")
    if len(png) > MAX_THUMBNAIL_BYTES:
        raise NotAccepted(
            f"The small picture takes {len(png) / 1000:.0f} kB; {MAX_THUMBNAIL_BYTES // 1000} kB are kept."
        )
    return png


def role(text: str) -> str:
    """What an artifact is to its session, e.g. "phases.result".

    Raises
    ------
    NotAccepted
        It is no short name of letters, digits, dots, dashes.
    """
    if not isinstance(text, str) or _ROLE.fullmatch(text) is None:
        raise NotAccepted(f"{str(text)[:80]!r} is no name of an artifact; one such as phases.result is.")
    return text


def duration_s(seconds: float | None) -> float | None:
    """How long a link is good for, or None for always.

    Raises
    ------
    NotAccepted
        It is no positive time of at most a hundred years.
    """
    if seconds is None:
        return None
    if not isinstance(seconds, int | float) or not math.isfinite(seconds) or not 0 < seconds < 3.2e9:
        raise NotAccepted(f"A link cannot end after {seconds!r} seconds. Give a time above zero, or none.")
    return float(seconds)
