"""What workers do in place of an analysis, by the name of the file: seconds become milliseconds."""

from __future__ import annotations

import os
import signal
import time

from headless import on_worker
from headless.on_worker import Outcome
from headless.one_map import Found, OneMap
from headless.result_folder import result_folder


def task(one: OneMap, topic: str, number: int) -> Outcome:
    """As :func:`headless.on_worker.run_on_worker`, all but the analysis."""
    on_worker.find_phases = find_phases
    return on_worker.run_on_worker(one, topic, number)


def find_phases(one: OneMap, show, say, memory_bytes) -> Found:
    """Finds three phases, or what the name of the file asks for."""
    with result_folder(one.out, ("labels.tif", "metrics.json")) as folder:
        (folder / "labels.tif").write_text("half of a result")
        show(0.5, "Half of it is done")
        if "refused" in one.given:
            raise ValueError("refused.bcf is empty (0 bytes). Copy it again.")
        if "surprise" in one.given:
            {}["nobody foresaw this"]
        if "dies" in one.given:
            os.kill(os.getpid(), signal.SIGKILL)
        while "endless" in one.given:
            time.sleep(0.02)
            show(0.6, "Still at it")
        if "two" in one.given:
            say("2 maps: 1 = a, 2 = b. The first is taken.")
        (folder / "metrics.json").write_text("{}")
    return Found(3, 1.25, 900.0, ())
