"""Worker processes on this machine, for many files: one file at a time each, as many as there is room for."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterable, Iterator
from typing import Any

import psutil

from data.installed_memory import installed_memory_bytes
from headless.worker_setup import CORES_VARIABLE

_CORES_OF_A_RUN = 2
_MEMORY_OF_A_RUN = 1.5e9  # bytes; a map of 512 x 512 x 2048 at 200 counts per pixel peaks at 1.3e9


def number_of_workers(n_files: int, n_cores: int, free_bytes: float) -> int:
    """How many files are worked through at a time, at least one."""
    return max(1, min(n_files, n_cores // _CORES_OF_A_RUN, int(free_bytes / _MEMORY_OF_A_RUN)))


@contextlib.contextmanager
def local_workers(n_files: int) -> Iterator[Any]:
    """The client of a cluster of processes on this machine, which end with it. Nobody else can reach it."""
    import dask
    from distributed import Client, LocalCluster

    n_cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    memory = min(installed_memory_bytes(), psutil.virtual_memory().available)
    n_workers = number_of_workers(n_files, n_cores, memory)
    cores_each = max(1, n_cores // n_workers)
    threads = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
    # Dask's own would be one thread, meant for workers that run as many tasks as there are cores
    variables = {
        "MALLOC_TRIM_THRESHOLD_": 65536,
        "OMP_WAIT_POLICY": "PASSIVE",
        CORES_VARIABLE: cores_each,
        **dict.fromkeys(threads, cores_each),
    }
    settings = {
        "distributed.nanny.pre-spawn-environ": variables,
        # nobody looks at pages of the scheduler, and some of them show what it works on
        "distributed.scheduler.http.routes": [],
        "distributed.worker.http.routes": [],
        # the limit says how large a map may be in memory; Dask itself has nothing here that could be spilled
        "distributed.worker.memory.target": False,
        "distributed.worker.memory.spill": False,
        "distributed.worker.memory.pause": False,
        "distributed.worker.memory.terminate": False,
    }
    with (
        _kept_environment(variables),
        dask.config.set(settings),
        LocalCluster(
            n_workers=n_workers,
            threads_per_worker=1,
            memory_limit=int(memory / n_workers),
            host="127.0.0.1",
            # Dask's own port for pages would be 8787 even where there are none
            dashboard_address="127.0.0.1:0",
            scheduler_kwargs={"dashboard": False},
            # who reaches a scheduler runs code as its user: only with the key, which lies in our memory
            security=True,
            silence_logs=logging.CRITICAL,
            preload=["headless.worker_setup"],
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


@contextlib.contextmanager
def _kept_environment(names: Iterable[str]) -> Iterator[None]:
    """What Dask sets for its workers it sets in this process first, where it would stay."""
    before = {name: os.environ.get(name) for name in names}
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
