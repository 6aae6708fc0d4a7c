"""What a visit shows of its sessions, and what it reads of a message of the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Front(Protocol):
    """The buttons of the header with their dialogs, and the bar above the figures."""

    def show(self, **shown: Any) -> None:
        """Show values: name, changed, people, user, where (search, place), bar, job."""

    def send(self, message: Mapping[str, Any]) -> None:
        """Tell the dialogs something."""


def text_of(message: Mapping[str, Any], name: str, most: int = 1000) -> str:
    """A text of a message, cut to so many characters; "" where there is none."""
    value = message.get(name)
    return value[:most] if isinstance(value, str) else ""
