"""Every test, in half the time: runs of pytest over the parts of tests/, two at a time.

    python tools/tests.py [options of pytest]

Journeys in a browser mostly wait, so other tests run beside them, and whoever is done first takes the next
part. One run is followed on the screen; the output of those beside it comes when that ends. The status is 0
where all pass.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[1]
#: what pytest is to collect, by what it is called; the longest first
PARTS = {
    "The journeys in a browser": ["tests/browser"],
    "The dashboard": ["tests/dashboard"],
    "The models": ["tests/models"],
    "The data": ["tests/data"],
    "All else": [
        "tests",
        *(f"--ignore=tests/{folder}" for folder in ("browser", "dashboard", "models", "data")),
    ],
}
NOTHING_COLLECTED = 5  # of pytest, where an option selects tests of other parts alone
STOPPED = 130


class Runs:
    """The parts that nobody has taken yet, and how those ended that were."""

    def __init__(self, options: Sequence[str]) -> None:
        self._options, self._left = options, list(PARTS)
        self._lock = threading.Lock()
        self.statuses: list[int] = []
        self._beside: subprocess.Popen | None = None
        self._outputs: list[IO[bytes]] = []

    def follow(self) -> None:
        """Run parts until none is left, on the screen; show the output of those beside in between."""
        while part := self._take():
            self.show_those_beside()
            print(f"{part}:", flush=True)
            self._ended(subprocess.run(self._command(part), cwd=ROOT).returncode)

    def beside(self) -> None:
        """Run parts until none is left; their output is kept."""
        while part := self._take():
            output = tempfile.TemporaryFile()  # noqa: SIM115 - it is read when it is shown
            output.write(f"\n{part}:\n".encode())
            output.flush()
            self._beside = subprocess.Popen(
                self._command(part),
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
            self._ended(self._beside.wait())
            with self._lock:
                self._outputs.append(output)

    def stop(self) -> None:
        """Take no more parts, and end what runs beside."""
        with self._lock:
            self._left.clear()
            self.statuses.append(STOPPED)
        if self._beside is not None:
            self._beside.terminate()

    def _take(self) -> str | None:
        with self._lock:
            return self._left.pop(0) if self._left else None

    def _command(self, part: str) -> list[str]:
        return [sys.executable, "-m", "pytest", *self._options, *PARTS[part]]

    def _ended(self, status: int) -> None:
        with self._lock:
            self.statuses.append(status)

    def show_those_beside(self) -> None:
        """The output of the parts that have ended beside and was not shown yet."""
        with self._lock:
            outputs, self._outputs = self._outputs, []
        for output in outputs:
            with output:
                output.seek(0)
                sys.stdout.buffer.write(output.read())
        sys.stdout.flush()


def main(options: Sequence[str]) -> int:
    """Run all parts; options go to each."""
    runs = Runs(options)
    other = threading.Thread(target=runs.beside)
    other.start()
    try:
        runs.follow()
        other.join()
    except KeyboardInterrupt:
        runs.stop()
        other.join()
    runs.show_those_beside()
    return status_of(runs.statuses)


def status_of(statuses: Sequence[int]) -> int:
    """Of several runs of pytest, as one: the first that failed; a run without tests is none of its own."""
    failed = [status for status in statuses if status not in (0, NOTHING_COLLECTED)]
    if failed:
        return failed[0]
    return 0 if 0 in statuses else NOTHING_COLLECTED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
