"""Names of files that people send: what is kept of them, and what is refused.

A name comes from a stranger's computer and becomes a file on this one, which people with other systems copy
from: it has no path, nothing that cannot be seen, and nothing that Windows or macOS could not hold.
"""

from __future__ import annotations

import re
import unicodedata

MOST_BYTES = 200  # 255 is the limit of most file systems; a number or an ending may be added

_RESERVED = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9¹²³])", re.IGNORECASE)
_NOT_ON_WINDOWS = str.maketrans(dict.fromkeys('<>:"|?*', "_"))
# control and format characters (text that runs backwards, zero-width), surrogates, private use, unassigned
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def safe_name(text: str) -> str:
    """The name under which a file that is sent is kept, in Unicode's composed form (NFC).

    Characters that Windows does not allow become ``_``; blanks around it go.

    Raises
    ------
    ValueError
        It is no plain name of a file: it has path parts, characters that cannot be seen, is reserved, hidden
        or too long. The message says which.
    """
    shown = repr(text[:80]) if isinstance(text, str) else repr(type(text).__name__)
    if not isinstance(text, str) or not text.strip():
        raise ValueError("The file has no name. Give it one that ends as its format does, such as map.bcf.")
    name = unicodedata.normalize("NFC", text)
    if any(unicodedata.category(character) in _UNSEEN for character in name):
        raise ValueError(
            f"The name {shown} holds characters that cannot be seen (a control character or a mark of the "
            f"direction of writing). Rename the file."
        )
    if "/" in name or "\\" in name or name.strip(" .") == "":
        raise ValueError(f"The name {shown} is a path. Send the name of the file alone, such as map.bcf.")
    name = name.translate(_NOT_ON_WINDOWS).strip().rstrip(". ")
    if name.startswith((".", "~")):
        raise ValueError(f"The name {shown} begins with {name[0]!r}, so the file would be hidden. Rename it.")
    # Windows takes "nul.bcf" for the device too
    if _RESERVED.fullmatch(name.split(".")[0].strip()):
        raise ValueError(f"The name {shown} stands for a device on Windows. Rename the file.")
    if len(name.encode()) > MOST_BYTES:
        raise ValueError(
            f"The name {shown}... is {len(name.encode())} bytes long, {MOST_BYTES} can be kept. Shorten it."
        )
    return name


def numbered(name: str, main: str, number: int) -> str:
    """The name with a number behind the stem that it shares with the main file of its dataset.

    ``numbered("a_1.ser", main="a.emi", number=2)`` is ``"a (2)_1.ser"``: files that find each other by their
    stem still do.
    """
    stem = main.rsplit(".", 1)[0]
    return f"{stem} ({number}){name[len(stem) :]}"
