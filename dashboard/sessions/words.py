"""What the page is told of sessions, links and drafts: plain values that it shows as text."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from dashboard.store.records import Link, SavedSession

#: a piece of a sentence: text, {"strong": text}, {"when": s since 1970} or {"ago": s since 1970}; the browser
#: writes times, for it knows where the person is
Part = str | dict[str, Any]

WEEK_S, MONTH_S = 7 * 86400.0, 30 * 86400.0
EXPIRIES: dict[str, float | None] = {"never": None, "week": WEEK_S, "month": MONTH_S}


def image_address(png: bytes) -> str:
    """A PNG as the address of an image; empty where there is none."""
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}" if png else ""


def row(session: SavedSession, user: str) -> dict[str, Any]:
    """A session in a list."""
    return {
        "id": session.id,
        "name": session.name,
        "author": session.author,
        "mine": session.author == user,
        "changed": session.changed,
        "visibility": session.visibility,
        "notes": session.notes[:2000],
        "dataset": session.dataset_title,
        "thumbnail": image_address(session.thumbnail),
        "links": session.n_links,
        "deleted": session.deleted is not None,
    }


def link_row(link: Link, now: float) -> dict[str, Any]:
    """A link in the list of a session."""
    ended = "revoked" if link.revoked is not None else "" if link.is_open(now) else "expired"
    return {"token": link.token, "created": link.created, "expires": link.expires, "ended": ended}


def overtaken(session: SavedSession) -> dict[str, Any]:
    """A session that was saved elsewhere since it was opened here."""
    return {
        "name": session.name,
        "author": session.author,
        "changed": session.changed,
        "version": session.version,
    }


def bar(
    *parts: Part,
    actions: Sequence[tuple[str, str]] = (),
    details: Sequence[str] = (),
    notes: str = "",
    picture: bytes = b"",
    warning: bool = False,
) -> dict[str, Any]:
    """What stands in the bar above the figures.

    Parameters
    ----------
    parts : of its sentence
    actions : (message to the server, words on the button), the first one stands out
    details : sentences in a list below it
    notes : of the author
    picture : PNG, of what cannot be shown
    warning : is something not as it should be?
    """
    return {
        "parts": list(parts),
        "actions": [{"what": what, "label": label} for what, label in actions],
        "details": list(details),
        "notes": notes[:4000],
        "picture": image_address(picture),
        "warning": warning,
    }


def shared(author: str, when: float, changed: bool) -> list[Part]:
    """Who shared what is on show, and whether it still is that."""
    by: list[Part] = [" by ", {"strong": author}] if author else []
    if changed:
        return ["Changed since it was shared", *by, " on ", {"when": when}, "."]
    return ["Shared", *by, " on ", {"when": when}, ": read-only until you change it."]
