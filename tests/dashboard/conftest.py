"""What several tests begin with: a server with a real store and the visit of one person, queues of jobs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dashboard.jobs import JobQueue

if TYPE_CHECKING:
    from sessions_bench import Server, Visit


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    # here: most tests of this folder need no page, which takes long to load
    from sessions_bench import Server

    server = Server(tmp_path)
    yield server
    server.store.close()


@pytest.fixture
def mine(server: Server) -> Visit:
    return server.visit(person="anna-0001").begin()


@pytest.fixture
def queue() -> Iterator[JobQueue]:
    queue = JobQueue()
    yield queue
    queue.shutdown()


@pytest.fixture
def standing() -> JobQueue:
    """A queue without workers: nothing runs until the test says so."""
    return JobQueue(n_workers=0)
