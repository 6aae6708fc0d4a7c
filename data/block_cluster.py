"""The Dask cluster that blocks are sent to, where DASK_SCHEDULER_ADDRESS names one.

The workers read the blocks themselves: they must see the same files under the same paths, and import this
program. A cluster that cannot be reached, or whose workers fail, is no reason to fail: the blocks are worked
through here, and :func:`remark` says so. What runs on a worker sends nothing on, see :func:`by_itself`.
"""

from __future__ import annotations

import contextvars
import logging
import os
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

Answer = TypeVar("Answer")

log = logging.getLogger(__name__)

ADDRESS_VARIABLE = "DASK_SCHEDULER_ADDRESS"
_PATIENCE_S = 5.0
_ASKED_AGAIN_S = 300.0

# shares of the pixels of a block travel with it: some ten megabytes, which is meant
warnings.filterwarnings("ignore", message="Sending large graph")

_lock = threading.Lock()
_client: Any = None
_client_address = ""
_failed_at: dict[str, float] = {}
_remark = ""
_by_itself: contextvars.ContextVar[bool] = contextvars.ContextVar("by_itself", default=False)


def client() -> Any | None:
    """The client of the cluster that the environment names; None where none is named or none answers."""
    global _client, _client_address, _remark
    if _by_itself.get():
        return None
    address = os.environ.get(ADDRESS_VARIABLE, "").strip()
    with _lock:
        if _client is not None and (_client_address != address or _client.status != "running"):
            _close()
        if not address:
            _remark = ""
            return None
        if _client is not None:
            return _client
        if time.monotonic() - _failed_at.get(address, -_ASKED_AGAIN_S) < _ASKED_AGAIN_S:
            return None
        try:
            _client, _client_address = _connected(address), address
            _remark = ""
        except Exception as error:  # anything that a wrong address can lead to: whatever it is, work goes on
            _failed_at[address] = time.monotonic()
            _remark = (
                f"The Dask cluster {address} ({ADDRESS_VARIABLE}) cannot be used: {_why(error)}. The map was "
                f"worked through on this machine instead."
            )
            log.warning("%s", _remark, exc_info=log.isEnabledFor(logging.DEBUG))
        return _client


def by_itself(function: Callable[..., Answer], *call: Any) -> Answer:
    """Call a function for which there is no cluster: a worker must not wait for workers."""
    before = _by_itself.set(True)
    try:
        return function(*call)
    finally:
        _by_itself.reset(before)


def give_up(error: BaseException) -> None:
    """Work without the cluster for some minutes: it failed in the middle of something."""
    global _remark
    with _lock:
        _failed_at[_client_address] = time.monotonic()
        _remark = (
            f"The Dask cluster {_client_address} ({ADDRESS_VARIABLE}) failed: {_why(error)}. Its workers "
            f"need the files of the map under the same paths, and this program. The map was worked through "
            f"on this machine instead."
        )
        log.warning("%s", _remark, exc_info=error)
        _close()


def remark() -> str:
    """What to tell people of the cluster, one or two sentences; empty where all is well."""
    return _remark


def forget() -> None:
    """Disconnect, and ask again next time."""
    global _remark
    with _lock:
        _close()
        _failed_at.clear()
        _remark = ""


def _connected(address: str) -> Any:
    from distributed import Client

    found = Client(address, timeout=_PATIENCE_S, set_as_default=False, name="lodestone")
    if not found.scheduler_info()["workers"]:
        found.close(timeout=_PATIENCE_S)
        raise ValueError("it has no workers")
    return found


def _close() -> None:
    global _client, _client_address
    if _client is not None:
        try:
            _client.close(timeout=_PATIENCE_S)
        except Exception:  # what is given up may be beyond closing
            log.debug("closing the client of the cluster", exc_info=True)
    _client, _client_address = None, ""


def _why(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text[:200].rstrip(".") or type(error).__name__
