"""Kept selections combined by their names: ``rims and not (cracks or "hot spots")``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dashboard.named_selections import WORDS, Kept
from dashboard.origins import Combined, Origin


def combined(expression: str, kept: Kept) -> Origin:
    """The selection that an expression makes of kept ones, e.g. ``rims and not (cracks or "hot spots")``.

    ``not`` binds closest, then ``and``, then ``or``; names of several words may stand in quotation marks.

    Raises
    ------
    ValueError
        A name is not among those kept, or the expression is incomplete.
    """
    words = _words(expression, kept)
    if not words:
        raise ValueError("Write what to combine, such as: rims and not cracks.")
    reader = _Reader(words, {one.name.casefold(): one.origin for one in kept}, [one.name for one in kept])
    origin = reader.either()
    if reader.place < len(words):
        raise ValueError(f"{words[reader.place]!r} stands where 'and' or 'or' was expected, in: {expression}")
    return origin


class _Reader:
    """Reads an expression, one word after the other."""

    def __init__(self, words: Sequence[str], origins: Mapping[str, Origin], names: Sequence[str]) -> None:
        self.words, self.origins, self.names = words, origins, names
        self.place = 0

    def _next(self) -> str:
        return self.words[self.place] if self.place < len(self.words) else ""

    def _take(self, *wanted: str) -> bool:
        if self._next().casefold() not in wanted:
            return False
        self.place += 1
        return True

    def either(self) -> Origin:
        left = self._both()
        while self._take("or"):
            left = Combined("or", (left, self._both()))
        return left

    def _both(self) -> Origin:
        left = self._one()
        while self._take("and"):
            if self._take("not"):
                left = Combined("and_not", (left, self._one()))
            else:
                left = Combined("and", (left, self._one()))
        return left

    def _one(self) -> Origin:
        if self._take("not"):
            return Combined("not", (self._one(),))
        if self._take("("):
            inner = self.either()
            if not self._take(")"):
                raise ValueError("A bracket is open that is never closed.")
            return inner
        word = self._next()
        if not word or word.casefold() in (*WORDS, ")"):
            where = f"before {word!r}" if word else "at the end"
            raise ValueError(f"The name of a selection is missing {where}.")
        self.place += 1
        name = word.strip('"')
        if name.casefold() not in self.origins:
            known = ", ".join(self.names) or "none yet"
            raise ValueError(f"No selection is called {name!r}. Those kept are: {known}.")
        return self.origins[name.casefold()]


def _words(expression: str, kept: Kept) -> list[str]:
    """Names, quoted or not, brackets and what is between; a known name of several words is one word."""
    text, words = expression.strip(), []
    names = sorted((one.name for one in kept), key=len, reverse=True)
    while text:
        known = next((name for name in names if _begins(text, name)), None)
        if known is not None:
            word = known
        elif text[0] in "()":
            word = text[0]
        elif text[0] == '"':
            closing = text.find('"', 1)
            if closing < 0:
                raise ValueError("A quotation mark is open that is never closed.")
            word = text[: closing + 1]
        else:
            word = text.split(maxsplit=1)[0].partition("(")[0].partition(")")[0]
        words.append(word)
        text = text[len(word) :].lstrip()
    return words


def _begins(text: str, name: str) -> bool:
    after = text[len(name) : len(name) + 1]
    return text[: len(name)].casefold() == name.casefold() and (not after or after.isspace() or after in "()")
