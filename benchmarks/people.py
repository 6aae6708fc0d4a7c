"""Thirty people on one dataset, each moving the number of phases every two seconds, while a training runs.

The app is served in a process of its own, as for a team. Every person is a client on a real websocket
(tools/page_client.py), in one further process: browsers of thirty people have machines of their own. A
further client asks for one run after another with new seeds, so that the whole time one is computed. The
answer to a move is there when the message with the phase map has arrived whole.

Wanted on 2 cores: median at most 300 ms, 95 % at most 1 s, no error. The named peer is one person alone on
the same server, without a training.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import numpy as np
import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from dashboard.job import JobStatus  # noqa: E402
from tools.page_client import PageClient  # noqa: E402
from tools.served import served  # noqa: E402

EVERY_S = 2.0
PATIENCE_S = 30.0
SLIDER = "Number of phases"
PHASES = "phase_map:phases"


def main() -> int:
    """Serve, let people work, print; 1 where a claim does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--people", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--data", default="demo", help="the dataset, as links name it")
    parser.add_argument("--address", help="of a server that runs already")
    parser.add_argument("--no-run", action="store_true", help="nothing is computed beside")
    arguments = parser.parse_args()
    if arguments.address:
        return asyncio.run(_measure(arguments.address, arguments))
    with (
        tempfile.TemporaryDirectory() as folder,
        served({"LODESTONE_STORE": folder}) as address,
    ):
        return asyncio.run(_measure(address, arguments))


async def _measure(address: str, arguments: argparse.Namespace) -> int:
    here = f"{address}?data={arguments.data}"
    people = [PageClient()]
    opening = [await _opened(people[0], here)]
    server = _server_at(address)
    begun = _processor_s(server)
    alone = await _work(people, 20.0)
    per_move = (_processor_s(server) - begun) / len(alone)
    for _ in range(arguments.people - 1):
        people.append(PageClient())
        opening.append(await _opened(people[-1], here))
    stop = asyncio.Event()
    training = asyncio.create_task(_nothing() if arguments.no_run else _train(here, stop))
    await asyncio.sleep(3.0)
    answers = await _work(people, arguments.seconds)
    stop.set()
    n_runs, share, trainer_errors = await training
    errors = [error for person in people for error in person.errors] + trainer_errors
    for person in people:
        await person.close()
    median, most = np.median(answers), np.quantile(answers, 0.95)
    median_alone = np.median(alone)
    print(
        f"{len(people)} people on {arguments.data}, {len(answers)} moves in {arguments.seconds:.0f} s, "
        f"a run under way {share:.0%} of the time ({n_runs} asked for):\n"
        f"  answer: wanted 300 ms, median {1e3 * median:.0f} ms, {median / median_alone:.1f} times that of "
        f"one person alone ({1e3 * median_alone:.0f} ms, of which the server works {1e3 * per_move:.0f} ms)\n"
        f"  95 %: wanted 1000 ms, {1e3 * most:.0f} ms; longest {1e3 * max(answers):.0f} ms\n"
        f"  opening, one after the other: median {np.median(opening):.2f} s, longest {max(opening):.2f} s\n"
        f"  errors: wanted 0, {len(errors)}"
    )
    for error in dict.fromkeys(errors):
        print(f"    {error}")
    return 0 if median <= 0.3 and most <= 1.0 and not errors and share > 0.9 else 1


def _server_at(address: str) -> psutil.Process:
    port = int(address.split(":")[2].split("/")[0])
    listening = (one for one in psutil.net_connections("tcp") if one.status == psutil.CONN_LISTEN)
    return psutil.Process(next(one.pid for one in listening if one.laddr.port == port))


def _processor_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


async def _nothing() -> tuple[int, float, list[str]]:
    return 0, 0.0, []


async def _opened(person: PageClient, address: str) -> float:
    """Open a page and wait until its phases are on show; seconds."""
    start = time.perf_counter()
    await person.open(address)
    await _until(lambda: person.labelled(SLIDER) is not None and _has_image(person), 120.0)
    return time.perf_counter() - start


def _has_image(person: PageClient) -> bool:
    source = person.named(PHASES)
    return source is not None and "image" in json.dumps(person.value(source, "data"))


async def _work(people: list[PageClient], seconds: float) -> list[float]:
    """Everybody moves the handle every two seconds, out of step; the seconds of every answer."""
    chance = random.Random(4)
    end = time.perf_counter() + seconds
    answers: list[float] = []
    starts = [chance.uniform(0, EVERY_S) for _ in people]
    await asyncio.gather(
        *(_move(person, wait, end, answers) for person, wait in zip(people, starts, strict=True))
    )
    return answers


async def _move(person: PageClient, wait: float, end: float, answers: list[float]) -> None:
    await asyncio.sleep(wait)
    slider, source = person.labelled(SLIDER), person.named(PHASES)
    for number in itertools.cycle((5, 8, 6, 10, 7, 9)):
        if time.perf_counter() > end:
            return
        start = time.perf_counter()
        await person.change(slider, "value", number)
        try:
            answers.append(await person.told(source, "data", PATIENCE_S) - start)
        except TimeoutError:
            person.errors.append(f"no phases for {number} within {PATIENCE_S:.0f} s")
            answers.append(PATIENCE_S)
        await asyncio.sleep(max(0.0, EVERY_S - (time.perf_counter() - start)))


async def _train(address: str, stop: asyncio.Event) -> tuple[int, float, list[str]]:
    """Ask for one run after the other until told to stop; how many, which share of the time one ran."""
    server = address.split("/app")[0]
    n_runs, looks, busy, errors = 0, 0, 0, []
    person: PageClient | None = None
    asked, seen = -PATIENCE_S, False
    while not stop.is_set():
        there = await asyncio.to_thread(_a_job_is_there, server)
        looks, busy, seen = looks + 1, busy + there, seen or there
        if not there and (seen or time.perf_counter() - asked > PATIENCE_S):
            if person is not None:
                errors += person.errors
                await person.close()
            person, n_runs, asked = PageClient(), n_runs + 1, time.perf_counter()
            seen = False
            await person.open(f"{address}&autoencoder.seed={1000 + n_runs}")
        await asyncio.sleep(0.5)
    if person is not None:
        errors += person.errors
        await person.close()
    return n_runs, busy / max(looks, 1), errors


def _a_job_is_there(server: str) -> bool:
    with urllib.request.urlopen(f"{server}/status", timeout=30) as answer:
        return f"<td>{JobStatus.RUNNING.value}</td>" in answer.read().decode()


async def _until(condition: object, timeout_s: float) -> None:
    end = time.perf_counter() + timeout_s
    while not condition():  # type: ignore[operator]
        if time.perf_counter() > end:
            raise RuntimeError("The page did not show its phases in time.")
        await asyncio.sleep(0.02)


if __name__ == "__main__":
    sys.exit(main())
