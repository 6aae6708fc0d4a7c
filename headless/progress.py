"""How far a run is, on a terminal or in a log."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

Show = Callable[[float, str], None]


@contextlib.contextmanager
def progress() -> Iterator[Show]:
    """A function that shows a fraction, 0 to 1, and a message.

    On a terminal that is a bar. Elsewhere it is a line whenever another tenth is done or something else is
    begun: digits in a message count for nothing there, so the epochs of a training make few lines.
    """
    if not sys.stderr.isatty():
        shown = None

        def line(fraction: float, message: str) -> None:
            nonlocal shown
            step = int(fraction * 10), "".join(letter for letter in message if not letter.isdigit())
            if step != shown:
                shown = step
                print(f"{fraction:4.0%}  {message}", flush=True)

        yield line
        return
    from tqdm import tqdm

    with tqdm(total=1.0, bar_format="{percentage:3.0f}% |{bar:30}| {elapsed}  {desc}", leave=False) as bar:

        def move(fraction: float, message: str) -> None:
            bar.n = fraction
            bar.set_description_str(message)

        yield move
