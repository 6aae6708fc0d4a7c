"""Files read lazily: their arrays stay in the file until a block is asked for, and the file is closed."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

from data.readers.unreadable import UnreadableFile

log = logging.getLogger(__name__)


@contextlib.contextmanager
def opened_lazily(
    reader: Callable[..., list[dict[str, Any]]], path: Path, **options: Any
) -> Iterator[list[dict[str, Any]]]:
    """The signals of a file as one of rosettasciio's readers describes them, within a with statement.

    Readers that cannot be lazy are asked again without, where there is memory for it.

    Raises
    ------
    UnreadableFile
        The file must be read whole, and there is not enough memory.
    """
    import dask.config
    from rsciio.utils.file import get_file_handle

    # where the file has no chunks of its own, dask makes them; its 128 MiB would be most of a map
    with dask.config.set({"array.chunk-size": "1MiB"}):
        try:
            dictionaries = reader(str(path), lazy=True, **options)
        except (NotImplementedError, ValueError) as error:
            # arrays without chunks of their own are refused by dask
            if not re.search("lazy|chunks", str(error), re.IGNORECASE):
                raise
            check_memory(path)
            log.debug("%s cannot be read lazily", path.name, exc_info=True)
            dictionaries = reader(str(path), lazy=False, **options)
    try:
        yield dictionaries
    finally:
        for one in dictionaries:
            if hasattr(one.get("data"), "dask"):
                # arrays that are memory-mapped or in zarr stores have no handle to close
                with contextlib.suppress(Exception):
                    handle = get_file_handle(one["data"], warn=False)
                    if handle is not None:
                        handle.close()


def check_memory(path: Path) -> None:
    """Refuse a file that has to be read whole, as counts and as copies of them, and does not fit."""
    needed, available = 2.5 * path.stat().st_size, psutil.virtual_memory().available
    if needed > 0.7 * available:
        raise UnreadableFile(
            f"{path.name} can only be read whole, which needs {needed / 2**30:.1f} GB of memory, and "
            f"{available / 2**30:.1f} GB are free. Crop or rebin it in the program that wrote it."
        )
