"""What a process that was killed has left of its writes: files that were to get their name at the end."""

from __future__ import annotations

import re
import time
from pathlib import Path

import psutil

#: a file while it is written: hidden, with the number of its process behind its name
_UNFINISHED = re.compile(r"\..+\.(?P<process>\d{1,10})")
#: a clock of files may differ from that of processes by so many s
_CLOCKS_DIFFER_S = 2.0
#: a folder may be shared by computers, whose processes are not known here: no write takes so long
_LONGEST_WRITE_S = 3600.0


def sweep(folder: Path) -> int:
    """Delete the unfinished files of a folder that no living process writes; returns how many.

    Parameters
    ----------
    folder : it need not be there

    Raises
    ------
    OSError
        A file cannot be deleted.
    """
    if not folder.is_dir():
        return 0
    left = [file for file in folder.iterdir() if _is_left(file)]
    for file in left:
        file.unlink(missing_ok=True)
    return len(left)


def _is_left(file: Path) -> bool:
    name = _UNFINISHED.fullmatch(file.name)
    if name is None:
        return False
    try:
        written = file.stat().st_mtime
        if time.time() - written < _LONGEST_WRITE_S:
            return False
        begun = psutil.Process(int(name["process"])).create_time()
    except FileNotFoundError:  # it has got its name meanwhile
        return False
    except (psutil.NoSuchProcess, OverflowError):
        return True
    except psutil.AccessDenied:  # somebody else's process: it may be the one that writes
        return False
    # numbers of processes are used again, within a container for every start: the writer was another one
    return written < begun - _CLOCKS_DIFFER_S
