"""Every test, in half the time: the journeys in a browser mostly wait, so the other tests run beside them.

    python tools/tests.py [options of pytest]

Two runs of pytest at once, of tests/browser and of all else. The output of the first comes after that of
the second; the status is 0 where both passed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
JOURNEYS = "tests/browser"
NOTHING_COLLECTED = 5  # of pytest, where an option selects tests of the other run alone


def main(options: Sequence[str]) -> int:
    """Run both; options go to both."""
    pytest = [sys.executable, "-m", "pytest", *options]
    with tempfile.TemporaryFile() as output:
        journeys = subprocess.Popen(
            [*pytest, JOURNEYS], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        )
        try:
            rest = subprocess.run([*pytest, "tests", f"--ignore={JOURNEYS}"], cwd=ROOT).returncode
            print("\nThe journeys in a browser:", flush=True)
            statuses = (rest, journeys.wait())
        except KeyboardInterrupt:
            journeys.terminate()
            statuses = (130, journeys.wait())
        output.seek(0)
        sys.stdout.buffer.write(output.read())
        sys.stdout.flush()
    return status_of(statuses)


def status_of(statuses: Sequence[int]) -> int:
    """Of several runs of pytest, as one: the first that failed; a run without tests is none of its own."""
    failed = [status for status in statuses if status not in (0, NOTHING_COLLECTED)]
    if failed:
        return failed[0]
    return 0 if 0 in statuses else NOTHING_COLLECTED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
