"""A server with a real store and no browser, and the visit of one person, for the tests of sessions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

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
