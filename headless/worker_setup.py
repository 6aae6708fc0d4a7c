"""What every local worker does first; Dask calls :func:`dask_setup` in its process."""

from __future__ import annotations

import os
import signal
from typing import Any

CORES_VARIABLE = "LODESTONE_CORES_OF_A_WORKER"


def dask_setup(worker: Any) -> None:
    """Leave Ctrl+C to the command, which ends its workers itself; keep to a share of the cores.

    Without that, a training on each of eight workers would take as many threads as one that is alone.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    n_cores = int(os.environ.get(CORES_VARIABLE, "0"))
    if n_cores and hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        first = int(worker.name) * n_cores % len(cores)
        os.sched_setaffinity(0, (cores + cores)[first : first + n_cores])
