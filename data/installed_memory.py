"""How much memory there is: of the machine or, within a container, what it may use of it."""

from __future__ import annotations

from pathlib import Path

import psutil

_CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def installed_memory_bytes() -> int:
    """Memory of the machine or, within a container, what it may use of it."""
    limits = [psutil.virtual_memory().total]
    for path in _CGROUP_LIMITS:
        try:
            limits.append(int(Path(path).read_text()))
        except (OSError, ValueError):  # no such file, or "max": no limit
            continue
    return min(limits)
