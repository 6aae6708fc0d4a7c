"""Which of many files are being worked on and how far they are, on a terminal or in a log, on stderr."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence


class Board:
    """What is shown of many files: a bar with the files under way on a terminal, else a line for every event.

    Parameters
    ----------
    names : of the files
    bar : of tqdm; None where stderr is no terminal
    """

    def __init__(self, names: Sequence[str], bar: object | None) -> None:
        self._names, self._bar = names, bar
        self._under_way: dict[int, tuple[float, str]] = {}
        self._n_done = 0

    def begun(self, number: int) -> None:
        """A file has been given to a worker."""
        self._under_way[number] = (0.0, "begun")
        self._draw("" if self._bar else f"{self._names[number]}: begun")

    def at(self, number: int, fraction: float, message: str) -> None:
        """A file is so far, 0 to 1."""
        if number in self._under_way:
            self._under_way[number] = (fraction, message)
            self._draw()

    def ended(self, number: int, said: str) -> None:
        """A file is done with, well or not."""
        self._under_way.pop(number, None)
        self._n_done += 1
        self._draw(f"{self._names[number]}: {said}")

    def put_back(self, number: int) -> None:
        """A file has to be begun again."""
        self._under_way.pop(number, None)
        self._draw()

    def say(self, sentence: str) -> None:
        """Something that concerns all files."""
        self._draw(sentence)

    def _draw(self, line: str = "") -> None:
        n_files = len(self._names)
        done = f"{self._n_done} of {n_files} done"
        if self._bar is None:
            if line:
                print(f"{done}  {line}", file=sys.stderr, flush=True)
            return
        if line:
            self._bar.write(line, file=sys.stderr)
        running = (
            f"{self._names[number]} {fraction:.0%} {message}"
            for number, (fraction, message) in sorted(self._under_way.items())
        )
        shares = sum(fraction for fraction, _ in self._under_way.values())
        self._bar.n = (self._n_done + shares) / n_files
        self._bar.set_description_str("; ".join((done, *running)))


@contextlib.contextmanager
def board(names: Sequence[str]) -> Iterator[Board]:
    """A board for files of these names."""
    if not sys.stderr.isatty():
        yield Board(names, None)
        return
    from tqdm import tqdm

    form = "{percentage:3.0f}% |{bar:20}| {elapsed}  {desc}"
    with tqdm(total=1.0, bar_format=form, dynamic_ncols=True, leave=False) as bar:
        yield Board(names, bar)
