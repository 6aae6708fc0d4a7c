"""What libraries warn of, kept for the record of a run."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator


@contextlib.contextmanager
def quiet_libraries() -> Iterator[list[str]]:
    """Warnings of libraries as a list, for ``metrics.json``: on stderr they would bury the one message."""
    warned: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: warned.append(" ".join(record.getMessage().split()))
    logging.captureWarnings(True)
    logging.getLogger().addHandler(handler)
    try:
        yield warned
    finally:
        logging.getLogger().removeHandler(handler)
        logging.captureWarnings(False)
