"""/healthz: is the server well? 200 or 503, and a JSON object that tells nothing about anybody."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from dashboard.endpoints.asking import Asking
from dashboard.endpoints.running import made_already, running

log = logging.getLogger(__name__)

ANSWERS_WITHIN_S = 2.0
LEAST_FREE_BYTES = 100 * 2**20

_looking = ThreadPoolExecutor(1, "health")
_under_way: asyncio.Future[Mapping[str, Any]] | None = None


class Health(Asking):
    """GET and HEAD, without login: balancers have none."""

    SUPPORTED_METHODS = ("GET", "HEAD")

    async def get(self) -> None:
        """What was found; a disk that does not answer is found out as well, and holds up nobody."""
        global _under_way
        if _under_way is None or _under_way.done():
            _under_way = asyncio.get_running_loop().run_in_executor(_looking, look)
        try:
            found = dict(await asyncio.wait_for(asyncio.shield(_under_way), ANSWERS_WITHIN_S))
        except TimeoutError:  # the next who ask wait for the same look: no heap of threads
            found = {"store": "no answer", "queue": _queue(), "disk_free_bytes": None}
        is_well = found["store"] == "ok" and found["queue"] == "ok"
        if running().is_stopping:
            found, is_well = {"stopping": True, **found}, False
        self.answer(200 if is_well else 503, ok=is_well, **found)

    async def head(self) -> None:
        """As GET."""
        await self.get()


def look() -> dict[str, Any]:
    """The store, the queue and the disk, in words and bytes; waits for the disk."""
    folders = (running().settings.store_folder, running().uploads.folder)
    try:
        free = min(shutil.disk_usage(_existing(folder)).free for folder in folders)
    except OSError:
        free = None
    return {"store": _store(free), "queue": _queue(), "disk_free_bytes": free}


def _store(free_bytes: int | None) -> str:
    if free_bytes is not None and free_bytes < LEAST_FREE_BYTES:
        return "disk full"
    common = made_already()
    if common is None:
        return "not open"
    try:
        common.store().jobs(limit=1)
    except ValueError as error:  # the log of the server may say which folder; an answer to anybody may not
        log.warning("the store is not well: %s", error)
        return "not usable"
    if not os.access(_existing(running().settings.store_folder), os.W_OK):
        return "read-only"
    return "ok"


def _queue() -> str:
    if made_already() is None:
        return "not started"
    # what jobs run in: a queue that was shut down, or lost its threads, runs none
    alive = [one for one in threading.enumerate() if one.name.startswith("job worker")]
    return "ok" if alive else "not alive"


def _existing(folder: Path) -> Path:
    """The folder, or the one in which it will be made."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder
