"""What the names of images say: which element or line, a mask, or another image of the sample.

Programs write 'Fe Kα1.tif', '2_Zagami5_Ca_3.map.tif', 'obj1_32bt_Al.tif', 'Map-FeKA.png' or 'SiO2.csv'.
A symbol counts only where it stands alone between separators, in its exact case (SE is secondary
electrons, Se selenium). Words that all names of a folder share are the sample's name, not an element.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from data.readers.symbols import SYMBOLS

IMAGE_SUFFIXES = (".tif", ".tiff", ".png", ".bmp", ".jpg", ".jpeg", ".csv", ".tsv", ".txt")

_SYMBOL = "|".join(sorted(SYMBOLS, key=len, reverse=True))
_ELEMENT = re.compile(rf"({_SYMBOL})(?:([KLM])(a|b|alpha|beta)?\d*)?", re.ASCII)
_OXIDE = re.compile(rf"({_SYMBOL})(\d?)O(\d*)", re.ASCII)
_LINE = re.compile(r"([KLM])(a|b|alpha|beta)?\d*", re.ASCII | re.IGNORECASE)
# radioactive or gaseous, and never mapped: in names these are words ("At%") or samples ("H1")
_UNLIKELY = {
    "H", "He", "Ne", "Tc", "Pm", "Po", "At", "Rn", "Fr", "Ra", "Ac", "Pa", "Np", "Am", "Cm", "Bk", "Cf", "Es",
}  # fmt: skip
# words that would read as symbols once the case is ignored, and the usual names of other images
_WORDS = {
    "se", "bse", "sei", "bei", "cp", "comp", "compo", "topo", "cl", "ad", "bf", "df", "haadf", "adf", "as",
    "at", "in", "no", "he", "i", "map", "sum",
}  # fmt: skip


def lines_of_names(names: Iterable[str]) -> Mapping[str, str]:
    """The line ("Fe_Ka") or bare element ("Fe") of every name that has one.

    Parameters
    ----------
    names : file names of one folder, with or without the ending
    """
    words = {name: _words(name) for name in names if not is_mask(name)}
    shared = set.intersection(*map(set, words.values())) if len(words) > 1 else set()
    shared = {word for word in shared if not _LINE.fullmatch(word)}
    lines = {name: _line([word for word in these if word not in shared]) for name, these in words.items()}
    if not any(lines.values()):
        # 'fe.png', 'SI_KA.TIF': only where nothing is spelt as symbols are
        lines = {name: _line([_as_symbol(word) for word in these]) for name, these in words.items()}
    return {name: line for name, line in lines.items() if line}


def is_mask(name: str) -> bool:
    """Whether an image is a mask by its name."""
    return "mask" in name.lower()


def image_title(name: str) -> str:
    """What to call an image that is no element map: 'obj1_8bt_BSE.tif' -> 'BSE', else its name."""
    words = _words(name)
    known = [
        word for word in words if word.lower() in _WORDS or word.upper() in ("SEI", "BEI", "COMPO", "CL")
    ]
    return known[-1] if known else stem(name)


def stem(name: str) -> str:
    """A file name without its endings ('.map.tif' is one)."""
    while (dot := name.rfind(".")) > 0 and name[dot:].lower() in (*IMAGE_SUFFIXES, ".map", ".ome"):
        name = name[:dot]
    return name


def _words(name: str) -> list[str]:
    greek = stem(name).translate(str.maketrans({"α": "a", "β": "b", "Α": "a", "Β": "b"}))
    return [word for word in re.split(r"[^A-Za-z0-9]+", greek) if word]


def _line(words: list[str]) -> str | None:
    """The element of a name: one with its line before a bare one, the last before earlier ones."""
    best: tuple[tuple[bool, bool, int], str] | None = None
    skip = False
    for position, word in enumerate(words):
        if skip:
            skip = False
            continue
        following = words[position + 1] if position + 1 < len(words) else ""
        element, family, member = _parts(word)
        if element is None:
            continue
        if family is None and (match := _LINE.fullmatch(following)):
            family, member = match.group(1).upper(), match.group(2)
            skip = True
        name = element
        if family is not None:
            name = f"{element}_{family}{'b' if (member or 'a').lower().startswith('b') else 'a'}"
        rank = (element not in _UNLIKELY, family is not None, position)
        if best is None or rank > best[0]:
            best = (rank, name)
    return best[1] if best else None


def _parts(word: str) -> tuple[str | None, str | None, str | None]:
    """Element, family and member of a word such as 'Fe', 'FeKa1', 'FeKA' or 'Fe2O3'; None where absent."""
    for spelling in (word, word[:-2] + word[-2:].replace("A", "a").replace("B", "b")):
        if match := _ELEMENT.fullmatch(spelling):
            return match.group(1), match.group(2), match.group(3)
    oxide = _OXIDE.fullmatch(word)
    if oxide and (oxide.group(2) or oxide.group(3) or len(oxide.group(1)) == 2):
        return oxide.group(1), None, None
    return None, None, None


def _as_symbol(word: str) -> str:
    """A word spelt as a symbol is, with the line after it where it has one ('FEKA' -> 'FeKa')."""
    if word.lower() in _WORDS:
        return ""
    match = re.fullmatch(r"([a-z]{1,2}?)([klm][ab]\d*)?", word.lower())
    if match is None:
        return word
    return match.group(1).capitalize() + (match.group(2) or "").capitalize()
