"""What is said of an error: one line for the person who named the input, a log for what nobody foresaw."""

from __future__ import annotations

import contextlib
import sys
import tempfile
import traceback
from pathlib import Path

from headless.version import ROOT, version


def is_bad_input(error: Exception) -> bool:
    """Whether the file system, or a raise of our own, says what is wrong; any other error is a surprise."""
    if isinstance(error, OSError):
        return True
    innermost = traceback.extract_tb(error.__traceback__)[-1]
    ours = Path(innermost.filename).is_relative_to(ROOT) and ".venv" not in Path(innermost.filename).parts
    return isinstance(error, ValueError) and ours and (innermost.line or "").startswith("raise ")


def one_line(error: Exception) -> str:
    """What an error says, without line breaks."""
    return " ".join(str(error).split())


def write_log(out: Path, details: str) -> Path:
    """A traceback as a file beside the folder of the results, or in the temporary folder of the system."""
    text = f"Lodestone {version()}\n{' '.join(sys.argv)}\n\n{details}"
    for path in (
        out.absolute().with_name(f"{out.name}-error.log"),
        Path(tempfile.gettempdir(), "lodestone.log"),
    ):
        with contextlib.suppress(OSError):
            path.write_text(text, encoding="utf-8")
            return path
    return Path("(no folder could be written)")
