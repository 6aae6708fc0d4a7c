"""What libraries warn of: kept for the record of a run, or said better by us."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator

from data.block_cluster import ADDRESS_VARIABLE


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


@contextlib.contextmanager
def quiet_cluster() -> Iterator[None]:
    """Nothing from Dask on stderr where a cluster is named: what is said of one that fails is enough."""
    if not os.environ.get(ADDRESS_VARIABLE):
        yield
        return
    from distributed.utils import silence_logging_cmgr

    with silence_logging_cmgr(logging.CRITICAL):
        yield
