"""How far a run is, on a terminal or in a log."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.phases import StageReport


@contextlib.contextmanager
def progress() -> Iterator[Callable[[StageReport], None]]:
    """A function that shows a report: a bar on a terminal, else a line for every stage and every tenth."""
    if not sys.stderr.isatty():
        shown = None

        def line(report: StageReport) -> None:
            nonlocal shown
            if shown != (report.stage, int(report.fraction * 10)):
                shown = report.stage, int(report.fraction * 10)
                print(f"{report.fraction:4.0%}  {report.message}", flush=True)

        yield line
        return
    from tqdm import tqdm

    with tqdm(total=1.0, bar_format="{percentage:3.0f}% |{bar:30}| {elapsed}  {desc}", leave=False) as bar:

        def move(report: StageReport) -> None:
            bar.n = report.fraction
            bar.set_description_str(report.message)

        yield move
