"""The app on a server of this process, over folders of a test."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import panel as pn
import pytest

from dashboard import visitors


@contextmanager
def served_here(folder: Path, app: Callable[[], Any] = visitors.visit_page, **options: Any) -> Iterator[str]:
    """Serve the page until the block ends; gives its address.

    Parameters
    ----------
    folder : has a folder data, and gets those of store and cache
    app : makes the page of a visit
    options : of the server
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DATABASE_URL", raising=False)
        for name in ("data", "store", "cache"):
            patch.setenv(f"LODESTONE_{name.upper()}", str(folder / name))
        visitors.shared.cache_clear()
        visitors.shared()  # as a server does before its first visit
        thread = pn.serve(
            {"app": app}, port=port, address="127.0.0.1", threaded=True, show=False, verbose=False,
            websocket_origin=f"127.0.0.1:{port}", **options,
        )  # fmt: skip
        try:
            _wait(port)
            yield f"http://127.0.0.1:{port}/app"
        finally:
            pn.state.kill_all_servers()
            thread.join(30)
            visitors.shared().queue.shutdown()
            visitors.shared.cache_clear()


def _wait(port: int) -> None:
    for _ in range(600):
        with socket.socket() as one:
            one.settimeout(0.1)
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
    raise RuntimeError("The server did not start.")
